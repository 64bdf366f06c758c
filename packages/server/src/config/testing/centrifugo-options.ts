import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** Every option of the real Centrifugo with its default; options of a list's entries as `channel.namespaces[].presence`. */
export type CentrifugoOptions = Readonly<Record<string, unknown>>;

/** One entry in each list, so that the options of entries are printed, too. */
const oneOfEach = {
  channel: { namespaces: [{ name: "one" }] },
  rpc: { namespaces: [{ name: "one" }] },
  proxies: [{ name: "one", endpoint: "http://127.0.0.1" }],
  consumers: [{ name: "one", type: "kafka" }],
};

/**
 * Asks the real one. Its file leaves out what an unfinished feature needs; its environment names that as well, so names come
 * from both.
 */
export function optionsOfCentrifugo(run: (...args: string[]) => string, folder: string): CentrifugoOptions {
  const base = join(folder, "one-of-each.json");
  writeFileSync(base, JSON.stringify(oneOfEach));
  const found = new Map<string, unknown>();
  flattenInto(found, JSON.parse(run("defaultconfig", "--dry-run", "--base", base)), "");
  const known = new Set([...found.keys()].map(variableOf));
  for (const line of run("defaultenv", "--base", base).trim().split("\n")) {
    const variable = line.slice(0, line.indexOf("="));
    if (!known.has(variable)) found.set(variable, line.slice(variable.length + 1));
  }
  return Object.fromEntries([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function flattenInto(found: Map<string, unknown>, node: unknown, above: string): void {
  if (Array.isArray(node) && node.length === 1 && typeof node[0] === "object") {
    flattenInto(found, node[0], `${above}[]`);
    return;
  }
  if (typeof node !== "object" || node === null || Array.isArray(node) || Object.keys(node).length === 0) {
    found.set(above, node);
    return;
  }
  for (const [key, value] of Object.entries(node)) flattenInto(found, value, above === "" ? key : `${above}.${key}`);
}

/** `channel.namespaces[].presence` is CENTRIFUGO_CHANNEL_NAMESPACES_ONE_PRESENCE; a list as a whole has a variable, too. */
export function variableOf(path: string): string {
  return `CENTRIFUGO_${path.replaceAll("[]", ".one").toUpperCase().replaceAll(".", "_")}`;
}
