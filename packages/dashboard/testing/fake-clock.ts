import type { Clock } from "../src/live/clock.ts";
import type { Frames } from "../src/live/flush-loop.ts";

/** A clock that stands still until it is moved; what falls due on the way is called in order. */
export class FakeClock implements Clock {
  #nowMs: number;
  #nextId = 1;
  readonly #timers = new Map<number, { readonly dueMs: number; readonly callback: () => void }>();

  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimeout(callback: () => void, delayMs: number): number {
    const id = this.#nextId++;
    this.#timers.set(id, { dueMs: this.#nowMs + delayMs, callback });
    return id;
  }

  clearTimeout(id: number): void {
    this.#timers.delete(id);
  }

  get pending(): number {
    return this.#timers.size;
  }

  advance(milliseconds: number): void {
    const untilMs = this.#nowMs + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.dueMs <= untilMs).sort((a, b) => a[1].dueMs - b[1].dueMs)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#nowMs = due[1].dueMs;
      due[1].callback();
    }
    this.#nowMs = untilMs;
  }
}

/** Frames that are drawn when the test says so. */
export class FakeFrames implements Frames {
  isHidden = false;
  #nextId = 1;
  readonly #callbacks = new Map<number, () => void>();

  request(callback: () => void): number {
    const id = this.#nextId++;
    this.#callbacks.set(id, callback);
    return id;
  }

  cancel(id: number): void {
    this.#callbacks.delete(id);
  }

  hidden(): boolean {
    return this.isHidden;
  }

  get requested(): number {
    return this.#callbacks.size;
  }

  draw(): void {
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const callback of callbacks) callback();
  }
}
