import { offsetBeyondExact, offsetMax } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { textOf } from "../utf8.ts";
import { isNullAt, scanString, scanValue, skipWhitespace } from "./scan.ts";

/** Where a member's value stands in the bytes. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  /** Values that members of the same name had before this one. */
  readonly earlier?: readonly Extent[] | undefined;
}

export type Members = ReadonlyMap<string, Extent>;

/** As many digits are exact in a JavaScript number, whatever they are. */
const exactDigits = 15;
/** Digits of 2^64-1. */
const digitsMax = 20;
const noMembers: Members = new Map();

/**
 * Typed access to one line of JSON. Types are as strict as Centrifugo's decoder: integers are written without point and
 * exponent, everything else of another type is a violation. So is what it forgives: names of fields in any case; `null`
 * says nothing; a member that stands twice, where the second message goes on from the first and of other values the last
 * counts. Bytes that are not UTF-8 are U+FFFD in strings (C1) and stay as they are in payloads (C21).
 */
export class JsonReader {
  readonly #bytes: Uint8Array;

  constructor(line: Uint8Array) {
    this.#bytes = line;
  }

  /** The object at the start of the line; bytes behind it are not looked at. `null` counts as empty. */
  root(): Members {
    const start = skipWhitespace(this.#bytes, 0);
    if (isNullAt(this.#bytes, start)) return noMembers;
    const members = new Map<string, Extent>();
    this.#object(start, members, true);
    return members;
  }

  /** The fields of a message, by their names in lower case. */
  members(extent: Extent | undefined): Members {
    return this.#merged(extent, true);
  }

  /** The elements of an array; `null` and absent count as empty. */
  list<T>(members: Members, name: string, read: (element: Extent) => T): readonly T[] {
    const extent = members.get(name);
    let list: readonly T[] = [];
    if (extent !== undefined) for (const one of inOrder(extent)) list = this.#elements(one).map(read);
    return list;
  }

  /** A map of foreign names; of two entries with one name the last counts. */
  map<T>(members: Members, name: string, read: (value: Extent) => T): ReadonlyMap<string, T> {
    const map = new Map<string, T>();
    for (const [key, extent] of this.#merged(members.get(name), false)) {
      for (const one of inOrder(extent)) map.set(key, read(one));
    }
    return map;
  }

  /** A member that is looked at whole, built in one pass, however deep it nests; undefined where it is null or absent. */
  built<T>(members: Members, name: string, read: (value: unknown) => T): T | undefined {
    const extent = members.get(name);
    let value: T | undefined;
    if (extent === undefined) return undefined;
    for (const one of inOrder(extent)) value = this.#isNull(one) ? undefined : read(JSON.parse(textOf(this.#bytes, one.start, one.end)));
    return value;
  }

  /** True when the member is there and not null: `"ping":{}` says something, `"ping":null` does not. */
  has(members: Members, name: string): boolean {
    const extent = members.get(name);
    return extent !== undefined && !this.#isNull(extent);
  }

  string(members: Members, name: string): string {
    const extent = members.get(name);
    if (extent === undefined) return "";
    if (extent.earlier === undefined) return this.stringAt(extent);
    let text = "";
    for (const one of inOrder(extent)) if (!this.#isNull(one)) text = this.stringAt(one);
    return text;
  }

  boolean(members: Members, name: string): boolean {
    const extent = members.get(name);
    if (extent === undefined) return false;
    let value = false;
    for (const one of inOrder(extent)) {
      const first = this.#bytes[one.start];
      if (first === 0x74) value = true;
      else if (first === 0x66) value = false;
      else if (!this.#isNull(one)) throw new ProtocolViolation(`${name} is not a boolean`);
    }
    return value;
  }

  int32(members: Members, name: string): number {
    return Number(this.#integer(members, name, -2_147_483_648, 2_147_483_647));
  }

  uint32(members: Members, name: string): number {
    return Number(this.#integer(members, name, 0, 4_294_967_295));
  }

  int64(members: Members, name: string): bigint {
    return BigInt(this.#integer(members, name, -(2n ** 63n), 2n ** 63n - 1n));
  }

  /** An offset: exact, or `offsetBeyondExact`. */
  offset(members: Members, name: string): number {
    const value = this.#integer(members, name, 0, 2n ** 64n - 1n);
    return value > offsetMax ? offsetBeyondExact : Number(value);
  }

  /** A copy of the very bytes of a value, also of `null`. */
  raw(members: Members, name: string): Uint8Array | undefined {
    const extent = members.get(name);
    return extent === undefined ? undefined : new Uint8Array(this.#bytes.subarray(extent.start, extent.end));
  }

  stringAt(extent: Extent): string {
    if (this.#isNull(extent)) return "";
    if (this.#bytes[extent.start] !== 0x22) throw new ProtocolViolation("not a string");
    const text = textOf(this.#bytes, extent.start + 1, extent.end - 1);
    // `"\ud800"` names no character: read as U+FFFD, so that every name we keep can be written as UTF-8.
    return text.includes("\\") ? String(JSON.parse(`"${text}"`)).toWellFormed() : text;
  }

  #merged(extent: Extent | undefined, isMessage: boolean): Members {
    if (extent === undefined) return noMembers;
    const members = new Map<string, Extent>();
    for (const one of inOrder(extent)) {
      if (this.#isNull(one)) members.clear();
      else this.#object(one.start, members, isMessage);
    }
    return members;
  }

  #object(start: number, members: Map<string, Extent>, isMessage: boolean): void {
    const bytes = this.#bytes;
    if (bytes[start] !== 0x7b) throw new ProtocolViolation("not an object");
    let at = skipWhitespace(bytes, start + 1);
    if (bytes[at] === 0x7d) return;
    for (;;) {
      const nameEnd = found(scanString(bytes, at));
      const name = this.stringAt({ start: at, end: nameEnd });
      at = skipWhitespace(bytes, nameEnd);
      if (bytes[at] !== 0x3a) throw new ProtocolViolation("a member without a colon");
      const valueStart = skipWhitespace(bytes, at + 1);
      const valueEnd = found(scanValue(bytes, valueStart));
      setMember(members, isMessage ? name.toLowerCase() : name, { start: valueStart, end: valueEnd });
      at = skipWhitespace(bytes, valueEnd);
      const next = bytes[at];
      if (next === 0x7d) return;
      if (next !== 0x2c) throw new ProtocolViolation("an object without an end");
      at = skipWhitespace(bytes, at + 1);
    }
  }

  #elements(extent: Extent): readonly Extent[] {
    if (this.#isNull(extent)) return [];
    const bytes = this.#bytes;
    if (bytes[extent.start] !== 0x5b) throw new ProtocolViolation("not an array");
    const elements: Extent[] = [];
    let at = skipWhitespace(bytes, extent.start + 1);
    if (bytes[at] === 0x5d) return elements;
    for (;;) {
      const end = found(scanValue(bytes, at));
      elements.push({ start: at, end });
      at = skipWhitespace(bytes, end);
      if (bytes[at] !== 0x2c) return elements; // the whole value was scanned before: this is its end
      at = skipWhitespace(bytes, at + 1);
    }
  }

  #integer(members: Members, name: string, min: number | bigint, max: number | bigint): number | bigint {
    const extent = members.get(name);
    if (extent === undefined) return 0;
    let value: number | bigint = 0;
    for (const one of inOrder(extent)) {
      if (this.#isNull(one)) continue;
      const read = this.#integerAt(one, min < 0);
      if (read === undefined || read < min || read > max) throw new ProtocolViolation(`${name} is not an integer in range`);
      value = read;
    }
    return value;
  }

  /** Undefined for what is no integer, and for what has more digits than any that is wanted. `-0` is below zero. */
  #integerAt({ start, end }: Extent, isSigned: boolean): number | bigint | undefined {
    const isNegative = this.#bytes[start] === 0x2d;
    const digits = isNegative ? start + 1 : start;
    if ((isNegative && !isSigned) || end - digits > digitsMax) return undefined;
    let value = 0;
    for (let at = digits; at < end; at++) {
      const digit = this.#bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) return undefined;
      value = value * 10 + digit;
    }
    if (end - digits > exactDigits) return BigInt(textOf(this.#bytes, start, end));
    return isNegative ? -value : value;
  }

  #isNull(extent: Extent): boolean {
    return this.#bytes[extent.start] === 0x6e;
  }
}

function found(at: number): number {
  if (at === -1) throw new ProtocolViolation("not JSON");
  return at;
}

function setMember(members: Map<string, Extent>, name: string, value: Extent): void {
  const before = members.get(name);
  if (before === undefined) {
    members.set(name, value);
    return;
  }
  // One list goes on from value to value: a frame has room for thousands of one name.
  const earlier = (before.earlier ?? []) as Extent[];
  earlier.push(before);
  members.set(name, { ...value, earlier });
}

/** Values of one name from the first to the last. */
function inOrder(extent: Extent): readonly Extent[] {
  return extent.earlier === undefined ? [extent] : [...extent.earlier, { start: extent.start, end: extent.end }];
}
