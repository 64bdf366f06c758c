import type { TokenFailure } from "@fleetcast/engine";
import { parseSource } from "./json-source.ts";

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
export function stringClaim(source: Uint8Array): string | undefined {
  const value = parseSource(source);
  if (value === null) return undefined;
  if (typeof value !== "string") throw invalid("a claim that must be a string is not");
  return value;
}

export function booleanClaim(source: Uint8Array): boolean | undefined {
  const value = parseSource(source);
  if (value === null) return undefined;
  if (typeof value !== "boolean") throw invalid("a claim that must be a boolean is not");
  return value;
}

/** A user id under the name of `user_id_claim`: text, or a whole number as it is written. */
export function userIdClaim(source: Uint8Array): string | undefined {
  const text = new TextDecoder().decode(source);
  return /^\d{1,64}$/.test(text) ? text : stringClaim(source);
}

/** Names without repeats; empty ones and nulls name nothing. */
export function nameListClaim(source: Uint8Array): readonly string[] | undefined {
  const value = parseSource(source);
  if (value === null) return undefined;
  if (!Array.isArray(value)) throw invalid("a claim that must be a list is not");
  const names = new Set<string>();
  for (const item of value) {
    if (item !== null && typeof item !== "string") throw invalid("a list of names holds something else");
    if (item !== null && item !== "") names.add(item);
  }
  return [...names];
}

/** `aud`: one string or a list of strings. */
export function audienceClaim(source: Uint8Array): readonly string[] {
  const value = parseSource(source);
  if (typeof value === "string") return [value];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw invalid("the audience is neither a string nor a list of strings");
}

/** The last second that the real server's clock arithmetic can hold; what lies above is as good as past (J6). */
const numericDateMax = 2 ** 63 - 62_135_596_800;
const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** `exp`, `nbf`, `iat`: seconds, a number or a number inside a string, fractions cut off (J6). */
export function numericDateClaim(source: Uint8Array): number | undefined {
  const value = parseSource(source);
  if (value === null) return undefined;
  if (typeof value !== "number" && !(typeof value === "string" && jsonNumber.test(value))) throw invalid("a time is not a number");
  const seconds = Number(value);
  if (!Number.isFinite(seconds)) throw invalid("a time is not a finite number");
  return seconds > numericDateMax ? Number.NEGATIVE_INFINITY : Math.floor(seconds);
}

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** `expire_at`: whole seconds written as an integer; strings, fractions and exponents are invalid (J6). */
export function integerClaim(source: Uint8Array): number | undefined {
  const text = new TextDecoder().decode(source);
  if (text === "null") return undefined;
  if (!/^-?\d{1,20}$/.test(text)) throw invalid("a time that must be an integer is not");
  const value = BigInt(text);
  if (value > int64Max || value < int64Min) throw invalid("a time is out of range");
  return Number(value);
}

/** Standard base64 with its padding, as Go's decoder takes it (line breaks are skipped there, and here). */
export function base64Bytes(text: string): Uint8Array | undefined {
  const compact = text.replaceAll(/[\r\n]/g, "");
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact)) return undefined;
  return new Uint8Array(Buffer.from(compact, "base64"));
}

/** `info`, `data`, `meta`: the source bytes, null as well; a copy, because a view would keep the whole token alive. */
export function rawClaim(source: Uint8Array): Uint8Array {
  return source.slice();
}
