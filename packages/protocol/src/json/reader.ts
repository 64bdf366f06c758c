import { offsetBeyondExact, offsetMax } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { scanString, scanValue, skipWhitespace } from "./scan.ts";

/** Where a member's value stands in the text. */
export interface Extent {
  readonly start: number;
  readonly end: number;
  /** Values that members of the same name had before this one. */
  readonly earlier?: readonly Extent[] | undefined;
}

export type Members = ReadonlyMap<string, Extent>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const integer = /^-?[0-9]+$/;
/** As many digits are exact in a JavaScript number, whatever they are. */
const exactDigits = 15;
const noMembers: Members = new Map();

/**
 * Typed access to one line of JSON. Types are as strict as Centrifugo's decoder: integers are written without point and
 * exponent, everything else of another type is a violation. So is what it forgives: names of fields in any case; `null`
 * says nothing; a member that stands twice, where the second message goes on from the first and of other values the last
 * counts.
 *
 * A frame whose bytes are not UTF-8 is read one byte a character (`isBytes`): its strings then decode with U+FFFD (C1)
 * and its raw payloads keep their bytes, so that the publish command can refuse them (C21).
 */
export class JsonReader {
  readonly #text: string;
  readonly #isBytes: boolean;

  constructor(text: string, isBytes: boolean) {
    this.#text = text;
    this.#isBytes = isBytes;
  }

  /** The object at the start of the text; bytes behind it are not looked at. `null` counts as empty. */
  root(): Members {
    const start = skipWhitespace(this.#text, 0);
    if (this.#text.startsWith("null", start)) return noMembers;
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
    for (const one of inOrder(extent)) value = this.#isNull(one) ? undefined : read(JSON.parse(this.#decoded(one)));
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
      const text = this.#slice(one);
      if (text === "null") continue;
      if (text !== "true" && text !== "false") throw new ProtocolViolation(`${name} is not a boolean`);
      value = text === "true";
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

  /** The very bytes of a value, also of `null`. */
  raw(members: Members, name: string): Uint8Array | undefined {
    const extent = members.get(name);
    if (extent === undefined) return undefined;
    return this.#isBytes ? bytesOf(this.#slice(extent)) : encoder.encode(this.#slice(extent));
  }

  stringAt(extent: Extent): string {
    if (this.#isNull(extent)) return "";
    if (this.#text.charCodeAt(extent.start) !== 0x22) throw new ProtocolViolation("not a string");
    const text = this.#decoded(extent);
    // `"\ud800"` names no character: read as U+FFFD, so that every name we keep can be written as UTF-8.
    return text.includes("\\") ? String(JSON.parse(text)).toWellFormed() : text.slice(1, -1);
  }

  #elements(extent: Extent): readonly Extent[] {
    if (this.#isNull(extent)) return [];
    const text = this.#text;
    if (text.charCodeAt(extent.start) !== 0x5b) throw new ProtocolViolation("not an array");
    const found: Extent[] = [];
    let at = skipWhitespace(text, extent.start + 1);
    if (text.charCodeAt(at) === 0x5d) return found;
    for (;;) {
      const end = this.#end(scanValue(text, at));
      found.push({ start: at, end });
      at = skipWhitespace(text, end);
      if (text.charCodeAt(at) !== 0x2c) return found; // the whole value was scanned before: this is its end
      at = skipWhitespace(text, at + 1);
    }
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
    const text = this.#text;
    if (text.charCodeAt(start) !== 0x7b) throw new ProtocolViolation("not an object");
    let at = skipWhitespace(text, start + 1);
    if (text.charCodeAt(at) === 0x7d) return;
    for (;;) {
      const nameEnd = this.#end(scanString(text, at));
      const name = this.stringAt({ start: at, end: nameEnd });
      at = skipWhitespace(text, nameEnd);
      if (text.charCodeAt(at) !== 0x3a) throw new ProtocolViolation("a member without a colon");
      const valueStart = skipWhitespace(text, at + 1);
      const valueEnd = this.#end(scanValue(text, valueStart));
      const value = { start: valueStart, end: valueEnd };
      setMember(members, isMessage ? name.toLowerCase() : name, value);
      at = skipWhitespace(text, valueEnd);
      const next = text.charCodeAt(at);
      if (next === 0x7d) return;
      if (next !== 0x2c) throw new ProtocolViolation("an object without an end");
      at = skipWhitespace(text, at + 1);
    }
  }

  #integer(members: Members, name: string, min: number | bigint, max: number | bigint): number | bigint {
    const extent = members.get(name);
    if (extent === undefined) return 0;
    let value: number | bigint = 0;
    for (const one of inOrder(extent)) {
      const text = this.#slice(one);
      if (text === "null") continue;
      // 20 digits hold every 64-bit number; longer ones need no arithmetic to be refused. "-0" is below zero.
      if (!integer.test(text) || text.length > 20 || (min === 0 && text.startsWith("-")))
        throw new ProtocolViolation(`${name} is not an integer`);
      value = text.length <= exactDigits ? Number(text) : BigInt(text);
      if (value < min || value > max) throw new ProtocolViolation(`${name} is not an integer in range`);
    }
    return value;
  }

  #slice(extent: Extent): string {
    return this.#text.slice(extent.start, extent.end);
  }

  #decoded(extent: Extent): string {
    return this.#isBytes ? decoder.decode(bytesOf(this.#slice(extent))) : this.#slice(extent);
  }

  #isNull(extent: Extent): boolean {
    return this.#text.startsWith("null", extent.start);
  }

  #end(at: number): number {
    if (at === -1) throw new ProtocolViolation("not JSON");
    return at;
  }
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

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
