import { useCallback } from "react";
import { useTranslation } from "react-i18next";
import type { Language, MessageKey } from "./i18n.ts";

export type Text = (key: MessageKey, values?: Readonly<Record<string, string | number>>) => string;

/** The one way to words: only keys that exist compile. */
export function useText(): Text {
  const { t } = useTranslation();
  return useCallback((key, values) => t(key, values ?? {}), [t]);
}

export function useLanguage(): Language {
  const { i18n } = useTranslation();
  return i18n.language === "zh-CN" ? "zh-CN" : "en";
}

/** Words for a code that comes from outside (event types, error codes, states); the code itself where there are none. */
export function useCodeText(): (prefix: string, code: string) => string {
  const { t, i18n } = useTranslation();
  return useCallback((prefix, code) => (i18n.exists(`${prefix}.${code}`) ? t(`${prefix}.${code}`) : code), [t, i18n]);
}
