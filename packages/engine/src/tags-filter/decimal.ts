/** A decimal number of any size, compared without rounding. */
export interface Decimal {
  /** Close enough to compare with, where both are `isExact`. */
  readonly approximate: number;
  /** So short that two different ones are different as JavaScript numbers, too. */
  readonly isExact: boolean;
  /** In units of 10^-19; made only where it is needed. */
  readonly scaled: () => bigint;
}

const fractionDigitsMax = 19;
const lengthMax = 200;
/** Decimals of up to 15 digits are told apart by a double. */
const exactLengthMax = 15;
const form = /^[+-]?[0-9]+(?:\.[0-9]{1,19})?$/;

/** A number as tags filters know it: a sign or none, digits, and at most 19 of them behind a point. Everything else is no number. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > lengthMax || !form.test(text)) return undefined;
  return { approximate: Number(text), isExact: text.length <= exactLengthMax, scaled: () => scaledValue(text) };
}

/** Negative, 0 or positive, as for `sort`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.isExact && b.isExact) return a.approximate - b.approximate;
  const [left, right] = [a.scaled(), b.scaled()];
  return left < right ? -1 : left > right ? 1 : 0;
}

function scaledValue(text: string): bigint {
  const point = text.indexOf(".");
  const whole = point === -1 ? text : text.slice(0, point);
  const fraction = point === -1 ? "" : text.slice(point + 1);
  const digits = `${whole.replace(/^[+-]/, "")}${fraction.padEnd(fractionDigitsMax, "0")}`;
  return text.startsWith("-") ? -BigInt(digits) : BigInt(digits);
}
