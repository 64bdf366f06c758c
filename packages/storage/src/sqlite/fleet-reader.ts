import type { Database } from "bun:sqlite";
import type {
  AuditRow,
  CommandRow,
  DeadLetterRow,
  EventRow,
  FleetQueries,
  JournalStats,
  MachineRow,
  RevocationRow,
  UserRow,
} from "../journal.ts";
import { SeriesReader } from "./series-reader.ts";

/** `FleetQueries` as the reader's thread answers it: the same questions, without promises. */
export type FleetAnswers = {
  [Query in keyof FleetQueries]: (...values: Parameters<FleetQueries[Query]>) => Awaited<ReturnType<FleetQueries[Query]>>;
};

const machineColumns = `vm.vm_id AS vmId, name, site, state, state_reason AS stateReason, boot, first_seen AS firstSeenMs,
  last_seen AS lastSeenMs, temp_c AS tempC, voltage_v AS voltageV, door_closed AS doorClosed, worst_alarm AS worstAlarm,
  secret_sha256 AS secretSha256, demo`;
const eventColumns = "event_id AS eventId, vm.vm_id AS vmId, type, severity, device_ts AS deviceTs, at AS atMs, data";
const commandColumns = `cmd_id AS cmdId, vm.vm_id AS vmId, name, params, user_id AS userId, idempotency_key AS idempotencyKey,
  state, detail, created AS createdMs, updated AS updatedMs, expires AS expiresMs`;
const fromCommand = `SELECT ${commandColumns} FROM command JOIN vm ON vm.id = command.vm`;

type StoredMachine = Omit<MachineRow, "doorClosed" | "demo"> & { readonly doorClosed: number | null; readonly demo: number };

export class FleetReader implements FleetAnswers {
  readonly #db: Database;
  readonly #series: SeriesReader;

  constructor(db: Database) {
    this.#db = db;
    this.#series = new SeriesReader(db);
  }

  machines(): readonly MachineRow[] {
    return this.#all<StoredMachine>(`SELECT ${machineColumns} FROM machine JOIN vm ON vm.id = machine.vm ORDER BY vm.vm_id`).map(
      machineRow,
    );
  }

  machine(vmId: string): MachineRow | undefined {
    const query = `SELECT ${machineColumns} FROM machine JOIN vm ON vm.id = machine.vm WHERE vm.vm_id = ?`;
    return this.#all<StoredMachine>(query, vmId).map(machineRow)[0];
  }

  series(vmId: string, fromMs: number, toMs: number, bucketMs: number, receivedThroughMs?: number): ReturnType<FleetAnswers["series"]> {
    return this.#series.read(vmId, fromMs, toMs, bucketMs, receivedThroughMs);
  }

  events(filter: Parameters<FleetQueries["events"]>[0]): readonly EventRow[] {
    const conditions = new Conditions()
      .where("event.vm = (SELECT id FROM vm WHERE vm_id = ?)", filter.vmId)
      .where("type = ?", filter.type)
      .where("severity = ?", filter.severity)
      .where("at < ?", filter.beforeMs);
    const query = `SELECT ${eventColumns} FROM event JOIN vm ON vm.id = event.vm ${conditions} ORDER BY at DESC, event.id DESC LIMIT ?`;
    return this.#all<EventRow>(query, ...conditions.values, filter.limit);
  }

  countEvents(type: string, fromMs: number): number {
    return this.#all<{ count: number }>("SELECT count(*) AS count FROM event WHERE type = ? AND at >= ?", type, fromMs)[0]!.count;
  }

  command(cmdId: string): CommandRow | undefined {
    return this.#all<CommandRow>(`${fromCommand} WHERE cmd_id = ?`, cmdId)[0];
  }

  commands(filter: Parameters<FleetQueries["commands"]>[0]): readonly CommandRow[] {
    const conditions = new Conditions()
      .where("command.vm = (SELECT id FROM vm WHERE vm_id = ?)", filter.vmId)
      .where("user_id = ?", filter.userId);
    return this.#all<CommandRow>(`${fromCommand} ${conditions} ORDER BY command.id DESC LIMIT ?`, ...conditions.values, filter.limit);
  }

  commandsByIdempotencyKey(userId: string, key: string): readonly CommandRow[] {
    return this.#all<CommandRow>(`${fromCommand} WHERE user_id = ? AND idempotency_key = ? ORDER BY command.id`, userId, key);
  }

  openCommands(): readonly CommandRow[] {
    return this.#all<CommandRow>(`${fromCommand} WHERE state IN ('queued', 'sent', 'received', 'running') ORDER BY command.id`);
  }

  users(): readonly UserRow[] {
    return this.#all<UserRow>("SELECT id, name, role, password_hash AS passwordHash, generation FROM user ORDER BY name");
  }

  deadLetters(limit: number): readonly DeadLetterRow[] {
    return this.#all<DeadLetterRow>(
      "SELECT id, at AS atMs, topic, vm_id AS vmId, reason, payload FROM dead_letter ORDER BY id DESC LIMIT ?",
      limit,
    );
  }

  revocations(): readonly RevocationRow[] {
    return this.#all<RevocationRow>(
      "SELECT what, subject, before_s AS beforeS, until AS untilMs, at AS atMs, by, reason FROM revocation ORDER BY what, subject",
    );
  }

  audit(filter: Parameters<FleetQueries["audit"]>[0]): readonly AuditRow[] {
    const conditions = new Conditions()
      .where("actor = ?", filter.actor)
      .where("action = ?", filter.action)
      .where("id < ?", filter.beforeId);
    const query = `SELECT id, at AS atMs, actor, action, target, detail, address FROM audit ${conditions} ORDER BY id DESC LIMIT ?`;
    return this.#all<AuditRow>(query, ...conditions.values, filter.limit);
  }

  /** Ids count every row ever stored, `removed_*` what retention took: the difference needs no scan. */
  stats(): JournalStats {
    return {
      publications: this.#stored("publication"),
      readings: this.#stored("reading"),
      events: this.#stored("event"),
      deadLetters: this.#stored("dead_letter"),
      channels: this.#highest("channel"),
      lastId: this.#highest("publication"),
    };
  }

  #stored(table: string): number {
    const removed = this.#all<{ value: number }>("SELECT value FROM meta WHERE key = ?", `removed_${table}`)[0]?.value ?? 0;
    return this.#highest(table) - removed;
  }

  #highest(table: string): number {
    return this.#all<{ id: number | null }>(`SELECT max(id) AS id FROM ${table}`)[0]?.id ?? 0;
  }

  #all<Row>(query: string, ...values: (string | number)[]): Row[] {
    return this.#db.query(query).all(...values) as Row[];
  }
}

/** The filters that were given, joined by AND. */
class Conditions {
  readonly #parts: string[] = [];
  readonly values: (string | number)[] = [];

  where(condition: string, value: string | number | undefined): this {
    if (value !== undefined) {
      this.#parts.push(condition);
      this.values.push(value);
    }
    return this;
  }

  toString(): string {
    return this.#parts.length === 0 ? "" : `WHERE ${this.#parts.join(" AND ")}`;
  }
}

function machineRow(row: StoredMachine): MachineRow {
  return { ...row, doorClosed: row.doorClosed === null ? null : row.doorClosed === 1, demo: row.demo === 1 };
}
