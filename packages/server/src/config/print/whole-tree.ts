import type { Raw } from "../read/gather.ts";
import type { Written } from "../settings.ts";
import { type ListPath, listPaths, namedLists } from "../table/lists.ts";
import type { Option } from "../table/option.ts";
import { pushChannelOptions } from "../table/options/namespace.ts";
import { options } from "../table/options.ts";
import type { Table } from "../table/standing.ts";
import { type FileValue, fileDefault, fileForm } from "./file-form.ts";

export interface Branch {
  [key: string]: FileValue | Branch;
}

/** Every key with its value: what was written, else its default. Lists hold the entries that were written, each complete. */
export function wholeTree(written: Written): Branch {
  const tree: Branch = {};
  for (const [path, value] of valuesOf(options, written.values)) put(tree, path, value);
  for (const list of listPaths) put(tree, list, entriesOf(list, written));
  for (const [namespace, raw] of written.pushChannels) {
    // The name of a namespace may hold a dot.
    const channels = branchAt(tree, ["push", "channels"]);
    channels[namespace] = nested(valuesOf(pushChannelOptions, raw));
  }
  return tree;
}

/** Only what was written, of the keys and lists that `keep` wants. */
export function writtenTree(written: Written, keep: (path: string) => boolean): Branch {
  const tree: Branch = {};
  for (const [path, raw] of written.values) {
    const option: Option<unknown> | undefined = (options as Table)[path];
    if (option !== undefined && keep(path)) put(tree, path, fileForm(option, raw));
  }
  for (const list of listPaths) {
    if (!keep(list) || written.lists[list].length === 0) continue;
    const { table } = namedLists[list] as { readonly table: Table };
    const entries = written.lists[list].map((entry) => ({
      name: entry.name,
      ...nested([...entry.written].flatMap(([path, raw]) => (table[path] === undefined ? [] : [[path, fileForm(table[path], raw)]]))),
    }));
    put(tree, list, entries);
  }
  return tree;
}

function entriesOf(list: ListPath, written: Written): Branch[] {
  return written.lists[list].map((entry) => ({ name: entry.name, ...nested(valuesOf(namedLists[list].table, entry.written)) }));
}

export function valuesOf(table: Table, written: ReadonlyMap<string, Raw>): [string, FileValue][] {
  return Object.entries(table).map(([path, option]) => [path, fileValue(option, written.get(path))]);
}

function fileValue(option: Option<unknown>, raw: Raw | undefined): FileValue {
  return raw === undefined ? fileDefault(option) : fileForm(option, raw);
}

function nested(values: readonly [string, FileValue][]): Branch {
  const tree: Branch = {};
  for (const [path, value] of values) put(tree, path, value);
  return tree;
}

function put(tree: Branch, path: string, value: FileValue | Branch[]): void {
  const parts = path.split(".");
  branchAt(tree, parts.slice(0, -1))[parts.at(-1)!] = value;
}

function branchAt(tree: Branch, parts: readonly string[]): Branch {
  let node = tree;
  for (const part of parts) {
    node[part] ??= {};
    node = node[part] as Branch;
  }
  return node;
}
