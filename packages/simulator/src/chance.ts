/** Luck that can be repeated: the same seed gives the same machine, whatever the others do. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** [0, 1), by mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low);
  }

  /** Bell-shaped around 0 with a deviation of 1, never beyond 3: the sum of a few even throws. */
  noise(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * 1.5;
  }

  /** Does something happen in `elapsedS` that happens once in `everyS` on average? */
  happens(elapsedS: number, everyS: number): boolean {
    return this.next() < 1 - Math.exp(-elapsedS / everyS);
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[Math.floor(this.next() * items.length)] ?? items[0];
  }
}

/** A 32-bit seed out of several parts (FNV-1a), so that machine 7 of seed 1 is not machine 1 of seed 7. */
export function mixSeed(...parts: ReadonlyArray<string | number>): number {
  let hash = 0x811c9dc5;
  for (const character of parts.join("\u0000")) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  }
  return hash >>> 0;
}
