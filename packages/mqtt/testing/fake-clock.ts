import type { MqttClock } from "../src/ports.ts";

/** Timers move only when told to; the end of a tick is a real one, because sockets are real. */
export class FakeClock implements MqttClock {
  #nowMs = 1_000;
  #tasks: Array<{ readonly atMs: number; readonly task: () => void }> = [];

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => {
      this.#tasks = this.#tasks.filter((other) => other !== entry);
    };
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  advance(durationMs: number): void {
    const endMs = this.#nowMs + durationMs;
    for (;;) {
      const due = this.#tasks.filter((entry) => entry.atMs <= endMs).sort((left, right) => left.atMs - right.atMs)[0];
      if (due === undefined) break;
      this.#tasks = this.#tasks.filter((other) => other !== due);
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.task();
    }
    this.#nowMs = endMs;
  }
}
