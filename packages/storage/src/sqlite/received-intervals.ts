/**
 * The `seq` numbers received from one machine within one boot (L10), as sorted intervals that neither overlap nor touch.
 *
 * At most 64 are kept. When a 65th appears the lowest is forgotten: a number that old counts as unknown and would be
 * stored again. Joining the two lowest instead would swallow messages that never came, and losing is worse than doubling.
 */
export const intervalsMax = 64;

export class ReceivedIntervals {
  /** [from, to, from, to, ...], ascending, both ends included. */
  readonly #ends: number[];

  constructor(text = "") {
    this.#ends = text === "" ? [] : text.split(/[-,]/).map(Number);
  }

  /** The highest number received; undefined before the first. */
  get highest(): number | undefined {
    return this.#ends.at(-1);
  }

  has(seq: number): boolean {
    const at = this.#firstEndingAtOrAfter(seq);
    const from = this.#ends[at];
    return from !== undefined && from <= seq;
  }

  /** Must not be called for a number that `has` knows. */
  add(seq: number): void {
    const ends = this.#ends;
    const at = this.#firstEndingAtOrAfter(seq);
    const touchesBelow = at > 0 && ends[at - 1] === seq - 1;
    const touchesAbove = ends[at] === seq + 1;
    if (touchesBelow && touchesAbove) ends.splice(at - 1, 2);
    else if (touchesBelow) ends[at - 1] = seq;
    else if (touchesAbove) ends[at] = seq;
    else ends.splice(at, 0, seq, seq);
    if (ends.length > intervalsMax * 2) ends.splice(0, 2);
  }

  /** `0-41,43-57`: as stored. */
  toString(): string {
    let text = "";
    for (let at = 0; at < this.#ends.length; at += 2) text += `${at === 0 ? "" : ","}${this.#ends[at]}-${this.#ends[at + 1]}`;
    return text;
  }

  /** Index of the `from` of the lowest interval whose `to` is at or above `seq`; searched from the top, where it nearly always is. */
  #firstEndingAtOrAfter(seq: number): number {
    let at = this.#ends.length;
    while (at > 0 && this.#ends[at - 1]! >= seq) at -= 2;
    return at;
  }
}
