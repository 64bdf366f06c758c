import { createPublicKey, type KeyObject } from "node:crypto";
import type { TokenConfig } from "../../config/config.ts";
import { StartRefused } from "../../lifecycle/start-refused.ts";
import { hmacCheck, publicKeyCheck, type SignatureCheck } from "./signature-check.ts";

/** Checks by algorithm: one without an entry does not exist for us, whatever a token's header says (S1). */
export type TokenKeys = ReadonlyMap<string, SignatureCheck>;

/** Something configured for tokens that cannot be used: the start ends with this message (exit code 2). Never shows a key. */
export class TokenKeyError extends StartRefused {}

/** The section of the configuration that a key stands in, for messages. */
export type TokenSection = "client.token" | "client.subscription_token";

/** Smaller RSA keys are refused at start (J4, a deviation; the real server takes them). Bits. */
export const rsaModulusBitsMin = 2_048;

/**
 * One family per configured key: HMAC algorithms see only the secrets, RSA and ECDSA algorithms only their public key. An empty
 * secret is no key: without a previous one every HMAC token is then invalid.
 * @throws TokenKeyError when a public key is unreadable, of another kind or too small.
 */
export function tokenKeys(config: TokenConfig, section: TokenSection, nowS: () => number): TokenKeys {
  const keys = new Map<string, SignatureCheck>();
  for (const algorithm of ["HS256", "HS384", "HS512"] as const) {
    const check = rotatingHmacCheck(config, algorithm, nowS);
    if (check !== undefined) keys.set(algorithm, check);
  }
  if (config.rsaPublicKey !== "") {
    const der = spkiOf(readRsaPublicKey(config.rsaPublicKey, `${section}.rsa_public_key`));
    for (const size of [256, 384, 512] as const) {
      const parameters = { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${size}` };
      keys.set(
        `RS${size}`,
        publicKeyCheck(`RS${size}`, () => crypto.subtle.importKey("spki", der, parameters, false, ["verify"])),
      );
    }
  }
  if (config.ecdsaPublicKey !== "") {
    const { key, algorithm, namedCurve } = readEcdsaPublicKey(config.ecdsaPublicKey, `${section}.ecdsa_public_key`);
    const der = spkiOf(key);
    keys.set(
      algorithm,
      publicKeyCheck(algorithm, () => crypto.subtle.importKey("spki", der, { name: "ECDSA", namedCurve }, false, ["verify"])),
    );
  }
  return keys;
}

/** The secret of now, then the one before while it still holds (J3). */
function rotatingHmacCheck(config: TokenConfig, algorithm: "HS256" | "HS384" | "HS512", nowS: () => number): SignatureCheck | undefined {
  const current = config.hmacSecretKey === "" ? undefined : hmacCheck(algorithm, config.hmacSecretKey);
  if (config.hmacPreviousSecretKey === "") return current;
  const previous = hmacCheck(algorithm, config.hmacPreviousSecretKey);
  const untilS = config.hmacPreviousSecretKeyValidUntilS;
  return (token) => current?.(token) === true || ((untilS <= 0 || nowS() <= untilS) && previous(token));
}

function readRsaPublicKey(pem: string, name: string): KeyObject {
  const key = readPublicKey(pem, name);
  if (key.asymmetricKeyType !== "rsa") throw new TokenKeyError(`${name} is not an RSA key but of the kind ${key.asymmetricKeyType}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < rsaModulusBitsMin) throw new TokenKeyError(`${name} has ${bits} bits; at least ${rsaModulusBitsMin} are needed`);
  return key;
}

/** A curve fits one algorithm; the names are OpenSSL's and WebCrypto's. */
const curves = {
  prime256v1: { algorithm: "ES256", namedCurve: "P-256" },
  secp384r1: { algorithm: "ES384", namedCurve: "P-384" },
  secp521r1: { algorithm: "ES512", namedCurve: "P-521" },
} as const;

function readEcdsaPublicKey(pem: string, name: string): { readonly key: KeyObject } & (typeof curves)[keyof typeof curves] {
  const key = readPublicKey(pem, name);
  if (key.asymmetricKeyType !== "ec") throw new TokenKeyError(`${name} is not an ECDSA key but of the kind ${key.asymmetricKeyType}`);
  const curve = key.asymmetricKeyDetails?.namedCurve ?? "";
  if (!Object.hasOwn(curves, curve)) throw new TokenKeyError(`${name} is on the curve ${curve}; P-256, P-384 and P-521 are read`);
  return { key, ...curves[curve as keyof typeof curves] };
}

function readPublicKey(pem: string, name: string): KeyObject {
  // A private key in this place would work, and would be one file away from forging tokens.
  if (pem.includes("PRIVATE KEY")) throw new TokenKeyError(`${name} is a private key; the public one belongs here`);
  try {
    return createPublicKey(pem);
  } catch {
    throw new TokenKeyError(`${name} is not a readable PEM public key or certificate`);
  }
}

function spkiOf(key: KeyObject): Uint8Array<ArrayBuffer> {
  return new Uint8Array(key.export({ type: "spki", format: "der" }));
}
