import { createHmac, type KeyObject, sign as signWithKey } from "node:crypto";

/** Tokens as they should be, and as they should not: any header, any claims as text, any key. */
export interface JwtOptions {
  /** Beside `alg`; replaces `typ` where it names it. */
  readonly header?: Readonly<Record<string, unknown>>;
  readonly alg?: string;
  /** A secret for HS*, a private key for the rest. */
  readonly key?: string | KeyObject;
}

export const TOKEN_SECRET = "a-secret-of-the-conformance-suite-00001";

/** Claims as an object, or as the exact text of the payload. */
export function jwt(
  claims: Readonly<Record<string, unknown>> | string,
  { header = {}, alg = "HS256", key = TOKEN_SECRET }: JwtOptions = {},
): string {
  const head = encode(JSON.stringify({ alg, typ: "JWT", ...header }));
  const body = encode(typeof claims === "string" ? claims : JSON.stringify(claims));
  return `${head}.${body}.${signature(alg, `${head}.${body}`, key)}`;
}

export function encode(text: string | Uint8Array): string {
  return Buffer.from(text as Uint8Array).toString("base64url");
}

/**
 * Unix seconds from now. A short time is rounded, so that at least half a second of its last one is left: servers count in
 * whole seconds, and a token of "one second" made at the end of a second is expired when it arrives.
 */
export function inSeconds(seconds: number): number {
  const now = Date.now() / 1_000;
  return seconds > 0 && seconds < 10 ? Math.round(now + seconds) : Math.floor(now) + seconds;
}

function signature(alg: string, text: string, key: string | KeyObject): string {
  if (alg.startsWith("HS"))
    return createHmac(`sha${alg.slice(2)}`, key)
      .update(text)
      .digest("base64url");
  const hash = alg === "EdDSA" ? null : `sha${alg.slice(2)}`;
  const options = alg.startsWith("ES") ? ({ key: key as KeyObject, dsaEncoding: "ieee-p1363" } as const) : (key as KeyObject);
  return signWithKey(hash, Buffer.from(text), options).toString("base64url");
}
