import type { SimulatorClock } from "../src/ports.ts";

/** Time that moves only when told to. */
export class FakeClock implements SimulatorClock {
  #nowMs: number;
  #order = 0;
  #tasks: Array<{ readonly atMs: number; readonly order: number; readonly task: () => void }> = [];

  constructor(startMs: number = Date.UTC(2026, 0, 26, 14, 50)) {
    this.#nowMs = startMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, order: this.#order++, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const due = this.#tasks
        .filter((entry) => entry.atMs <= endMs)
        .sort((left, right) => left.atMs - right.atMs || left.order - right.order)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
    }
    this.#nowMs = endMs;
  }
}
