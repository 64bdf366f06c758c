import type { Clock } from "@fleetcast/engine";
import { disconnects, type Role } from "@fleetcast/protocol";
import { traceChannelPrefix } from "../administration/trace-channel.ts";
import { createPrincipals, type Principal, type UserLookup } from "./principal.ts";
import type { Revocations } from "./revocations/revocations.ts";
import type { IsOurs, PolicyAnswer, SubscribePolicy } from "./subscribe-policy.ts";
import type { SigningKey } from "./tokens/hmac-jws.ts";

/**
 * The one policy (design section 7, S17). The engine's subscribe check, the answers to a real Centrifugo's subscribe
 * proxy, subscription tokens and the routes of `/v1` all ask `can`.
 */

/** `what` is a channel for the first three and "" for the rest. */
export type Action =
  | "subscribe"
  | "history"
  | "presence"
  | "read_fleet"
  | "send_command"
  | "read_dead_letters"
  | "manage_users"
  | "manage_machines";

export type Can = (principal: Principal, action: Action, what: string) => boolean;

export interface PolicyRules {
  /** `auth.bearer`: off refuses every connection that is not one of our users. */
  readonly bearer: "read" | "off";
  /** `channel.namespace_boundary`. */
  readonly namespaceBoundary: string;
}

const ranks: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, developer: 2, admin: 3 };

/** Roles are a ladder: each may do what the one below may. */
export function hasRole(role: Role, atLeast: Role): boolean {
  return ranks[role] >= ranks[atLeast];
}

/** Least role for what is not a channel. */
const actionRoles: Readonly<Record<Exclude<Action, "subscribe" | "history" | "presence">, Role>> = {
  read_fleet: "viewer",
  send_command: "operator",
  read_dead_letters: "developer",
  manage_users: "admin",
  manage_machines: "admin",
};

/** Least role of ours for a namespace; `user_cmd` is decided by its owner alone. A `Map`: names come from outside (S11). */
const namespaceRoles: ReadonlyMap<string, Role> = new Map<string, Role>([
  ["telemetry", "viewer"],
  ["events", "viewer"],
  ["p_alert", "viewer"],
  ["fleet", "viewer"],
  ["feed", "viewer"],
  ["console_tail", "developer"],
]);

/** The form of our user ids. A bearer may never hear a channel of this form, even if its own `sub` looks so. */
const ourUserId = /^u_[A-Za-z0-9]{10}$/;

export function createPolicy(rules: PolicyRules): Can {
  return (principal, action, what) => {
    if (principal.kind === "nobody") return false;
    if (principal.kind === "bearer" && rules.bearer === "off") return false;
    switch (action) {
      case "subscribe":
      case "history":
      case "presence": {
        const boundary = what.indexOf(rules.namespaceBoundary);
        if (boundary < 0) return false;
        const namespace = what.slice(0, boundary);
        const rest = what.slice(boundary + rules.namespaceBoundary.length);
        return principal.kind === "ours" ? oursHear(principal, namespace, rest) : bearerHears(principal, namespace, rest);
      }
      default:
        return principal.kind === "ours" && hasRole(principal.role, actionRoles[action]);
    }
  };
}

function oursHear(principal: Extract<Principal, { kind: "ours" }>, namespace: string, rest: string): boolean {
  if (namespace === "user_cmd") return rest === principal.userId;
  // What a live trace shows of others is for administrators alone.
  if (namespace === "console_tail" && rest.startsWith(traceChannelPrefix)) return hasRole(principal.role, "admin");
  const role = namespaceRoles.get(namespace);
  return role !== undefined && hasRole(principal.role, role);
}

function bearerHears(principal: Extract<Principal, { kind: "bearer" }>, namespace: string, rest: string): boolean {
  switch (namespace) {
    case "telemetry":
    case "events":
      return principal.vms === undefined || principal.vms.has(rest);
    case "p_alert":
      return principal.vms === undefined || rest === "global";
    case "user_cmd":
      return rest === principal.subject && !ourUserId.test(rest);
    default:
      return false;
  }
}

/**
 * A subscription is asked for again after this time, so that a revoked right ends for certain even where the
 * connection was not cut (A1). Seconds.
 */
export const subscriptionTtlS = 600;

const refused: PolicyAnswer = { kind: "error", code: 103, message: "permission denied" };

/** A real Centrifugo asks nobody at connect where there is a token: its first subscribe ends it (ADM6). */
const shutOut: PolicyAnswer = { kind: "disconnect", ...disconnects.permissionDenied };

/** Answers at once, from memory; also to a real Centrifugo's subscribe and sub_refresh proxies. */
export function createSubscribePolicy(ports: {
  readonly can: Can;
  readonly fleetcastKey: SigningKey;
  readonly users: UserLookup;
  readonly revocations: Pick<Revocations, "isBlocked" | "isSessionEnded">;
  readonly clock: Pick<Clock, "wallMs">;
}): Required<SubscribePolicy> & { readonly isOurs: IsOurs } {
  const principalOf = createPrincipals(ports);
  const allowed = (request: { user: string; channel: string; meta: Uint8Array | undefined }) =>
    ports.can(principalOf(request), "subscribe", request.channel);
  const expireAtS = () => Math.floor(ports.clock.wallMs() / 1_000) + subscriptionTtlS;
  return {
    isOurs: (connection) => principalOf(connection).kind === "ours",
    subscribe: (request) => {
      if (allowed(request)) return { kind: "allow", expireAtS: expireAtS() };
      return ports.revocations.isBlocked(request.user) ? shutOut : refused;
    },
    subRefresh: async (request) => (allowed(request) ? { expired: false, expireAtS: expireAtS() } : { expired: true }),
  };
}
