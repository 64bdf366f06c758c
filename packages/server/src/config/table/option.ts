import { formatDuration, parseDuration } from "../duration.ts";
import type { Environment } from "../environment.ts";
import type { Standing } from "./standing.ts";

/**
 * One declared key of the configuration: how its raw value (from a file, or text from the environment) is read, what it
 * is without one, and the sentence that explains it. The table of all keys is `options.ts`.
 */
export interface Option<T> {
  readonly kind: "bool" | "int" | "duration" | "bytes" | "string" | "list" | "enum" | "secret" | "url" | "pem" | "map" | "objects";
  readonly default: T;
  readonly sentence: string;
  /** What a right value looks like, for error texts and the generated table. */
  readonly expected: string;
  /** Of an enum: what it can be. */
  readonly values?: readonly string[];
  /** How an empty value stands in a complete file where that is not the default itself. */
  readonly empty?: "";
  /** SIGHUP takes another value while everything runs; anything else asks for a restart. */
  readonly live?: true;
  /** Absent: honoured. */
  readonly standing?: Standing;
  /** `warning`: taken, but probably not what was meant. */
  readonly parse: (raw: unknown, environment: Environment) => Parsed<T> | undefined;
}

/** `problem`: why it is wrong, where `expected` alone would not help. */
export type Parsed<T> = { readonly value: T; readonly warning?: string } | { readonly problem: string };

export type ValueOf<O> = O extends Option<infer T> ? T : never;

/** As Go's ParseBool reads texts, because Centrifugo's environment is read so. */
const boolTexts: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...["1", "t", "T", "true", "TRUE", "True"].map((text) => [text, true]),
  ...["0", "f", "F", "false", "FALSE", "False"].map((text) => [text, false]),
]);

export function bool(fallback: boolean, sentence: string): Option<boolean> {
  return {
    kind: "bool",
    default: fallback,
    sentence,
    expected: "true or false",
    parse: (raw) => {
      if (typeof raw === "boolean") return { value: raw };
      if (raw === 0 || raw === 1) return { value: raw === 1 };
      if (raw === "" || raw === null) return { value: fallback };
      return typeof raw === "string" && Object.hasOwn(boolTexts, raw) ? { value: boolTexts[raw]! } : undefined;
    },
  };
}

/** A whole number as a file says it, or a text says it in the spellings that Go takes: 1_000, 0x10, 0b1, 0o17. */
function wholeNumber(raw: unknown): number | undefined {
  if (typeof raw === "string" && /^[+-]?(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[0-9][0-9_]*)$/.test(raw)) {
    const digits = raw.replace(/^[+-]/, "").replaceAll("_", "");
    const number = Number(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
    return Number.isSafeInteger(number) ? (raw.startsWith("-") ? -number : number) : undefined;
  }
  return typeof raw === "number" && Number.isSafeInteger(raw) ? raw : undefined;
}

/**
 * An explicit zero or an empty text becomes the default (K5): Centrifugo's files rely on it. `negative`: what a number below
 * zero means where Centrifugo reads one as "no limit".
 */
export function int(
  fallback: number,
  range: { readonly min: number; readonly max: number },
  sentence: string,
  negative?: number,
): Option<number> {
  return {
    kind: "int",
    default: fallback,
    sentence,
    expected: `a whole number from ${range.min} to ${range.max}`,
    parse: (raw) => {
      if (raw === "" || raw === null) return { value: fallback };
      const number = wholeNumber(raw);
      if (number === undefined) return undefined;
      if (number === 0) return { value: fallback };
      if (number < 0 && negative !== undefined) return unlimited(negative);
      return number >= range.min && number <= range.max ? { value: number } : undefined;
    },
  };
}

/** Everything has a limit here: "none" becomes the largest. */
function unlimited(value: number): { readonly value: number; readonly warning?: string } {
  return value === 0 ? { value } : { value, warning: `a negative number means no limit to Centrifugo; here it means ${value}` };
}

/** Milliseconds inside. A bare number in a file is nanoseconds, as in Centrifugo, with a warning below 1 ms (K3). */
export function duration(fallbackMs: number, sentence: string, rule: { readonly wholeSeconds?: boolean } = {}): Option<number> {
  return {
    kind: "duration",
    default: fallbackMs,
    sentence,
    expected: `a duration with its unit${rule.wholeSeconds === true ? ", in whole seconds" : ""}, such as "25s", "300ms", "720h"`,
    parse: (raw) => {
      if (raw === "" || raw === null) return { value: fallbackMs };
      const ms = typeof raw === "number" && Number.isSafeInteger(raw) && raw >= 0 ? raw / 1e6 : undefined;
      const value = typeof raw === "string" ? parseDuration(raw) : ms;
      if (value === undefined || (rule.wholeSeconds === true && value % 1_000 !== 0)) return undefined;
      if (value === 0) return { value: fallbackMs };
      if (typeof raw === "number" && value < 1) {
        return { value, warning: `a number without a unit means nanoseconds; ${raw} is less than a millisecond` };
      }
      return { value };
    },
  };
}

const byteUnits: Readonly<Record<string, number>> = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 };

/** `negative` as for `int`. */
export function bytes(
  fallback: number,
  range: { readonly min: number; readonly max: number },
  sentence: string,
  negative?: number,
): Option<number> {
  return {
    kind: "bytes",
    default: fallback,
    sentence,
    expected: `a number of bytes from ${range.min} to ${range.max}, or with a unit such as "64KiB"`,
    parse: (raw) => {
      if (raw === "" || raw === null) return { value: fallback };
      const match = typeof raw === "string" ? raw.match(/^(\d+) ?(B|KiB|MiB|GiB)$/) : null;
      const value = match === null ? wholeNumber(raw) : Number(match[1]) * byteUnits[match[2]!]!;
      if (value === undefined || !Number.isSafeInteger(value)) return undefined;
      if (value === 0) return { value: fallback };
      if (value < 0 && negative !== undefined) return unlimited(negative);
      return value >= range.min && value <= range.max ? { value } : undefined;
    },
  };
}

export function string(
  fallback: string,
  sentence: string,
  rule: { readonly pattern?: RegExp; readonly expected?: string } = {},
): Option<string> {
  return {
    kind: "string",
    default: fallback,
    sentence,
    expected: rule.expected ?? "a text",
    parse: (raw) => {
      const text = typeof raw === "number" ? String(raw) : raw;
      if (text === "" || text === null) return { value: fallback };
      if (typeof text !== "string") return undefined;
      return rule.pattern === undefined || rule.pattern.test(text) ? { value: text } : undefined;
    },
  };
}

/** Never shown: not in errors, not in the table, not in logs (A5). */
export function secret(sentence: string): Option<string> {
  return { ...string("", sentence, { expected: "a text" }), kind: "secret" };
}

/** In a file a list of texts; in the environment separated by spaces. */
export function list(fallback: readonly string[] | undefined, sentence: string): Option<readonly string[] | undefined> {
  return {
    kind: "list",
    default: fallback,
    sentence,
    expected: "a list of texts (in the environment separated by spaces)",
    parse: (raw) => {
      if (raw === null) return { value: fallback };
      if (typeof raw === "string") return { value: raw.split(/\s+/).filter((part) => part !== "") };
      if (!Array.isArray(raw) || !raw.every((part) => typeof part === "string")) return undefined;
      return { value: raw as string[] };
    },
  };
}

export function oneOf<const T extends string>(fallback: T, values: readonly T[], sentence: string): Option<T> {
  return {
    kind: "enum",
    default: fallback,
    sentence,
    expected: `one of ${values.map((value) => (value === "" ? '""' : value)).join(", ")}`,
    values,
    parse: (raw) => {
      if (raw === "" || raw === null) return { value: fallback };
      const found = values.find((value) => value === raw);
      return found === undefined ? undefined : { value: found };
    },
  };
}

/** An address with one of the given schemes; `words` are values that stand for something else (`embedded`). */
export function url(fallback: string, schemes: readonly string[], sentence: string, words: readonly string[] = []): Option<string> {
  const shown = [...words, ...schemes.map((scheme) => `${scheme}//...`)].join(", ");
  return {
    kind: "url",
    default: fallback,
    sentence,
    expected: `an address (${shown})`,
    parse: (raw) => {
      if (raw === "" || raw === null) return { value: fallback };
      if (typeof raw !== "string") return undefined;
      if (words.includes(raw)) return { value: raw };
      const parsed = URL.canParse(raw) ? new URL(raw) : undefined;
      if (parsed === undefined || !schemes.includes(parsed.protocol) || parsed.hostname === "") return undefined;
      return { value: raw };
    },
  };
}

/** The default as the generated table shows it. */
export function shownDefault(option: Option<unknown>): string {
  if (option.kind === "duration") return (option.default as number) === 0 ? "" : formatDuration(option.default as number);
  if (option.default === undefined || option.default === "" || option.default === 0 || option.default instanceof Map) return "";
  return Array.isArray(option.default) ? option.default.join(" ") : String(option.default);
}
