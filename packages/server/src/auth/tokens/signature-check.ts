import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { compactVerify, errors } from "jose";
import type { CompactToken } from "./compact.ts";

export type HmacAlgorithm = "HS256" | "HS384" | "HS512";
export type PublicKeyAlgorithm = "RS256" | "RS384" | "RS512" | "ES256" | "ES384" | "ES512" | "EdDSA";

/** Does the signature hold under this one key and algorithm? The token's header was looked at to find the check, never inside it (S1). */
export type SignatureCheck = (token: CompactToken) => boolean | Promise<boolean>;

/** Answers at once: most tokens are of this kind, and a storm of connects is mostly their verification. */
export function hmacCheck(algorithm: HmacAlgorithm, secret: string): (token: CompactToken) => boolean {
  const hash = `sha${algorithm.slice(2)}`;
  const key = createSecretKey(Buffer.from(secret, "utf8"));
  return ({ signed, signature }) => {
    const expected = createHmac(hash, key).update(signed).digest();
    return signature.length === expected.length && timingSafeEqual(signature, expected);
  };
}

/** RSA, ECDSA and EdDSA by `jose`, with the one algorithm that this key is for. The key is imported when first needed. */
export function publicKeyCheck(algorithm: PublicKeyAlgorithm, importKey: () => Promise<CryptoKey>): SignatureCheck {
  const algorithms = [algorithm];
  let imported: Promise<CryptoKey> | undefined;
  return async ({ text }) => {
    imported ??= importKey();
    try {
      await compactVerify(text, await imported, { algorithms });
      return true;
    } catch (error) {
      // What jose refuses is the token's fault (or the key's, which then fits no token); anything else is ours.
      if (error instanceof errors.JOSEError) return false;
      throw error;
    }
  };
}
