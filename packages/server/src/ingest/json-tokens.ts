/**
 * The leaves of the payload scanner: strings, numbers, words. Each takes the position of a token's first byte and answers
 * the position behind it, or the negative code of what is wrong (`-fault`). Bytes are read with bounds: outside is `undefined`.
 */

/** What can be wrong with a payload as JSON. `at` of a fault is the byte position. */
export const Fault = { syntax: 1, utf8: 2, nul: 3, surrogate: 4, numberRange: 5, depth: 6, keys: 7 } as const;
export type Fault = (typeof Fault)[keyof typeof Fault];

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Where the last fault was found, when a function here answered a negative number. One scan runs at a time. */
export const faultAt = { byte: 0 };

function fault(code: Fault, at: number): number {
  faultAt.byte = at;
  return -code;
}

/** `at` is behind the opening quote; answers the position of the closing quote. Sets `lastString.escaped`. */
export function scanString(bytes: Uint8Array, at: number, end: number): number {
  lastString.escaped = false;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === QUOTE) return at;
    if (byte < 0x20) return fault(Fault.syntax, at);
    if (byte === BACKSLASH) {
      lastString.escaped = true;
      at = scanEscape(bytes, at, end);
    } else if (byte < 0x80) {
      at++;
      continue;
    } else {
      at = scanMultibyte(bytes, at, end);
    }
    if (at < 0) return at;
  }
  return fault(Fault.syntax, end);
}

/** Whether the string scanned last holds a backslash: then its bytes are not its text. */
export const lastString = { escaped: false };

function scanEscape(bytes: Uint8Array, at: number, end: number): number {
  switch (bytes[at + 1]) {
    case 0x22: // "
    case 0x5c: // \
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      break;
    default:
      return fault(Fault.syntax, at);
  }
  const unit = hexUnit(bytes, at + 2, end);
  if (unit < 0) return fault(Fault.syntax, at);
  if (unit === 0) return fault(Fault.nul, at);
  if (unit < 0xd800 || unit > 0xdfff) return at + 6;
  if (unit > 0xdbff || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== 0x75) return fault(Fault.surrogate, at);
  const low = hexUnit(bytes, at + 8, end);
  if (low < 0) return fault(Fault.syntax, at + 6);
  return low >= 0xdc00 && low <= 0xdfff ? at + 12 : fault(Fault.surrogate, at);
}

function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  let unit = 0;
  for (let index = at; index < at + 4; index++) {
    const digit = hexDigit(bytes[index]!);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** One character of two to four bytes, by the table of well-formed sequences (Unicode, table 3-7). */
function scanMultibyte(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > end) return fault(Fault.utf8, at);
  const second = bytes[at + 1]!;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return fault(Fault.utf8, at);
  for (let index = at + 2; index < at + length; index++) if ((bytes[index]! & 0xc0) !== 0x80) return fault(Fault.utf8, at);
  return at + length;
}

/** Digits that are certainly inside the range of a double when no exponent follows. */
const safeDigitsMax = 300;

export function scanNumber(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  if (bytes[at] === 0x2d) at++;
  if (bytes[at] === 0x30) at++;
  else {
    const first = at;
    at = skipDigits(bytes, at);
    if (at === first) return fault(Fault.syntax, at);
  }
  if (bytes[at] === 0x2e) {
    const first = ++at;
    at = skipDigits(bytes, at);
    if (at === first) return fault(Fault.syntax, at);
  }
  let exponent = false;
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    exponent = true;
    at++;
    if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
    const first = at;
    at = skipDigits(bytes, at);
    if (at === first) return fault(Fault.syntax, at);
  }
  if (at > end) return fault(Fault.syntax, end);
  if ((exponent || at - start > safeDigitsMax) && !Number.isFinite(Number(asciiText(bytes, start, at))))
    return fault(Fault.numberRange, start);
  return at;
}

function skipDigits(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at];
    if (byte === undefined || byte < 0x30 || byte > 0x39) return at;
    at++;
  }
}

/** `true`, `false`, `null`: the first byte is known to fit. */
export function scanWord(bytes: Uint8Array, at: number, word: Uint8Array): number {
  for (let index = 1; index < word.length; index++) if (bytes[at + index] !== word[index]) return fault(Fault.syntax, at);
  return at + word.length;
}

export const words = { true: ascii("true"), false: ascii("false"), null: ascii("null") };

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Text of bytes that are known to be ASCII. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let index = start; index < end; index++) text += String.fromCharCode(bytes[index]!);
  return text;
}
