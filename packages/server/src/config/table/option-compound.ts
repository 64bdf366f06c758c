import { parsedJson } from "../read/bounded.ts";
import { type Option, type Parsed, string } from "./option.ts";

/** A certificate or key: PEM text, the same in base64, or the path of a file that holds it. Read by `pem.ts`. */
export function pem(sentence: string): Option<string> {
  return { ...string("", sentence), kind: "pem", expected: "PEM text, PEM text in base64, or the path of a PEM file" };
}

const variable = /\$\{(CENTRIFUGO_VAR_[^}]+)\}/g;

/**
 * Texts by name: an object, a list of `{key, value}` (its keys keep their letters), or one of the two as JSON text in the
 * environment. `${CENTRIFUGO_VAR_X}` inside a value is that variable; one that does not exist is a problem.
 */
export function stringMap(sentence: string): Option<ReadonlyMap<string, string>> {
  return {
    kind: "map",
    default: new Map(),
    sentence,
    expected: "texts by name, as an object or as a list of {key, value}",
    parse: (raw, environment) => {
      const entries = mapEntries(fromJson(raw));
      if (entries === undefined) return undefined;
      const map = new Map<string, string>();
      for (const [key, text] of entries) {
        if (map.has(key)) return { problem: `the key ${JSON.stringify(key)} stands there twice` };
        const missing = [...text.matchAll(variable)].find((match) => environment[match[1]!] === undefined);
        if (missing !== undefined) return { problem: `there is no environment variable ${missing[1]}` };
        map.set(
          key,
          text.replaceAll(variable, (_whole, name: string) => environment[name]!),
        );
      }
      return { value: map };
    },
  };
}

function mapEntries(raw: unknown): [string, string][] | undefined {
  if (raw === null || raw === "") return [];
  if (typeof raw !== "object") return undefined;
  const entries: [unknown, unknown][] = Array.isArray(raw) ? raw.map((item) => [item?.key, item?.value]) : Object.entries(raw as object);
  return entries.every(([key, value]) => typeof key === "string" && typeof value === "string")
    ? (entries as [string, string][])
    : undefined;
}

/** A list of objects, each judged by `read`, which throws a RuleBroken with what is wrong. In the environment as JSON text. */
export function objects<T>(sentence: string, read: (item: Fields) => T): Option<readonly T[]> {
  return {
    kind: "objects",
    default: [],
    sentence,
    expected: "a list of objects",
    parse: (raw): Parsed<readonly T[]> | undefined => {
      const list = fromJson(raw);
      if (list === null || list === "") return { value: [] };
      if (!Array.isArray(list)) return undefined;
      try {
        return { value: list.map((item, index) => read(fields(item, `[${index}]`))) };
      } catch (cause) {
        if (cause instanceof RuleBroken) return { problem: cause.message };
        throw cause;
      }
    },
  };
}

export class RuleBroken extends Error {
  override readonly name = "RuleBroken";
}

/** Reads single fields of one object of such a list; names are taken without regard to case, like all keys. */
export interface Fields {
  readonly place: string;
  integer(name: string): number;
  text(name: string): string;
  boolean(name: string): boolean;
  object(name: string): Fields | undefined;
}

function fields(raw: unknown, place: string): Fields {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw)) throw new RuleBroken(`${place} is not an object`);
  const byName = new Map(Object.entries(raw).map(([key, value]) => [key.toLowerCase(), value as unknown]));
  const typed = <T>(name: string, fallback: T, is: (value: unknown) => value is T, expected: string): T => {
    const value = byName.get(name) ?? fallback;
    if (!is(value)) throw new RuleBroken(`${place}.${name} is not ${expected}`);
    return value;
  };
  return {
    place,
    integer: (name) => typed(name, 0, (v): v is number => Number.isSafeInteger(v) && (v as number) >= 0, "a whole number"),
    text: (name) => typed(name, "", (v): v is string => typeof v === "string", "a text"),
    boolean: (name) => typed(name, false, (v): v is boolean => typeof v === "boolean", "true or false"),
    object: (name) => (byName.get(name) === undefined ? undefined : fields(byName.get(name), `${place}.${name}`)),
  };
}

/** What the environment carries as JSON text; anything else as it is. */
function fromJson(raw: unknown): unknown {
  if (typeof raw !== "string") return raw;
  return raw.trim() === "" ? "" : parsedJson(raw);
}
