/** Keys in one chunk before it is halved. */
const chunkKeysMax = 512;
/** Two neighbours that fit into this become one chunk. */
const joinedKeysMax = 256;

/**
 * Order of the UTF-8 bytes of two strings. JavaScript compares UTF-16 units, in which the characters above U+FFFF
 * (surrogates, 0xD800-0xDFFF) stand before U+E000-U+FFFF; in bytes they stand behind.
 */
export function compareBytewise(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/**
 * A set of keys in bytewise order, in chunks: adding, removing and finding a place cost a search over the chunks and a
 * move inside one of them, also with 100,000 keys.
 */
export class OrderedKeys {
  readonly #chunks: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The key must not be there yet: the map beside this one knows. */
  add(key: string): void {
    this.#size++;
    const at = Math.min(this.#chunkFor(key), this.#chunks.length - 1);
    const chunk = this.#chunks[at];
    if (chunk === undefined) {
      this.#chunks.push([key]);
      return;
    }
    chunk.splice(placeOf(chunk, key), 0, key);
    if (chunk.length > chunkKeysMax) this.#chunks.splice(at + 1, 0, chunk.splice(chunkKeysMax / 2));
  }

  remove(key: string): void {
    const at = this.#chunkFor(key);
    const chunk = this.#chunks[at];
    if (chunk === undefined) return;
    const place = placeOf(chunk, key);
    if (chunk[place] !== key) return;
    chunk.splice(place, 1);
    this.#size--;
    this.#tidy(at);
  }

  /** At most `limit` keys behind `cursor` ("" from the beginning; a negative limit: all). */
  after(cursor: string, limit: number): string[] {
    const keys: string[] = [];
    let at = cursor === "" ? 0 : this.#chunkFor(cursor);
    let place = 0;
    const first = this.#chunks[at];
    if (cursor !== "" && first !== undefined) {
      place = placeOf(first, cursor);
      if (first[place] === cursor) place++;
    }
    for (; at < this.#chunks.length; at++, place = 0) {
      const chunk = this.#chunks[at] ?? [];
      const wanted = limit < 0 ? chunk.length : limit - keys.length;
      for (const key of chunk.slice(place, place + wanted)) keys.push(key);
      if (keys.length === limit) break;
    }
    return keys;
  }

  /** Is there a key behind this one? */
  hasAfter(key: string): boolean {
    const last = this.#chunks[this.#chunks.length - 1];
    return last !== undefined && compareBytewise(last[last.length - 1] ?? "", key) > 0;
  }

  /** The first chunk whose last key is not below `key`; the number of chunks where there is none. */
  #chunkFor(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const chunk = this.#chunks[middle] ?? [];
      if (compareBytewise(chunk[chunk.length - 1] ?? "", key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** No empty chunks, and no long rows of small ones. */
  #tidy(at: number): void {
    const chunk = this.#chunks[at] ?? [];
    const next = this.#chunks[at + 1];
    if (next !== undefined && chunk.length + next.length <= joinedKeysMax) this.#chunks.splice(at, 2, chunk.concat(next));
    else if (chunk.length === 0) this.#chunks.splice(at, 1);
  }
}

/** Where `key` stands in the chunk, or would stand. */
function placeOf(chunk: readonly string[], key: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareBytewise(chunk[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
