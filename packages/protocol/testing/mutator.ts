/**
 * Breaks valid frames: one to three changes of bytes, or of the tokens that a format is made of. The same seed makes the same
 * frames in the same order, on any machine.
 */
export interface MutatorOptions {
  readonly seed: number;
  /** Valid frames to begin with. */
  readonly frames: readonly Uint8Array[];
  /** Pieces that mean something in the format: put in, or put over what was there. */
  readonly tokens: readonly Uint8Array[];
  readonly bytesMax: number;
}

const interestingBytes = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0x22, 0x5c, 0x2c, 0x3a, 0x30, 0x2d, 0x5b, 0x5d, 0x7b, 0x7d, 0xc0, 0xed];
const repeatsMax = 64;

export class Mutator {
  readonly #options: MutatorOptions;
  #state: number;

  constructor(options: MutatorOptions) {
    this.#options = options;
    this.#state = options.seed | 0;
  }

  /** A whole number below `limit` (mulberry32). */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit) | 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  next(): Uint8Array {
    let frame = this.pick(this.#options.frames);
    for (let changes = 1 + this.below(3); changes > 0; changes--) frame = this.#changed(frame);
    return frame.length > this.#options.bytesMax ? frame.subarray(0, this.#options.bytesMax) : frame;
  }

  #changed(frame: Uint8Array): Uint8Array {
    const at = this.below(frame.length + 1);
    const end = Math.min(frame.length, at + 1 + this.below(this.below(4) === 0 ? frame.length + 1 : 8));
    switch (this.below(9)) {
      case 0:
        return replaced(frame, at, Math.min(at + 1, frame.length), [this.below(256)]);
      case 1:
        return replaced(frame, at, Math.min(at + 1, frame.length), [this.pick(interestingBytes)]);
      case 2:
        return at < frame.length ? replaced(frame, at, at + 1, [frame[at]! ^ (1 << this.below(8))]) : frame;
      case 3: // in between
        return replaced(frame, at, at, this.pick(this.#options.tokens));
      case 4: // over what was there
        return replaced(frame, at, end, this.pick(this.#options.tokens));
      case 5: // without a piece
        return replaced(frame, at, end, []);
      case 6: // cut off
        return frame.subarray(0, at);
      case 7: // a piece again, and again
        return this.#repeated(frame, at, end);
      default: // another frame's rest
        return this.#spliced(frame, at);
    }
  }

  #repeated(frame: Uint8Array, at: number, end: number): Uint8Array {
    const piece = frame.subarray(at, end);
    const times = this.below(8) === 0 ? this.below(repeatsMax) : 1;
    const all = new Uint8Array(Math.min(piece.length * times, this.#options.bytesMax));
    for (let filled = 0; filled + piece.length <= all.length && piece.length > 0; filled += piece.length) all.set(piece, filled);
    return replaced(frame, end, end, all);
  }

  #spliced(frame: Uint8Array, at: number): Uint8Array {
    const other = this.pick(this.#options.frames);
    return replaced(frame, at, frame.length, other.subarray(this.below(other.length + 1)));
  }
}

function replaced(frame: Uint8Array, start: number, end: number, piece: ArrayLike<number>): Uint8Array {
  const out = new Uint8Array(frame.length - (end - start) + piece.length);
  out.set(frame.subarray(0, start));
  out.set(piece, start);
  out.set(frame.subarray(end), start + piece.length);
  return out;
}
