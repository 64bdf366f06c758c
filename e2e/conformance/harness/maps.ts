import type { Client } from "./client.ts";
import type { Side } from "./side.ts";
import type { Wire } from "./wire-format.ts";

/** Short words for maps: the server API's map methods, the subscribe command of a map, what a subscriber was told. */

export interface Position {
  readonly offset: number;
  readonly epoch: string;
}

/** Sets keys one after another over the server API; a key's value is its name unless told otherwise: `a`, `b=2`. */
export async function setKeys(side: Side, channel: string, keys: readonly string[], more: Wire = {}): Promise<void> {
  for (const item of keys) {
    const [key = "", value = key] = item.split("=");
    await side.api("map_publish", { channel, key, data: value, ...more });
  }
}

export async function removeKeys(side: Side, channel: string, keys: readonly string[]): Promise<void> {
  for (const key of keys) await side.api("map_remove", { channel, key });
}

export async function position(side: Side, channel: string): Promise<Position> {
  const { offset = 0, epoch = "" } = await side.api("map_read_state", { channel });
  return { offset, epoch };
}

/** A first request unless told otherwise: the first page of the state. Resolves with the result. */
export function askForMap(client: Client, channel: string, more: Wire = {}): Promise<Wire> {
  return client.subscribe(channel, { type: 1, phase: 2, ...more });
}

export function refusedMap(client: Client, channel: string, code: number, more: Wire = {}): Promise<void> {
  return client.refused("subscribe", { channel, type: 1, phase: 2, ...more }, code);
}

/** Publications as `key=value@offset`, removals as `-key@offset`; without an offset where there is none. */
export function told(publications: readonly Wire[] | undefined): string[] {
  return (publications ?? []).map(({ key, data, offset, removed }) => {
    const at = offset === undefined ? "" : `@${offset}`;
    return removed === true ? `-${key}${at}` : `${key}=${typeof data === "string" ? data : JSON.stringify(data)}${at}`;
  });
}

/** The next publications of a channel, as `told` writes them. */
export async function changes(client: Client, channel: string, count: number): Promise<string[]> {
  const taken: Wire[] = [];
  for (let n = 0; n < count; n++) taken.push(await client.push("pub", channel));
  return told(taken);
}
