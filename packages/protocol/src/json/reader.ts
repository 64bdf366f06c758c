import { offsetBeyondExact, offsetMax } from "../limits.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { scanString, scanValue, skipWhitespace } from "./scan.ts";

/** Where a member's value stands in the text. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export type Members = ReadonlyMap<string, Extent>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const signed = /^-?(?:0|[1-9][0-9]*)$/;
const unsigned = /^(?:0|[1-9][0-9]*)$/;

/**
 * Typed access to one line of JSON. Types are as strict as Centrifugo's decoder: `null` is the zero value, integers are
 * written without point and exponent, everything else of another type is a violation.
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
    if (this.#text.startsWith("null", start)) return new Map();
    return this.#object(start);
  }

  members(extent: Extent | undefined): Members {
    if (extent === undefined || this.#isNull(extent)) return new Map();
    return this.#object(extent.start);
  }

  /** The elements of an array, each where it stands; `null` and absent count as empty. */
  elements(extent: Extent | undefined): readonly Extent[] {
    if (extent === undefined || this.#isNull(extent)) return [];
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

  /** The value built as it is, for members that are looked at whole (`tf`): one pass, however deep it nests. */
  built(extent: Extent): unknown {
    let text = this.#text.slice(extent.start, extent.end);
    if (this.#isBytes) text = decoder.decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    return JSON.parse(text);
  }

  /** True when the member is there and not null: `"ping":{}` says something, `"ping":null` does not. */
  has(members: Members, name: string): boolean {
    const extent = members.get(name);
    return extent !== undefined && !this.#isNull(extent);
  }

  string(members: Members, name: string): string {
    const extent = members.get(name);
    return extent === undefined || this.#isNull(extent) ? "" : this.stringAt(extent);
  }

  boolean(members: Members, name: string): boolean {
    const text = this.#slice(members.get(name));
    if (text === "true") return true;
    if (text === undefined || text === "null" || text === "false") return false;
    throw new ProtocolViolation(`${name} is not a boolean`);
  }

  int32(members: Members, name: string): number {
    return Number(this.#integer(members, name, -2_147_483_648n, 2_147_483_647n));
  }

  uint32(members: Members, name: string): number {
    return Number(this.#integer(members, name, 0n, 4_294_967_295n));
  }

  int64(members: Members, name: string): bigint {
    return this.#integer(members, name, -(2n ** 63n), 2n ** 63n - 1n);
  }

  /** An offset: exact, or `offsetBeyondExact`. */
  offset(members: Members, name: string): number {
    const value = this.#integer(members, name, 0n, 2n ** 64n - 1n);
    return value > BigInt(offsetMax) ? offsetBeyondExact : Number(value);
  }

  /** The very bytes of a value. */
  raw(members: Members, name: string): Uint8Array | undefined {
    const text = this.#slice(members.get(name));
    if (text === undefined) return undefined;
    return this.#isBytes ? Uint8Array.from(text, (c) => c.charCodeAt(0)) : encoder.encode(text);
  }

  stringAt(extent: Extent): string {
    if (this.#isNull(extent)) return "";
    if (this.#text.charCodeAt(extent.start) !== 0x22) throw new ProtocolViolation("not a string");
    let text = this.#text.slice(extent.start, extent.end);
    if (this.#isBytes) text = decoder.decode(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    return text.includes("\\") ? replaceLoneSurrogates(String(JSON.parse(text))) : text.slice(1, -1);
  }

  #object(start: number): Members {
    const text = this.#text;
    if (text.charCodeAt(start) !== 0x7b) throw new ProtocolViolation("not an object");
    const members = new Map<string, Extent>();
    let at = skipWhitespace(text, start + 1);
    if (text.charCodeAt(at) === 0x7d) return members;
    for (;;) {
      const nameEnd = this.#end(scanString(text, at));
      const name = this.stringAt({ start: at, end: nameEnd });
      at = skipWhitespace(text, nameEnd);
      if (text.charCodeAt(at) !== 0x3a) throw new ProtocolViolation("a member without a colon");
      const valueStart = skipWhitespace(text, at + 1);
      const valueEnd = this.#end(scanValue(text, valueStart));
      members.set(name, { start: valueStart, end: valueEnd }); // of two members with one name the last counts
      at = skipWhitespace(text, valueEnd);
      const next = text.charCodeAt(at);
      if (next === 0x7d) return members;
      if (next !== 0x2c) throw new ProtocolViolation("an object without an end");
      at = skipWhitespace(text, at + 1);
    }
  }

  #integer(members: Members, name: string, min: bigint, max: bigint): bigint {
    const text = this.#slice(members.get(name));
    if (text === undefined || text === "null") return 0n;
    // 20 digits hold every 64-bit number; longer ones need no arithmetic to be refused.
    const value = (min < 0n ? signed : unsigned).test(text) && text.length <= 20 ? BigInt(text) : undefined;
    if (value === undefined || value < min || value > max) throw new ProtocolViolation(`${name} is not an integer in range`);
    return value;
  }

  #slice(extent: Extent | undefined): string | undefined {
    return extent === undefined ? undefined : this.#text.slice(extent.start, extent.end);
  }

  #isNull(extent: Extent): boolean {
    return this.#text.startsWith("null", extent.start);
  }

  #end(at: number): number {
    if (at === -1) throw new ProtocolViolation("not JSON");
    return at;
  }
}

/** `"\ud800"` names no character: read as U+FFFD, so that every name we keep can be written as UTF-8. */
function replaceLoneSurrogates(text: string): string {
  return text.toWellFormed();
}
