import type { Clock } from "@fleetcast/engine";
import type { JournalRow } from "@fleetcast/storage";
import type { Settlement } from "./publisher.ts";

/** Settlements remembered for those who ask just after the fact, and for repeats of an idempotency key. */
const recentMax = 10_000;

/**
 * Tells those who published how their row ended: Centrifugo's position of it, its refusal, or nothing within the time that
 * an answer may take (N5).
 */
export class SettledRows {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, ((settlement: Settlement) => void)[]>();
  /** By row id, oldest first. */
  readonly #recent = new Map<number, Settlement>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  settled(row: JournalRow, settlement: Settlement): void {
    this.#recent.set(row.id, settlement);
    if (this.#recent.size > recentMax) this.#recent.delete(this.#recent.keys().next().value!);
    const waiting = this.#waiting.get(row.id);
    if (waiting === undefined) return;
    this.#waiting.delete(row.id);
    for (const tell of waiting) tell(settlement);
  }

  /** How a row ended, as far as that is remembered. */
  recent(id: number): Settlement | undefined {
    return this.#recent.get(id);
  }

  /** Resolves with the settlement, or with undefined when it takes longer than `limitMs`. */
  wait(id: number, limitMs: number): Promise<Settlement | undefined> {
    return new Promise((resolve) => {
      const tell = (settlement: Settlement) => {
        cancel();
        resolve(settlement);
      };
      const cancel = this.#clock.schedule(limitMs, () => {
        const others = (this.#waiting.get(id) ?? []).filter((other) => other !== tell);
        if (others.length > 0) this.#waiting.set(id, others);
        else this.#waiting.delete(id);
        resolve(undefined);
      });
      this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), tell]);
    });
  }
}
