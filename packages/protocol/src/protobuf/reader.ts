import { offsetBeyondExact } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import type { FieldReader } from "../requests/field-reader.ts";
import { textOf } from "../utf8.ts";

const wholeWord = 2 ** 32;
/** The upper half of 2^53-1. */
const exactHighMax = 0x1f_ffff;

const wire = { varint: 0, fixed64: 1, bytes: 2, groupStart: 3, groupEnd: 4, fixed32: 5 } as const;

/**
 * Field by field through one Protobuf message, in place. What it accepts is what Centrifugo's decoder does: fields in any
 * order, repeated ones, unknown ones skipped, integers cut to their width. No length is believed before it was compared
 * with the bytes that are there, and nothing recurses: how deep a message nests is the sender's choice (C10, C20).
 */
export class WireReader implements FieldReader {
  readonly #bytes: Uint8Array;
  readonly #isWhole: boolean;
  readonly #outerEnds: number[] = [];
  #at = 0;
  /** Where the open message ends. */
  #end: number;
  #low = 0;
  #high = 0;
  #wireType = 0;
  field = 0;

  /** `delimited`: a frame of messages, each behind its length. `single`: one message and nothing else. */
  constructor(bytes: Uint8Array, framing: "delimited" | "single" = "delimited") {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#isWhole = framing === "single";
  }

  /** Nothing follows the messages that were read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  open(): void {
    const isInFrame = this.#outerEnds.length === 0;
    const before = this.#at;
    this.#outerEnds.push(this.#end);
    if (isInFrame && this.#isWhole) return;
    if (isInFrame) this.#wireType = wire.bytes;
    const start = this.#length();
    this.#end = this.#at;
    this.#at = start;
    // Bits of a length that have no place in 64 are an error here, unlike inside a message.
    if (isInFrame && start - before === 10 && this.#bytes[start - 1]! > 1) throw new ProtocolViolation("a length above 64 bits");
  }

  close(): void {
    const outerEnd = this.#outerEnds.pop();
    if (outerEnd === undefined) throw new Error("a message was closed that is not open");
    this.#end = outerEnd;
  }

  next(): boolean {
    if (this.#at >= this.#end) return false;
    this.#varint();
    this.#wireType = this.#low & 7;
    this.field = (this.#low >>> 3) | (this.#high << 29);
    if (this.field <= 0 || this.#wireType === wire.groupEnd) throw new ProtocolViolation("not a field");
    return true;
  }

  uint32(): number {
    this.#expect(wire.varint);
    this.#varint();
    return this.#low >>> 0;
  }

  int32(): number {
    this.#expect(wire.varint);
    this.#varint();
    return this.#low;
  }

  flags(): number {
    return this.int32();
  }

  boolean(): boolean {
    this.#expect(wire.varint);
    this.#varint();
    return (this.#low | this.#high) !== 0;
  }

  offset(): number {
    this.#expect(wire.varint);
    this.#varint();
    const high = this.#high >>> 0;
    return high > exactHighMax ? offsetBeyondExact : high * wholeWord + (this.#low >>> 0);
  }

  string(): string {
    const start = this.#length();
    return textOf(this.#bytes, start, this.#at);
  }

  bytes(): Uint8Array {
    const start = this.#length();
    return new Uint8Array(this.#bytes.subarray(start, this.#at));
  }

  entry<T>(into: Map<string, T>, readValue: () => T, zero: T): void {
    let key = "";
    let value = zero;
    this.open();
    while (this.next()) {
      if (this.field === 1) key = this.string();
      else if (this.field === 2) value = readValue();
      else this.skip();
    }
    this.close();
    into.set(key, value);
  }

  /** A field that nobody here knows. Groups nest without being looked into, their numbers are not compared. */
  skip(): void {
    let depth = 0;
    for (;;) {
      switch (this.#wireType) {
        case wire.varint:
          this.#varint();
          break;
        case wire.fixed64:
          this.#skipBytes(8);
          break;
        case wire.bytes:
          this.#length();
          break;
        case wire.fixed32:
          this.#skipBytes(4);
          break;
        case wire.groupStart:
          depth++;
          break;
        case wire.groupEnd:
          depth--;
          break;
        default:
          throw new ProtocolViolation("not a wire type");
      }
      if (depth === 0) return;
      this.#varint();
      this.#wireType = this.#low & 7;
    }
  }

  /** Goes past a length and what it measures; answers where that began. */
  #length(): number {
    if (this.#wireType !== wire.bytes) throw new ProtocolViolation("another wire type");
    this.#varint();
    const start = this.#at;
    if (this.#high !== 0 || this.#low < 0) throw new ProtocolViolation("longer than anything");
    this.#skipBytes(this.#low);
    return start;
  }

  #skipBytes(count: number): void {
    if (count > this.#end - this.#at) throw new ProtocolViolation("cut off");
    this.#at += count;
  }

  #expect(wireType: number): void {
    if (this.#wireType !== wireType) throw new ProtocolViolation("another wire type");
  }

  /** 64 bits into two halves; of a tenth byte only the lowest bit has a place. */
  #varint(): void {
    const first = this.#byte();
    this.#low = first & 0x7f;
    this.#high = 0;
    if (first < 0x80) return;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 32) this.#low |= bits << shift;
      if (shift === 28) this.#high = bits >> 4;
      else if (shift > 32) this.#high |= bits << (shift - 32);
      if (byte < 0x80) return;
    }
    throw new ProtocolViolation("more than ten bytes of one number");
  }

  #byte(): number {
    if (this.#at >= this.#end) throw new ProtocolViolation("cut off");
    return this.#bytes[this.#at++]!;
  }
}
