import { createHmac, generateKeyPairSync, sign as signRsa } from "node:crypto";
import type { ClientConfig, TokenConfig } from "../../config/config.ts";

/** Makes tokens by hand, so that a test owns every byte of header, payload and signature. */

export const testSecret = "a-secret-of-more-than-32-bytes-for-tests";
export const testNowMs = Date.UTC(2026, 0, 26, 14, 50);
export const testNowS = testNowMs / 1_000;

const pair = generateKeyPairSync("rsa", { modulusLength: 2_048 });
export const rsaPublicPem = pair.publicKey.export({ type: "spki", format: "pem" }).toString();

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
  const signed = `${base64Url(jsonHeader(algorithm))}.${base64Url(payload)}`;
  return `${signed}.${signRsa(`sha${algorithm.slice(2)}`, Buffer.from(signed), key).toString("base64url")}`;
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

export type TokensConfig = Pick<ClientConfig, "token" | "subscriptionToken" | "insecureSkipTokenSignatureVerify" | "ownTokenKey">;

export function clientConfig(changes: Partial<TokenConfig> = {}): TokensConfig {
  return {
    token: tokenConfig(changes),
    subscriptionToken: { enabled: false },
    insecureSkipTokenSignatureVerify: false,
    ownTokenKey: "",
  };
}
