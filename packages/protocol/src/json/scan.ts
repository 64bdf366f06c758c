/**
 * A JSON scanner that finds where a value ends without building it: payloads must leave as the very text they came in
 * (D28), and a value 30,000 levels deep must not overflow any stack (C1). It checks the whole grammar of RFC 8259.
 */

const notJson = -1;

export function skipWhitespace(text: string, at: number): number {
  for (;;) {
    const c = text.charCodeAt(at);
    if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return at;
    at++;
  }
}

/** Index after the value that starts at `at` (which is no whitespace), or -1 when there is none. */
export function scanValue(text: string, at: number): number {
  const first = text.charCodeAt(at);
  if (first !== 0x7b && first !== 0x5b) return scanScalar(text, at, first);
  // Open containers, innermost last: true for an object. An array instead of recursion: depth is the sender's choice.
  const open: boolean[] = [];
  for (;;) {
    // Here `at` stands on the first character of a value.
    const c = text.charCodeAt(at);
    if (c === 0x7b || c === 0x5b) {
      const isObject = c === 0x7b;
      at = skipWhitespace(text, at + 1);
      if (text.charCodeAt(at) === (isObject ? 0x7d : 0x5d)) {
        at++;
      } else {
        open.push(isObject);
        if (isObject) at = scanMemberName(text, at);
        if (at === notJson) return notJson;
        continue;
      }
    } else {
      at = scanScalar(text, at, c);
      if (at === notJson) return notJson;
    }
    // A value has ended: close what closes, go on behind a comma.
    for (;;) {
      const inObject = open[open.length - 1];
      if (inObject === undefined) return at;
      at = skipWhitespace(text, at);
      const next = text.charCodeAt(at);
      if (next === 0x2c) {
        at = skipWhitespace(text, at + 1);
        if (inObject) at = scanMemberName(text, at);
        if (at === notJson) return notJson;
        break;
      }
      if (next !== (inObject ? 0x7d : 0x5d)) return notJson;
      open.pop();
      at++;
    }
  }
}

/** Is the whole text one JSON value, whitespace around it allowed? */
export function isJson(text: string): boolean {
  const end = scanValue(text, skipWhitespace(text, 0));
  return end !== notJson && skipWhitespace(text, end) === text.length;
}

/** Index after the string that starts at `at` with its quote, or -1. */
export function scanString(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x22) return notJson;
  for (at++; ; at++) {
    const c = text.charCodeAt(at);
    if (c === 0x22) return at + 1;
    if (c === 0x5c) {
      at = scanEscape(text, at + 1);
      if (at === notJson) return notJson;
    } else if (!(c >= 0x20)) {
      return notJson; // a control character, or NaN: the text ended
    }
  }
}

/** `"name" :` and the whitespace behind it. */
function scanMemberName(text: string, at: number): number {
  at = scanString(text, at);
  if (at === notJson) return notJson;
  at = skipWhitespace(text, at);
  return text.charCodeAt(at) === 0x3a ? skipWhitespace(text, at + 1) : notJson;
}

function scanScalar(text: string, at: number, first: number): number {
  if (first === 0x22) return scanString(text, at);
  if (first === 0x74) return text.startsWith("true", at) ? at + 4 : notJson;
  if (first === 0x66) return text.startsWith("false", at) ? at + 5 : notJson;
  if (first === 0x6e) return text.startsWith("null", at) ? at + 4 : notJson;
  return scanNumber(text, at);
}

/** Index of the escape's last character, `at` standing behind the backslash. */
function scanEscape(text: string, at: number): number {
  const c = text.charCodeAt(at);
  if (c !== 0x75) return '"\\/bfnrt'.includes(text.charAt(at)) && text.charAt(at) !== "" ? at : notJson;
  for (let digit = 1; digit <= 4; digit++) if (!isHexDigit(text.charCodeAt(at + digit))) return notJson;
  return at + 4;
}

function scanNumber(text: string, at: number): number {
  if (text.charCodeAt(at) === 0x2d) at++;
  at = text.charCodeAt(at) === 0x30 ? at + 1 : skipDigits(text, at);
  if (at !== notJson && text.charCodeAt(at) === 0x2e) at = skipDigits(text, at + 1);
  if (at === notJson) return notJson;
  const exponent = text.charCodeAt(at);
  if (exponent !== 0x65 && exponent !== 0x45) return at;
  const sign = text.charCodeAt(at + 1);
  return skipDigits(text, sign === 0x2b || sign === 0x2d ? at + 2 : at + 1);
}

/** At least one digit. */
function skipDigits(text: string, at: number): number {
  const start = at;
  while (isDigit(text.charCodeAt(at))) at++;
  return at === start ? notJson : at;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isHexDigit(c: number): boolean {
  return isDigit(c) || (c >= 0x61 && c <= 0x66) || (c >= 0x41 && c <= 0x46);
}
