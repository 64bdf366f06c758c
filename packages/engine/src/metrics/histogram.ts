/** How often a value fell into which range. Plain numbers: an observation costs a few comparisons and allocates nothing. */
export class Histogram {
  /** Upper bounds, ascending; what is above the last one is only in `count`. */
  readonly bounds: readonly number[];
  /** By bound, each value once (not added up). */
  readonly counts: Float64Array;
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length);
  }

  observe(value: number): void {
    this.sum += value;
    this.count++;
    const { bounds } = this;
    for (let at = 0; at < bounds.length; at++) {
      if (value <= bounds[at]!) {
        this.counts[at]!++;
        return;
      }
    }
  }
}
