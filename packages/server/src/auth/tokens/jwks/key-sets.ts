import type { Clock } from "@fleetcast/engine";
import { type KeySet, type PublishedKey, readKeySet } from "./key-set.ts";

export interface KeySetPorts {
  /** Reads one address whole; rejects when it does not answer with status 200 in time and size. */
  readonly fetchKeySet: (address: string) => Promise<Uint8Array>;
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Said once for each fetch that failed. */
  readonly warn: (message: string, cause: unknown) => void;
}

/** A set older than this is asked for again before it is believed; shortly before, in the background. */
export const keySetAgeMsMax = 600_000;
const refreshAheadMs = 60_000;
/** While the address does not answer its last set goes on counting, but not for ever (A3). */
export const keySetStaleMsMax = 86_400_000;
/** Between two requests to one address, whatever tokens come: an unknown `kid` costs one (D51, F31). */
export const fetchCoolDownMs = 30_000;
/** Different addresses; more than an operator lists are not asked. */
export const addressesMax = 256;

/** The key with this `kid` of the set at this address, or undefined. Answers at once where the set is known and fresh. */
export type FindKey = (address: string, keyId: string) => PublishedKey | undefined | Promise<PublishedKey | undefined>;

/**
 * Key sets by address. A key is found by address and `kid` together, so one tenant's key says nothing for another
 * (CVE-2026-49998).
 */
export function createKeySets(ports: KeySetPorts): FindKey {
  const sources = new Map<string, KeySetSource>();
  return (address, keyId) => {
    if (keyId === "") return undefined;
    let source = sources.get(address);
    if (source === undefined) {
      if (sources.size >= addressesMax) return undefined;
      source = new KeySetSource(address, ports);
      sources.set(address, source);
    }
    return source.find(keyId);
  };
}

class KeySetSource {
  readonly #address: string;
  readonly #ports: KeySetPorts;
  #keys: KeySet | undefined;
  #fetchedAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;

  constructor(address: string, ports: KeySetPorts) {
    this.#address = address;
    this.#ports = ports;
  }

  find(keyId: string): PublishedKey | undefined | Promise<PublishedKey | undefined> {
    const ageMs = this.#ports.clock.monotonicMs() - this.#fetchedAtMs;
    const known = this.#keys?.get(keyId);
    if (known !== undefined && ageMs < keySetAgeMsMax) {
      if (ageMs >= keySetAgeMsMax - refreshAheadMs) void this.#refresh();
      return known;
    }
    // Unknown, or too old to be believed unasked. Within the cool-down the last answer stands, also when there was none.
    const asking = this.#refresh();
    return asking === undefined ? this.#standing(keyId) : asking.then(() => this.#standing(keyId));
  }

  #standing(keyId: string): PublishedKey | undefined {
    const ageMs = this.#ports.clock.monotonicMs() - this.#fetchedAtMs;
    return ageMs < keySetStaleMsMax ? this.#keys?.get(keyId) : undefined;
  }

  /** The request under way, or a new one; undefined while the cool-down lasts. Never rejects. */
  #refresh(): Promise<void> | undefined {
    if (this.#fetching !== undefined) return this.#fetching;
    const nowMs = this.#ports.clock.monotonicMs();
    if (nowMs - this.#askedAtMs < fetchCoolDownMs) return undefined;
    this.#askedAtMs = nowMs;
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    try {
      this.#keys = readKeySet(await this.#ports.fetchKeySet(this.#address));
      this.#fetchedAtMs = this.#ports.clock.monotonicMs();
    } catch (cause) {
      this.#ports.warn(`the key set at ${shownAddress(this.#address)} could not be read`, cause);
    }
  }
}

/** Without what may be secret: a user name, a query. */
function shownAddress(address: string): string {
  const url = new URL(address);
  return `${url.protocol}//${url.host}${url.pathname}`;
}
