import type { Action } from "../../auth/policy.ts";
import type { Principal } from "../../auth/principal.ts";
import { NoSigningKey } from "../../auth/tokens/signer.ts";
import { csrfHeaderName, type Session } from "../../auth/users/sessions.ts";
import { FleetRefusal } from "../../fleet/fleet-refusal.ts";
import { Refusal } from "../../refusal.ts";
import { isClientGone } from "../client-gone.ts";
import { Problem, type ProblemStatus, problemResponse } from "../problem.ts";
import { type Query, queryOf } from "../query.ts";
import type { Peer, Route } from "../route.ts";
import type { V1Dependencies } from "./dependencies.ts";

/** A request of somebody who is signed in and may do this. */
export interface Call {
  readonly request: Request;
  readonly peer: Peer;
  readonly query: Query;
  readonly session: Session;
  readonly principal: Extract<Principal, { kind: "ours" }>;
}

/**
 * Every signed-in route goes through here: session, CSRF header on writes, then the policy (H13). `action` undefined:
 * being signed in is enough.
 */
export function signedIn(
  { sessions, can, log }: V1Dependencies,
  action: Action | undefined,
  handle: (call: Call) => Response | Promise<Response>,
): Route["handle"] {
  return answering(log, (request, peer) => {
    const session = sessions.read(request.headers.get("cookie"));
    if (session === undefined) throw new Problem(401, "not_logged_in", "sign in first");
    const isWrite = request.method !== "GET" && request.method !== "HEAD";
    if (isWrite && !sessions.csrfMatches(session, request.headers.get(csrfHeaderName))) {
      throw new Problem(403, "wrong_csrf", `the header ${csrfHeaderName} is missing or wrong`);
    }
    const principal = { kind: "ours" as const, userId: session.user.id, role: session.user.role };
    if (action !== undefined && !can(principal, action, "")) throw notAllowed();
    return handle({ request, peer, query: queryOf(new URL(request.url).searchParams), session, principal });
  });
}

export function notAllowed(): Problem {
  return new Problem(403, "not_allowed", "your role does not allow this");
}

/** Turns what a handler throws into its answer: the one place where a refusal becomes a status. */
export function answering(
  log: V1Dependencies["log"],
  handle: (request: Request, peer: Peer) => Response | Promise<Response>,
): Route["handle"] {
  return async (request, peer) => {
    try {
      return await handle(request, peer);
    } catch (error) {
      return problemResponse(problemOf(error, request, log));
    }
  };
}

function problemOf(error: unknown, request: Request, log: V1Dependencies["log"]): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof FleetRefusal) return new Problem(error.status, error.code, error.message, { field: error.field });
  if (error instanceof Refusal) return new Problem(refusalStatus[error.code] ?? 400, error.code, error.message);
  if (error instanceof NoSigningKey) return new Problem(503, "no_signing_key", error.message);
  if (isClientGone(error, request)) return new Problem(400, "gone", "the request ended early");
  // The path without its query: nothing that a person typed reaches the log.
  log.error({ method: request.method, path: new URL(request.url).pathname.slice(0, 200), cause: describe(error) }, "a /v1 request failed");
  return new Problem(500, "internal", "the server made a mistake; it is in its log");
}

const refusalStatus: Readonly<Record<string, ProblemStatus>> = { too_many: 429, not_yourself: 409, not_shut_out: 404 };

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack || error.message).slice(0, 1_000) : String(error).slice(0, 1_000);
}
