import type { JournalEntry, JournalPublication, JournalRecord } from "../journal.ts";
import { encodeClientInfo } from "./client-info.ts";
import type { TapeReader, TapeWriter } from "./tape.ts";

/**
 * What goes to the writer, unit by unit. A unit is applied whole or not at all; its outcome comes back on the outcome
 * tape in the same place. `encodeX` and `decodeX` name the same fields in the same order.
 */
export type Unit =
  | { readonly kind: "entries"; readonly entries: readonly DecodedEntry[] }
  | { readonly kind: "remove"; readonly channel: string }
  | {
      readonly kind: "cursors";
      readonly publisher: string;
      readonly lastId: number;
      readonly channels: readonly (readonly [channel: string, offset: number])[];
    };

/** An entry on the writer's side: what is optional is null here. */
export interface DecodedEntry {
  readonly atMs: number;
  readonly identity: { readonly vmId: string; readonly boot: string; readonly seq: number } | null;
  readonly topic: string | null;
  readonly payload: Uint8Array | null;
  readonly records: readonly JournalRecord[];
  readonly publications: readonly DecodedPublication[];
}

export interface DecodedPublication {
  readonly channel: string;
  readonly data: Uint8Array;
  readonly historyTtlMs: number;
  /** 0: none given. */
  readonly version: number;
  readonly versionEpoch: string;
  readonly idempotencyKey: string | null;
  readonly delta: boolean;
  readonly skipHistory: boolean;
  readonly tags: Record<string, string> | null;
  readonly info: Uint8Array | null;
}

const unitKind = { entries: 0, remove: 1, cursors: 2 } as const;
const recordKinds = ["reading", "event", "machine", "deadLetter", "command", "commandState", "user", "revocation", "audit"] as const;
const recordKind = new Map(recordKinds.map((kind, index) => [kind, index]));

export function encodeEntries(tape: TapeWriter, entries: readonly JournalEntry[]): void {
  tape.number(unitKind.entries);
  tape.number(entries.length);
  for (const entry of entries) encodeEntry(tape, entry);
}

/** The same as `encodeEntries` of one, without the array: the way of nearly every message. */
export function encodeSingleEntry(tape: TapeWriter, entry: JournalEntry): void {
  tape.number(unitKind.entries);
  tape.number(1);
  encodeEntry(tape, entry);
}

export function encodeRemove(tape: TapeWriter, channel: string): void {
  tape.number(unitKind.remove);
  tape.text(channel);
}

export function encodeCursors(tape: TapeWriter, publisher: string, lastId: number, channels: ReadonlyMap<string, number>): void {
  tape.number(unitKind.cursors);
  tape.text(publisher);
  tape.number(lastId);
  tape.number(channels.size);
  for (const [channel, offset] of channels) {
    tape.text(channel);
    tape.number(offset);
  }
}

export function decodeUnit(tape: TapeReader): Unit {
  switch (tape.number()) {
    case unitKind.entries:
      return { kind: "entries", entries: list(tape, decodeEntry) };
    case unitKind.remove:
      return { kind: "remove", channel: tape.text() };
    case unitKind.cursors:
      return {
        kind: "cursors",
        publisher: tape.text(),
        lastId: tape.number(),
        channels: list(tape, () => [tape.text(), tape.number()] as const),
      };
    default:
      throw new Error("a batch tape holds an unknown unit");
  }
}

/** Payload first, then records, then publications: the same buffer three times in a row is stored once. */
function encodeEntry(tape: TapeWriter, entry: JournalEntry): void {
  tape.number(entry.atMs);
  const identity = entry.identity;
  if (identity === undefined) {
    tape.number(0);
  } else {
    tape.number(1);
    tape.text(identity.vmId);
    tape.text(identity.boot);
    tape.number(identity.seq);
  }
  tape.nullableText(entry.topic);
  tape.nullableBytes(entry.payload);
  tape.number(entry.records.length);
  for (const record of entry.records) encodeRecord(tape, record);
  tape.number(entry.publications.length);
  for (const publication of entry.publications) encodePublication(tape, publication);
}

function decodeEntry(tape: TapeReader): DecodedEntry {
  return {
    atMs: tape.number(),
    identity: tape.number() === 0 ? null : { vmId: tape.text(), boot: tape.text(), seq: tape.number() },
    topic: tape.nullableText(),
    payload: tape.nullableBytes(),
    records: list(tape, decodeRecord),
    publications: list(tape, decodePublication),
  };
}

function encodePublication(tape: TapeWriter, publication: JournalPublication): void {
  tape.text(publication.channel);
  tape.bytes(publication.data);
  tape.number(publication.historyTtlMs);
  tape.number(publication.version ?? 0);
  tape.text(publication.versionEpoch ?? "");
  tape.nullableText(publication.idempotencyKey);
  tape.number(publication.delta === true ? 1 : 0);
  tape.number(publication.skipHistory === true ? 1 : 0);
  encodeTags(tape, publication.tags);
  tape.nullableBytes(publication.info === undefined ? null : encodeClientInfo(publication.info));
}

function decodePublication(tape: TapeReader): DecodedPublication {
  return {
    channel: tape.text(),
    data: tape.bytes(),
    historyTtlMs: tape.number(),
    version: tape.number(),
    versionEpoch: tape.text(),
    idempotencyKey: tape.nullableText(),
    delta: tape.number() === 1,
    skipHistory: tape.number() === 1,
    tags: decodeTags(tape),
    info: tape.nullableBytes(),
  };
}

function encodeTags(tape: TapeWriter, tags: JournalPublication["tags"]): void {
  if (tags === undefined) {
    tape.number(-1);
    return;
  }
  const keys = Object.keys(tags);
  tape.number(keys.length);
  for (const key of keys) {
    tape.text(key);
    tape.text(tags[key]!);
  }
}

function decodeTags(tape: TapeReader): Record<string, string> | null {
  const count = tape.number();
  if (count < 0) return null;
  const tags: [string, string][] = [];
  for (let at = 0; at < count; at++) tags.push([tape.text(), tape.text()]);
  // fromEntries defines each key as its own property: a tag named __proto__ stays a tag.
  return Object.fromEntries(tags);
}

function encodeRecord(tape: TapeWriter, record: JournalRecord): void {
  tape.number(recordKind.get(record.kind)!);
  switch (record.kind) {
    case "reading":
      tape.text(record.vmId);
      tape.nullableNumber(record.deviceTsMs);
      tape.nullableNumber(record.tempC);
      tape.nullableNumber(record.voltageV);
      tape.nullableNumber(flag(record.doorClosed));
      tape.number(record.late ? 1 : 0);
      return;
    case "event":
      tape.text(record.eventId);
      tape.text(record.vmId);
      tape.text(record.type);
      tape.text(record.severity);
      tape.nullableText(record.deviceTs);
      tape.bytes(record.data);
      return;
    case "machine":
      encodeMachine(tape, record);
      return;
    case "deadLetter":
      tape.text(record.topic);
      tape.nullableText(record.vmId);
      tape.text(record.reason);
      tape.bytes(record.payload);
      return;
    case "command":
      tape.text(record.cmdId);
      tape.text(record.vmId);
      tape.text(record.name);
      tape.bytes(record.params);
      tape.text(record.userId);
      tape.text(record.idempotencyKey);
      tape.number(record.expiresMs);
      return;
    case "commandState":
      tape.text(record.cmdId);
      tape.text(record.state);
      tape.nullableText(record.detail);
      return;
    case "user":
      tape.text(record.id);
      tape.text(record.name);
      tape.text(record.role);
      tape.text(record.passwordHash);
      tape.number(record.generation);
      return;
    case "revocation":
      tape.text(record.what);
      tape.text(record.subject);
      tape.nullableNumber(record.beforeS);
      tape.nullableNumber(record.untilMs);
      tape.text(record.by);
      tape.text(record.reason);
      tape.number(record.ended ? 1 : 0);
      return;
    case "audit":
      tape.text(record.actor);
      tape.text(record.action);
      tape.text(record.target);
      tape.nullableText(record.detail);
      tape.nullableText(record.address);
      return;
  }
}

function decodeRecord(tape: TapeReader): JournalRecord {
  const kind = recordKinds[tape.number()];
  switch (kind) {
    case "reading":
      return {
        kind,
        vmId: tape.text(),
        deviceTsMs: tape.nullableNumber(),
        tempC: tape.nullableNumber(),
        voltageV: tape.nullableNumber(),
        doorClosed: truth(tape.nullableNumber()),
        late: tape.number() === 1,
      };
    case "event":
      return {
        kind,
        eventId: tape.text(),
        vmId: tape.text(),
        type: tape.text(),
        severity: tape.text() as (JournalRecord & { kind: "event" })["severity"],
        deviceTs: tape.nullableText(),
        data: tape.bytes(),
      };
    case "machine":
      return decodeMachine(tape);
    case "deadLetter":
      return { kind, topic: tape.text(), vmId: tape.nullableText(), reason: tape.text(), payload: tape.bytes() };
    case "command":
      return {
        kind,
        cmdId: tape.text(),
        vmId: tape.text(),
        name: tape.text(),
        params: tape.bytes(),
        userId: tape.text(),
        idempotencyKey: tape.text(),
        expiresMs: tape.number(),
      };
    case "commandState":
      return {
        kind,
        cmdId: tape.text(),
        state: tape.text() as (JournalRecord & { kind: "commandState" })["state"],
        detail: tape.nullableText(),
      };
    case "user":
      return {
        kind,
        id: tape.text(),
        name: tape.text(),
        role: tape.text(),
        passwordHash: tape.text(),
        generation: tape.number(),
      };
    case "revocation":
      return {
        kind,
        what: tape.text() as (JournalRecord & { kind: "revocation" })["what"],
        subject: tape.text(),
        beforeS: tape.nullableNumber(),
        untilMs: tape.nullableNumber(),
        by: tape.text(),
        reason: tape.text(),
        ended: tape.number() === 1,
      };
    case "audit":
      return {
        kind,
        actor: tape.text(),
        action: tape.text(),
        target: tape.text(),
        detail: tape.nullableText(),
        address: tape.nullableText(),
      };
    default:
      throw new Error("a batch tape holds an unknown record");
  }
}

type MachineRecord = JournalRecord & { readonly kind: "machine" };

/** Each field is preceded by 1, or is 0 alone where the record leaves the column as it is. */
function encodeMachine(tape: TapeWriter, record: MachineRecord): void {
  tape.text(record.vmId);
  given(tape, record.name, (value) => tape.text(value));
  given(tape, record.site, (value) => tape.text(value));
  given(tape, record.state, (value) => tape.text(value));
  given(tape, record.stateReason, (value) => tape.text(value));
  given(tape, record.boot, (value) => tape.text(value));
  given(tape, record.lastSeenMs, (value) => tape.number(value));
  given(tape, record.tempC, (value) => tape.nullableNumber(value));
  given(tape, record.voltageV, (value) => tape.nullableNumber(value));
  given(tape, record.doorClosed, (value) => tape.nullableNumber(flag(value)));
  given(tape, record.worstAlarm, (value) => tape.nullableText(value));
  given(tape, record.secretSha256, (value) => tape.nullableBytes(value));
  given(tape, record.demo, (value) => tape.number(value ? 1 : 0));
}

function decodeMachine(tape: TapeReader): MachineRecord {
  const ifGiven = <Value>(read: () => Value): Value | undefined => (tape.number() === 0 ? undefined : read());
  return {
    kind: "machine",
    vmId: tape.text(),
    name: ifGiven(() => tape.text()),
    site: ifGiven(() => tape.text()),
    state: ifGiven(() => tape.text() as MachineRecord["state"]),
    stateReason: ifGiven(() => tape.text()),
    boot: ifGiven(() => tape.text()),
    lastSeenMs: ifGiven(() => tape.number()),
    tempC: ifGiven(() => tape.nullableNumber()),
    voltageV: ifGiven(() => tape.nullableNumber()),
    doorClosed: ifGiven(() => truth(tape.nullableNumber())),
    worstAlarm: ifGiven(() => tape.nullableText() as MachineRecord["worstAlarm"]),
    secretSha256: ifGiven(() => tape.nullableBytes()),
    demo: ifGiven(() => tape.number() === 1),
  };
}

function given<Value>(tape: TapeWriter, value: Value | undefined, write: (value: Value) => void): void {
  tape.number(value === undefined ? 0 : 1);
  if (value !== undefined) write(value);
}

function list<Item>(tape: TapeReader, decode: (tape: TapeReader) => Item): Item[] {
  const count = tape.number();
  const items: Item[] = [];
  for (let at = 0; at < count; at++) items.push(decode(tape));
  return items;
}

function flag(value: boolean | null): number | null {
  return value === null ? null : Number(value);
}

function truth(value: number | null): boolean | null {
  return value === null ? null : value === 1;
}
