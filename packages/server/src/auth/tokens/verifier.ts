import type { Clock, ConnectionClaims, SubscriptionClaims, TokenFailure, TokenVerifier } from "@fleetcast/engine";
import { compactVerify, errors } from "jose";
import type { ClientConfig, TokenConfig } from "../../config/config.ts";
import { invalid, TokenRefusal } from "./claim-values.ts";
import { type ClaimRules, decodeConnectionClaims, decodeSubscriptionClaims } from "./claims.ts";
import { parseSource } from "./json-source.ts";
import { type TokenKeys, type TokenSection, tokenKeys } from "./keys.ts";

/** A client frame holds 65,536 bytes; no token that came in one is longer. */
const tokenLengthMax = 65_536;

type Verdict<Claims> = { readonly ok: true; readonly claims: Claims } | { readonly ok: false; readonly why: TokenFailure };

/**
 * Verifies connection and subscription tokens. A claim is used only after the signature held (S1); the algorithm comes
 * from our key table, never from the token alone. Fails closed: whatever goes wrong inside is a refusal (A3).
 * @throws TokenKeyError for a configured key that cannot be used.
 */
export function createTokenVerifier(
  config: Pick<ClientConfig, "token" | "subscriptionToken">,
  ports: { readonly clock: Pick<Clock, "wallMs"> },
): TokenVerifier {
  const connection = prepared(config.token, "client.token");
  // With its own section, subscription tokens have their own keys and `client.token` no longer opens channels.
  const subscription = config.subscriptionToken.enabled ? prepared(config.subscriptionToken, "client.subscription_token") : connection;
  return {
    connection: (token) => verify(token, connection, ports.clock, decodeConnectionClaims),
    subscription: (token) => verify(token, subscription, ports.clock, decodeSubscriptionClaims),
  };
}

interface Prepared {
  readonly config: TokenConfig;
  readonly keys: TokenKeys;
}

function prepared(config: TokenConfig, section: TokenSection): Prepared {
  return { config, keys: tokenKeys(config, section) };
}

async function verify<Claims extends ConnectionClaims | SubscriptionClaims>(
  token: string,
  { config, keys }: Prepared,
  clock: Pick<Clock, "wallMs">,
  decode: (payload: Uint8Array, rules: ClaimRules) => Claims,
): Promise<Verdict<Claims>> {
  try {
    const payload = await verifiedPayload(token, keys);
    const rules = { audience: config.audience, issuer: config.issuer, userIdClaim: config.userIdClaim, nowMs: clock.wallMs() };
    return { ok: true, claims: decode(payload, rules) };
  } catch (error) {
    return { ok: false, why: failureOf(error) };
  }
}

async function verifiedPayload(token: string, keys: TokenKeys): Promise<Uint8Array> {
  if (token.length > tokenLengthMax) throw invalid("the token is too long");
  const parts = token.split(".");
  if (parts.length !== 3 || !parts.every(isCanonicalBase64Url)) throw invalid("not three parts of base64url");
  const chosen = keys.get(algorithmOf(parts[0]!));
  if (chosen === undefined) throw invalid("no key for the algorithm");
  const { payload } = await compactVerify(token, await chosen.key(), { algorithms: [chosen.algorithm] });
  return payload;
}

/** The header's algorithm; headers that would change what is signed are refused (J5, a deviation). */
function algorithmOf(part: string): string {
  const header = parseSource(Buffer.from(part, "base64url"));
  if (typeof header !== "object" || header === null) throw invalid("the header is not an object");
  if ("crit" in header || ("b64" in header && header.b64 !== true)) throw invalid("the header asks for an extension");
  for (const name of ["typ", "cty", "kid"]) {
    const value = (header as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined && value !== null && typeof value !== "string") throw invalid("a header of the wrong type");
  }
  if (!("alg" in header) || typeof header.alg !== "string") throw invalid("the header names no algorithm");
  return header.alg;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Exactly one spelling for each value: no padding, white space or other alphabet, and no bits set that belong to no
 * byte. A second spelling of one signature would be a second token with the same right (J1, J11, deviations).
 */
function isCanonicalBase64Url(part: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(part)) return false;
  const last = alphabet.indexOf(part.at(-1)!);
  switch (part.length % 4) {
    case 0:
      return true;
    case 2:
      return last % 16 === 0;
    case 3:
      return last % 4 === 0;
    default:
      return false;
  }
}

/** What jose and the JSON reader refuse is the token's fault; anything else is ours. */
function failureOf(error: unknown): TokenFailure {
  if (error instanceof TokenRefusal) return error.why;
  const tokensFault =
    error instanceof errors.JOSEError || error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError;
  return tokensFault ? "invalid" : "internal";
}
