import { variableName, variablePart } from "../environment.ts";
import type { Raw } from "../read/gather.ts";
import type { Written } from "../settings.ts";
import { listPaths, namedLists } from "../table/lists.ts";
import { pushChannelOptions } from "../table/options/namespace.ts";
import { options } from "../table/options.ts";
import type { Table } from "../table/standing.ts";
import type { FileValue } from "./file-form.ts";
import { valuesOf } from "./whole-tree.ts";

/** Every key as a variable, sorted, in quotes that a shell reads: `NAME="value"`. `onlyWritten` leaves defaults out. */
export function environmentLines(written: Written, onlyWritten: boolean): string[] {
  const lines: string[] = [];
  const add = (prefix: string, table: Table, raw: ReadonlyMap<string, Raw>): void => {
    for (const [path, value] of valuesOf(table, raw)) {
      if (!onlyWritten || raw.has(path)) lines.push(`${prefix}${variablePart(path)}=${quoted(textOf(value))}`);
    }
  };
  add("FLEETCAST_", options, written.values);
  for (const list of listPaths) {
    const entries = written.lists[list];
    if (!onlyWritten || entries.length > 0) lines.push(`${variableName(list)}=${quoted(entries.map((entry) => entry.name).join(" "))}`);
    for (const entry of entries) add(`${variableName(list)}_${variablePart(entry.name)}_`, namedLists[list].table, entry.written);
  }
  for (const [namespace, raw] of written.pushChannels) {
    add(`${variableName("push.channels")}_${variablePart(namespace)}_`, pushChannelOptions, raw);
  }
  return lines.sort();
}

/** As the environment says it: lists of texts separated by spaces, objects as JSON. */
function textOf(value: FileValue): string {
  if (value === null) return "";
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(" ");
  if (typeof value !== "object") return String(value);
  return Object.keys(value).length === 0 ? "" : JSON.stringify(value);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\$`]/g, (character) => `\\${character}`)}"`;
}
