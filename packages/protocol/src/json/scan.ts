/**
 * A JSON scanner that finds where a value ends without building it: payloads must leave as the very bytes they came in
 * (D28), and a value 30,000 levels deep must not overflow any stack (C1). It checks the whole grammar of RFC 8259 but for
 * the encoding: bytes above 0x7f pass inside strings. Reading behind the end answers `undefined`, which fits nowhere.
 */

const notJson = -1;
const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
/** `}` and `]` stand this far above their partners. */
const closerDistance = 2;

/** 1 for every byte that stands in a string as it is. */
const plainInString = new Uint8Array(256).fill(1, 0x20);
plainInString[quote] = 0;
plainInString[backslash] = 0;

export function skipWhitespace(bytes: Uint8Array, at: number): number {
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at++;
  }
}

/** Index after the value that starts at `at` (which is no whitespace), or -1 when there is none. */
export function scanValue(bytes: Uint8Array, at: number): number {
  const first = bytes[at];
  if (first !== openBrace && first !== openBracket) return scanScalar(bytes, at);
  // Closing bytes of what is open, innermost last. An array instead of recursion: depth is the sender's choice.
  const closers: number[] = [];
  for (;;) {
    // Here `at` stands on the first byte of a value.
    const byte = bytes[at];
    if (byte === openBrace || byte === openBracket) {
      at = skipWhitespace(bytes, at + 1);
      if (bytes[at] === byte + closerDistance) at++;
      else {
        closers.push(byte + closerDistance);
        if (byte === openBrace) at = scanMemberName(bytes, at);
        if (at === notJson) return notJson;
        continue;
      }
    } else {
      at = byte === quote ? scanString(bytes, at) : scanScalar(bytes, at);
      if (at === notJson) return notJson;
    }
    // A value has ended: close what closes, go on behind a comma.
    for (;;) {
      const closer = closers[closers.length - 1];
      if (closer === undefined) return at;
      at = skipWhitespace(bytes, at);
      const next = bytes[at];
      if (next === comma) {
        at = skipWhitespace(bytes, at + 1);
        if (closer === openBrace + closerDistance) at = scanMemberName(bytes, at);
        if (at === notJson) return notJson;
        break;
      }
      if (next !== closer) return notJson;
      closers.pop();
      at++;
    }
  }
}

/** Are the bytes one JSON value, whitespace around it allowed? Their encoding is not looked at. */
export function isJson(bytes: Uint8Array): boolean {
  const end = scanValue(bytes, skipWhitespace(bytes, 0));
  return end !== notJson && skipWhitespace(bytes, end) === bytes.length;
}

/** Index after the string that starts at `at` with its quote, or -1. */
export function scanString(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== quote) return notJson;
  at++;
  for (;;) {
    at = endOfPlain(bytes, at);
    if (bytes[at] === quote) return at + 1;
    // A control character and the end of the bytes are no escape either.
    at = scanEscape(bytes, at);
    if (at === notJson) return notJson;
  }
}

/** The first byte at or after `at` that may not stand in a string as it is. */
export function endOfPlain(bytes: Uint8Array, at: number): number {
  while (plainInString[bytes[at]!] === 1) at++;
  return at;
}

/** `"name" :` and the whitespace behind it. */
function scanMemberName(bytes: Uint8Array, at: number): number {
  at = scanString(bytes, at);
  if (at === notJson) return notJson;
  at = skipWhitespace(bytes, at);
  return bytes[at] === colon ? skipWhitespace(bytes, at + 1) : notJson;
}

function scanScalar(bytes: Uint8Array, at: number): number {
  switch (bytes[at]) {
    case quote:
      return scanString(bytes, at);
    case 0x74: // true
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65 ? at + 4 : notJson;
    case 0x66: // false
      return bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65 ? at + 5 : notJson;
    case 0x6e:
      return isNullAt(bytes, at) ? at + 4 : notJson;
    default:
      return scanNumber(bytes, at);
  }
}

export function isNullAt(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x6e && bytes[at + 1] === 0x75 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x6c;
}

/** Index after the escape that starts at `at` with its backslash. */
function scanEscape(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== backslash) return notJson;
  switch (bytes[at + 1]) {
    case quote:
    case backslash:
    case 0x2f: // /
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
      return at + 2;
    case 0x75: // u
      for (let digit = at + 2; digit < at + 6; digit++) if (!isHexDigit(bytes[digit])) return notJson;
      return at + 6;
    default:
      return notJson;
  }
}

function scanNumber(bytes: Uint8Array, at: number): number {
  if (bytes[at] === 0x2d) at++;
  at = bytes[at] === 0x30 ? at + 1 : skipDigits(bytes, at);
  if (at !== notJson && bytes[at] === 0x2e) at = skipDigits(bytes, at + 1);
  if (at === notJson) return notJson;
  if (bytes[at] !== 0x65 && bytes[at] !== 0x45) return at;
  const sign = bytes[at + 1];
  return skipDigits(bytes, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
}

/** At least one digit. */
function skipDigits(bytes: Uint8Array, at: number): number {
  const start = at;
  for (let byte = bytes[at]; byte !== undefined && byte >= 0x30 && byte <= 0x39; byte = bytes[at]) at++;
  return at === start ? notJson : at;
}

function isHexDigit(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66) || (byte >= 0x41 && byte <= 0x46);
}
