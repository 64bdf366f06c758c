/**
 * JSON read as bytes. A payload travels as the very bytes its publisher wrote (P5), so nothing here turns a document into
 * values: it finds where a value ends, refuses what is not JSON, and cuts parts out by their extent.
 */

/** Arrays and objects inside one another; one more is refused, as the real server does (H4). */
export const nestingMax = 10_000;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
/** `{` and `[` stand this far below their closing partners in ASCII. */
const closerDistance = 2;

/** First index at or after `at` that is no JSON white space. */
export function skipSpace(bytes: Uint8Array, at: number): number {
  while (at < bytes.length) {
    const byte = bytes[at]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
  return at;
}

/** Index behind the JSON value that starts exactly at `at`, or -1 when none does. Bytes above 0x7F in strings pass unchecked. */
export function endOfValue(bytes: Uint8Array, at: number, depthMax: number = nestingMax): number {
  const closers: number[] = [];
  for (;;) {
    const first = at < bytes.length ? bytes[at]! : 0;
    if (first === openBrace || first === openBracket) {
      if (closers.length >= depthMax) return -1;
      at = skipSpace(bytes, at + 1);
      if (bytes[at] === first + closerDistance) at += 1;
      else {
        closers.push(first + closerDistance);
        if (first === openBrace) at = endOfName(bytes, at);
        if (at < 0) return -1;
        continue;
      }
    } else {
      at = first === quote ? endOfString(bytes, at) : endOfScalar(bytes, at);
      if (at < 0) return -1;
    }
    at = closeWhatCloses(bytes, at, closers);
    if (at < 0 || closers.length === 0) return at;
  }
}

/** Whether the bytes are one JSON value, white space around it allowed. */
export function isJson(bytes: Uint8Array): boolean {
  const end = endOfValue(bytes, skipSpace(bytes, 0));
  return end >= 0 && skipSpace(bytes, end) === bytes.length;
}

/** A value ended at `at`: closes containers until one goes on; answers where its next value starts. */
function closeWhatCloses(bytes: Uint8Array, at: number, closers: number[]): number {
  while (closers.length > 0) {
    at = skipSpace(bytes, at);
    const closer = closers[closers.length - 1]!;
    const byte = bytes[at];
    if (byte === closer) {
      closers.pop();
      at += 1;
      continue;
    }
    if (byte !== comma) return -1;
    at = skipSpace(bytes, at + 1);
    return closer === closeBrace ? endOfName(bytes, at) : at;
  }
  return at;
}

/** Behind `"name" :` and the white space after it: where the member's value starts. */
function endOfName(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== quote) return -1;
  at = endOfString(bytes, at);
  if (at < 0) return -1;
  at = skipSpace(bytes, at);
  return bytes[at] === colon ? skipSpace(bytes, at + 1) : -1;
}

/** `at` is the opening quote; answers the index behind the closing one, or -1. */
export function endOfString(bytes: Uint8Array, at: number): number {
  const length = bytes.length;
  at += 1;
  while (at < length) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    if (byte < 0x20) return -1;
    if (byte === backslash) {
      const length = lengthOfEscape(bytes, at);
      if (length < 0) return -1;
      at += length;
    } else at += 1;
  }
  return -1;
}

function lengthOfEscape(bytes: Uint8Array, at: number): number {
  switch (bytes[at + 1]) {
    case quote:
    case backslash:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return 2;
    case 0x75: // u
      for (let digit = at + 2; digit < at + 6; digit += 1) if (!isHexDigit(bytes[digit])) return -1;
      return 6;
    default:
      return -1;
  }
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return isDigit(byte) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function endOfScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case 0x74:
      return endOfWord(bytes, at, "true");
    case 0x66:
      return endOfWord(bytes, at, "false");
    case 0x6e:
      return endOfWord(bytes, at, "null");
    default:
      return endOfNumber(bytes, at);
  }
}

function endOfWord(bytes: Uint8Array, at: number, word: string): number {
  for (let index = 0; index < word.length; index += 1) if (bytes[at + index] !== word.charCodeAt(index)) return -1;
  return at + word.length;
}

function endOfNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2d) at += 1;
  if (bytes[at] === 0x30) at += 1;
  else {
    const whole = endOfDigits(bytes, at);
    if (whole === at) return -1;
    at = whole;
  }
  if (bytes[at] === 0x2e) {
    const fraction = endOfDigits(bytes, at + 1);
    if (fraction === at + 1) return -1;
    at = fraction;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    const start = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
    const exponent = endOfDigits(bytes, start);
    if (exponent === start) return -1;
    at = exponent;
  }
  return at;
}

function endOfDigits(bytes: Uint8Array, at: number): number {
  while (isDigit(bytes[at])) at += 1;
  return at;
}
