/** Writing JSON around raw values without reading them. */

const unsafe = /[<>&\u2028\u2029]/;
const unsafeAll = /[<>&\u2028\u2029]/g;

/** A JSON string escaped as the real server's API does: `<`, `>`, `&` and the two line separators as \u escapes. */
export function jsonText(text: string): string {
  const quoted = JSON.stringify(text.toWellFormed());
  if (!unsafe.test(quoted)) return quoted;
  return quoted.replace(unsafeAll, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Parts of a document, text or raw bytes, joined into one. */
export function joinParts(parts: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part, "utf8") : part)));
}

/**
 * Raw JSON as the server API shows it (centrifugo-v6 section 8.3): white space outside strings gone, `<`, `>`, `&` and
 * U+2028, U+2029 escaped. Numbers, names and their order stay as written. The bytes must be valid JSON.
 */
export function compactJson(json: Uint8Array): Uint8Array {
  const from = indexOfChange(json);
  if (from < 0) return json;
  const out: number[] = [];
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (byte === 0x3c || byte === 0x3e || byte === 0x26) {
      out.push(0x5c, 0x75, 0x30, 0x30, hexDigit(byte >> 4), hexDigit(byte & 15));
    } else if (isLineSeparator(json, at)) {
      out.push(0x5c, 0x75, 0x32, 0x30, 0x32, hexDigit(json[at + 2]! & 15));
      at += 2;
    } else if (inString) {
      out.push(byte);
      if (byte === 0x22) inString = false;
      else if (byte === 0x5c) {
        at += 1;
        out.push(json[at]!);
      }
    } else if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
      out.push(byte);
      inString = byte === 0x22;
    }
  }
  return Uint8Array.from(out);
}

/** First byte that may have to change, or -1: most payloads need nothing. */
function indexOfChange(json: Uint8Array): number {
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at]!;
    if (byte <= 0x20 || byte === 0x3c || byte === 0x3e || byte === 0x26 || isLineSeparator(json, at)) return at;
  }
  return -1;
}

/** U+2028 or U+2029 in UTF-8: E2 80 A8 or A9. */
function isLineSeparator(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xe2 && bytes[at + 1] === 0x80 && (bytes[at + 2]! & 0xfe) === 0xa8;
}

function hexDigit(value: number): number {
  return "0123456789abcdef".charCodeAt(value);
}
