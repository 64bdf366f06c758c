/**
 * One charted quantity: time, minimum, mean and maximum in typed arrays of fixed size. Oldest out, so an open page never
 * grows. Times ascend; a point that belongs earlier is put where it belongs.
 */
export class SeriesRing {
  readonly capacity: number;
  readonly #t: Float64Array;
  readonly #min: Float64Array;
  readonly #avg: Float64Array;
  readonly #max: Float64Array;
  #start = 0;
  #length = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#t = new Float64Array(capacity);
    this.#min = new Float64Array(capacity);
    this.#avg = new Float64Array(capacity);
    this.#max = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#start = 0;
    this.#length = 0;
  }

  push(t: number, min: number, avg: number, max: number): void {
    if (this.#length === this.capacity) {
      // A full ring keeps its newest samples: one that is older than all of them has no place.
      if (t < this.#t[this.#start]!) return;
      this.#start = (this.#start + 1) % this.capacity;
      this.#length--;
    }
    let at = this.#length;
    this.#length++;
    while (at > 0 && this.#t[this.#slot(at - 1)]! > t) {
      this.#copy(this.#slot(at - 1), this.#slot(at));
      at--;
    }
    const slot = this.#slot(at);
    this.#t[slot] = t;
    this.#min[slot] = min;
    this.#avg[slot] = avg;
    this.#max[slot] = max;
  }

  /** Takes the newest sample's place, at the same time: how a live bucket grows. */
  amendLast(min: number, avg: number, max: number): void {
    if (this.#length === 0) return;
    const slot = this.#slot(this.#length - 1);
    this.#min[slot] = min;
    this.#avg[slot] = avg;
    this.#max[slot] = max;
  }

  timeAt(index: number): number {
    return this.#t[this.#slot(index)]!;
  }

  minAt(index: number): number {
    return this.#min[this.#slot(index)]!;
  }

  averageAt(index: number): number {
    return this.#avg[this.#slot(index)]!;
  }

  maxAt(index: number): number {
    return this.#max[this.#slot(index)]!;
  }

  #slot(index: number): number {
    return (this.#start + index) % this.capacity;
  }

  #copy(from: number, to: number): void {
    this.#t[to] = this.#t[from]!;
    this.#min[to] = this.#min[from]!;
    this.#avg[to] = this.#avg[from]!;
    this.#max[to] = this.#max[from]!;
  }
}
