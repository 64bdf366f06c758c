import { createHmac, timingSafeEqual } from "node:crypto";

export type SigningKey = string | Uint8Array;

/**
 * JWS compact form with HMAC-SHA256 and one fixed header for each use. What we sign ourselves is verified by comparing
 * the header as text, so no token can choose its algorithm (S1); and at once, because the subscribe policy answers from
 * memory. Tokens of other people go through `createTokenVerifier`.
 */
export interface HmacJws {
  sign(payload: Readonly<Record<string, unknown>>): string;
  /** The payload's value, or undefined when header, form or signature is not ours. */
  open(token: string): unknown;
}

/** @throws RangeError for an empty key: with it anybody could sign. */
export function createHmacJws(key: SigningKey, type: string, keyId?: string): HmacJws {
  if (key.length === 0) throw new RangeError("a signing key is empty");
  const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: type, kid: keyId })).toString("base64url");
  const signatureOf = (signed: string) => createHmac("sha256", key).update(signed).digest("base64url");
  return {
    sign(payload) {
      const signed = `${header}.${Buffer.from(JSON.stringify(payload)).toString("base64url")}`;
      return `${signed}.${signatureOf(signed)}`;
    },
    open(token) {
      const end = token.lastIndexOf(".");
      if (!token.startsWith(`${header}.`) || end <= header.length) return undefined;
      const expected = Buffer.from(signatureOf(token.slice(0, end)));
      const given = Buffer.from(token.slice(end + 1));
      // The signatures are compared as text: a second spelling of the same bits is not ours.
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      return JSON.parse(Buffer.from(token.slice(header.length + 1, end), "base64url").toString("utf8"));
    },
  };
}
