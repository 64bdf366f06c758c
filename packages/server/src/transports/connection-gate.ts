import type { Clock } from "@fleetcast/engine";
import type { Logger } from "../log.ts";

const logEveryMs = 3_000;

/**
 * Turns new connections away before anything is done for them: 503 where a node is full (`client.connection_limit`, which
 * counts authenticated clients) or where they come faster than `client.connection_rate_limit` a second (a bucket of as many).
 * Every request to a transport's address counts for the rate, whatever becomes of it.
 */
export class ConnectionGate {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #connectionsMax: number;
  readonly #perSecond: number;
  readonly #connectionCount: () => number;
  #tokens: number;
  #tokensAtMs: number;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  refusedAsFull = 0;

  /** Zero means no limit. */
  constructor(
    limits: { readonly connectionsMax: number; readonly connectionsPerSecondMax: number },
    ports: { readonly clock: Clock; readonly log: Logger; readonly connectionCount: () => number },
  ) {
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#connectionCount = ports.connectionCount;
    this.#connectionsMax = limits.connectionsMax;
    this.#perSecond = limits.connectionsPerSecondMax;
    this.#tokens = limits.connectionsPerSecondMax;
    this.#tokensAtMs = ports.clock.monotonicMs();
  }

  lets(): boolean {
    return this.#isInRate() && !this.#isFull();
  }

  #isInRate(): boolean {
    if (this.#perSecond <= 0) return true;
    const nowMs = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#perSecond, this.#tokens + ((nowMs - this.#tokensAtMs) / 1_000) * this.#perSecond);
    this.#tokensAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #isFull(): boolean {
    if (this.#connectionsMax <= 0 || this.#connectionCount() < this.#connectionsMax) return false;
    this.refusedAsFull++;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#loggedAtMs >= logEveryMs) {
      this.#loggedAtMs = nowMs;
      this.#log.warn({ limit: this.#connectionsMax }, "the connection limit is reached, new connections are answered with 503");
    }
    return true;
  }
}
