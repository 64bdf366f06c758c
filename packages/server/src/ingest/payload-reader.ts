import { timeOfNumber, timeOfText } from "./device-time.ts";
import { createJsonScanner, decodeString, type JsonScanner, Kind, numberText, type ScanLimits } from "./json-scan.ts";
import { asciiText, scanNumber } from "./json-tokens.ts";
import { type Refusal, refusal, refusalOfFault } from "./refusal.ts";
import { compileWanted, type WantedFields } from "./wanted.ts";

export interface PayloadLimits extends ScanLimits {
  readonly payloadBytesMax: number;
}

export const defaultPayloadLimits: PayloadLimits = { payloadBytesMax: 131_072, depthMax: 64, keysMax: 10_000 };

const SEQ_MAX = Number.MAX_SAFE_INTEGER;
/** Text may hold the code points it likes; this many UTF-16 units of it. */
const bootLengthMax = 64;

/**
 * Reads the few fields of one payload that its schema names. The first field that does not fit is kept in `refused`; the
 * getters go on answering "absent", so a schema is a straight list of fields with one look at `refused` in the end.
 * `null` stands for "not measured" and reads as absent.
 */
export class PayloadReader {
  readonly #scanner: JsonScanner;
  readonly #limits: PayloadLimits;
  readonly #slots: ReadonlyMap<string, number>;
  readonly #paths: readonly string[];
  #bytes: Uint8Array = new Uint8Array(0);
  refused: Refusal | undefined;

  constructor(fields: WantedFields, limits: PayloadLimits) {
    const plan = compileWanted(fields);
    this.#scanner = createJsonScanner(plan, limits);
    this.#limits = limits;
    this.#slots = plan.slots;
    this.#paths = [...plan.slots.keys()];
  }

  slot(path: string): number {
    const slot = this.#slots.get(path);
    if (slot === undefined) throw new Error(`no field ${path} in this schema`);
    return slot;
  }

  /** Takes a payload; false (and `refused`) when it is not an object in JSON that everybody can read. */
  open(bytes: Uint8Array): boolean {
    this.#bytes = bytes;
    this.refused = this.#check(bytes);
    return this.refused === undefined;
  }

  #check(bytes: Uint8Array): Refusal | undefined {
    if (bytes.length === 0) return refusal("empty", "no payload");
    if (bytes.length > this.#limits.payloadBytesMax) {
      return refusal("too_big", `${bytes.length} bytes, at most ${this.#limits.payloadBytesMax} are taken`);
    }
    const fault = this.#scanner.scan(bytes);
    if (fault !== undefined) return refusalOfFault(fault, this.#limits);
    return this.#scanner.found.root === Kind.object ? undefined : refusal("schema", "the payload: expected an object");
  }

  /** Raw line breaks outside strings in the payload opened last. */
  get lineBreaks(): number {
    return this.#scanner.found.lineBreaks;
  }

  has(slot: number): boolean {
    const kind = this.#kind(slot);
    return kind !== Kind.absent && kind !== Kind.null;
  }

  text(slot: number, lengthMax: number): string | undefined {
    if (!this.has(slot)) return undefined;
    const text = this.#string(slot);
    if (text === undefined || text.length === 0 || text.length > lengthMax) {
      return this.#refuse(slot, `expected text of 1 to ${lengthMax} characters`);
    }
    return text;
  }

  /** Text that is only shown: what is too long is cut. */
  cutText(slot: number, lengthMax: number): string | undefined {
    if (!this.has(slot)) return undefined;
    const text = this.#string(slot);
    return text === undefined ? this.#refuse(slot, "expected text") : text.slice(0, lengthMax);
  }

  /** One of a few words; `absent` where there is none. */
  word<Word extends string>(slot: number, allowed: readonly Word[]): Word | undefined {
    if (!this.has(slot)) return undefined;
    const text = this.#string(slot);
    return allowed.find((known) => known === text) ?? this.#refuse(slot, `expected one of ${allowed.join(", ")}`);
  }

  requireField(slot: number): void {
    if (!this.has(slot)) this.#refuse(slot, "required");
  }

  number(slot: number): number | null {
    if (!this.has(slot)) return null;
    if (this.#kind(slot) !== Kind.number) return this.#refuse(slot, "expected a number") ?? null;
    return this.#number(slot);
  }

  /** A number where there is one; any other kind of value is somebody else's field. */
  numberIfAny(slot: number): number | null {
    return this.#kind(slot) === Kind.number ? this.#number(slot) : null;
  }

  boolean(slot: number): boolean | null {
    switch (this.#kind(slot)) {
      case Kind.absent:
      case Kind.null:
        return null;
      case Kind.true:
        return true;
      case Kind.false:
        return false;
      default:
        return this.#refuse(slot, "expected true or false") ?? null;
    }
  }

  isTrue(slot: number): boolean {
    return this.#kind(slot) === Kind.true;
  }

  /** Whether a field is exactly this word (ASCII); what else it may be is the machine's own. */
  isWord(slot: number, word: string): boolean {
    const { start, end } = this.#scanner.found;
    return this.#kind(slot) === Kind.string && equalsAscii(this.#bytes, start[slot]!, end[slot]!, word);
  }

  object(slot: number): void {
    if (this.has(slot) && this.#kind(slot) !== Kind.object) this.#refuse(slot, "expected an object");
  }

  /** First number of an array of numbers; null elements are sensors without a value. */
  firstNumber(slot: number): number | null {
    if (!this.has(slot)) return null;
    if (this.#kind(slot) !== Kind.array) return this.#refuse(slot, "expected an array of numbers") ?? null;
    const { start, end } = this.#scanner.found;
    const bytes = this.#bytes;
    let first: number | null = null;
    let index = 0;
    let at = start[slot]! + 1;
    const close = end[slot]! - 1;
    for (;;) {
      while (at < close && isSpaceOrComma(bytes[at]!)) at++;
      if (at >= close) return first;
      const byte = bytes[at]!;
      if (byte === 0x6e)
        at += 4; // null
      else if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) {
        const to = scanNumber(bytes, at, close);
        if (first === null) first = Number(asciiText(bytes, at, to));
        at = to;
      } else {
        return this.#refuse(slot, "expected a number", `[${index}]`) ?? null;
      }
      index++;
    }
  }

  /** Whole numbers as digits only: `1.0` and `1e3` are not counters. */
  counter(slot: number): number | undefined {
    if (!this.has(slot)) return undefined;
    const { start, end } = this.#scanner.found;
    const from = start[slot]!;
    const to = end[slot]!;
    if (this.#kind(slot) === Kind.number && to - from <= 16 && onlyDigits(this.#bytes, from, to)) {
      const value = this.#number(slot);
      if (value <= SEQ_MAX) return value;
    }
    return this.#refuse(slot, `expected a whole number from 0 to ${SEQ_MAX}`);
  }

  boot(slot: number): string | undefined {
    return this.text(slot, bootLengthMax);
  }

  /** The machine's time in milliseconds; null where it cannot be read. Only another kind of value is refused. */
  time(slot: number): number | null {
    const kind = this.#kind(slot);
    const { start, end } = this.#scanner.found;
    if (kind === Kind.string) return timeOfText(this.#bytes, start[slot]!, end[slot]!);
    if (kind === Kind.number) return timeOfNumber(this.#number(slot));
    if (kind !== Kind.absent && kind !== Kind.null && kind !== Kind.escaped) {
      this.#refuse(slot, "expected a time as ISO 8601 text or milliseconds since 1970");
    }
    return null;
  }

  /** The time as it was sent. */
  timeText(slot: number): string | null {
    if (!this.has(slot)) return null;
    const { start, end } = this.#scanner.found;
    if (this.#kind(slot) === Kind.number) return numberText(this.#bytes, start[slot]!, end[slot]!);
    return this.#string(slot)?.slice(0, 64) ?? null;
  }

  /** Bytes of a value as they stand in the payload; undefined where it is absent. Strings are not asked for. */
  raw(slot: number): Uint8Array | undefined {
    if (this.#kind(slot) === Kind.absent) return undefined;
    const { kind, start, end } = this.#scanner.found;
    const quote = kind[slot] === Kind.string || kind[slot] === Kind.escaped ? 1 : 0;
    return this.#bytes.subarray(start[slot]! - quote, end[slot]! + quote);
  }

  /** The payload's `id`, when it is there, must be the machine of the topic. */
  requireMachine(slot: number, vmId: string): void {
    const kind = this.#kind(slot);
    if (kind === Kind.absent || kind === Kind.null) return;
    const { start, end } = this.#scanner.found;
    if (kind === Kind.string && equalsAscii(this.#bytes, start[slot]!, end[slot]!, vmId)) return;
    const text = this.#string(slot);
    if (text === vmId) return;
    if (text === undefined) this.#refuse(slot, "expected the machine's id as text");
    else this.refused ??= refusal("wrong_machine", "id: not the machine of the topic");
  }

  #kind(slot: number): number {
    return this.#scanner.found.kind[slot]!;
  }

  #number(slot: number): number {
    const { start, end } = this.#scanner.found;
    return Number(asciiText(this.#bytes, start[slot]!, end[slot]!));
  }

  #string(slot: number): string | undefined {
    const { kind, start, end } = this.#scanner.found;
    if (kind[slot] !== Kind.string && kind[slot] !== Kind.escaped) return undefined;
    return decodeString(this.#bytes, start[slot]!, end[slot]!);
  }

  #refuse(slot: number, expected: string, element = ""): undefined {
    this.refused ??= refusal("schema", `${this.#paths[slot]}${element}: ${expected}`);
    return undefined;
  }
}

function isSpaceOrComma(byte: number): boolean {
  return byte === 0x2c || byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function onlyDigits(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index++) if (bytes[index]! < 0x30 || bytes[index]! > 0x39) return false;
  return true;
}

function equalsAscii(bytes: Uint8Array, from: number, to: number, text: string): boolean {
  if (to - from !== text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[from + index] !== text.charCodeAt(index)) return false;
  return true;
}
