import type { Database, Statement } from "bun:sqlite";
import { idempotencyKeyTtlMs } from "./publication-table.ts";
import { failureKind } from "./sqlite-failure.ts";

/** How long things are kept (L12). */
export interface Keep {
  /** Readings, and publications outside every window. */
  readonly telemetryMs: number;
  /** Events and finished commands. */
  readonly eventsMs: number;
  /** One-minute roll-ups. */
  readonly minutesMs: number;
  /** Newest dead letters kept, a count. */
  readonly deadLettersMax: number;
  /** Newest publications of a channel that stay whatever their age: at least the largest window of any namespace. */
  readonly windowMax: number;
}

/** Rows of one piece: a few milliseconds that a batch may have to wait. */
const pieceRows = 2_000;
/** A roll-up piece is due when this many readings wait, or after this time. */
const rollUpEveryMs = 60_000;
/**
 * A reading is rolled up at this age at the earliest: a chart that ends at a receive time a moment ago must be able to
 * leave later readings out, and from a roll-up it could not.
 */
const ripeAfterMs = 10_000;
/** Once through all publications this often; what stayed inside a window is looked at again. */
const sweepEveryMs = 600_000;
/** From this length on the log is to begin anew, which it can only when the whole of it is in the file. */
const logPagesMax = 16_000;
/** So little may be left for the writer itself to move: a few milliseconds. */
const lastPagesMax = 1_000;
/** A reader that holds the WAL open keeps it growing; from here on it is said (F09). */
const logPagesAlarm = 131_072;

/**
 * What the writer does between batches, in pieces: roll-ups, deleting what is old, moving the WAL into the file.
 * The newest row of a table is never deleted: ids are counted on from it.
 */
export class Housekeeping {
  readonly #db: Database;
  readonly #keep: Keep;
  readonly #report: (message: string) => void;
  readonly #rollUp: Statement;
  readonly #put: Statement;
  readonly #highestReading: Statement<{ id: number | null }, []>;
  #rolledThrough: number;
  #rolledMs = 0;
  /** Readings up to `ripe` are old enough; those up to `ripening` will be, ten seconds after `ripeningMs`. */
  #ripe = 0;
  #ripening = 0;
  #ripeningMs = 0;
  #sweptThrough = 0;
  #sweepStartedMs = 0;
  #sweeping = false;
  #logAlarmed = false;
  #prunedVm = 0;

  constructor(db: Database, keep: Keep, report: (message: string) => void) {
    this.#db = db;
    this.#keep = keep;
    this.#report = report;
    this.#rollUp = db.prepare(rollUpPiece);
    this.#put = db.prepare("INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    this.#highestReading = db.prepare("SELECT max(id) AS id FROM reading");
    this.#rolledThrough = this.#meta("rolled_through");
  }

  /** One piece of work. Answers whether more is due. */
  tidy(nowMs: number): boolean {
    if (this.#rollUpPiece(nowMs)) return true;
    let more = this.#deleteOldReadings(nowMs);
    more = this.#sweepPublications(nowMs) || more;
    more = this.#deleteOldEvents(nowMs) || more;
    more = this.#deleteDeadLetters() || more;
    this.#deleteOldMinutes(nowMs);
    return this.#deleteIdempotencyKeys(nowMs) || more;
  }

  /**
   * After a batch: answers how many pages wait in the log. The checkpoint thread moves them, but while batches keep coming
   * there is always a newest one that it has not moved, and the log would grow for ever. So the writer moves the rest when
   * it is small: the next batch then begins the log anew.
   */
  tendLog(): number {
    const { length, waiting } = this.#logPages("NOOP");
    if (waiting > logPagesAlarm && !this.#logAlarmed) {
      this.#report(`the write-ahead log holds ${waiting} pages that cannot be moved: a long read keeps it from being emptied`);
    }
    this.#logAlarmed = waiting > logPagesAlarm;
    if (length < logPagesMax || waiting > lastPagesMax || waiting === 0) return waiting;
    try {
      return this.#logPages("PASSIVE").waiting;
    } catch (cause) {
      if (failureKind(cause) !== "transient") throw cause;
      // No space for the file to grow: the log keeps everything, and the batch is committed all the same.
      return waiting;
    }
  }

  /** Moves what the log holds into the database file, as far as readers allow. */
  checkpoint(): void {
    this.#logPages("PASSIVE");
  }

  #logPages(mode: "NOOP" | "PASSIVE"): { readonly length: number; readonly waiting: number } {
    const { log, checkpointed } = this.#db.query(`PRAGMA wal_checkpoint(${mode})`).get() as { log: number; checkpointed: number };
    return { length: log, waiting: log - checkpointed };
  }

  #rollUpPiece(nowMs: number): boolean {
    if (Math.abs(nowMs - this.#ripeningMs) >= ripeAfterMs) {
      this.#ripe = this.#ripening;
      this.#ripening = this.#highestReading.get()?.id ?? 0;
      this.#ripeningMs = nowMs;
    }
    const waiting = this.#ripe - this.#rolledThrough;
    if (waiting <= 0) return false;
    if (waiting < pieceRows && Math.abs(nowMs - this.#rolledMs) < rollUpEveryMs) return false;
    const through = Math.min(this.#ripe, this.#rolledThrough + pieceRows);
    this.#inTransaction(() => {
      this.#rollUp.run(this.#rolledThrough, through);
      this.#put.run("rolled_through", through);
    });
    this.#rolledThrough = through;
    if (through === this.#ripe) this.#rolledMs = nowMs;
    return true;
  }

  #deleteOldReadings(nowMs: number): boolean {
    // Only what charts have as roll-ups.
    return this.#deleteHead("reading", "at", nowMs - this.#keep.telemetryMs, `id <= ${this.#rolledThrough}`);
  }

  #deleteOldEvents(nowMs: number): boolean {
    const before = nowMs - this.#keep.eventsMs;
    this.#deleteHead("command", "updated", before, "state NOT IN ('queued', 'sent', 'received', 'running')");
    return this.#deleteHead("event", "at", before);
  }

  /** One machine at a time, round and round: roll-ups are clustered by machine. */
  #deleteOldMinutes(nowMs: number): void {
    const next = this.#db.query("SELECT id FROM vm WHERE id > ? ORDER BY id LIMIT 1").get(this.#prunedVm) as { id: number } | null;
    this.#prunedVm = next?.id ?? 0;
    const before = Math.floor((nowMs - this.#keep.minutesMs) / 60_000);
    this.#db.query("DELETE FROM minute WHERE vm = ? AND minute < ?").run(this.#prunedVm, before);
  }

  #deleteDeadLetters(): boolean {
    return this.#deleteHead("dead_letter", "id", this.#highest("dead_letter") - this.#keep.deadLettersMax + 1);
  }

  #deleteIdempotencyKeys(nowMs: number): boolean {
    return this.#deleteHead("idempotency", "at", nowMs - idempotencyKeyTtlMs);
  }

  /** One piece of ids from the last place on; at the first young row a pass is over, and the next begins later. */
  #sweepPublications(nowMs: number): boolean {
    if (!this.#sweeping) {
      if (Math.abs(nowMs - this.#sweepStartedMs) < sweepEveryMs) return false;
      this.#sweeping = true;
      this.#sweepStartedMs = nowMs;
      this.#sweptThrough = 0;
    }
    const before = nowMs - this.#keep.telemetryMs;
    const rows = this.#db.query("SELECT id, at FROM publication WHERE id > ? ORDER BY id LIMIT ?").all(this.#sweptThrough, pieceRows) as {
      id: number;
      at: number;
    }[];
    const young = rows.findIndex((row) => row.at >= before);
    const last = young === -1 ? rows.at(-1)?.id : rows[young - 1]?.id;
    if (last !== undefined) {
      this.#delete(
        `DELETE FROM publication WHERE id > ? AND id <= ? AND at < ?
           AND offset <= (SELECT top - ? FROM channel WHERE channel.id = publication.channel_id)`,
        [this.#sweptThrough, last, before, Math.max(1, this.#keep.windowMax)],
        "publication",
      );
      this.#sweptThrough = last;
    }
    this.#sweeping = young === -1 && rows.length === pieceRows;
    return this.#sweeping;
  }

  /** Deletes a piece of a table's oldest rows, those whose `age` is below `before`. Answers whether there may be more. */
  #deleteHead(table: string, age: string, before: number, condition = "true"): boolean {
    const oldest = this.#db.query(`SELECT ${age} AS age FROM ${table} ORDER BY id LIMIT 1`).get() as { age: number } | null;
    if (oldest === null || oldest.age >= before) return false;
    const sql = `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} ORDER BY id LIMIT ?) AND ${age} < ? AND id < ? AND ${condition}`;
    return this.#delete(sql, [pieceRows, before, this.#highest(table)], table) === pieceRows;
  }

  #delete(sql: string, values: readonly number[], table: string): number {
    return this.#inTransaction(() => {
      const removed = this.#db.query(sql).run(...values).changes;
      if (removed > 0) this.#put.run(`removed_${table}`, this.#meta(`removed_${table}`) + removed);
      return removed;
    });
  }

  #inTransaction<Result>(work: () => Result): Result {
    return this.#db.transaction(work).immediate();
  }

  #highest(table: string): number {
    return (this.#db.query(`SELECT max(id) AS id FROM ${table}`).get() as { id: number | null }).id ?? 0;
  }

  #meta(key: string): number {
    const row = this.#db.query("SELECT value FROM meta WHERE key = ?").get(key) as { value: number } | null;
    return row?.value ?? 0;
  }
}

/** The time a chart gives a reading: the device's own, or ours where the device is too far off (design section 6). */
export const chartTime = "iif(late = 1 OR device_ts IS NULL, at, device_ts)";

const rollUpPiece = `
  INSERT INTO minute (vm, minute, readings, first_reading, last_reading, temp_n, temp_min, temp_sum, temp_max,
    voltage_n, voltage_min, voltage_sum, voltage_max, door_n, door_min, door_sum, door_max)
  SELECT vm, ${chartTime} / 60000 AS m, count(*), min(id), max(id),
    count(temp_c), min(temp_c), total(temp_c), max(temp_c),
    count(voltage_v), min(voltage_v), total(voltage_v), max(voltage_v),
    count(door_closed), min(door_closed), ifnull(sum(door_closed), 0), max(door_closed)
  FROM reading WHERE id > ?1 AND id <= ?2 GROUP BY vm, m
  ON CONFLICT (vm, minute) DO UPDATE SET
    readings = readings + excluded.readings,
    first_reading = min(first_reading, excluded.first_reading),
    last_reading = max(last_reading, excluded.last_reading),
    ${["temp", "voltage", "door"]
      .map(
        (field) => `
    ${field}_n = ${field}_n + excluded.${field}_n,
    ${field}_min = min(ifnull(${field}_min, excluded.${field}_min), ifnull(excluded.${field}_min, ${field}_min)),
    ${field}_sum = ${field}_sum + excluded.${field}_sum,
    ${field}_max = max(ifnull(${field}_max, excluded.${field}_max), ifnull(excluded.${field}_max, ${field}_max))`,
      )
      .join(",")}`;
