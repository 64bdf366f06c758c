import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClientInfo } from "@fleetcast/protocol";
import fc from "fast-check";
import type { JournalEntry, JournalRecord } from "../journal.ts";
import { decodeUnit, encodeEntries } from "./batch-tape.ts";
import { decodeClientInfo, encodeClientInfo } from "./client-info.ts";
import { TapeReader, TapeWriter } from "./tape.ts";

const word = fc.string({ unit: "binary", maxLength: 12 });
const blob = fc.uint8Array({ maxLength: 40 });
const number = fc.double({ noNaN: true });
const nullable = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });

const record: fc.Arbitrary<JournalRecord> = fc.oneof(
  fc.record({
    kind: fc.constant("reading" as const),
    vmId: word,
    deviceTsMs: nullable(number),
    tempC: nullable(number),
    voltageV: nullable(number),
    doorClosed: nullable(fc.boolean()),
    late: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("machine" as const),
    vmId: word,
    name: maybe(word),
    site: maybe(word),
    state: maybe(fc.constantFrom("online" as const, "offline" as const)),
    stateReason: maybe(word),
    boot: maybe(word),
    lastSeenMs: maybe(number),
    tempC: maybe(nullable(number)),
    voltageV: maybe(nullable(number)),
    doorClosed: maybe(nullable(fc.boolean())),
    worstAlarm: maybe(nullable(fc.constant("critical" as const))),
    secretSha256: maybe(nullable(blob)),
    demo: maybe(fc.boolean()),
  }),
  fc.record({ kind: fc.constant("deadLetter" as const), topic: word, vmId: nullable(word), reason: word, payload: blob }),
);

const publication = fc.record({
  channel: word,
  data: blob,
  historyTtlMs: number,
  tags: maybe(fc.dictionary(word, word, { maxKeys: 3 })),
  idempotencyKey: maybe(word),
  version: maybe(fc.nat()),
  versionEpoch: maybe(word),
  delta: maybe(fc.boolean()),
  skipHistory: maybe(fc.boolean()),
});

const entry: fc.Arbitrary<JournalEntry> = fc.record({
  atMs: number,
  identity: maybe(fc.record({ vmId: word, boot: word, seq: number })),
  payload: maybe(blob),
  topic: maybe(word),
  records: fc.array(record, { maxLength: 3 }),
  publications: fc.array(publication, { maxLength: 3 }),
});

test("[L3] what goes over to the writer's thread arrives as it was", () => {
  fc.assert(
    fc.property(fc.array(fc.array(entry, { maxLength: 3 }), { maxLength: 4 }), (units) => {
      const writer = new TapeWriter();
      for (const entries of units) encodeEntries(writer, entries);
      const reader = new TapeReader(writer.seal());
      for (const entries of units) {
        const unit = decodeUnit(reader);
        assert.equal(unit.kind, "entries");
        assert.deepEqual(unit.kind === "entries" && unit.entries, entries.map(asDecoded));
      }
    }),
    { numRuns: 500 },
  );
});

test("[L13] one payload used three times is carried once", () => {
  const data = new Uint8Array(50_000);
  const writer = new TapeWriter();
  for (let n = 0; n < 3; n++) writer.bytes(data);
  assert.equal(writer.seal().bytes.byteLength, 65_536);
});

test("[L3] a tape returns to its mark as if nothing had been written", () => {
  const writer = new TapeWriter();
  writer.text("kept");
  writer.bytes(Uint8Array.of(1));
  const mark = writer.mark();
  writer.text("dropped");
  writer.bytes(Uint8Array.of(2, 3));
  writer.reset(mark);
  writer.text("after");
  writer.bytes(Uint8Array.of(4));
  const reader = new TapeReader(writer.seal());
  assert.deepEqual([reader.text(), reader.bytes(), reader.text(), reader.bytes()], ["kept", Uint8Array.of(1), "after", Uint8Array.of(4)]);
});

test("[L13] client info keeps its raw bytes", () => {
  const info = fc.record({ user: word, client: word, connInfo: maybe(blob), chanInfo: maybe(blob) });
  fc.assert(
    fc.property(info, (given: ClientInfo) => {
      // A text that UTF-8 cannot hold cannot come from a client either: the codec before us replaces it.
      fc.pre(given.user.isWellFormed() && given.client.isWellFormed());
      assert.deepEqual(decodeClientInfo(encodeClientInfo(given)), { ...given });
    }),
  );
});

function asDecoded(given: JournalEntry): unknown {
  return {
    atMs: given.atMs,
    identity: given.identity === undefined ? null : { ...given.identity },
    topic: given.topic ?? null,
    payload: given.payload ?? null,
    records: given.records.map((one) => ({ ...one })),
    publications: given.publications.map((one) => ({
      channel: one.channel,
      data: one.data,
      historyTtlMs: one.historyTtlMs,
      version: one.version ?? 0,
      versionEpoch: one.versionEpoch ?? "",
      idempotencyKey: one.idempotencyKey ?? null,
      delta: one.delta ?? false,
      skipHistory: one.skipHistory ?? false,
      tags: one.tags === undefined ? null : { ...one.tags },
      info: null,
    })),
  };
}
