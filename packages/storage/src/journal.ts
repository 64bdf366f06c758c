import type { Histogram } from "@fleetcast/engine";
import type { ClientInfo, CommandState, MachineState, Severity, StreamPosition, Tags } from "@fleetcast/protocol";

/**
 * The journal port: ONE transaction stores what a message means (records) and every publication it causes.
 * Rules L1-L14 in docs/spec/journal.md. Both stores pass `journalContract` in ../testing.
 */

/** What makes a device's message unique: redelivery of the same identity adds nothing (L10). */
export interface MessageIdentity {
  readonly vmId: string;
  /** Random per device start. */
  readonly boot: string;
  /** Strictly growing within one boot, from 0 or 1; at most 2^53-1. */
  readonly seq: number;
}

export interface JournalPublication {
  readonly channel: string;
  readonly data: Uint8Array;
  readonly tags?: Tags | undefined;
  readonly info?: ClientInfo | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
  /** Milliseconds; an append after a longer silence first forgets what came before it (L5). */
  readonly historyTtlMs: number;
  readonly delta?: boolean | undefined;
  /** Committed in its place of the order and delivered, but not stored: its position is `{offset: 0, epoch: ""}`, its id 0. */
  readonly skipHistory?: boolean | undefined;
}

/** What a message means, beside its publications. Times are Unix milliseconds. */
export type JournalRecord =
  | {
      readonly kind: "reading";
      readonly vmId: string;
      readonly deviceTsMs: number | null;
      readonly tempC: number | null;
      readonly voltageV: number | null;
      readonly doorClosed: boolean | null;
      /** More than 24 h away from the receive time: charts place it at the receive time, with a mark. */
      readonly late: boolean;
    }
  | {
      readonly kind: "event";
      readonly eventId: string;
      readonly vmId: string;
      readonly type: string;
      readonly severity: Severity;
      readonly deviceTs: string | null;
      readonly data: Uint8Array;
    }
  | {
      /** Upsert; undefined leaves a column as it is. */
      readonly kind: "machine";
      readonly vmId: string;
      readonly name?: string | undefined;
      readonly site?: string | undefined;
      readonly state?: MachineState | undefined;
      readonly stateReason?: string | undefined;
      readonly boot?: string | undefined;
      readonly lastSeenMs?: number | undefined;
      readonly tempC?: number | null | undefined;
      readonly voltageV?: number | null | undefined;
      readonly doorClosed?: boolean | null | undefined;
      readonly worstAlarm?: Severity | null | undefined;
      /** SHA-256 of the generated secret; null removes it. */
      readonly secretSha256?: Uint8Array | null | undefined;
      readonly demo?: boolean | undefined;
    }
  | {
      readonly kind: "deadLetter";
      readonly topic: string;
      readonly vmId: string | null;
      readonly reason: string;
      readonly payload: Uint8Array;
    }
  | {
      /** Insert; an `idempotencyKey` already used by this user inserts nothing. */
      readonly kind: "command";
      readonly cmdId: string;
      readonly vmId: string;
      readonly name: string;
      readonly params: Uint8Array;
      readonly userId: string;
      readonly idempotencyKey: string;
      readonly expiresMs: number;
    }
  | {
      readonly kind: "commandState";
      readonly cmdId: string;
      readonly state: CommandState;
      readonly detail: string | null;
    }
  | {
      readonly kind: "user";
      readonly id: string;
      readonly name: string;
      readonly role: string;
      readonly passwordHash: string;
      /** Counts up when sessions and tokens of this user must end. */
      readonly generation: number;
    }
  | {
      /** Upsert of who is shut out; `ended` takes it back. What is past by `atMs` of any later one goes by itself. */
      readonly kind: "revocation";
      readonly what: RevokedKind;
      readonly subject: string;
      /** Of `tokens`: those issued before. Unix seconds; null for the other kinds. */
      readonly beforeS: number | null;
      /** Unix milliseconds; null: until it is ended. */
      readonly untilMs: number | null;
      readonly by: string;
      readonly reason: string;
      readonly ended: boolean;
    }
  | {
      /** Who did what. The newest 100,000 are kept. */
      readonly kind: "audit";
      readonly actor: string;
      readonly action: string;
      readonly target: string;
      readonly detail: string | null;
      readonly address: string | null;
    };

/** What is shut out: a user, one token (by its `jti`), a user's tokens of before a moment, one login, a machine. */
export type RevokedKind = "user" | "token" | "tokens" | "session" | "machine";

/** One unit of work: applied whole or not at all. */
export interface JournalEntry {
  /** Receive time, Unix milliseconds. */
  readonly atMs: number;
  readonly identity?: MessageIdentity | undefined;
  /** With an identity: the entry to store instead when the same identity came before with another body. */
  readonly payload?: Uint8Array | undefined;
  readonly topic?: string | undefined;
  readonly records: readonly JournalRecord[];
  readonly publications: readonly JournalPublication[];
}

export interface JournalOutcome {
  /**
   * `stored`: everything is in. `duplicate`: this identity is in already, nothing was added. `conflict`: this identity
   * came before with another body: the first is kept, this one is in the dead letters. `bad`: the store refused this one
   * entry; it is in the dead letters with the reason and everybody else's entry went in.
   */
  readonly verdict: "stored" | "duplicate" | "conflict" | "bad";
  readonly reason?: string | undefined;
  /** One per publication of the entry, in order; empty unless `stored`. */
  readonly positions: readonly (StreamPosition & { readonly id: number; readonly suppressed?: "idempotency" | "version" | undefined })[];
  /** Missing `seq` numbers that this message revealed, 0 when none. */
  readonly gap: number;
}

/** A publication as the journal holds it. `id` grows in commit order over all channels. */
export interface JournalRow {
  readonly id: number;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly atMs: number;
  readonly data: Uint8Array;
  readonly tags?: Tags | undefined;
  readonly info?: ClientInfo | undefined;
  readonly version?: number | undefined;
}

/** What one committed batch published, in commit order. The data are the very bytes given to `append`. */
export type CommittedBatch = readonly (JournalRow & {
  readonly previous?: JournalRow | undefined;
})[];

export interface Journal {
  /**
   * Queues an entry; `done` is called once, after the commit that holds it, in the order of `append` calls.
   * Never called when the store fails for good: then `onFatal` is, nothing more is acknowledged, and the process ends.
   */
  append(entry: JournalEntry, done: (outcome: JournalOutcome) => void): void;
  /** Several entries in one transaction, all or none (L7: `broadcast`). */
  appendAll(entries: readonly JournalEntry[], done: (outcomes: readonly JournalOutcome[]) => void): void;
  /** Called after each commit and before the `done` callbacks of that batch. One listener. */
  onCommitted(listener: (batch: CommittedBatch) => void): void;
  onFatal(listener: (cause: Error) => void): void;
  /** Entries and bytes queued or in flight: intake pauses sockets above its limits (I7). */
  readonly backlog: { readonly entries: number; readonly bytes: number };
  /** True while the store commits; false from a failed commit until one succeeds again (R4). */
  readonly healthy: boolean;
  /** What was counted since the start, where the store counts. */
  readonly counters?: StoreCounters | undefined;

  /** History of a channel by the window arithmetic of L5. */
  read(request: JournalReadRequest): Promise<{ readonly rows: readonly JournalRow[]; readonly top: StreamPosition }>;
  top(channel: string): Promise<StreamPosition>;
  remove(channel: string): Promise<void>;
  /** Rows with an id above `afterId`, in commit order: what the push publisher still owes. */
  readFrom(afterId: number, limit: number): Promise<readonly JournalRow[]>;
  /** Cursor per channel of a push publisher named `name`: offset up to which a channel was pushed (N3). */
  loadCursors(name: string): Promise<{ readonly lastId: number; readonly channels: ReadonlyMap<string, number> }>;
  saveCursors(name: string, lastId: number, channels: ReadonlyMap<string, number>): Promise<void>;

  readonly fleet: FleetQueries;
  stats(): Promise<JournalStats>;
  /** Commits what is queued, closes the files. */
  close(): Promise<void>;
}

export interface StoreCounters {
  readonly entries: number;
  /** Commits that failed and were repeated. */
  readonly failures: number;
  readonly commitSeconds: Histogram;
}

export interface JournalReadRequest {
  readonly channel: string;
  /** max(history_size, recovery_size) of the namespace. */
  readonly sizeMax: number;
  readonly ttlMs: number;
  readonly nowMs: number;
  readonly since?: StreamPosition | undefined;
  /** 0: top only; negative: everything readable. */
  readonly limit: number;
  readonly reverse: boolean;
  readonly upTo?: number | undefined;
}

export interface JournalStats {
  readonly publications: number;
  readonly readings: number;
  readonly events: number;
  readonly deadLetters: number;
  readonly channels: number;
  readonly lastId: number;
}

export interface MachineRow {
  readonly vmId: string;
  readonly name: string;
  readonly site: string | null;
  readonly state: MachineState;
  readonly stateReason: string;
  readonly boot: string | null;
  readonly firstSeenMs: number | null;
  readonly lastSeenMs: number | null;
  readonly tempC: number | null;
  readonly voltageV: number | null;
  readonly doorClosed: boolean | null;
  readonly worstAlarm: Severity | null;
  readonly secretSha256: Uint8Array | null;
  readonly demo: boolean;
}

export interface EventRow {
  readonly eventId: string;
  readonly vmId: string;
  readonly type: string;
  readonly severity: Severity;
  readonly deviceTs: string | null;
  readonly atMs: number;
  readonly data: Uint8Array;
}

export interface CommandRow {
  readonly cmdId: string;
  readonly vmId: string;
  readonly name: string;
  readonly params: Uint8Array;
  readonly userId: string;
  readonly idempotencyKey: string;
  readonly state: CommandState;
  readonly detail: string | null;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly expiresMs: number;
}

export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: string;
  readonly passwordHash: string;
  readonly generation: number;
}

export interface RevocationRow {
  readonly what: RevokedKind;
  readonly subject: string;
  readonly beforeS: number | null;
  readonly untilMs: number | null;
  readonly atMs: number;
  readonly by: string;
  readonly reason: string;
}

export interface AuditRow {
  readonly id: number;
  readonly atMs: number;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: string | null;
  readonly address: string | null;
}

export interface DeadLetterRow {
  readonly id: number;
  readonly atMs: number;
  readonly topic: string;
  readonly vmId: string | null;
  readonly reason: string;
  readonly payload: Uint8Array;
}

export interface SeriesRow {
  readonly bucketMs: number;
  readonly count: number;
  readonly tempMin: number | null;
  readonly tempAvg: number | null;
  readonly tempMax: number | null;
  readonly voltageMin: number | null;
  readonly voltageAvg: number | null;
  readonly voltageMax: number | null;
  readonly doorMin: number | null;
  readonly doorAvg: number | null;
  readonly doorMax: number | null;
}

/** Reads for the screens; answered by the reader, beside the writer. They see everything committed before the call. */
export interface FleetQueries {
  machines(): Promise<readonly MachineRow[]>;
  machine(vmId: string): Promise<MachineRow | undefined>;
  /**
   * Buckets of `bucketMs` in [fromMs, toMs], oldest first; empty buckets are absent. What was received after
   * `receivedThroughMs` is left out, so that a live chart can join exactly there.
   */
  series(vmId: string, fromMs: number, toMs: number, bucketMs: number, receivedThroughMs?: number): Promise<readonly SeriesRow[]>;
  events(filter: {
    readonly vmId?: string | undefined;
    readonly type?: string | undefined;
    readonly severity?: Severity | undefined;
    readonly beforeMs?: number | undefined;
    readonly limit: number;
  }): Promise<readonly EventRow[]>;
  countEvents(type: string, fromMs: number): Promise<number>;
  command(cmdId: string): Promise<CommandRow | undefined>;
  commands(filter: {
    readonly vmId?: string | undefined;
    readonly userId?: string | undefined;
    readonly limit: number;
  }): Promise<readonly CommandRow[]>;
  commandsByIdempotencyKey(userId: string, key: string): Promise<readonly CommandRow[]>;
  /** Commands whose state is not final, for expiry and for sending again after a restart. */
  openCommands(): Promise<readonly CommandRow[]>;
  users(): Promise<readonly UserRow[]>;
  deadLetters(limit: number): Promise<readonly DeadLetterRow[]>;
  /** Also those that are past. */
  revocations(): Promise<readonly RevocationRow[]>;
  /** Newest first; `actor` and `action` exactly. */
  audit(filter: {
    readonly actor?: string | undefined;
    readonly action?: string | undefined;
    readonly beforeId?: number | undefined;
    readonly limit: number;
  }): Promise<readonly AuditRow[]>;
}
