import { offsetBeyondExact } from "../limits.ts";

const encoder = new TextEncoder();
const scratchBytes = 4_096;
/** A larger scratch than this is given back after the message that needed it. */
const keptScratchBytes = 262_144;
/** Up to here a string is written faster character by character than by the encoder (measured on Bun 1.4.5). */
const shortTextLength = 24;
const wire = { varint: 0, bytes: 2 } as const;

/**
 * Writes one message from its end to its start: a length stands before what it measures, and is known only after it. So
 * one pass is enough and nothing is measured beforehand. Fields of zero value are left out.
 */
export class WireWriter {
  #bytes: Uint8Array = new Uint8Array(scratchBytes);
  #start = scratchBytes;

  /** Bytes written so far; what `message` and `delimited` take as the end of what they enclose. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** Forgets whatever an earlier message left behind. */
  begin(): void {
    this.#start = this.#bytes.length;
  }

  unsigned(field: number, value: number | undefined): void {
    if (value === undefined || value === 0) return;
    this.#varint(value);
    this.#tag(field, wire.varint);
  }

  flag(field: number, value: boolean | undefined): void {
    if (value === true) this.unsigned(field, 1);
  }

  text(field: number, value: string | undefined): void {
    if (value !== undefined && value !== "") this.textAlways(field, value);
  }

  /** Also when empty: keys and values of maps. */
  textAlways(field: number, value: string): void {
    const end = this.length;
    this.#utf8(value);
    this.message(field, end);
  }

  bytes(field: number, value: Uint8Array | undefined): void {
    if (value === undefined || value.length === 0) return;
    this.#grow(value.length);
    this.#start -= value.length;
    this.#bytes.set(value, this.#start);
    this.#varint(value.length);
    this.#tag(field, wire.bytes);
  }

  /** Closes the message that began when `length` was `end`: present also when empty. */
  message(field: number, end: number): void {
    this.#varint(this.length - end);
    this.#tag(field, wire.bytes);
  }

  /** The whole message behind its length, as frames carry it. */
  delimited(): Uint8Array {
    this.#varint(this.length);
    const message = this.#bytes.slice(this.#start);
    if (this.#bytes.length > keptScratchBytes) this.#bytes = new Uint8Array(scratchBytes);
    return message;
  }

  #tag(field: number, wireType: number): void {
    this.#varint((field << 3) | wireType);
  }

  /** `value` is a whole number up to 2^53-1, or `offsetBeyondExact`, which leaves as the largest of 64 bits (D29). */
  #varint(value: number): void {
    if (value < 0x80) {
      if (this.#start === 0) this.#grow(1);
      this.#bytes[--this.#start] = value;
      return;
    }
    if (value === offsetBeyondExact) {
      this.#grow(10);
      this.#start -= 10;
      this.#bytes.fill(0xff, this.#start, this.#start + 9);
      this.#bytes[this.#start + 9] = 1;
      return;
    }
    let size = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++;
    this.#grow(size);
    this.#start -= size;
    let at = this.#start;
    for (; value >= 0x80; value = Math.floor(value / 0x80)) this.#bytes[at++] = (value % 0x80) | 0x80;
    this.#bytes[at] = value;
  }

  #utf8(text: string): void {
    if (text.length <= shortTextLength && this.#ascii(text)) return;
    const encoded = encoder.encode(text);
    this.#grow(encoded.length);
    this.#start -= encoded.length;
    this.#bytes.set(encoded, this.#start);
  }

  /** False when the text is not ASCII: nothing was written then. */
  #ascii(text: string): boolean {
    this.#grow(text.length);
    const start = this.#start - text.length;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      this.#bytes[start + index] = code;
    }
    this.#start = start;
    return true;
  }

  #grow(more: number): void {
    if (this.#start >= more) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.length + more));
    const start = larger.length - this.length;
    larger.set(this.#bytes.subarray(this.#start), start);
    this.#bytes = larger;
    this.#start = start;
  }
}
