import type { Clock } from "@fleetcast/engine";

/** There is no turn for a call: too many wait already, or it waited too long. */
export class NoTurn extends Error {
  override readonly name = "NoTurn";
}

/** Lets a bounded number of calls run at once; the others wait for their turn, in order, in bounded number and time. */
export class Turns {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #clock: Pick<Clock, "schedule">;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limits: { readonly atOnceMax: number; readonly waitingMax: number }, clock: Pick<Clock, "schedule">) {
    this.#atOnceMax = limits.atOnceMax;
    this.#waitingMax = limits.waitingMax;
    this.#clock = clock;
  }

  /** Undefined: it is this call's turn at once. Else resolves when it is; `leave` ends the turn. Rejects with NoTurn. */
  enter(waitMsMax: number): Promise<void> | undefined {
    if (this.#running < this.#atOnceMax) {
      this.#running++;
      return undefined;
    }
    if (this.#waiting.size >= this.#waitingMax) return Promise.reject(new NoTurn(`${this.#waiting.size} calls wait already`));
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.schedule(waitMsMax, () => {
        this.#waiting.delete(go);
        reject(new NoTurn("no turn came in time"));
      });
      const go = (): void => {
        cancel();
        resolve();
      };
      this.#waiting.add(go);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running--;
      return;
    }
    // The turn goes over to the one that waited longest.
    this.#waiting.delete(next);
    next();
  }
}
