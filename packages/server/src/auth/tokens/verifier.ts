import type { Clock, ConnectionClaims, SubscriptionClaims, TokenFailure, TokenVerdict, TokenVerifier } from "@fleetcast/engine";
import type { ClientConfig, TokenConfig } from "../../config/config.ts";
import { invalid, TokenRefusal } from "./claim-values.ts";
import { type ClaimRules, decodeConnectionClaims, decodeSubscriptionClaims } from "./claims.ts";
import { type CompactToken, compactReader } from "./compact.ts";
import { type IssuedRule, issuedByAnyone, issuedRule } from "./issued.ts";
import { publishedSignature } from "./jwks/published-signature.ts";
import { type TokenKeys, type TokenSection, tokenKeys } from "./keys.ts";
import { hmacCheck, type SignatureCheck } from "./signature-check.ts";
import { ownTokenAlgorithm, ownTokenKeyId } from "./signer.ts";

export interface VerifierPorts {
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs">;
  /**
   * Reads a key set: status 200, whole, in time, of bounded size. `hostVaries`: a token took part in choosing the host. Absent
   * where nothing is verified, only judged (`checkconfig`): every token of a key set is then invalid.
   */
  readonly fetchKeySet?: ((address: string, hostVaries: boolean) => Promise<Uint8Array>) | undefined;
  readonly warn?: ((message: string, cause: unknown) => void) | undefined;
}

export type TokensConfig = Pick<ClientConfig, "token" | "subscriptionToken" | "insecureSkipTokenSignatureVerify" | "ownTokenKey">;

/**
 * Verifies connection and subscription tokens. A claim is used only after the signature held (S1), but for the choice among key
 * sets that the configuration lists; the algorithm comes from our keys, never from the token alone. Fails closed: whatever goes
 * wrong inside is a refusal (A3). HMAC tokens are answered at once.
 * @throws TokenKeyError for something configured that cannot be used.
 */
export function createTokenVerifier(config: TokensConfig, ports: VerifierPorts): TokenVerifier {
  const connection = doorsOf(config, config.token, "client.token", ports);
  // With its own section, subscription tokens have their own keys and `client.token` no longer opens channels.
  const subscription = config.subscriptionToken.enabled
    ? doorsOf(config, config.subscriptionToken, "client.subscription_token", ports)
    : connection;
  return {
    connection: (token) => verify(token, connection, ports.clock, decodeConnectionClaims),
    subscription: (token) => verify(token, subscription, ports.clock, decodeSubscriptionClaims),
  };
}

/** One kind of token: whose signature opens, and what it must say of its maker. */
interface Door {
  readonly holds: SignatureCheck;
  readonly issued: IssuedRule;
}

interface Doors {
  readonly read: (token: string) => CompactToken;
  readonly userIdClaim: string;
  readonly theirs: Door;
  /** For tokens of our own users, where the configured keys cannot sign them. */
  readonly ours: Door | undefined;
}

function doorsOf(config: TokensConfig, token: TokenConfig, section: TokenSection, ports: VerifierPorts): Doors {
  const issued = issuedRule(token, section);
  const configured =
    token.jwksPublicEndpoint === ""
      ? staticSignature(tokenKeys(token, section, () => ports.clock.wallMs() / 1_000))
      : publishedSignature(token, section, issued, ports);
  const holds = config.insecureSkipTokenSignatureVerify ? () => true : configured;
  return {
    read: compactReader(),
    userIdClaim: token.userIdClaim,
    theirs: { holds, issued },
    ours: config.ownTokenKey === "" ? undefined : { holds: ownSignature(config.ownTokenKey), issued: issuedByAnyone },
  };
}

/** The key is the one configured for the algorithm, whatever `kid` says (J5). */
function staticSignature(keys: TokenKeys): SignatureCheck {
  return (token) => keys.get(token.algorithm)?.(token) ?? false;
}

function ownSignature(key: string): SignatureCheck {
  const check = hmacCheck(ownTokenAlgorithm, key);
  return (token) => token.algorithm === ownTokenAlgorithm && check(token);
}

function verify<Claims extends ConnectionClaims | SubscriptionClaims>(
  text: string,
  doors: Doors,
  clock: Pick<Clock, "wallMs">,
  decode: (payload: Uint8Array, rules: ClaimRules) => Claims,
): TokenVerdict<Claims> | Promise<TokenVerdict<Claims>> {
  try {
    const token = doors.read(text);
    const door = doors.ours !== undefined && token.keyId === ownTokenKeyId ? doors.ours : doors.theirs;
    const held = door.holds(token);
    const claims = (holds: boolean): TokenVerdict<Claims> => {
      if (!holds) throw invalid("the signature does not hold");
      return { ok: true, claims: decode(token.payload, { issued: door.issued, userIdClaim: doors.userIdClaim, nowMs: clock.wallMs() }) };
    };
    return held instanceof Promise ? held.then(claims).catch(failed) : claims(held);
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): { readonly ok: false; readonly why: TokenFailure } {
  return { ok: false, why: failureOf(error) };
}

/** What the JSON reader refuses is the token's fault; anything else is ours. */
function failureOf(error: unknown): TokenFailure {
  if (error instanceof TokenRefusal) return error.why;
  return error instanceof SyntaxError || error instanceof TypeError || error instanceof RangeError ? "invalid" : "internal";
}
