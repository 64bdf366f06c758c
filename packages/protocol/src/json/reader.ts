import { offsetBeyondExact, offsetMax } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import type { Field, FieldReader, Shape } from "../requests/field-reader.ts";
import { textOf } from "../utf8.ts";
import { endOfPlain, isNullAt, scanString, scanValue, skipWhitespace } from "./scan.ts";

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const zero = 0x30;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** As many digits are exact in a JavaScript number, whatever they are. */
const exactDigits = 15;
/** Digits of 2^64-1. */
const digitsMax = 20;
const int64Min = -(2n ** 63n);
const int64Max = 2n ** 63n - 1n;
const uint64Max = 2n ** 64n - 1n;
const noFields: readonly Field[] = [];
const noShape: Shape = { byName: new Map(), byLength: [] };

/** Where an outer message goes on. */
interface Outer {
  readonly shape: Shape;
  readonly repeatedUntil: number;
  readonly field: number;
}

/**
 * Field by field through one JSON value, in one pass. Types are as strict as Centrifugo's decoder: integers are written
 * without point and exponent, everything else of another type is a violation. So is what it forgives: names of fields in any
 * case, unknown ones, and `null`, which says nothing except as a payload. What stands behind the value is not looked at.
 * Bytes that are not UTF-8 are U+FFFD in strings (C1) and stay as they are in payloads (C21).
 */
export class JsonReader implements FieldReader {
  readonly #bytes: Uint8Array;
  #at: number;
  #shape: Shape = noShape;
  /** The byte that ends the list or map of which `next` gives one element or entry after the other; 0 outside. */
  #repeatedUntil = 0;
  /** Before the first member of the open message. */
  #isAtStart = false;
  /** The open message is `null`. */
  #isNull = false;
  readonly #outer: Outer[] = [];
  field = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#at = skipWhitespace(bytes, 0);
  }

  open(shape: Shape): void {
    this.#outer.push({ shape: this.#shape, repeatedUntil: this.#repeatedUntil, field: this.field });
    this.#shape = shape;
    this.#repeatedUntil = 0;
    if (isNullAt(this.#bytes, this.#at)) {
      this.#at += 4;
      this.#isNull = true;
      return;
    }
    this.#take(openBrace);
    this.#isAtStart = true;
  }

  close(): void {
    const outer = this.#outer.pop();
    if (outer === undefined) throw new Error("a message was closed that is not open");
    this.#shape = outer.shape;
    this.#repeatedUntil = outer.repeatedUntil;
    this.field = outer.field;
    this.#isNull = false;
  }

  next(): boolean {
    if (this.#isNull) return false;
    if (this.#repeatedUntil !== 0) {
      if (this.#goesOn(this.#repeatedUntil)) return true;
      this.#repeatedUntil = 0;
    }
    for (;;) {
      if (this.#isAtStart) {
        this.#isAtStart = false;
        if (this.#isEmpty(closeBrace)) return false;
      } else if (!this.#goesOn(closeBrace)) return false;
      const field = this.#namedField();
      if (field === undefined) this.skip();
      else if (field.kind !== "payload" && isNullAt(this.#bytes, this.#at)) this.#at += 4;
      else if (this.#enters(field)) {
        this.field = field.number;
        return true;
      }
    }
  }

  uint32(): number {
    return this.#integer(0, 4_294_967_295);
  }

  int32(): number {
    return this.#integer(-2_147_483_648, 2_147_483_647);
  }

  flags(): number {
    const value = this.#number();
    if (value < int64Min || value > int64Max) throw new ProtocolViolation("a number out of range");
    return typeof value === "bigint" ? Number(BigInt.asIntN(32, value)) : value | 0;
  }

  offset(): number {
    const isNegative = this.#bytes[this.#at] === minus; // "-0" is below zero, too
    const value = this.#number();
    if (isNegative || value > uint64Max) throw new ProtocolViolation("a number out of range");
    return value > offsetMax ? offsetBeyondExact : Number(value);
  }

  boolean(): boolean {
    const isTrue = this.#bytes[this.#at] === 0x74;
    if (!isTrue && this.#bytes[this.#at] !== 0x66) throw new ProtocolViolation("not a boolean");
    this.skip();
    return isTrue;
  }

  /** `null` stands for an empty one, in lists and maps. */
  string(): string {
    if (isNullAt(this.#bytes, this.#at)) {
      this.#at += 4;
      return "";
    }
    const start = this.#at + 1;
    const end = endOfPlain(this.#bytes, start);
    if (this.#bytes[this.#at] === quote && this.#bytes[end] === quote) {
      this.#at = end + 1;
      return textOf(this.#bytes, start, end);
    }
    this.#at = found(scanString(this.#bytes, this.#at));
    // `"\ud800"` names no character: read as U+FFFD, so that every name we keep can be written as UTF-8.
    return String(JSON.parse(textOf(this.#bytes, start - 1, this.#at))).toWellFormed();
  }

  bytes(): Uint8Array {
    const start = this.#at;
    this.skip();
    return new Uint8Array(this.#bytes.subarray(start, this.#at));
  }

  entry<T>(into: Map<string, T>, readValue: () => T): void {
    const key = this.#name();
    into.set(key, readValue());
  }

  skip(): void {
    this.#at = found(scanValue(this.#bytes, this.#at));
  }

  /** The field that a member's name means; what follows is its value. */
  #namedField(): Field | undefined {
    const bytes = this.#bytes;
    const start = this.#at + 1;
    const end = endOfPlain(bytes, start);
    for (const field of this.#shape.byLength[end - start] ?? noFields) {
      if (!stands(field.name, bytes, start) || bytes[end] !== quote || bytes[this.#at] !== quote) continue;
      this.#at = end + 1;
      this.#toValue();
      return field;
    }
    const name = this.#name();
    return this.#shape.byName.get(name) ?? this.#shape.byName.get(name.toLowerCase());
  }

  /** Goes into a list or a map; false where it is empty. */
  #enters({ kind }: Field): boolean {
    if (kind !== "list" && kind !== "map") return true;
    this.#take(kind === "list" ? openBracket : openBrace);
    const closer = kind === "list" ? closeBracket : closeBrace;
    if (this.#isEmpty(closer)) return false;
    this.#repeatedUntil = closer;
    return true;
  }

  /** A member's name; what follows is its value. */
  #name(): string {
    if (this.#bytes[this.#at] !== quote) throw new ProtocolViolation("not a name");
    const name = this.string();
    this.#toValue();
    return name;
  }

  #toValue(): void {
    this.#at = skipWhitespace(this.#bytes, this.#at);
    this.#take(colon);
    this.#at = skipWhitespace(this.#bytes, this.#at);
  }

  /** Behind a value: true where another one follows, false behind the closer. */
  #goesOn(closer: number): boolean {
    this.#at = skipWhitespace(this.#bytes, this.#at);
    if (this.#bytes[this.#at] !== comma) {
      this.#take(closer);
      return false;
    }
    this.#at = skipWhitespace(this.#bytes, this.#at + 1);
    return true;
  }

  #isEmpty(closer: number): boolean {
    this.#at = skipWhitespace(this.#bytes, this.#at);
    if (this.#bytes[this.#at] !== closer) return false;
    this.#at++;
    return true;
  }

  #take(byte: number): void {
    if (this.#bytes[this.#at] !== byte) throw new ProtocolViolation("not JSON, or another type");
    this.#at++;
  }

  #integer(min: number, max: number): number {
    const isNegativeZero = min === 0 && this.#bytes[this.#at] === minus;
    const value = this.#number();
    if (isNegativeZero || value < min || value > max) throw new ProtocolViolation("a number out of range");
    return Number(value);
  }

  /** A whole number. A point or an exponent behind it fits nowhere, so `next` finds it. */
  #number(): number | bigint {
    const start = this.#at;
    const isNegative = this.#bytes[start] === minus;
    const digits = isNegative ? start + 1 : start;
    let at = digits;
    let value = 0;
    for (let digit = this.#digit(at); digit !== undefined; digit = this.#digit(++at)) value = value * 10 + digit;
    const count = at - digits;
    if (count === 0 || count > digitsMax || (count > 1 && this.#bytes[digits] === zero)) throw new ProtocolViolation("not an integer");
    this.#at = at;
    if (count > exactDigits) return BigInt(textOf(this.#bytes, start, at));
    return isNegative ? 0 - value : value; // never -0
  }

  #digit(at: number): number | undefined {
    const byte = this.#bytes[at];
    return byte !== undefined && byte >= zero && byte <= 0x39 ? byte - zero : undefined;
  }
}

/** Do these bytes stand at `start`? */
function stands(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index++) if (name[index] !== bytes[start + index]) return false;
  return true;
}

function found(at: number): number {
  if (at === -1) throw new ProtocolViolation("not JSON");
  return at;
}
