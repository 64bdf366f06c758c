import type { ConnectionClaims, SubscriptionClaims, TokenVerdict, TokenVerifier } from "@fleetcast/engine";
import type { Revocations } from "./revocations.ts";

/** A revoked token is an invalid one, whoever looks at it: at connect, at refresh, at subscribe (ADM4). */
export function withoutRevoked(verifier: TokenVerifier, revocations: Pick<Revocations, "isTokenRevoked">): TokenVerifier {
  const judged = <Claims extends ConnectionClaims | SubscriptionClaims>(verdict: TokenVerdict<Claims>): TokenVerdict<Claims> =>
    verdict.ok && revocations.isTokenRevoked(verdict.claims) ? { ok: false, why: "invalid" } : verdict;
  return {
    connection(token) {
      const verdict = verifier.connection(token);
      return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
    },
    subscription(token) {
      const verdict = verifier.subscription(token);
      return verdict instanceof Promise ? verdict.then(judged) : judged(verdict);
    },
  };
}
