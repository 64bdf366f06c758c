import type { Clock } from "@fleetcast/engine";

/** A first change waits a little for its neighbours: the messages of one batch go out together. */
const gatherMs = 20;

export interface PacedOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** One publication; never rejects. */
  readonly run: () => Promise<void>;
  /** Something still waits after a run. */
  readonly more: () => boolean;
}

/** Runs at most once in an interval, one run at a time, and only where something waits. */
export class Paced {
  readonly #options: PacedOptions;
  #cancel: (() => void) | undefined;
  #busy: Promise<void> | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: PacedOptions) {
    this.#options = options;
  }

  /** Something waits. */
  arm(): void {
    if (this.#stopped || this.#cancel !== undefined || this.#busy !== undefined) return;
    const { clock, intervalMs, more, run } = this.#options;
    const dueMs = this.#startedMs + intervalMs - clock.monotonicMs();
    this.#cancel = clock.schedule(Math.max(dueMs, gatherMs), () => {
      this.#cancel = undefined;
      this.#startedMs = clock.monotonicMs();
      this.#busy = run().finally(() => {
        this.#busy = undefined;
        if (more()) this.arm();
      });
    });
  }

  /** Resolves when nothing is under way; nothing begins any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#busy;
  }
}
