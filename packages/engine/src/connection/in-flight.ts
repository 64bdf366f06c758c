import type { Clock } from "../ports.ts";

/** How long anybody waits for something of a connection that is being made. */
const waitMsMax = 5_000;

/**
 * A subscribe, or the connect, that is being worked on. The channel is taken meanwhile, and what would contradict the reply that
 * is still to come waits for its end.
 */
export class InFlight {
  /** Undefined: the connect, which stands for every channel. */
  readonly channel: string | undefined;
  #waiting: (() => void)[] | undefined;

  constructor(channel: string | undefined) {
    this.channel = channel;
  }

  /** Its reply is out, or there will be none. */
  end(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const goOn of waiting) goOn();
  }

  /** Resolves true at its end, false when that takes longer than anything should (5 s). */
  ended(clock: Clock): Promise<boolean> {
    return new Promise((resolve) => {
      const cancel = clock.schedule(waitMsMax, () => resolve(false));
      this.#waiting ??= [];
      this.#waiting.push(() => {
        cancel();
        resolve(true);
      });
    });
  }
}
