import type { Clock } from "../ports.ts";

/** How long anybody waits for something of a connection that is being made. */
const waitMsMax = 5_000;

interface Waiter {
  /** Undefined: for the connect. */
  readonly channel: string | undefined;
  readonly goOn: () => void;
}

/**
 * What of a connection is being made and is not to be seen from its subscriptions: channels whose permission is asked for, and who
 * waits for the end of a subscribe or of the connect, because what it does would contradict the reply that is still to come.
 */
export class InFlight {
  readonly asking: string[] = [];
  #waiting: Waiter[] = [];

  get isEmpty(): boolean {
    return this.asking.length === 0 && this.#waiting.length === 0;
  }

  answered(channel: string): void {
    const at = this.asking.indexOf(channel);
    if (at !== -1) this.asking.splice(at, 1);
  }

  /** Resolves true at the end, false when that takes longer than anything should (5 s). */
  wait(clock: Clock, channel: string | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const waiter = {
        channel,
        goOn: () => {
          cancel();
          resolve(true);
        },
      };
      const cancel = clock.schedule(waitMsMax, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        resolve(false);
      });
      this.#waiting.push(waiter);
    });
  }

  wake(isMeant: (channel: string | undefined) => boolean): void {
    const meant = this.#waiting.filter(({ channel }) => isMeant(channel));
    if (meant.length === 0) return;
    this.#waiting = this.#waiting.filter(({ channel }) => !isMeant(channel));
    for (const { goOn } of meant) goOn();
  }
}
