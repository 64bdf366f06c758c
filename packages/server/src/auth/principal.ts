import type { Clock } from "@fleetcast/engine";
import type { Role } from "@fleetcast/protocol";
import type { Revocations } from "./revocations/revocations.ts";
import type { SigningKey } from "./tokens/hmac-jws.ts";
import { type UserProof, userProofs } from "./tokens/signer.ts";

/** Who asks. What a principal may do is decided in `policy.ts` and nowhere else (S17). */
export type Principal =
  /** One of our users: signed in over HTTP, or a connection whose `meta.fleetcast` holds. */
  | { readonly kind: "ours"; readonly userId: string; readonly role: Role }
  /** Any other valid token, signed by the operator's own backend. `vms` undefined: not narrowed. */
  | { readonly kind: "bearer"; readonly subject: string; readonly vms: ReadonlySet<string> | undefined }
  /** No user, a proof that does not hold, a `meta` that cannot be read: may do nothing (A3). */
  | { readonly kind: "nobody" };

/** The table of users as a check needs it: answered from memory. */
export interface UserLookup {
  byId(id: string): { readonly id: string; readonly role: Role; readonly generation: number } | undefined;
}

const nobody: Principal = { kind: "nobody" };

/**
 * A connection may outlive its token by the grace after expiry (`client.expired_close_delay`, 25 s) before it is closed;
 * its proof holds as long, and no longer than the 30 s of rule A1. Seconds.
 */
const proofGraceS = 30;

/** Turns a connection's user and `meta` into a principal, by the state of the users now: revocation needs no new token. */
export function createPrincipals(ports: {
  readonly fleetcastKey: SigningKey;
  readonly users: UserLookup;
  readonly revocations: Pick<Revocations, "isBlocked" | "isSessionEnded">;
  readonly clock: Pick<Clock, "wallMs">;
}): (connection: { readonly user: string; readonly meta: Uint8Array | undefined }) => Principal {
  const proofs = userProofs(ports.fleetcastKey);

  function ours(user: string, token: unknown): Principal {
    if (typeof token !== "string") return nobody;
    const proof: UserProof | undefined = proofs.open(token);
    if (proof === undefined || proof.sub !== user) return nobody;
    if (proof.session !== undefined && ports.revocations.isSessionEnded(proof.session)) return nobody;
    if ((proof.exp + proofGraceS) * 1_000 <= ports.clock.wallMs()) return nobody;
    const known = ports.users.byId(user);
    if (known === undefined || known.generation !== proof.generation) return nobody;
    // The role is the one of now: a demotion does not wait for the token's end.
    return { kind: "ours", userId: known.id, role: known.role };
  }

  return ({ user, meta }) => {
    if (user === "" || ports.revocations.isBlocked(user)) return nobody;
    const claims = readMeta(meta);
    if (claims === undefined) return nobody;
    if (claims.fleetcast !== undefined) return ours(user, claims.fleetcast);
    if (claims.vms === undefined) return { kind: "bearer", subject: user, vms: undefined };
    if (!Array.isArray(claims.vms) || !claims.vms.every((vm) => typeof vm === "string")) return nobody;
    return { kind: "bearer", subject: user, vms: new Set(claims.vms) };
  };
}

/** Undefined when it cannot be read. A `meta` that is no object says nothing. */
function readMeta(meta: Uint8Array | undefined): { readonly fleetcast?: unknown; readonly vms?: unknown } | undefined {
  if (meta === undefined || meta.length === 0) return {};
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(meta));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    // Unreadable is refused, not ignored: it may have been a narrowing.
    return undefined;
  }
}
