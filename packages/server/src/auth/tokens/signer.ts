import type { Clock } from "@fleetcast/engine";
import type { Role } from "@fleetcast/protocol";
import type { ClientConfig, TokenConfig } from "../../config/config.ts";
import { createHmacJws, type HmacJws, type SigningKey } from "./hmac-jws.ts";

/** `kid` of tokens under `ownTokenKey`, and their algorithm: the verifier has a door of its own for them. */
export const ownTokenKeyId = "fleetcast-own";
export const ownTokenAlgorithm = "HS256";

/** What a token of one of our users says about them. */
export interface TokenUser {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly generation: number;
}

export interface SignedToken {
  readonly token: string;
  /** Unix seconds. */
  readonly expS: number;
}

/** Claims of any other token (`gentoken`, the try page), as in section 2.1 of the user's document. */
export interface BearerClaims {
  readonly subject: string;
  readonly channels?: readonly string[] | undefined;
  readonly info?: unknown;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

/** `client.token` has no HMAC key, so nothing can be signed here; the routes answer 503. */
export class NoSigningKey extends Error {
  override readonly name = "NoSigningKey";
}

export interface TokenSigner {
  /**
   * For one of our users: `meta.fleetcast` proves it to the policy. `sessionId` is the login that asks: with it the token ends.
   * @throws NoSigningKey
   */
  signConnectionToken(user: TokenUser, ttlS: number, sessionId?: string): SignedToken;
  /** `ttlS` undefined: it never expires. @throws NoSigningKey */
  signSubscriptionToken(userId: string, channel: string, ttlS: number | undefined, sessionId?: string): Pick<SignedToken, "token">;
  /** `ttlS` undefined: it never expires. @throws NoSigningKey */
  signBearerToken(claims: BearerClaims, ttlS: number | undefined): Pick<SignedToken, "token">;
}

/** The type in the header of `meta.fleetcast`; see `userProof`. */
const proofType = "fleetcast";

/**
 * The proof inside `meta.fleetcast`: a JWS under a second key that never leaves `secrets.json`. The operator's backend
 * knows `client.token`'s key and could sign any `sub`; it cannot make this (design section 7).
 */
export interface UserProof {
  readonly sub: string;
  /** Unix seconds, the token's own `exp`. */
  readonly exp: number;
  readonly role: string;
  readonly generation: number;
  /** The login that it ends with. */
  readonly session?: string | undefined;
}

export function userProofs(fleetcastKey: SigningKey): { make(proof: UserProof): string; open(token: string): UserProof | undefined } {
  const jws = createHmacJws(fleetcastKey, proofType);
  return {
    make: (proof) => jws.sign({ ...proof }),
    open: (token) => jws.open(token) as UserProof | undefined,
  };
}

export function createTokenSigner(ports: {
  readonly client: Pick<ClientConfig, "token" | "subscriptionToken" | "ownTokenKey">;
  readonly fleetcastKey: SigningKey;
  readonly clock: Pick<Clock, "wallMs">;
}): TokenSigner {
  const { client, clock } = ports;
  const proofs = userProofs(ports.fleetcastKey);
  const subscriptionKeys = client.subscriptionToken.enabled ? client.subscriptionToken : client.token;
  const nowS = () => Math.floor(clock.wallMs() / 1_000);
  const expiry = (ttlS: number | undefined) => (ttlS === undefined ? undefined : nowS() + ttlS);

  /** Which login a token belongs to, and since when it is: what a revocation goes by. */
  const origin = (sessionId: string | undefined) => ({ iat: nowS(), ...(sessionId === undefined ? {} : { jti: sessionId }) });

  return {
    signConnectionToken(user, ttlS, sessionId) {
      const expS = nowS() + ttlS;
      const proof = proofs.make({ sub: user.id, exp: expS, role: user.role, generation: user.generation, session: sessionId });
      const info = { name: user.name, role: user.role };
      return { ...sign(client, client.token, user.id, expS, { info, meta: { fleetcast: proof }, ...origin(sessionId) }), expS };
    },
    signSubscriptionToken(userId, channel, ttlS, sessionId) {
      return sign(client, subscriptionKeys, userId, expiry(ttlS), { channel, ...origin(sessionId) });
    },
    signBearerToken({ subject, channels, info, meta }, ttlS) {
      return sign(client, client.token, subject, expiry(ttlS), { channels, info, meta });
    },
  };
}

/** Carries audience, issuer and the renamed user id where the configuration asks for them, so that our verifier agrees. */
function sign(
  { ownTokenKey }: Pick<ClientConfig, "ownTokenKey">,
  config: TokenConfig,
  user: string,
  expS: number | undefined,
  claims: Readonly<Record<string, unknown>>,
): Pick<SignedToken, "token"> {
  const jws = ownTokenKey === "" ? configuredJws(config) : createHmacJws(ownTokenKey, "JWT", ownTokenKeyId);
  const issued = {
    sub: user,
    ...(config.userIdClaim === "" ? {} : { [config.userIdClaim]: user }),
    ...(expS === undefined ? {} : { exp: expS }),
    ...(config.audience === "" ? {} : { aud: config.audience }),
    ...(config.issuer === "" ? {} : { iss: config.issuer }),
    ...claims,
  };
  return { token: jws.sign(issued) };
}

function configuredJws(config: TokenConfig): HmacJws {
  if (config.hmacSecretKey === "") throw new NoSigningKey("no HMAC key is configured for client tokens");
  return createHmacJws(config.hmacSecretKey, "JWT");
}
