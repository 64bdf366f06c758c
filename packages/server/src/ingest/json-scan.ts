import { asciiText, Fault, faultAt, lastString, scanNumber, scanString, scanWord, words } from "./json-tokens.ts";
import { findWanted, type WantedKey, type WantedPlan } from "./wanted.ts";

/**
 * One pass over a payload's bytes: is it JSON that both stores and every reader take (table M30 of docs/spec/ingest.md),
 * where are the few fields that we look at, and how many raw line breaks stand outside strings. The payload is never
 * built as objects and never written again: what a machine sent is what a subscriber gets (design, rule L13).
 *
 * Accepted although odd: `-0`, 2^53+1, repeated keys (the last one counts, as everywhere), `__proto__`, any text.
 */
export interface ScanLimits {
  readonly depthMax: number;
  readonly keysMax: number;
}

/** What a slot holds. `escaped` is a string whose bytes are not its text. */
export const Kind = { absent: 0, string: 1, escaped: 2, number: 3, true: 4, false: 5, null: 6, object: 7, array: 8 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

export interface ScanFault {
  readonly fault: Fault;
  /** Position of the byte at which reading stopped. */
  readonly atByte: number;
}

/** Filled by `scan`; valid until the next `scan` of the same scanner. `start` and `end` of a string exclude its quotes. */
export interface Scanned {
  readonly kind: Uint8Array;
  readonly start: Int32Array;
  readonly end: Int32Array;
  /** Kind of the whole payload. */
  root: Kind;
  /** Raw `\n` and `\r` outside strings. */
  lineBreaks: number;
}

export interface JsonScanner {
  readonly found: Scanned;
  scan(bytes: Uint8Array): ScanFault | undefined;
}

const Expect = { value: 0, valueOrEnd: 1, key: 2, keyOrEnd: 3, comma: 4 } as const;
const NOTHING = -1;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OBJECT_START = 0x7b;
const OBJECT_END = 0x7d;
const ARRAY_START = 0x5b;
const ARRAY_END = 0x5d;

export function createJsonScanner(plan: WantedPlan, limits: ScanLimits): JsonScanner {
  const found: Scanned = {
    kind: new Uint8Array(plan.slotCount),
    start: new Int32Array(plan.slotCount),
    end: new Int32Array(plan.slotCount),
    root: Kind.absent,
    lineBreaks: 0,
  };
  // One row per open object or array: is it an object, which names are wanted in it, which slot does it close.
  const isObject = new Uint8Array(limits.depthMax + 1);
  const nodeOf = new Int16Array(limits.depthMax + 1);
  const slotOf = new Int16Array(limits.depthMax + 1);

  function scan(bytes: Uint8Array): ScanFault | undefined {
    found.kind.fill(Kind.absent);
    found.root = Kind.absent;
    found.lineBreaks = 0;
    const end = bytes.length;
    let at = 0;
    let depth = 0;
    let keys = 0;
    let slot = NOTHING;
    let node = 0;
    let expect: number = Expect.value;
    for (;;) {
      at = skipSpace(bytes, at, found);
      const byte = bytes[at];
      if (expect === Expect.comma) {
        if (depth === 0) return byte === undefined ? undefined : syntax(at);
        if (byte === COMMA) {
          at++;
          expect = isObject[depth] === 1 ? Expect.key : Expect.value;
          slot = NOTHING;
          node = NOTHING;
          continue;
        }
      }
      if (byte === OBJECT_END || byte === ARRAY_END) {
        // An end stands right after a value (comma) or directly behind the opening bracket, and fits its own kind only.
        const closesObject = byte === OBJECT_END;
        if (depth === 0 || expect === Expect.value || expect === Expect.key || (isObject[depth] === 1) !== closesObject) return syntax(at);
        at++;
        const closed = slotOf[depth]!;
        if (closed !== NOTHING) found.end[closed] = at;
        depth--;
        expect = Expect.comma;
      } else if (expect === Expect.comma) {
        return syntax(at);
      } else if (expect === Expect.key || expect === Expect.keyOrEnd) {
        if (byte !== QUOTE) return syntax(at);
        if (++keys > limits.keysMax) return { fault: Fault.keys, atByte: at };
        const close = scanString(bytes, at + 1, end);
        if (close < 0) return scanFault(close);
        const inside = nodeOf[depth]!;
        const wanted = inside === NOTHING ? undefined : claim(bytes, at + 1, close, inside);
        slot = wanted === undefined ? NOTHING : wanted.slot;
        node = wanted === undefined ? NOTHING : wanted.node;
        at = skipSpace(bytes, close + 1, found);
        if (bytes[at] !== COLON) return syntax(at);
        at++;
        expect = Expect.value;
      } else if (byte === OBJECT_START || byte === ARRAY_START) {
        if (++depth > limits.depthMax) return { fault: Fault.depth, atByte: at };
        const object = byte === OBJECT_START;
        isObject[depth] = object ? 1 : 0;
        nodeOf[depth] = object ? node : NOTHING;
        slotOf[depth] = slot;
        keep(depth === 1, slot, object ? Kind.object : Kind.array, at, at);
        at++;
        slot = NOTHING;
        node = NOTHING;
        expect = object ? Expect.keyOrEnd : Expect.valueOrEnd;
      } else {
        const to = scanScalar(bytes, at, end);
        if (to < 0) return scanFault(to);
        const quoted = byte === QUOTE;
        keep(depth === 0, slot, scalar.kind, quoted ? at + 1 : at, to);
        at = quoted ? to + 1 : to;
        expect = Expect.comma;
      }
    }
  }

  function keep(isRoot: boolean, slot: number, kind: Kind, start: number, end: number): void {
    if (isRoot && found.root === Kind.absent) found.root = kind;
    if (slot === NOTHING) return;
    found.kind[slot] = kind;
    found.start[slot] = start;
    found.end[slot] = end;
  }

  /** A wanted name: what an earlier field of that name left behind is forgotten, also its inner fields. */
  function claim(bytes: Uint8Array, from: number, to: number, node: number): WantedKey | undefined {
    const wanted = lookUp(bytes, from, to, node);
    if (wanted === undefined) return undefined;
    for (let slot = wanted.slot; slot < wanted.slotsEnd; slot++) found.kind[slot] = Kind.absent;
    return wanted;
  }

  function lookUp(bytes: Uint8Array, from: number, to: number, node: number): WantedKey | undefined {
    const keys = plan.nodes[node]!;
    if (!lastString.escaped) return findWanted(keys, bytes, from, to);
    const text = decodeString(bytes, from, to);
    return keys.find((key) => key.name === text);
  }

  return { found, scan };
}

function skipSpace(bytes: Uint8Array, at: number, found: Scanned): number {
  for (;;) {
    const byte = bytes[at];
    if (byte === 0x0a || byte === 0x0d) found.lineBreaks++;
    else if (byte !== 0x20 && byte !== 0x09) return at;
    at++;
  }
}

/** Kind of the scalar scanned last. */
const scalar: { kind: Kind } = { kind: Kind.absent };

/** A string (answers its closing quote), a number or a word (answers the position behind it). */
function scanScalar(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at]) {
    case QUOTE: {
      const close = scanString(bytes, at + 1, end);
      scalar.kind = lastString.escaped ? Kind.escaped : Kind.string;
      return close;
    }
    case 0x74: // t
      scalar.kind = Kind.true;
      return scanWord(bytes, at, words.true);
    case 0x66: // f
      scalar.kind = Kind.false;
      return scanWord(bytes, at, words.false);
    case 0x6e: // n
      scalar.kind = Kind.null;
      return scanWord(bytes, at, words.null);
    default:
      scalar.kind = Kind.number;
      return scanNumber(bytes, at, end);
  }
}

function syntax(atByte: number): ScanFault {
  return { fault: Fault.syntax, atByte };
}

function scanFault(negative: number): ScanFault {
  return { fault: -negative as Fault, atByte: faultAt.byte };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Longer texts are decoded by the runtime, which is slower to call and faster to run. */
const shortTextBytesMax = 48;

/** Text of a checked string's inner bytes. */
export function decodeString(bytes: Uint8Array, from: number, to: number): string {
  if (to - from <= shortTextBytesMax && isPlainAscii(bytes, from, to)) return asciiText(bytes, from, to);
  return JSON.parse(`"${decoder.decode(bytes.subarray(from, to))}"`) as string;
}

function isPlainAscii(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at]! >= 0x80 || bytes[at] === 0x5c) return false;
  return true;
}

/** The payload without raw line breaks outside strings (they would end a line of the client protocol); all else as it is. */
export function withoutLineBreaks(bytes: Uint8Array, lineBreaks: number): Uint8Array {
  if (lineBreaks === 0) return bytes;
  const kept = new Uint8Array(bytes.length - lineBreaks);
  let length = 0;
  // A checked payload has no raw control characters inside strings, so every line break is outside.
  for (const byte of bytes) if (byte !== 0x0a && byte !== 0x0d) kept[length++] = byte;
  return kept;
}

/** Text of a number token. */
export function numberText(bytes: Uint8Array, from: number, to: number): string {
  return asciiText(bytes, from, to);
}
