import type { Database, Statement } from "bun:sqlite";
import type { JournalRecord } from "../journal.ts";
import { AdministrationTables } from "./administration-tables.ts";
import type { VmTable } from "./vm-table.ts";

/** Most that is kept of a payload that could not be used. */
export const deadLetterBytesMax = 65_536;

type Of<Kind extends JournalRecord["kind"]> = JournalRecord & { readonly kind: Kind };

/** What a message means, beside its publications: one INSERT or UPDATE each. */
export class RecordTables {
  readonly #vms: VmTable;
  readonly #administration: AdministrationTables;
  readonly #insertReading: Statement;
  readonly #insertEvent: Statement;
  readonly #upsertMachine: Statement;
  readonly #insertDeadLetter: Statement;
  readonly #selectCommandKey: Statement<{ id: number }, [string, string]>;
  readonly #insertCommand: Statement;
  readonly #updateCommand: Statement;
  readonly #upsertUser: Statement;

  constructor(db: Database, vms: VmTable) {
    this.#vms = vms;
    this.#administration = new AdministrationTables(db);
    this.#insertReading = db.prepare(
      "INSERT INTO reading (vm, prev, at, device_ts, late, temp_c, voltage_v, door_closed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#insertEvent = db.prepare("INSERT INTO event (event_id, vm, type, severity, device_ts, at, data) VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#upsertMachine = db.prepare(machineUpsert);
    this.#insertDeadLetter = db.prepare("INSERT INTO dead_letter (at, topic, vm_id, reason, payload) VALUES (?, ?, ?, ?, ?)");
    this.#selectCommandKey = db.prepare("SELECT id FROM command WHERE user_id = ? AND idempotency_key = ? LIMIT 1");
    this.#insertCommand = db.prepare(
      `INSERT INTO command (cmd_id, vm, name, params, user_id, idempotency_key, state, detail, created, updated, expires)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'queued', NULL, ?7, ?7, ?8)`,
    );
    this.#updateCommand = db.prepare("UPDATE command SET state = ?, detail = ?, updated = ? WHERE cmd_id = ?");
    this.#upsertUser = db.prepare(
      `INSERT INTO user (id, name, role, password_hash, generation) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, role = excluded.role,
         password_hash = excluded.password_hash, generation = excluded.generation`,
    );
  }

  apply(record: JournalRecord, atMs: number): void {
    switch (record.kind) {
      case "reading":
        this.#reading(record, atMs);
        return;
      case "event":
        this.#event(record, atMs);
        return;
      case "machine":
        this.#machine(record, atMs);
        return;
      case "deadLetter":
        this.deadLetter(atMs, record.topic, record.vmId, record.reason, record.payload);
        return;
      case "command":
        this.#command(record, atMs);
        return;
      case "commandState":
        this.#updateCommand.run(record.state, record.detail, atMs, record.cmdId);
        return;
      case "user":
        this.#upsertUser.run(record.id, record.name, record.role, record.passwordHash, record.generation);
        return;
      case "revocation":
        this.#administration.revocation(record, atMs);
        return;
      case "audit":
        this.#administration.audit(record, atMs);
        return;
    }
  }

  /** Whether this user gave this key to an earlier request. */
  commandKeyIsUsed(userId: string, key: string): boolean {
    return this.#selectCommandKey.get(userId, key) !== null;
  }

  deadLetter(atMs: number, topic: string, vmId: string | null, reason: string, payload: Uint8Array): void {
    this.#insertDeadLetter.run(atMs, topic, vmId, reason, payload.subarray(0, deadLetterBytesMax));
  }

  #reading(record: Of<"reading">, atMs: number): void {
    const vm = this.#vms.obtain(record.vmId);
    const { lastInsertRowid } = this.#insertReading.run(
      vm.id,
      vm.readingTop,
      atMs,
      record.deviceTsMs,
      Number(record.late),
      record.tempC,
      record.voltageV,
      flag(record.doorClosed),
    );
    vm.readingTop = Number(lastInsertRowid);
    this.#vms.markDirty(vm);
  }

  #event(record: Of<"event">, atMs: number): void {
    const vm = this.#vms.obtain(record.vmId).id;
    this.#insertEvent.run(record.eventId, vm, record.type, record.severity, record.deviceTs, atMs, record.data);
  }

  #machine(record: Of<"machine">, atMs: number): void {
    this.#upsertMachine.run(
      this.#vms.obtain(record.vmId).id,
      record.name ?? record.vmId,
      record.site ?? null,
      record.state ?? "unknown",
      record.stateReason ?? "never_seen",
      record.boot ?? null,
      atMs,
      record.lastSeenMs ?? null,
      record.tempC ?? null,
      record.voltageV ?? null,
      flag(record.doorClosed ?? null),
      record.worstAlarm ?? null,
      record.secretSha256 ?? null,
      Number(record.demo ?? false),
      givenColumns(record),
    );
  }

  #command(record: Of<"command">, atMs: number): void {
    const vm = this.#vms.obtain(record.vmId).id;
    this.#insertCommand.run(record.cmdId, vm, record.name, record.params, record.userId, record.idempotencyKey, atMs, record.expiresMs);
  }
}

/** Columns that a machine record may leave as they are: bit n of ?15 says that column n was given. */
const machineColumns = [
  ["name", "name"],
  ["site", "site"],
  ["state", "state"],
  ["state_reason", "stateReason"],
  ["boot", "boot"],
  ["last_seen", "lastSeenMs"],
  ["temp_c", "tempC"],
  ["voltage_v", "voltageV"],
  ["door_closed", "doorClosed"],
  ["worst_alarm", "worstAlarm"],
  ["secret_sha256", "secretSha256"],
  ["demo", "demo"],
] as const satisfies readonly (readonly [string, keyof Of<"machine">])[];

const machineUpsert = `
  INSERT INTO machine (vm, name, site, state, state_reason, boot, first_seen, last_seen,
    temp_c, voltage_v, door_closed, worst_alarm, secret_sha256, demo)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
  ON CONFLICT (vm) DO UPDATE SET
    ${machineColumns.map(([column], bit) => `${column} = iif(?15 & ${1 << bit}, excluded.${column}, ${column})`).join(",\n    ")}`;

function givenColumns(record: Of<"machine">): number {
  let given = 0;
  for (let bit = 0; bit < machineColumns.length; bit++) {
    if (record[machineColumns[bit]![1]] !== undefined) given |= 1 << bit;
  }
  return given;
}

function flag(value: boolean | null): number | null {
  return value === null ? null : Number(value);
}
