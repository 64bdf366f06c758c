import type { Publication } from "@fleetcast/protocol";

/** The newest publications of a stream. Their offsets are contiguous, so that a place is arithmetic. */
export class PublicationWindow<Kept extends Publication = Publication> {
  /** Oldest first; entries below `#head` are trimmed and wait for the array to be cut. */
  #publications: Kept[] = [];
  #head = 0;

  get newest(): Kept | undefined {
    return this.#publications.length > this.#head ? this.#publications[this.#publications.length - 1] : undefined;
  }

  push(publication: Kept, sizeMax: number): void {
    this.#publications.push(publication);
    this.#head = Math.max(this.#head, this.#publications.length - sizeMax);
    // Cutting only when half is dead makes a trim cost O(1) on average.
    if (this.#head > 16 && this.#head * 2 > this.#publications.length) {
      this.#publications = this.#publications.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Offset of the oldest among the newest `sizeMax`; undefined where nothing is held. */
  oldestOffset(sizeMax: number): number | undefined {
    return this.#publications[Math.max(this.#head, this.#publications.length - sizeMax)]?.offset;
  }

  /** What is held from one offset to another, both included; oldest first. */
  range(first: number, last: number): Kept[] {
    const oldest = this.#publications[this.#head]?.offset;
    if (oldest === undefined || last < first) return [];
    const from = this.#head + Math.max(0, first - oldest);
    return this.#publications.slice(from, Math.max(from, this.#head + last - oldest + 1));
  }

  clear(): void {
    this.#publications = [];
    this.#head = 0;
  }
}
