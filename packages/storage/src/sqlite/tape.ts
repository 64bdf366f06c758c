/**
 * How batches cross from one thread to another: numbers in one Float64Array, all texts in one string, all payloads in
 * one byte buffer. Cloning an array of objects costs more than storing it; a tape costs one transfer and one string copy.
 * Both sides write and read the same fields in the same order; there is no schema inside.
 */
export interface SealedTape {
  readonly numbers: ArrayBuffer;
  readonly text: string;
  readonly bytes: ArrayBuffer;
}

const numbersMin = 4_096;
const bytesMin = 65_536;
const absent = -1;

/** A place on a tape under construction; `reset` returns there. */
export interface TapeMark {
  readonly numbers: number;
  readonly text: string;
  readonly bytes: number;
}

export class TapeWriter {
  #numbers: Float64Array;
  #numberCount = 0;
  #text = "";
  #bytes: Uint8Array;
  #byteCount = 0;
  #lastBytes: Uint8Array | undefined;
  #lastOffset = 0;

  /** `recycled` buffers came back from the other side; using them again saves clearing fresh memory. */
  constructor(recycled?: { readonly numbers: ArrayBuffer; readonly bytes: ArrayBuffer }) {
    this.#numbers = recycled === undefined ? new Float64Array(numbersMin) : new Float64Array(recycled.numbers);
    this.#bytes = recycled === undefined ? new Uint8Array(bytesMin) : new Uint8Array(recycled.bytes);
  }

  /** NaN reads back as null from `nullableNumber`. */
  number(value: number): void {
    if (this.#numberCount === this.#numbers.length) {
      const wider = new Float64Array(this.#numbers.length * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#numberCount++] = value;
  }

  nullableNumber(value: number | null | undefined): void {
    this.number(value ?? Number.NaN);
  }

  text(value: string): void {
    this.number(value.length);
    this.#text += value;
  }

  nullableText(value: string | null | undefined): void {
    if (value === null || value === undefined) this.number(absent);
    else this.text(value);
  }

  /** The same array twice in a row is stored once: payload, event data and publication are often one buffer. */
  bytes(value: Uint8Array): void {
    const length = value.length;
    if (value !== this.#lastBytes) {
      if (this.#byteCount + length > this.#bytes.length) this.#growBytes(this.#byteCount + length);
      this.#bytes.set(value, this.#byteCount);
      this.#lastBytes = value;
      this.#lastOffset = this.#byteCount;
      this.#byteCount += length;
    }
    this.number(length);
    this.number(this.#lastOffset);
  }

  nullableBytes(value: Uint8Array | null | undefined): void {
    if (value === null || value === undefined) this.number(absent);
    else this.bytes(value);
  }

  mark(): TapeMark {
    return { numbers: this.#numberCount, text: this.#text, bytes: this.#byteCount };
  }

  /** Forgets everything written since `mark`. */
  reset(mark: TapeMark): void {
    this.#numberCount = mark.numbers;
    this.#text = mark.text;
    this.#byteCount = mark.bytes;
    this.#lastBytes = undefined;
  }

  /** Ends the tape; its buffers may now be transferred and this writer must not be used again. */
  seal(): SealedTape {
    this.#lastBytes = undefined;
    return { numbers: this.#numbers.buffer as ArrayBuffer, text: this.#text, bytes: this.#bytes.buffer as ArrayBuffer };
  }

  #growBytes(needed: number): void {
    let length = this.#bytes.length;
    while (length < needed) length *= 2;
    const wider = new Uint8Array(length);
    wider.set(this.#bytes.subarray(0, this.#byteCount));
    this.#bytes = wider;
  }
}

export class TapeReader {
  readonly #numbers: Float64Array;
  readonly #text: string;
  readonly #bytes: Uint8Array;
  #numberAt = 0;
  #textAt = 0;

  constructor(tape: SealedTape) {
    this.#numbers = new Float64Array(tape.numbers);
    this.#text = tape.text;
    this.#bytes = new Uint8Array(tape.bytes);
  }

  number(): number {
    const value = this.#numbers[this.#numberAt++];
    if (value === undefined) throw new Error("a tape was read past its end");
    return value;
  }

  nullableNumber(): number | null {
    const value = this.number();
    return Number.isNaN(value) ? null : value;
  }

  text(): string {
    const length = this.number();
    const from = this.#textAt;
    this.#textAt += length;
    return this.#text.substring(from, this.#textAt);
  }

  nullableText(): string | null {
    if (this.#numbers[this.#numberAt] === absent) {
      this.#numberAt++;
      return null;
    }
    return this.text();
  }

  /** A view into the tape's own buffer. */
  bytes(): Uint8Array {
    const length = this.number();
    const from = this.number();
    return this.#bytes.subarray(from, from + length);
  }

  nullableBytes(): Uint8Array | null {
    if (this.#numbers[this.#numberAt] === absent) {
      this.#numberAt++;
      return null;
    }
    return this.bytes();
  }
}
