import { endOfString, endOfValue, nestingMax, skipSpace } from "./scan.ts";

/** Where a value stands in its document. */
export interface Extent {
  readonly start: number;
  readonly end: number;
}

export interface Member extends Extent {
  readonly name: string;
}

/** The members of one object or array, and where it ends. */
export interface Cut<Part> {
  readonly parts: readonly Part[];
  readonly end: number;
}

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Members of the object that starts exactly at `at`, in their order, repeated names included; undefined when there is no object. */
export function cutObject(bytes: Uint8Array, at: number, depthMax: number = nestingMax): Cut<Member> | undefined {
  if (bytes[at] !== 0x7b) return undefined;
  const parts: Member[] = [];
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === 0x7d) return { parts, end: at + 1 };
  for (;;) {
    if (bytes[at] !== 0x22) return undefined;
    const nameEnd = endOfString(bytes, at);
    if (nameEnd < 0) return undefined;
    const name = textOfString(bytes, at, nameEnd);
    at = skipSpace(bytes, nameEnd);
    if (bytes[at] !== 0x3a) return undefined;
    const start = skipSpace(bytes, at + 1);
    const end = endOfValue(bytes, start, depthMax - 1);
    if (end < 0) return undefined;
    parts.push({ name, start, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === 0x7d) return { parts, end: at + 1 };
    if (bytes[at] !== 0x2c) return undefined;
    at = skipSpace(bytes, at + 1);
  }
}

/** Elements of the array that starts exactly at `at`; undefined when there is no array. */
export function cutArray(bytes: Uint8Array, at: number, depthMax: number = nestingMax): Cut<Extent> | undefined {
  if (bytes[at] !== 0x5b) return undefined;
  const parts: Extent[] = [];
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === 0x5d) return { parts, end: at + 1 };
  for (;;) {
    const end = endOfValue(bytes, at, depthMax - 1);
    if (end < 0) return undefined;
    parts.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === 0x5d) return { parts, end: at + 1 };
    if (bytes[at] !== 0x2c) return undefined;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * The text of a JSON string given with its quotes. Bytes that are no UTF-8 and lone surrogates become U+FFFD, as the real
 * server reads them.
 */
export function textOfString(bytes: Uint8Array, start: number, end: number): string {
  let plain = true;
  for (let at = start + 1; at < end - 1; at += 1) {
    const byte = bytes[at]!;
    if (byte === 0x5c || byte > 0x7f) {
      plain = false;
      break;
    }
  }
  if (plain) return asciiText(bytes, start + 1, end - 1);
  const source = utf8.decode(bytes.subarray(start, end));
  return (JSON.parse(source) as string).toWellFormed();
}

/** For bytes known to be ASCII: the shortest way to a string. */
export function asciiText(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString("latin1");
}
