import type { Clock } from "@fleetcast/engine";

/** A step back of the wall clock up to this is held (an adjustment); a longer one is followed (somebody set the clock). */
const heldBackMs = 2_000;

/**
 * Receive times. They do not go back by small clock adjustments, so "everything up to here is stored" can be said: that
 * sentence is what joins a chart's history with its live tail (`Series.to_ms`, tag `at`).
 *
 *   taken      t1 t2 t3 t4          settled in the order of taking (the journal's promise)
 *   settled    t1 t2                complete through t2 - 1: another message may carry t2 and still be under way
 */
export class ReceiveClock {
  readonly #clock: Pick<Clock, "wallMs">;
  #lastMs = 0;
  #pending = 0;
  #settledMs = 0;

  constructor(clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
  }

  nowMs(): number {
    const wallMs = Math.trunc(this.#clock.wallMs());
    if (wallMs >= this.#lastMs || this.#lastMs - wallMs > heldBackMs) this.#lastMs = wallMs;
    return this.#lastMs;
  }

  /** Receive time of a message whose entry is about to be appended. */
  take(): number {
    const atMs = this.nowMs();
    if (this.#pending === 0) this.#settledMs = atMs;
    this.#pending++;
    return atMs;
  }

  /** The entry taken at `atMs` is committed (or refused): called in the order of `take`. */
  settle(atMs: number): void {
    this.#pending--;
    this.#settledMs = atMs;
  }

  /** Every message received up to this time is in the store, and none will be added at or before it. */
  completeThroughMs(): number {
    const nowMs = this.nowMs();
    return (this.#pending === 0 ? nowMs : Math.min(this.#settledMs, nowMs)) - 1;
  }
}
