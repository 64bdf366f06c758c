import type { ClientInfo } from "@fleetcast/protocol";
import type { EngineMetrics } from "../metrics/engine-metrics.ts";
import type { PresenceMap } from "../ports.ts";

const nobody: PresenceMap = new Map();

/**
 * Who is on which channel, in memory. An entry lives exactly as long as its subscription: it is written only while that
 * one is in the hub, so nothing comes back after an unsubscribe (P8).
 */
export class MemoryPresence {
  readonly #channels = new Map<string, Map<string, ClientInfo>>();
  readonly #metrics: EngineMetrics;

  constructor(metrics: EngineMetrics) {
    this.#metrics = metrics;
  }

  put(channel: string, info: ClientInfo): void {
    this.#metrics.presenceAdded++;
    const there = this.#channels.get(channel);
    if (there === undefined) this.#channels.set(channel, new Map([[info.client, info]]));
    else there.set(info.client, info);
  }

  remove(channel: string, client: string): void {
    this.#metrics.presenceRemoved++;
    const there = this.#channels.get(channel);
    if (there?.delete(client) && there.size === 0) this.#channels.delete(channel);
  }

  of(channel: string): PresenceMap {
    return this.#channels.get(channel) ?? nobody;
  }

  /** Users are counted once; the anonymous user "" is one, too. */
  stats(channel: string): { readonly clients: number; readonly users: number } {
    const there = this.of(channel);
    const users = new Set<string>();
    for (const info of there.values()) users.add(info.user);
    return { clients: there.size, users: users.size };
  }

  /** Entries over all channels, for the debug state (P7). */
  get size(): number {
    let size = 0;
    for (const there of this.#channels.values()) size += there.size;
    return size;
  }
}
