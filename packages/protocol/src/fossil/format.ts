/**
 * The parts of a Fossil delta: integers in base 64 and a checksum over the result
 * (https://fossil-scm.org/home/doc/trunk/www/delta_format.wiki).
 *
 *     <size of the result> "\n"  { <count> "@" <offset> ","  |  <count> ":" <count bytes> }  <checksum> ";"
 */
const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz~";

const digitBytes = Uint8Array.from(digits, (digit) => digit.charCodeAt(0));

const valueOfByte = new Int8Array(256).fill(-1);
for (const [value, byte] of digitBytes.entries()) valueOfByte[byte] = value;

/** Integers have 32 bits: decoders in the field cut longer ones off. */
export const integerMax = 0xffff_ffff;

export const mark = { newline: 0x0a, copy: 0x40, comma: 0x2c, insert: 0x3a, end: 0x3b } as const;

export function digitCount(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 64; rest = Math.floor(rest / 64)) count++;
  return count;
}

/** Writes `value` and answers the place behind it; the caller has made room for `digitCount` bytes. */
export function writeInteger(into: Uint8Array, at: number, value: number): number {
  const end = at + digitCount(value);
  let rest = value;
  for (let place = end - 1; place >= at; place--) {
    into[place] = digitBytes[rest % 64] ?? 0;
    rest = Math.floor(rest / 64);
  }
  return end;
}

/** Value of a digit, -1 for a byte that is none or is not there. */
export function digitValue(byte: number | undefined): number {
  return byte === undefined ? -1 : (valueOfByte[byte] ?? -1);
}

/** Sum of the bytes as big-endian words of 32 bits, the last one filled up with zeros. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) sum = (sum + word(bytes, at)) | 0;
  for (let at = whole; at < bytes.length; at++) sum = (sum + ((bytes[at] ?? 0) << (24 - 8 * (at - whole)))) | 0;
  return sum >>> 0;
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
}
