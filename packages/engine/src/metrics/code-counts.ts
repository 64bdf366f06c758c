/** Different codes that are counted by themselves: backends and the server API may name any. */
const codesMax = 100;
/** What the ones beyond it are counted as. */
export const otherCode = "other";

/** Counts by a code that somebody else chooses, without becoming longer and longer by it. */
export class CodeCounts {
  readonly #counts = new Map<string, number>();

  add(key: string): void {
    const count = this.#counts.get(key);
    if (count !== undefined) this.#counts.set(key, count + 1);
    else if (this.#counts.size < codesMax) this.#counts.set(key, 1);
    else this.#counts.set(otherCode, (this.#counts.get(otherCode) ?? 0) + 1);
  }

  entries(): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}
