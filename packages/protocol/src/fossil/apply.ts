import { checksum, digitValue, integerMax, mark } from "./format.ts";

/**
 * What a delta makes of `source`, or undefined where it is not a delta for it. Nothing larger than `bytesMax` is made: the size
 * at the head of a delta is its sender's claim.
 */
export function applyDelta(source: Uint8Array, delta: Uint8Array, bytesMax: number): Uint8Array | undefined {
  const reader = new Reader(delta);
  const size = reader.integer();
  if (size > bytesMax || reader.byte() !== mark.newline) return undefined;
  const target = new Uint8Array(size);
  let filled = 0;
  for (;;) {
    const count = reader.integer();
    switch (reader.byte()) {
      case mark.copy: {
        const offset = reader.integer();
        if (reader.byte() !== mark.comma || offset + count > source.length || filled + count > size) return undefined;
        target.set(source.subarray(offset, offset + count), filled);
        filled += count;
        break;
      }
      case mark.insert: {
        const bytes = filled + count > size ? undefined : reader.bytes(count);
        if (bytes === undefined) return undefined;
        target.set(bytes, filled);
        filled += count;
        break;
      }
      case mark.end:
        return filled === size && count === checksum(target) ? target : undefined;
      default:
        return undefined;
    }
  }
}

class Reader {
  readonly #delta: Uint8Array;
  #at = 0;

  constructor(delta: Uint8Array) {
    this.#delta = delta;
  }

  /** Infinity for one that no delta can mean. */
  integer(): number {
    let value = 0;
    for (let digit = digitValue(this.#delta[this.#at]); digit !== -1; digit = digitValue(this.#delta[this.#at])) {
      value = value * 64 + digit;
      this.#at++;
    }
    return value > integerMax ? Number.POSITIVE_INFINITY : value;
  }

  byte(): number | undefined {
    return this.#delta[this.#at++];
  }

  bytes(count: number): Uint8Array | undefined {
    const end = this.#at + count;
    if (end > this.#delta.length) return undefined;
    const bytes = this.#delta.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
