/**
 * Reads the members of a JSON object as the very text they were written with. A claim such as `info` travels on as it
 * came (its numbers, key order and spaces kept); parsing and printing it again would change it.
 */
export interface SourceMember {
  /** A part of the source: whoever keeps it keeps the source alive. */
  readonly name: string;
  /** The value's source, without the white space around it. */
  readonly value: string;
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

/** @throws TypeError for bytes that are not UTF-8 */
export function sourceText(source: Uint8Array): string {
  return strictUtf8.decode(source);
}

/** Members in source order, repeated names included. `source` must be an object that `JSON.parse` accepted. @throws SyntaxError (nested too deep) */
export function membersOf(source: string): SourceMember[] {
  const members: SourceMember[] = [];
  let at = skipSpace(source, 0) + 1;
  for (;;) {
    at = skipSpace(source, at);
    const code = source.charCodeAt(at);
    if (code === closeBrace) return members;
    if (code === comma) {
      at += 1;
      continue;
    }
    const nameEnd = endOfString(source, at);
    const name = stringAt(source, at, nameEnd);
    const start = skipSpace(source, skipSpace(source, nameEnd) + 1);
    at = endOfValue(source, start);
    members.push({ name, value: source.slice(start, at) });
  }
}

/** The text of a string that stands there with its quotes. */
function stringAt(source: string, start: number, end: number): string {
  const inner = source.slice(start + 1, end - 1);
  return inner.includes("\\") ? (JSON.parse(source.slice(start, end)) as string).toWellFormed() : inner;
}

function endOfValue(source: string, start: number): number {
  const first = source.charCodeAt(start);
  if (first === quote) return endOfString(source, start);
  let at = start;
  if (first !== openBrace && first !== openBracket) {
    while (at < source.length && !endsScalar(source.charCodeAt(at))) at += 1;
    return at;
  }
  let depth = 0;
  for (;;) {
    if (at >= source.length) throw new SyntaxError("unexpected end of JSON source");
    const code = source.charCodeAt(at);
    if (code === quote) {
      at = endOfString(source, at);
      continue;
    }
    if (code === openBrace || code === openBracket) depth += 1;
    if (code === closeBrace || code === closeBracket) depth -= 1;
    at += 1;
    if (depth === 0) return at;
    if (depth >= nestingMax) throw new SyntaxError("JSON source is nested too deep");
  }
}

function endOfString(source: string, start: number): number {
  for (let at = start + 1; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at + 1;
  }
  throw new SyntaxError("unexpected end of JSON source");
}

function endsScalar(code: number): boolean {
  return code === comma || code === closeBrace || code === closeBracket || isSpace(code);
}

function skipSpace(source: string, start: number): number {
  let at = start;
  while (at < source.length && isSpace(source.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}
