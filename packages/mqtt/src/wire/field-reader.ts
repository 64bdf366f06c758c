import { decodeText } from "./text.ts";

/** Reads the fields of one packet body. Every reader answers undefined past the end: short packets are violations, not throws. */
export class FieldReader {
  readonly bytes: Buffer;
  readonly end: number;
  at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  uint8(): number | undefined {
    return this.at < this.end ? this.bytes[this.at++] : undefined;
  }

  uint16(): number | undefined {
    if (this.at + 2 > this.end) return undefined;
    const value = this.bytes.readUInt16BE(this.at);
    this.at += 2;
    return value;
  }

  /** A length-prefixed run of bytes, as its own copy. */
  binary(): Uint8Array | undefined {
    const range = this.range();
    return range === undefined ? undefined : new Uint8Array(this.bytes.subarray(range.start, range.end));
  }

  /** A length-prefixed string; undefined also where the text is not allowed on the wire. */
  text(): string | undefined {
    const range = this.range();
    return range === undefined ? undefined : decodeText(this.bytes, range.start, range.end);
  }

  range(): { readonly start: number; readonly end: number } | undefined {
    const length = this.uint16();
    if (length === undefined || this.at + length > this.end) return undefined;
    const start = this.at;
    this.at += length;
    return { start, end: this.at };
  }
}
