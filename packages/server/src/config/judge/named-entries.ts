import { variablePart } from "../environment.ts";
import { shown } from "../problems.ts";
import { parsedJson } from "../read/bounded.ts";
import { flatten, isTree, sectionsOf } from "../read/flatten.ts";
import type { Gathered, Raw } from "../read/gather.ts";
import { type ListPath, listPaths, type NamedList, namedLists } from "../table/lists.ts";
import type { ValueOf } from "../table/option.ts";
import { type Findings, judgeTable } from "./judge.ts";

/** One entry of a named list, read by its table. */
export interface NamedEntry<V> {
  readonly name: string;
  readonly source: string;
  /** In messages: `channel.namespaces[0] (news)`. */
  readonly path: string;
  readonly values: V;
  /** Options that somebody set, as they were written. */
  readonly written: ReadonlyMap<string, Raw>;
}

export type EntryOf<L extends ListPath> = NamedEntry<{
  -readonly [K in keyof (typeof namedLists)[L]["table"]]: ValueOf<(typeof namedLists)[L]["table"][K]>;
}>;

export type EntryLists = { readonly [L in ListPath]: readonly EntryOf<L>[] };

/** All named lists, each read once. */
export function readLists(gathered: Gathered, findings: Findings): EntryLists {
  return Object.fromEntries(listPaths.map((list) => [list, readEntries(list, gathered, findings)])) as unknown as EntryLists;
}

interface Written {
  readonly name: string;
  readonly source: string;
  readonly path: string;
  readonly options: Map<string, Raw>;
}

/** Names that every object carries could be mistaken for entries of it. */
const namesOfObjects: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

function readEntries<L extends ListPath>(list: L, gathered: Gathered, findings: Findings): EntryOf<L>[] {
  const written = writtenEntries(list, gathered, findings);
  assignVariables(list, gathered, written, findings);
  return written.map(({ name, source, path, options }) => ({
    name,
    source,
    path,
    values: judgeTable(namedLists[list].table, options, `${path}.`, findings) as EntryOf<L>["values"],
    written: options,
  }));
}

function writtenEntries(list: ListPath, gathered: Gathered, findings: Findings): Written[] {
  const rule: NamedList = namedLists[list];
  const found: Written[] = [];
  for (const { value, source } of entryValues(list, gathered, findings)) {
    const path = `${list}[${found.length}]`;
    const refuse = (key: string, what: unknown, expected: string): void => {
      findings.problems.push({ source, key, value: shown(what, false), expected });
    };
    if (!isTree(value)) {
      refuse(path, value, rule.entryExpected);
      continue;
    }
    const nameKey = Object.keys(value).find((key) => key.toLowerCase() === "name") ?? "name";
    const { [nameKey]: name, ...rest } = value;
    if (typeof name !== "string" || !rule.name.test(name) || namesOfObjects.has(name)) {
      refuse(`${path}.name`, name, rule.nameExpected);
      continue;
    }
    if (found.some((other) => other.name === name)) {
      refuse(`${path}.name`, name, "this name stands there twice");
      continue;
    }
    const options = new Map<string, Raw>();
    flatten(rest, rule.table, sectionsOf(Object.keys(rule.table)), {
      value: (option, written) => options.set(option, { value: written, source }),
      unknown: (option, written) => options.set(option, { value: written, source }),
      problem: (option, shownValue, expected) =>
        findings.problems.push({ source, key: `${path} (${name}).${option}`, value: shownValue, expected }),
    });
    found.push({ name, source, path: `${path} (${name})`, options });
  }
  return found;
}

/**
 * What the list holds: the file's entries, then the environment's. Names in the environment are added to the file's entries,
 * JSON there replaces them, as with Centrifugo.
 */
function entryValues(list: ListPath, gathered: Gathered, findings: Findings): Raw[] {
  let entries: Raw[] = [];
  for (const { value, source } of gathered.lists.get(list) ?? []) {
    if (value === null || value === "") continue;
    const isNames = typeof value === "string" && !value.trimStart().startsWith("[");
    const items = isNames ? value.split(/\s+/).flatMap((name) => (name === "" ? [] : [{ name }])) : asList(value);
    if (items === undefined) {
      findings.problems.push({ source, key: list, value: shown(value, false), expected: "expected a list of objects, each with a name" });
      continue;
    }
    const raws = items.map((item): Raw => ({ value: item, source }));
    entries = isNames ? [...entries, ...raws] : raws;
  }
  return entries;
}

function asList(value: unknown): unknown[] | undefined {
  const list = typeof value === "string" ? parsedJson(value) : value;
  return Array.isArray(list) ? list : undefined;
}

/** A variable belongs to the entry whose name and option together spell it; two names may spell alike, then to both. */
function assignVariables(list: ListPath, gathered: Gathered, entries: readonly Written[], findings: Findings): void {
  const options = Object.keys(namedLists[list].table);
  for (const { list: of, name, raw } of gathered.listVariables) {
    if (of !== list) continue;
    let isTaken = false;
    for (const entry of entries) {
      if (name === `${variablePart(entry.name)}_NAME`) {
        isTaken = true;
        if (raw.value === entry.name) continue;
        findings.problems.push({
          source: raw.source,
          key: `${entry.path}.name`,
          value: shown(raw.value, false),
          expected: "an entry keeps its name",
        });
      }
      const option = options.find((candidate) => name === `${variablePart(entry.name)}_${variablePart(candidate)}`);
      if (option === undefined) continue;
      entry.options.set(option, raw);
      isTaken = true;
    }
    if (isTaken) continue;
    const owner = entries.find((entry) => name.startsWith(`${variablePart(entry.name)}_`));
    const what = owner === undefined ? `there is no entry of ${list} that it could belong to` : `${list} has no such option`;
    findings.strays.push(`${raw.source}: unknown name; ${what}`);
  }
}
