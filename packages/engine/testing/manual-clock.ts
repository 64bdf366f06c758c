import type { Clock } from "../src/ports.ts";

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly task: () => void;
}

/** Longer chains of promises than this do not end within one `settle`. */
const promiseTurnsMax = 24;

/**
 * A clock that stands still until a test moves it. Timers run in the order of their time, then of their making; `soon`
 * tasks run only in `settle`, so that a test decides when outboxes flush.
 */
export class ManualClock implements Clock {
  #monotonicMs = 0;
  #wallMs: number;
  #order = 0;
  #timers: Timer[] = [];
  #soon: (() => void)[] = [];

  constructor(wallMs = Date.UTC(2026, 0, 26, 12)) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return Math.floor(this.#wallMs);
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  soon(task: () => void): void {
    this.#soon.push(task);
  }

  /** Timers and `soon` tasks that wait: zero when everything is at rest (P7). */
  get pending(): number {
    return this.#timers.length + this.#soon.length;
  }

  /** Lets time pass inside one task (a system call that takes a while): no timer runs. */
  spend(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMs += ms;
  }

  /** Moves the wall clock alone: an operator set it, or it drifted (F18). */
  shiftWall(ms: number): void {
    this.#wallMs += ms;
  }

  /** Runs one round of `soon` tasks; those they add wait for the next. Answers how many ran. */
  runSoon(): number {
    const round = this.#soon;
    this.#soon = [];
    for (const task of round) task();
    return round.length;
  }

  /** Runs `soon` tasks and lets promises resolve until nothing more happens at this instant. */
  async settle(): Promise<void> {
    do {
      for (let turn = 0; turn < promiseTurnsMax; turn++) await Promise.resolve();
    } while (this.runSoon() > 0);
  }

  /** Lets `ms` pass; due timers run at their own time, with everything they cause. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await this.settle();
    for (;;) {
      const next = this.#nextTimer(endMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#moveTo(next.atMs);
      next.task();
      await this.settle();
    }
    this.#moveTo(endMs);
  }

  #nextTimer(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      if (next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order)) next = timer;
    }
    return next;
  }

  #moveTo(monotonicMs: number): void {
    if (monotonicMs <= this.#monotonicMs) return;
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
