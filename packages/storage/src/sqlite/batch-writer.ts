import type { Database, Statement } from "bun:sqlite";
import { crc32 } from "node:zlib";
import { type DecodedEntry, decodeUnit, type Unit } from "./batch-tape.ts";
import { ChannelTable } from "./channel-table.ts";
import { encodeOutcome, type WriterOutcome } from "./outcome-tape.ts";
import { type Origin, PublicationTable } from "./publication-table.ts";
import { RecordTables } from "./record-tables.ts";
import { SeenTable } from "./seen-table.ts";
import { failureKind, LastingFailure, TransientFailure } from "./sqlite-failure.ts";
import { type SealedTape, TapeReader, TapeWriter } from "./tape.ts";
import { VmTable } from "./vm-table.ts";

export interface Batch {
  readonly units: number;
  readonly tape: SealedTape;
}

const noReason = "";

/** Commits batches, one transaction each (L3). Judging happens inside: duplicates, conflicts, keys, versions. */
export class BatchWriter {
  readonly #db: Database;
  readonly #channels: ChannelTable;
  readonly #vms: VmTable;
  readonly #seen: SeenTable;
  readonly #publications: PublicationTable;
  readonly #records: RecordTables;
  readonly #upsertPublisher: Statement;
  readonly #upsertCursor: Statement;

  constructor(db: Database, epoch: string) {
    this.#db = db;
    this.#channels = new ChannelTable(db, epoch);
    this.#vms = new VmTable(db);
    this.#seen = new SeenTable(db);
    this.#publications = new PublicationTable(db, this.#channels);
    this.#records = new RecordTables(db, this.#vms);
    this.#upsertPublisher = db.prepare(
      "INSERT INTO publisher (name, last_id) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_id = excluded.last_id",
    );
    this.#upsertCursor = db.prepare(
      `INSERT INTO publisher_cursor (publisher, channel, offset) VALUES (?, ?, ?)
       ON CONFLICT (publisher, channel) DO UPDATE SET offset = excluded.offset`,
    );
  }

  /** Highest publication id committed. */
  get lastId(): number {
    return this.#publications.lastId;
  }

  /**
   * Stores a batch and answers the outcomes of its units, in order.
   * @throws TransientFailure: nothing was changed, give the same batch again. LastingFailure: never write again.
   */
  commit(batch: Batch, recycled?: { readonly numbers: ArrayBuffer; readonly bytes: ArrayBuffer }): TapeWriter {
    try {
      return this.#attempt(batch, new TapeWriter(recycled), (unit, outcomes) => this.#applyUnit(unit, outcomes));
    } catch (cause) {
      if (failureKind(cause) !== "bad") throw namedFailure(cause);
    }
    // One row cannot be stored: the whole batch again, each unit in a savepoint of its own, so that only the bad one stays out.
    try {
      return this.#attempt(batch, new TapeWriter(), (unit, outcomes) => this.#applyGuarded(unit, outcomes));
    } catch (cause) {
      throw namedFailure(cause);
    }
  }

  #attempt(batch: Batch, outcomes: TapeWriter, apply: (unit: Unit, outcomes: TapeWriter) => void): TapeWriter {
    const tape = new TapeReader(batch.tape);
    try {
      this.#db.run("BEGIN IMMEDIATE");
      for (let at = 0; at < batch.units; at++) apply(decodeUnit(tape), outcomes);
      this.#flush();
      this.#db.run("COMMIT");
      return outcomes;
    } catch (cause) {
      this.#rollBack("ROLLBACK");
      throw cause;
    }
  }

  #applyGuarded(unit: Unit, outcomes: TapeWriter): void {
    const mark = outcomes.mark();
    this.#db.run("SAVEPOINT unit");
    try {
      this.#applyUnit(unit, outcomes);
      this.#flush();
      this.#db.run("RELEASE unit");
    } catch (cause) {
      if (failureKind(cause) !== "bad") throw cause;
      this.#rollBack("ROLLBACK TO unit; RELEASE unit");
      outcomes.reset(mark);
      this.#refuse(unit, cause, outcomes);
    }
  }

  /** A unit that cannot be stored fails as a whole; what it carried is kept as dead letters (I3). */
  #refuse(unit: Unit, cause: unknown, outcomes: TapeWriter): void {
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (unit.kind !== "entries") throw new Error(`the store refused a ${unit.kind} unit: ${reason}`, { cause });
    for (const entry of unit.entries) {
      this.#deadLetter(entry, reason);
      encodeOutcome(outcomes, { verdict: "bad", reason, gap: 0, positions: [] });
    }
  }

  #applyUnit(unit: Unit, outcomes: TapeWriter): void {
    switch (unit.kind) {
      case "entries": {
        const freshKeys = new Set<string>();
        for (const entry of unit.entries) encodeOutcome(outcomes, this.#applyEntry(entry, freshKeys));
        return;
      }
      case "remove":
        this.#publications.remove(unit.channel);
        return;
      case "cursors":
        this.#upsertPublisher.run(unit.publisher, unit.lastId);
        for (const [channel, offset] of unit.channels) this.#upsertCursor.run(unit.publisher, channel, offset);
        return;
    }
  }

  #applyEntry(entry: DecodedEntry, freshKeys: Set<string>): WriterOutcome {
    let origin: Origin | null = null;
    let gap = 0;
    if (entry.identity !== null) {
      const { vmId, boot, seq } = entry.identity;
      const verdict = this.#seen.judge(this.#vms.obtain(vmId).id, boot, seq);
      const body = bodyCrc(entry);
      if (verdict.kind === "repeated") return this.#repeated(entry, verdict.origin, seq, body);
      origin = { id: verdict.origin, seq, body };
      gap = verdict.gap;
    }
    if (this.#isRepeatedCommand(entry, freshKeys)) return duplicate("the idempotency key was used before");
    for (const record of entry.records) this.#records.apply(record, entry.atMs);
    const positions = entry.publications.map((publication, index) => {
      const tags = index === 0 && gap > 0 ? { ...publication.tags, gap: String(gap) } : publication.tags;
      return this.#publications.append(publication, entry.atMs, tags === null ? null : JSON.stringify(tags), origin);
    });
    return { verdict: "stored", reason: noReason, gap, positions };
  }

  /** The same identity again: with the same body it adds nothing, with another one the first is kept (reliability, M30). */
  #repeated(entry: DecodedEntry, origin: number, seq: number, body: number): WriterOutcome {
    const channel = entry.publications[0]?.channel;
    const earlier = channel === undefined ? undefined : this.#publications.bodyOf(channel, origin, seq);
    if (earlier === undefined || earlier === body) return duplicate(noReason);
    const reason = "the same boot and seq came before with another body";
    this.#deadLetter(entry, reason);
    return { verdict: "conflict", reason, gap: 0, positions: [] };
  }

  /** All commands of one request share a key, so a key that this unit brought itself is not a repeat. */
  #isRepeatedCommand(entry: DecodedEntry, freshKeys: Set<string>): boolean {
    for (const record of entry.records) {
      if (record.kind !== "command") continue;
      const key = `${record.userId}\0${record.idempotencyKey}`;
      if (freshKeys.has(key)) continue;
      if (this.#records.commandKeyIsUsed(record.userId, record.idempotencyKey)) return true;
      freshKeys.add(key);
    }
    return false;
  }

  #deadLetter(entry: DecodedEntry, reason: string): void {
    const atMs = Number.isFinite(entry.atMs) ? Math.trunc(entry.atMs) : 0;
    const payload = entry.payload ?? entry.publications[0]?.data ?? new Uint8Array();
    this.#records.deadLetter(atMs, entry.topic ?? "", entry.identity?.vmId ?? null, reason, payload);
  }

  #flush(): void {
    this.#channels.flush();
    this.#vms.flush();
    this.#seen.flush();
  }

  /** SQLite may have rolled back by itself (full disk); either way nothing cached is true any more. */
  #rollBack(statement: string): void {
    if (this.#db.inTransaction) this.#db.run(statement);
    this.#channels.forget();
    this.#vms.forget();
    this.#seen.forget();
    this.#publications.forget();
  }
}

function bodyCrc(entry: DecodedEntry): number {
  const body = entry.payload ?? entry.publications[0]?.data;
  return body === undefined ? 0 : crc32(body);
}

function duplicate(reason: string): WriterOutcome {
  return { verdict: "duplicate", reason, gap: 0, positions: [] };
}

function namedFailure(cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause);
  return failureKind(cause) === "transient" ? new TransientFailure(message, { cause }) : new LastingFailure(message, { cause });
}
