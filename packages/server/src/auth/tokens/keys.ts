import { createPublicKey, type KeyObject } from "node:crypto";
import type { TokenConfig } from "../../config/config.ts";
import { StartRefused } from "../../lifecycle/start-refused.ts";

export type TokenAlgorithm = "HS256" | "HS384" | "HS512" | "RS256" | "RS384" | "RS512";

/** Keys by algorithm: an algorithm without an entry does not exist for us, whatever a token's header says (S1). */
export type TokenKeys = ReadonlyMap<string, { readonly algorithm: TokenAlgorithm; readonly key: () => Promise<CryptoKey> }>;

/** A configured key that cannot be used: the start ends with this message (exit code 2). Never shows the key. */
export class TokenKeyError extends StartRefused {}

/** The section of the configuration that a key stands in, for messages. */
export type TokenSection = "client.token" | "client.subscription_token";

/** Smaller RSA keys are refused at start (J4, a deviation; the real server takes them). Bits. */
export const rsaModulusBitsMin = 2_048;
/** A shorter HMAC secret is worth a warning (J4). Bytes. */
export const hmacSecretBytesMin = 32;

/**
 * One family per configured key: HMAC algorithms see only the secret, RSA algorithms only the public key. An empty secret
 * is no key: every HMAC token is then invalid. Keys are imported once, when first needed.
 * @throws TokenKeyError when the RSA key is unreadable or too small.
 */
export function tokenKeys(config: TokenConfig, section: TokenSection): TokenKeys {
  const keys = new Map<string, { algorithm: TokenAlgorithm; key: () => Promise<CryptoKey> }>();
  if (config.hmacSecretKey !== "") {
    const secret = new TextEncoder().encode(config.hmacSecretKey);
    for (const size of [256, 384, 512] as const) {
      const parameters = { name: "HMAC", hash: `SHA-${size}` };
      keys.set(`HS${size}`, {
        algorithm: `HS${size}`,
        key: once(() => crypto.subtle.importKey("raw", secret, parameters, false, ["verify"])),
      });
    }
  }
  if (config.rsaPublicKey !== "") {
    const spki = new Uint8Array(readRsaPublicKey(config.rsaPublicKey, `${section}.rsa_public_key`).export({ type: "spki", format: "der" }));
    for (const size of [256, 384, 512] as const) {
      const parameters = { name: "RSASSA-PKCS1-v1_5", hash: `SHA-${size}` };
      keys.set(`RS${size}`, {
        algorithm: `RS${size}`,
        key: once(() => crypto.subtle.importKey("spki", spki, parameters, false, ["verify"])),
      });
    }
  }
  return keys;
}

/** What the start should say about the keys; empty when all is well. */
export function tokenKeyWarnings(config: TokenConfig, section: TokenSection): readonly string[] {
  const bytes = Buffer.byteLength(config.hmacSecretKey);
  if (bytes === 0 || bytes >= hmacSecretBytesMin) return [];
  return [`${section}.hmac_secret_key has ${bytes} bytes; ${hmacSecretBytesMin} or more are advised`];
}

function readRsaPublicKey(pem: string, name: string): KeyObject {
  // A private key in this place would work, and would be one file away from forging tokens.
  if (pem.includes("PRIVATE KEY")) throw new TokenKeyError(`${name} is a private key; the public one belongs here`);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw new TokenKeyError(`${name} is not a readable PEM public key or certificate`);
  }
  if (key.asymmetricKeyType !== "rsa") throw new TokenKeyError(`${name} is not an RSA key but of the kind ${key.asymmetricKeyType}`);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < rsaModulusBitsMin) throw new TokenKeyError(`${name} has ${bits} bits; at least ${rsaModulusBitsMin} are needed`);
  return key;
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
