import type { Clock, ConnectionIdentity } from "@fleetcast/engine";
import { type Disconnect, disconnects } from "@fleetcast/protocol";
import type { Journal, JournalRecord, RevocationRow, RevokedKind } from "@fleetcast/storage";
import { Refusal } from "../../refusal.ts";

/** What is asked for: who, until when, by whom and why. */
export interface Revocation {
  readonly what: RevokedKind;
  readonly subject: string;
  /** Of `tokens`: those issued before. Unix seconds. */
  readonly beforeS: number | null;
  /** Unix milliseconds; null: until it is ended. */
  readonly untilMs: number | null;
  readonly by: string;
  readonly reason: string;
}

/** Who is shut out: answered from memory, kept by the journal. */
export interface Revocations {
  isBlocked(user: string): boolean;
  isMachineBlocked(vmId: string): boolean;
  isSessionEnded(sessionId: string): boolean;
  /** Of a token's own claims: revoked by its id, with its login, or with all of its user's of that time. */
  isTokenRevoked(token: { readonly user: string; readonly tokenId?: string | undefined; readonly issuedAtS?: number | undefined }): boolean;
  /** How a connection that is shut out ends; undefined where it is not. */
  disconnectOf(identity: ConnectionIdentity): Disconnect | undefined;
  /** Those that hold now. */
  all(): readonly RevocationRow[];
  /**
   * Holds at once: listeners cut before the store has it; resolves when it would outlive the process. `also`: stored with it.
   * @throws Refusal
   */
  put(revocation: Revocation, also: readonly JournalRecord[]): Promise<void>;
  /** False where there was none. */
  end(what: RevokedKind, subject: string, also: readonly JournalRecord[]): Promise<boolean>;
  /** Called before the change is stored. */
  onRevoked(listener: (revocation: Revocation) => void): void;
}

/** More than any fleet of people has; logins and tokens end by their time. */
export const revocationsMax = 100_000;

export interface RevocationsPorts {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly clock: Pick<Clock, "wallMs">;
}

export async function loadRevocations(ports: RevocationsPorts): Promise<Revocations> {
  return createRevocations(await ports.journal.fleet.revocations(), ports);
}

export function createRevocations(
  known: readonly RevocationRow[],
  {
    journal,
    clock,
  }: Omit<RevocationsPorts, "journal"> & {
    readonly journal: Pick<Journal, "append">;
  },
): Revocations {
  const rows = new Map<string, RevocationRow>();
  const listeners: ((revocation: Revocation) => void)[] = [];
  for (const row of known) rows.set(keyOf(row.what, row.subject), row);

  function find(what: RevokedKind, subject: string): RevocationRow | undefined {
    // The usual case, on every connect and subscribe: nobody is shut out.
    if (rows.size === 0) return undefined;
    const key = keyOf(what, subject);
    const row = rows.get(key);
    if (row === undefined || row.untilMs === null || row.untilMs > clock.wallMs()) return row;
    rows.delete(key);
    return undefined;
  }
  function forgetPast(): void {
    const nowMs = clock.wallMs();
    for (const [key, { untilMs }] of rows) if (untilMs !== null && untilMs <= nowMs) rows.delete(key);
  }
  function store(records: readonly JournalRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      journal.append({ atMs: clock.wallMs(), records, publications: [] }, ({ verdict, reason }) => {
        if (verdict === "stored") resolve();
        else reject(new Error(`the store refused a revocation: ${reason ?? verdict}`));
      });
    });
  }

  const revocations: Revocations = {
    isBlocked: (user) => find("user", user) !== undefined,
    isMachineBlocked: (vmId) => find("machine", vmId) !== undefined,
    isSessionEnded: (sessionId) => find("session", sessionId) !== undefined,
    isTokenRevoked({ user, tokenId, issuedAtS }) {
      if (rows.size === 0) return false;
      if (tokenId !== undefined && (find("token", tokenId) ?? find("session", tokenId)) !== undefined) return true;
      const beforeS = find("tokens", user)?.beforeS ?? 0;
      // A token that does not say when it was issued may be an old one.
      return beforeS > 0 && (issuedAtS === undefined || issuedAtS < beforeS);
    },
    disconnectOf(identity) {
      if (rows.size === 0) return undefined;
      if (find("user", identity.user) !== undefined) return disconnects.permissionDenied;
      return identity.hasToken && revocations.isTokenRevoked(identity) ? disconnects.invalidToken : undefined;
    },
    all() {
      forgetPast();
      return [...rows.values()];
    },
    async put(revocation, also) {
      forgetPast();
      const { what, subject, beforeS, untilMs, by, reason } = revocation;
      const key = keyOf(what, subject);
      const before = rows.get(key);
      if (before === undefined && rows.size >= revocationsMax) throw new Refusal("too_many", `at most ${revocationsMax} can be shut out`);
      rows.set(key, { what, subject, beforeS, untilMs, by, reason, atMs: clock.wallMs() });
      for (const listener of listeners) listener(revocation);
      try {
        await store([{ kind: "revocation", ...revocation, ended: false }, ...also]);
      } catch (cause) {
        if (before === undefined) rows.delete(key);
        else rows.set(key, before);
        throw cause;
      }
    },
    async end(what, subject, also) {
      const row = find(what, subject);
      if (row === undefined) return false;
      await store([{ ...row, kind: "revocation", ended: true }, ...also]);
      if (rows.get(keyOf(what, subject)) === row) rows.delete(keyOf(what, subject));
      return true;
    },
    onRevoked: (listener) => {
      listeners.push(listener);
    },
  };
  return revocations;
}

/** A subject may hold any character; the kind holds none of these. */
function keyOf(what: RevokedKind, subject: string): string {
  return `${what}\0${subject}`;
}
