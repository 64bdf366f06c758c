import type { Clock } from "@fleetcast/engine";

export interface ThrottleLimits {
  /** Attempts before the first delay. */
  readonly freeAttempts: number;
  /** Delay after the last free attempt; doubles with each one more. Milliseconds. */
  readonly delayMs: number;
  readonly delayMsMax: number;
  /** A key without attempts for this long starts afresh. Milliseconds. */
  readonly forgetMs: number;
  /** Keys remembered; the one longest untouched goes first. */
  readonly keysMax: number;
}

export const nameLimits: ThrottleLimits = { freeAttempts: 5, delayMs: 1_000, delayMsMax: 30_000, forgetMs: 900_000, keysMax: 10_000 };
/** One address may be a whole office behind one router. */
export const addressLimits: ThrottleLimits = { freeAttempts: 20, delayMs: 1_000, delayMsMax: 60_000, forgetMs: 900_000, keysMax: 10_000 };

interface Attempts {
  readonly count: number;
  readonly lastMs: number;
  readonly blockedUntilMs: number;
}

/**
 * Growing delay per key. An attempt counts when it begins, not when it fails: a thousand at once are then no cheaper
 * than a thousand after one another. While a key is delayed nothing more is counted, so that nobody can be locked out
 * for longer than `delayMsMax` at a time.
 */
export class Throttle {
  readonly #limits: ThrottleLimits;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** Insertion order is the order of the last touch. */
  readonly #attempts = new Map<string, Attempts>();

  constructor(limits: ThrottleLimits, clock: Pick<Clock, "monotonicMs">) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Milliseconds until the key may try again; 0 when it may now. */
  waitMs(key: string): number {
    return Math.max(0, (this.#current(key)?.blockedUntilMs ?? 0) - this.#clock.monotonicMs());
  }

  count(key: string): void {
    const nowMs = this.#clock.monotonicMs();
    const count = (this.#current(key)?.count ?? 0) + 1;
    const over = count - this.#limits.freeAttempts;
    const delayMs = over < 0 ? 0 : Math.min(this.#limits.delayMs * 2 ** over, this.#limits.delayMsMax);
    this.#attempts.delete(key);
    this.#attempts.set(key, { count, lastMs: nowMs, blockedUntilMs: nowMs + delayMs });
    if (this.#attempts.size > this.#limits.keysMax) {
      for (const oldest of this.#attempts.keys()) {
        this.#attempts.delete(oldest);
        break;
      }
    }
  }

  /** Takes one counted attempt back: it was right. The others stay, so that one good account pays for no guesses. */
  refund(key: string): void {
    const attempts = this.#current(key);
    if (attempts === undefined) return;
    if (attempts.count <= 1) this.#attempts.delete(key);
    else this.#attempts.set(key, { ...attempts, count: attempts.count - 1, blockedUntilMs: 0 });
  }

  forget(key: string): void {
    this.#attempts.delete(key);
  }

  get size(): number {
    return this.#attempts.size;
  }

  #current(key: string): Attempts | undefined {
    const attempts = this.#attempts.get(key);
    if (attempts === undefined) return undefined;
    if (this.#clock.monotonicMs() - attempts.lastMs < this.#limits.forgetMs) return attempts;
    this.#attempts.delete(key);
    return undefined;
  }
}
