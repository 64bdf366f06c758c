import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import en from "./en.json" with { type: "json" };
import zh from "./zh-CN.json" with { type: "json" };

export type MessageKey = keyof typeof en;
export const languages = ["zh-CN", "en"] as const;
export type Language = (typeof languages)[number];

const storageKey = "fleetcast.language";

/** The language chosen here before, else the browser's, else English. */
export function startLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored === "zh-CN" || stored === "en") return stored;
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return "zh-CN";
    if (/^en\b/i.test(tag)) return "en";
  }
  return "en";
}

export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { "zh-CN": { translation: zh }, en: { translation: en } },
    lng: startLanguage(localStorage.getItem(storageKey), navigator.languages),
    fallbackLng: "en",
    // Keys are flat: a dot is part of the name.
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = i18next.language;
}

export function chooseLanguage(language: Language): void {
  localStorage.setItem(storageKey, language);
  document.documentElement.lang = language;
  void i18next.changeLanguage(language);
}
