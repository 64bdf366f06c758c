import { createHmac, generateKeyPairSync, type KeyObject, sign as signWithKey } from "node:crypto";
import type { TokenConfig } from "../../config/config.ts";
import type { TokensConfig } from "../tokens/verifier.ts";

/** Makes tokens by hand, so that a test owns every byte of header, payload and signature. */

export const testSecret = "a-secret-of-more-than-32-bytes-for-tests";
export const testNowMs = Date.UTC(2026, 0, 26, 14, 50);
export const testNowS = testNowMs / 1_000;

/** A key pair with its public half as PEM and as an entry of a key set. */
export interface TestKey {
  readonly algorithm: string;
  readonly privateKey: KeyObject;
  readonly publicPem: string;
  jwk(fields?: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

export function testKey(algorithm: string): TestKey {
  const { privateKey, publicKey } = makePair(algorithm);
  return {
    algorithm,
    privateKey,
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
    jwk: (fields = {}) => ({ ...publicKey.export({ format: "jwk" }), use: "sig", ...fields }),
  };
}

function makePair(algorithm: string): { readonly privateKey: KeyObject; readonly publicKey: KeyObject } {
  if (algorithm.startsWith("RS")) return generateKeyPairSync("rsa", { modulusLength: 2_048 });
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: { ES256: "P-256", ES384: "P-384", ES512: "P-521" }[algorithm]! });
}

const pair = testKey("RS256");
export const rsaPublicPem = pair.publicPem;

export function base64Url(part: string | Uint8Array): string {
  return Buffer.from(part).toString("base64url");
}

export function jsonHeader(algorithm: string): string {
  return JSON.stringify({ alg: algorithm, typ: "JWT" });
}

export function hmacToken(
  payload: string | Uint8Array,
  { secret = testSecret, algorithm = "HS256", header = jsonHeader(algorithm) } = {},
): string {
  const signed = `${base64Url(header)}.${base64Url(payload)}`;
  const hash = `sha${algorithm.slice(2)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`;
}

export function rsaToken(payload: string, { algorithm = "RS256", key = pair.privateKey } = {}): string {
  return keyToken(payload, { algorithm, privateKey: key });
}

/** Signed with a private key; `header` replaces the plain one, `dsaEncoding` the form of an ECDSA signature. */
export function keyToken(
  payload: string,
  {
    algorithm,
    privateKey,
    header = jsonHeader(algorithm),
    dsaEncoding = "ieee-p1363",
  }: {
    readonly algorithm: string;
    readonly privateKey: KeyObject;
    readonly header?: string;
    readonly dsaEncoding?: "ieee-p1363" | "der";
  },
): string {
  const signed = `${base64Url(header)}.${base64Url(payload)}`;
  const hash = algorithm === "EdDSA" ? null : `sha${algorithm.slice(2)}`;
  const key = algorithm.startsWith("ES") ? { key: privateKey, dsaEncoding } : privateKey;
  return `${signed}.${signWithKey(hash, Buffer.from(signed), key).toString("base64url")}`;
}

export function tokenConfig(changes: Partial<TokenConfig> = {}): TokenConfig {
  return {
    hmacSecretKey: testSecret,
    hmacPreviousSecretKey: "",
    hmacPreviousSecretKeyValidUntilS: 0,
    rsaPublicKey: "",
    ecdsaPublicKey: "",
    jwksPublicEndpoint: "",
    insecureSkipJwksEndpointSafetyCheck: false,
    audience: "",
    audienceRegex: "",
    issuer: "",
    issuerRegex: "",
    userIdClaim: "",
    ...changes,
  };
}

export function clientConfig(changes: Partial<TokenConfig> = {}): TokensConfig {
  return {
    token: tokenConfig(changes),
    subscriptionToken: { enabled: false },
    insecureSkipTokenSignatureVerify: false,
    ownTokenKey: "",
  };
}
