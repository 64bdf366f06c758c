import type { Clock } from "@fleetcast/engine";
import type { Journal, JournalRecord } from "@fleetcast/storage";

/** Something that a person did to others. The words of `action` are a stable list in docs/spec/administration.md (ADM30). */
export interface Deed {
  /** Our user's id, `cli` for the command line, `admin` for the admin API's password. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
  readonly address?: string;
}

export type AuditAction =
  | "login"
  | "login.refused"
  | "logout"
  | "user.add"
  | "user.password"
  | "user.block"
  | "user.unblock"
  | "token.revoke"
  | "token.restore"
  | "tokens.revoke"
  | "tokens.restore"
  | "machine.add"
  | "machine.block"
  | "machine.unblock"
  | "connection.disconnect"
  | "api.call"
  | "trace.start";

export interface Audit {
  /** Resolves when it is stored. */
  note(deed: Deed): Promise<void>;
}

const textLengthMax = 256;

export function createAudit({
  journal,
  clock,
}: {
  readonly journal: Pick<Journal, "append">;
  readonly clock: Pick<Clock, "wallMs">;
}): Audit {
  return {
    note: (deed) =>
      new Promise((resolve, reject) => {
        journal.append({ atMs: clock.wallMs(), records: [auditRecord(deed)], publications: [] }, ({ verdict, reason }) => {
          if (verdict === "stored") resolve();
          else reject(new Error(`the store refused an audit entry: ${reason ?? verdict}`));
        });
      }),
  };
}

/** To be stored in the same transaction as what was done. */
export function auditRecord({ actor, action, target, detail, address }: Deed): JournalRecord & { readonly kind: "audit" } {
  return {
    kind: "audit",
    actor: actor.slice(0, textLengthMax),
    action,
    target: target.slice(0, textLengthMax),
    detail: detail === undefined ? null : JSON.stringify(detail),
    address: address ?? null,
  };
}
