/** Steps between a value and its double: a quantile is told within 5 %. */
const stepsPerDouble = 16;
/** From a microsecond to more than an hour. Seconds. */
const least = 1e-6;
const size = stepsPerDouble * 32;

/**
 * Quantiles of what was observed in the last five to ten minutes. Two sets of counts: the older one is forgotten when the newer one is
 * five minutes old, so that a bad hour does not stand in the numbers for ever.
 */
export class RecentTimes {
  static readonly periodMs = 300_000;
  #now = new Uint32Array(size);
  #before = new Uint32Array(size);
  #periodEndsAtMs = 0;

  observe(seconds: number, nowMs: number): void {
    this.#turn(nowMs);
    this.#now[Math.min(size - 1, Math.max(0, Math.ceil(Math.log2(seconds / least) * stepsPerDouble)))]!++;
  }

  /** Seconds; NaN where nothing was observed. */
  quantile(share: number, nowMs: number): number {
    this.#turn(nowMs);
    let total = 0;
    for (let at = 0; at < size; at++) total += this.#now[at]! + this.#before[at]!;
    if (total === 0) return Number.NaN;
    let left = Math.max(1, Math.ceil(share * total));
    for (let at = 0; at < size; at++) {
      left -= this.#now[at]! + this.#before[at]!;
      if (left <= 0) return least * 2 ** (at / stepsPerDouble);
    }
    return least * 2 ** (size / stepsPerDouble);
  }

  #turn(nowMs: number): void {
    if (nowMs < this.#periodEndsAtMs) return;
    const isFresh = nowMs < this.#periodEndsAtMs + RecentTimes.periodMs;
    const spent = this.#before;
    this.#before = this.#now;
    if (!isFresh) this.#before.fill(0);
    this.#now = spent.fill(0);
    this.#periodEndsAtMs = nowMs + RecentTimes.periodMs;
  }
}
