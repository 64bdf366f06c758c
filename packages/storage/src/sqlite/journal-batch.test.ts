import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalEntry } from "../journal.ts";
import { batchBytesMax, batchEntriesMax, bytesOf, JournalBatch } from "./journal-batch.ts";

const entryOf = (size: number): JournalEntry => {
  const data = new Uint8Array(size);
  return { atMs: 1, payload: data, records: [], publications: [{ channel: "c", data, historyTtlMs: 1 }] };
};

function fill(entry: JournalEntry): JournalBatch {
  const batch = new JournalBatch(undefined);
  const bytes = bytesOf(entry);
  while (batch.hasRoomFor(1, bytes)) batch.addEntry(entry, bytes, () => {});
  return batch;
}

test("[L3] a batch holds at most 2,000 entries and 4 MiB, but always one", () => {
  assert.equal(fill(entryOf(10)).entries, batchEntriesMax);
  const heavy = fill(entryOf(100_000));
  assert.ok(heavy.bytes <= batchBytesMax && heavy.entries > 35, `${heavy.entries} entries, ${heavy.bytes} bytes`);
  assert.equal(fill(entryOf(batchBytesMax * 2)).entries, 1);
});

test("[L3] an entry that cannot be written down throws at its caller and leaves the batch as it was", () => {
  const batch = new JournalBatch(undefined);
  batch.addEntry(entryOf(10), 266, () => {});
  const broken = { ...entryOf(10), publications: [{ channel: "c", data: undefined, historyTtlMs: 1 }] } as unknown as JournalEntry;
  assert.throws(() => batch.addEntry(broken, 266, () => {}));
  batch.addEntry(entryOf(10), 266, () => {});
  assert.deepEqual([batch.units, batch.entries, batch.bytes], [2, 2, 532]);
});
