import { Monitor, Moon, Sun } from "lucide-react";
import { useSyncExternalStore } from "react";
import { chooseLanguage, type Language, languages } from "../i18n/i18n.ts";
import { useLanguage, useText } from "../i18n/use-text.ts";
import { type Theme, theme, themes } from "../settings/theme.ts";
import { Segmented } from "./segmented.tsx";

const languageNames: Record<Language, string> = { "zh-CN": "中文", en: "English" };
const themeIcons: Record<Theme, typeof Sun> = { system: Monitor, light: Sun, dark: Moon };

export function LanguageSwitch() {
  const t = useText();
  const language = useLanguage();
  return (
    <Segmented
      label={t("settings.language")}
      value={language}
      onChange={chooseLanguage}
      options={languages.map((value) => ({ value, label: languageNames[value] }))}
    />
  );
}

export function ThemeSwitch() {
  const t = useText();
  const chosen = useSyncExternalStore(theme.subscribe, () => theme.chosen);
  return (
    <Segmented
      label={t("settings.theme")}
      value={chosen}
      onChange={(value) => theme.choose(value)}
      options={themes.map((value) => {
        const Icon = themeIcons[value];
        return { value, label: <Icon size={16} aria-hidden />, title: t(`settings.theme.${value}`) };
      })}
    />
  );
}
