import { useMemo } from "react";
import type { Language } from "./i18n.ts";
import { useLanguage } from "./use-text.ts";

export interface Format {
  /** `12:03:11` */
  time(ms: number): string;
  /** `24 Nov, 12:03:11`, or only the time when it is today. */
  moment(ms: number, nowMs: number): string;
  /** `18 seconds ago`, in the largest unit that fits. */
  age(ageMs: number): string;
  /** `18 s`, without direction. */
  duration(ms: number): string;
  integer(value: number): string;
  /** One decimal, always. */
  decimal(value: number): string;
  /** `currency` is a code such as `CNY`; one that is unknown stands behind the number as it came. */
  money(value: number, currency: string): string;
}

const formats = new Map<Language, Format>();

export function formatFor(language: Language): Format {
  const known = formats.get(language);
  if (known !== undefined) return known;
  const time = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
  const dateTime = new Intl.DateTimeFormat(language, {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hour12: false,
  });
  const day = new Intl.DateTimeFormat("en-CA", { year: "numeric", month: "2-digit", day: "2-digit" });
  const relative = new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "auto" });
  const relativeDays = new Intl.RelativeTimeFormat(language, { style: "narrow", numeric: "always" });
  const integer = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
  const decimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const units = {
    second: unitFormat(language, "second"),
    minute: unitFormat(language, "minute"),
    hour: unitFormat(language, "hour"),
    day: unitFormat(language, "day"),
  };
  const format: Format = {
    time: (ms) => time.format(ms),
    moment: (ms, nowMs) => (day.format(ms) === day.format(nowMs) ? time.format(ms) : dateTime.format(ms)),
    age: (ageMs) => {
      // Under two seconds is now: a number that jumps between 0 and 1 says nothing.
      const { value, unit } = largestUnit(ageMs < 2_000 ? 0 : ageMs);
      return unit === "day" ? relativeDays.format(-value, unit) : relative.format(-value, unit);
    },
    duration: (ms) => {
      const { value, unit } = largestUnit(Math.max(0, ms));
      return units[unit].format(value);
    },
    integer: (value) => integer.format(value),
    decimal: (value) => decimal.format(value),
    money: (value, currency) =>
      /^[A-Z]{3}$/.test(currency)
        ? new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(value)
        : `${decimal.format(value)} ${currency}`,
  };
  formats.set(language, format);
  return format;
}

export function useFormat(): Format {
  const language = useLanguage();
  return useMemo(() => formatFor(language), [language]);
}

type Unit = "second" | "minute" | "hour" | "day";

function largestUnit(ms: number): { value: number; unit: Unit } {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return { value: seconds, unit: "second" };
  if (seconds < 3_600) return { value: Math.floor(seconds / 60), unit: "minute" };
  if (seconds < 86_400) return { value: Math.floor(seconds / 3_600), unit: "hour" };
  return { value: Math.floor(seconds / 86_400), unit: "day" };
}

function unitFormat(language: Language, unit: Unit): Intl.NumberFormat {
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short" });
}
