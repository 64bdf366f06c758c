/** Bytes of a block: the shortest piece of the source that is looked for. */
export const blockBytes = 16;

const base = 0x01000193;
/** `base` to the power of `blockBytes - 1`: the weight of a window's first byte. */
let highest = 1;
for (let power = 1; power < blockBytes; power++) highest = Math.imul(highest, base);

/** Hash of the window that starts at `at`. */
export function windowHash(bytes: Uint8Array, at: number): number {
  let hash = 0;
  for (let n = 0; n < blockBytes; n++) hash = (Math.imul(hash, base) + (bytes[at + n] ?? 0)) | 0;
  return hash;
}

/** Hash of the window one byte further: `leaves` goes out at the front, `enters` comes in at the end. */
export function rolled(hash: number, leaves: number, enters: number): number {
  return (Math.imul(hash - Math.imul(leaves, highest), base) + enters) | 0;
}

/** Where the blocks of a source stand, by their hash. Blocks lie side by side; a window of the target is looked up at every byte. */
export class BlockIndex {
  readonly #first: Int32Array;
  /** The block before with the same place in the table, by block; -1 for none. */
  readonly #next: Int32Array;
  readonly #mask: number;

  constructor(source: Uint8Array) {
    const count = Math.floor(source.length / blockBytes);
    let size = 16;
    while (size < count) size *= 2;
    this.#mask = size - 1;
    this.#first = new Int32Array(size).fill(-1);
    this.#next = new Int32Array(count);
    // From the last to the first, so that the earliest of equal blocks is found first: its offset is the shortest to write.
    for (let block = count - 1; block >= 0; block--) {
      const place = this.#place(windowHash(source, block * blockBytes));
      this.#next[block] = this.#first[place] ?? -1;
      this.#first[place] = block;
    }
  }

  /** The first block that may hold a window with this hash, -1 for none. */
  first(hash: number): number {
    return this.#first[this.#place(hash)] ?? -1;
  }

  next(block: number): number {
    return this.#next[block] ?? -1;
  }

  #place(hash: number): number {
    return (hash ^ (hash >>> 15)) & this.#mask;
  }
}
