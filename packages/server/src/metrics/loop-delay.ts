import { type Clock, Histogram } from "@fleetcast/engine";

const everyMs = 50;

/** Notices how late timers come: what holds the event loop holds every socket. */
export class LoopDelay {
  readonly seconds = new Histogram([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]);
  #cancel = (): void => {};

  start(clock: Pick<Clock, "monotonicMs" | "schedule">): void {
    const dueAtMs = clock.monotonicMs() + everyMs;
    this.#cancel = clock.schedule(everyMs, () => {
      this.seconds.observe(Math.max(0, clock.monotonicMs() - dueAtMs) / 1_000);
      this.start(clock);
    });
  }

  stop(): void {
    this.#cancel();
  }
}
