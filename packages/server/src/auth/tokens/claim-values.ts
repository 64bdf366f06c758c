import type { TokenFailure } from "@fleetcast/engine";

/** Why a token is refused; caught by the verifier and never shown. The message is for tests and debug logs. */
export class TokenRefusal extends Error {
  override readonly name = "TokenRefusal";
  readonly why: TokenFailure;
  constructor(why: TokenFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.why = why;
  }
}

export function invalid(message: string): TokenRefusal {
  return new TokenRefusal("invalid", message);
}

/**
 * Claim names are compared as the real Centrifugo's JSON reader does it: `SUB` counts as `sub` (table J, J10), with
 * the two letters outside ASCII that fold onto ASCII ones.
 */
export function foldedName(name: string): string {
  return name.replaceAll("\u017f", "s").toLowerCase();
}

/** Readers of one claim: `undefined` for null, which never overwrites an earlier value (J10). */
export function stringClaim(source: string): string | undefined {
  const value = JSON.parse(source) as unknown;
  if (value === null) return undefined;
  if (typeof value !== "string") throw invalid("a claim that must be a string is not");
  return value.toWellFormed();
}

export function booleanClaim(source: string): boolean | undefined {
  const value = JSON.parse(source) as unknown;
  if (value === null) return undefined;
  if (typeof value !== "boolean") throw invalid("a claim that must be a boolean is not");
  return value;
}

/** A user id under the name of `user_id_claim`: text, or a whole number as it is written. */
export function userIdClaim(source: string): string | undefined {
  return /^\d{1,64}$/.test(source) ? detached(source) : stringClaim(source);
}

/** Names without repeats; empty ones and nulls name nothing. */
export function nameListClaim(source: string): readonly string[] | undefined {
  const value = JSON.parse(source) as unknown;
  if (value === null) return undefined;
  if (!Array.isArray(value)) throw invalid("a claim that must be a list is not");
  const names = new Set<string>();
  for (const item of value) {
    if (item !== null && typeof item !== "string") throw invalid("a list of names holds something else");
    if (item !== null && item !== "") names.add(item.toWellFormed());
  }
  return [...names];
}

/** `aud`: one string or a list of strings. */
export function audienceClaim(source: string): readonly string[] {
  const value = JSON.parse(source) as unknown;
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw invalid("the audience is neither a string nor a list of strings");
}

/** The last second that the real server's clock arithmetic can hold; what lies above is as good as past (J6). */
const numericDateMax = 2 ** 63 - 62_135_596_800;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** `exp`, `nbf`, `iat`: seconds, a number or a number inside a string, fractions cut off (J6). */
export function numericDateClaim(source: string): number | undefined {
  const value = JSON.parse(source) as unknown;
  if (value === null) return undefined;
  if (typeof value !== "number" && !(typeof value === "string" && jsonNumber.test(value))) throw invalid("a time is not a number");
  const seconds = Number(value);
  if (!Number.isFinite(seconds)) throw invalid("a time is not a finite number");
  return seconds > numericDateMax ? Number.NEGATIVE_INFINITY : Math.floor(seconds);
}

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** `expire_at`: whole seconds written as an integer; strings, fractions and exponents are invalid (J6). */
export function integerClaim(source: string): number | undefined {
  if (source === "null") return undefined;
  if (!/^-?\d{1,20}$/.test(source)) throw invalid("a time that must be an integer is not");
  const value = BigInt(source);
  if (value > int64Max || value < int64Min) throw invalid("a time is out of range");
  return Number(value);
}

/** Standard base64 with its padding, as Go's decoder takes it (line breaks are skipped there, and here). */
export function base64Bytes(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) return undefined;
  return new Uint8Array(Buffer.from(compact, "base64"));
}

const utf8 = new TextEncoder();

/** `info`, `data`, `meta`: the source bytes, null as well. */
export function rawClaim(source: string): Uint8Array {
  return utf8.encode(source);
}

/** The same text on its own: a part of a token's text would keep all of it in memory for as long as the connection lives. */
export function detached(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
