/**
 * A machine's own clock is believed for the order of its readings on a chart and for nothing else. It may be text in
 * ISO 8601 (`2026-01-26T14:50:00Z`, the document's form) or a number of milliseconds since 1970. A time that cannot be
 * read, or is more than 24 h away from the receive time, marks the message as late; it never refuses it. Seconds given for
 * milliseconds land in 1970 and are marked the same way.
 */
export const lateBeyondMs = 24 * 60 * 60 * 1_000;

/** The range of a JavaScript date: a number beyond it is no time at all. */
const dateMsMax = 8_640_000_000_000_000;

export function isLate(deviceMs: number | null, receivedMs: number): boolean {
  return deviceMs === null || Math.abs(deviceMs - receivedMs) > lateBeyondMs;
}

/** Milliseconds, or null for a number that is no time. */
export function timeOfNumber(value: number): number | null {
  return Math.abs(value) <= dateMsMax ? Math.trunc(value) : null;
}

/**
 * `YYYY-MM-DDThh:mm[:ss[.fraction]][Z|+hh:mm|+hhmm]` from ASCII bytes, also with a space for the `T` and a signed six-digit
 * year; without a zone it is UTC. Null for anything else: no guessing.
 */
export function timeOfText(bytes: Uint8Array, from: number, to: number): number | null {
  let at = from;
  let sign = 1;
  let yearDigits = 4;
  if (bytes[at] === PLUS || bytes[at] === MINUS) {
    sign = bytes[at] === MINUS ? -1 : 1;
    yearDigits = 6;
    at++;
  }
  const year = digits(bytes, at, yearDigits);
  at += yearDigits;
  const month = digits(bytes, at + 1, 2);
  const day = digits(bytes, at + 4, 2);
  const hour = digits(bytes, at + 7, 2);
  const minute = digits(bytes, at + 10, 2);
  if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 24 || minute < 0 || minute > 59) return null;
  if (bytes[at] !== MINUS || bytes[at + 3] !== MINUS || bytes[at + 9] !== COLON || !isTimeMark(bytes[at + 6]) || at + 12 > to) return null;
  const fullYear = sign * year;
  if (day > daysInMonth(fullYear, month)) return null;
  at += 12;
  let ms = 0;
  if (bytes[at] === COLON && at < to) {
    const second = digits(bytes, at + 1, 2);
    if (second < 0 || second > 60 || at + 3 > to) return null;
    ms = second * 1_000;
    at += 3;
    if ((bytes[at] === DOT || bytes[at] === COMMA) && at < to) {
      const first = ++at;
      let scale = 100;
      while (at < to && isDigit(bytes[at]!)) {
        ms += (bytes[at]! - ZERO) * scale;
        scale = scale > 1 ? scale / 10 : 0;
        at++;
      }
      if (at === first) return null;
    }
  }
  const offsetMinutes = zoneMinutes(bytes, at, to);
  if (offsetMinutes === null) return null;
  const total = ((daysSince1970(fullYear, month, day) * 24 + hour) * 60 + minute - offsetMinutes) * 60_000 + ms;
  return Math.abs(total) <= dateMsMax ? total : null;
}

const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isTimeMark(byte: number | undefined): boolean {
  return byte === 0x54 || byte === 0x74 || byte === 0x20; // T, t, space
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const byte = bytes[index];
    if (byte === undefined || !isDigit(byte)) return -1;
    value = value * 10 + byte - ZERO;
  }
  return value;
}

/** Minutes east of UTC; null where what stands there is no zone. */
function zoneMinutes(bytes: Uint8Array, at: number, to: number): number | null {
  if (at === to) return 0;
  const byte = bytes[at];
  if (byte === 0x5a || byte === 0x7a) return at + 1 === to ? 0 : null; // Z, z
  if (byte !== PLUS && byte !== MINUS) return null;
  const hours = digits(bytes, at + 1, 2);
  const colon = bytes[at + 3] === COLON ? 1 : 0;
  const bare = at + 3 === to;
  const minutes = bare ? 0 : digits(bytes, at + 3 + colon, 2);
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return null;
  if (!bare && at + 5 + colon !== to) return null;
  return (byte === MINUS ? -1 : 1) * (hours * 60 + minutes);
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Days of the proleptic Gregorian calendar; years counted from March, so that the leap day ends one. */
function daysSince1970(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
