import type { Clock } from "@fleetcast/engine";
import type { RevokedKind } from "@fleetcast/storage";
import { vmIdPattern } from "../auth/machines.ts";
import type { Revocations } from "../auth/revocations/revocations.ts";
import { tokenIdLengthMax, userIdBytesMax } from "../auth/tokens/claims.ts";
import type { Users } from "../auth/users/users.ts";
import { Refusal } from "../refusal.ts";
import { type AuditAction, auditRecord, type Deed } from "./audit.ts";

/** What a person may shut out; a login is ended by its own owner, or with its user. */
export type ShutOutKind = Exclude<RevokedKind, "session">;

export interface ShutOut {
  readonly what: ShutOutKind;
  /** A user id (ours or a `sub`), a `jti`, or a machine. */
  readonly subject: string;
  /** Of `tokens`: those issued before. Unix seconds; absent: before now, the second that runs included. */
  readonly beforeS?: number | undefined;
  /** Unix milliseconds; absent: until it is taken back. */
  readonly untilMs?: number | undefined;
  readonly reason?: string | undefined;
}

/** Who does it, as the audit shows it. */
export type Actor = Pick<Deed, "actor" | "address">;

/** Shutting out and letting in again: held at once, stored with its audit entry in one transaction (ADM1, ADM5, ADM30). */
export interface Desk {
  /** @throws Refusal bad_subject, bad_time, not_yourself, too_many */
  shutOut(request: ShutOut, actor: Actor): Promise<void>;
  /** False where nobody of that name was shut out. */
  letIn(what: ShutOutKind, subject: string, actor: Actor): Promise<boolean>;
}

export const shutOutKinds: readonly ShutOutKind[] = ["user", "token", "tokens", "machine"];

const actions: Readonly<Record<ShutOutKind, readonly [AuditAction, AuditAction]>> = {
  user: ["user.block", "user.unblock"],
  token: ["token.revoke", "token.restore"],
  tokens: ["tokens.revoke", "tokens.restore"],
  machine: ["machine.block", "machine.unblock"],
};

const reasonLengthMax = 256;

export function createDesk({
  revocations,
  users,
  clock,
}: {
  readonly revocations: Revocations;
  readonly users: Pick<Users, "byId" | "endSessions">;
  readonly clock: Pick<Clock, "wallMs">;
}): Desk {
  return {
    async shutOut({ what, subject, beforeS, untilMs, reason = "" }, actor) {
      checkSubject(what, subject);
      if (what === "user" && subject === actor.actor) throw new Refusal("not_yourself", "nobody shuts themselves out");
      const nowMs = clock.wallMs();
      if (untilMs !== undefined && !(untilMs > nowMs && untilMs <= latestMs)) throw new Refusal("bad_time", "the end must be ahead");
      const before = what === "tokens" ? (beforeS ?? Math.floor(nowMs / 1_000) + 1) : null;
      if (before !== null && !(Number.isSafeInteger(before) && before > 0 && before * 1_000 <= nowMs + 1_000)) {
        throw new Refusal("bad_time", "tokens can be revoked that were issued up to now");
      }
      const told = reason.slice(0, reasonLengthMax);
      const revocation = { what, subject, beforeS: before, untilMs: untilMs ?? null, by: actor.actor, reason: told };
      const detail = { reason: told, until_ms: untilMs ?? null, ...(before === null ? {} : { before_s: before }) };
      await revocations.put(revocation, [auditRecord({ ...actor, action: actions[what][0], target: subject, detail })]);
      // Their cookies must not open anything either once they are let in again.
      if (what === "user" && users.byId(subject) !== undefined) await users.endSessions(subject);
    },
    letIn: (what, subject, actor) => revocations.end(what, subject, [auditRecord({ ...actor, action: actions[what][1], target: subject })]),
  };
}

/** The last moment that a date can show. */
const latestMs = 8_640_000_000_000_000;

function checkSubject(what: ShutOutKind, subject: string): void {
  if (what === "machine" && !vmIdPattern.test(subject)) throw new Refusal("bad_subject", "that is no machine's id");
  if (subject === "") throw new Refusal("bad_subject", "who is missing");
  const isLong = what === "token" ? subject.length > tokenIdLengthMax : Buffer.byteLength(subject) > userIdBytesMax;
  if (isLong || !subject.isWellFormed()) throw new Refusal("bad_subject", "that is longer than any id");
}
