/**
 * Reads the members of a JSON object as the very bytes they were written with. A claim such as `info` travels on as it
 * came (its numbers, key order and spaces kept); parsing and printing it again would change it.
 */
export interface SourceMember {
  readonly name: string;
  /** The value's source bytes, without the white space around it. */
  readonly value: Uint8Array;
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** As deep as the real server reads. */
const nestingMax = 10_000;

/** Keeps a byte order mark, so that the parser refuses it. */
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The source as a value. @throws SyntaxError, TypeError (not UTF-8) or RangeError (nested too deep). */
export function parseSource(source: Uint8Array): unknown {
  return JSON.parse(strictUtf8.decode(source));
}

/** Members in source order, repeated names included. `source` must be an object that `parseSource` accepted. */
export function membersOf(source: Uint8Array): SourceMember[] {
  const members: SourceMember[] = [];
  let at = skipSpace(source, 0) + 1;
  for (;;) {
    at = skipSpace(source, at);
    if (source[at] === closeBrace) return members;
    if (source[at] === comma) {
      at += 1;
      continue;
    }
    const nameEnd = endOfString(source, at);
    const name = parseSource(source.subarray(at, nameEnd)) as string;
    const start = skipSpace(source, skipSpace(source, nameEnd) + 1);
    at = endOfValue(source, start);
    members.push({ name, value: source.subarray(start, at) });
  }
}

function endOfValue(source: Uint8Array, start: number): number {
  const first = source[start];
  if (first === quote) return endOfString(source, start);
  let at = start;
  if (first !== openBrace && first !== openBracket) {
    while (at < source.length && !endsScalar(source[at]!)) at += 1;
    return at;
  }
  let depth = 0;
  for (;;) {
    const byte = source[at];
    if (byte === undefined) throw new SyntaxError("unexpected end of JSON source");
    if (byte === quote) {
      at = endOfString(source, at);
      continue;
    }
    if (byte === openBrace || byte === openBracket) depth += 1;
    if (byte === closeBrace || byte === closeBracket) depth -= 1;
    at += 1;
    if (depth === 0) return at;
    if (depth >= nestingMax) throw new SyntaxError("JSON source is nested too deep");
  }
}

function endOfString(source: Uint8Array, start: number): number {
  for (let at = start + 1; at < source.length; at += 1) {
    if (source[at] === backslash) at += 1;
    else if (source[at] === quote) return at + 1;
  }
  throw new SyntaxError("unexpected end of JSON source");
}

function endsScalar(byte: number): boolean {
  return byte === comma || byte === closeBrace || byte === closeBracket || isSpace(byte);
}

function skipSpace(source: Uint8Array, start: number): number {
  let at = start;
  while (at < source.length && isSpace(source[at]!)) at += 1;
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
