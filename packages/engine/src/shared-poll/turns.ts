/** Lets a bounded number of requests run at once; the others wait for their turn, in order. */
export class Turns {
  readonly #atOnceMax: number;
  #running = 0;
  readonly #waiting = new Set<() => void>();

  constructor(atOnceMax: number) {
    this.#atOnceMax = atOnceMax;
  }

  /** Undefined: it is this request's turn at once. Else resolves when it is. `leave` ends the turn. */
  enter(): Promise<void> | undefined {
    if (this.#running < this.#atOnceMax) {
      this.#running++;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.add(resolve));
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
