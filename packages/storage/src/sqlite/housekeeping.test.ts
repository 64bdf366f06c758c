import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal, JournalEntry, SeriesRow } from "../journal.ts";
import { openSqliteJournal, type SqliteJournalOptions } from "./sqlite-journal.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

async function withJournal(more: Partial<SqliteJournalOptions>, use: (journal: Journal, clock: ManualClock, dir: string) => Promise<void>) {
  await withTemporaryFolder(async (dir) => {
    const clock = new ManualClock();
    const journal = await openSqliteJournal({ dir, clock, chance: new SeededChance(2), ...more });
    await use(journal, clock, dir);
    await journal.close();
  });
}

function append(journal: Journal, entry: JournalEntry): Promise<unknown> {
  return new Promise((resolve) => journal.append(entry, resolve));
}

/** Lets the clock run and the writer's thread work until `holds`. */
async function tidyUntil(clock: ManualClock, what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await holds()); turn++) {
    assert.ok(turn < 2_000, what);
    await clock.advance(2_000);
    await delay(2);
  }
}

interface Reading {
  readonly atMs: number;
  readonly deviceTsMs: number | null;
  readonly tempC: number | null;
  readonly doorClosed: boolean | null;
  readonly late: boolean;
}

const readingEntry = (reading: Reading, vmId = "VM-1"): JournalEntry => {
  const { atMs, deviceTsMs, tempC, doorClosed, late } = reading;
  return { atMs, records: [{ kind: "reading", vmId, deviceTsMs, tempC, voltageV: 220, doorClosed, late }], publications: [] };
};

/** The series by its definition, from all readings. */
function naiveSeries(readings: readonly Reading[], fromMs: number, toMs: number, bucketMs: number): unknown[] {
  const buckets = new Map<number, Reading[]>();
  for (const reading of readings) {
    const t = reading.late || reading.deviceTsMs === null ? reading.atMs : reading.deviceTsMs;
    if (t < fromMs || t > toMs) continue;
    const bucket = Math.floor(t / bucketMs) * bucketMs;
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), reading]);
  }
  return [...buckets.entries()]
    .sort(([one], [other]) => one - other)
    .map(([bucketMs, inside]) => {
      const temps = inside.flatMap((reading) => (reading.tempC === null ? [] : [reading.tempC]));
      const doors = inside.flatMap((reading) => (reading.doorClosed === null ? [] : [Number(reading.doorClosed)]));
      const min = (values: number[]) => (values.length === 0 ? null : Math.min(...values));
      const max = (values: number[]) => (values.length === 0 ? null : Math.max(...values));
      const avg = (values: number[]) => (values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length);
      return [bucketMs, inside.length, min(temps), avg(temps), max(temps), min(doors), avg(doors), max(doors)];
    });
}

const asList = (row: SeriesRow) => [row.bucketMs, row.count, row.tempMin, row.tempAvg, row.tempMax, row.doorMin, row.doorAvg, row.doorMax];

test("[L12] charts from roll-ups are what all readings together say, whatever the range and the bucket", { timeout: 60_000 }, async () => {
  await withJournal({}, async (journal, clock, dir) => {
    const random = new SeededChance(11);
    const readings: Reading[] = [];
    const start = clock.wallMs();
    const add = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const atMs = clock.wallMs() + n * 700;
        const late = random.random() < 0.05;
        const offMs = late ? -3 * day : random.random() < 0.1 ? -random.below(5 * hour) : random.below(2_000) - 1_000;
        const reading = {
          atMs,
          deviceTsMs: random.random() < 0.1 ? null : atMs + offMs,
          tempC: random.random() < 0.1 ? null : random.below(40) / 2,
          doorClosed: random.random() < 0.1 ? null : random.random() < 0.5,
          late,
        };
        readings.push(reading);
        void append(journal, readingEntry({ ...reading, tempC: 99 }, "VM-2"));
        await append(journal, readingEntry(reading));
      }
      await clock.advance(count * 700);
    };
    const compare = async (): Promise<void> => {
      for (let n = 0; n < 60; n++) {
        const fromMs = start - 4 * hour + random.below(5 * hour);
        const toMs = fromMs + random.below(3 * hour);
        const bucketMs = [1_000, 7_000, minute, 5 * minute, hour][random.below(5)]!;
        const rows = await journal.fleet.series("VM-1", fromMs, toMs, bucketMs);
        assert.deepEqual(rows.map(asList), naiveSeries(readings, fromMs, toMs, bucketMs), `from ${fromMs} to ${toMs} by ${bucketMs}`);
      }
    };
    await add(400);
    await compare();
    const db = new Database(join(dir, "journal.db"), { readonly: true });
    const rolled = (): number =>
      (db.query("SELECT value FROM meta WHERE key = 'rolled_through'").get() as { value: number } | null)?.value ?? 0;
    await tidyUntil(clock, "readings are rolled up", async () => rolled() >= 800);
    await compare();
    await add(300);
    await compare();
    db.close();
  });
});

test("[L12] retention takes old readings, events, dead letters and publications outside windows, and counts stay true", {
  timeout: 60_000,
}, async () => {
  await withJournal({ keepTelemetryMs: day, keepEventsMs: 2 * day, keepDeadLettersMax: 5, windowMax: 10 }, async (journal, clock) => {
    const event = {
      kind: "event",
      eventId: "e",
      vmId: "VM-1",
      type: "door",
      severity: "info",
      deviceTs: null,
      data: Uint8Array.of(1),
    } as const;
    const letter = { kind: "deadLetter", topic: "t", vmId: null, reason: "r", payload: Uint8Array.of(1) } as const;
    const put = async (channel: string, count: number): Promise<void> => {
      const atMs = clock.wallMs();
      const reading = readingEntry({ atMs, deviceTsMs: null, tempC: 4, doorClosed: true, late: false }).records;
      const publications = [{ channel, data: Uint8Array.of(1), historyTtlMs: 90 * day }];
      for (let n = 0; n < count; n++) await append(journal, { atMs, records: [...reading, event, letter], publications });
    };
    await put("telemetry:VM-1", 50);
    await put("events:quiet", 4);
    await clock.advance(day + hour);
    await put("telemetry:VM-1", 3);
    await tidyUntil(clock, "old rows go", async () => {
      const stats = await journal.stats();
      return stats.readings === 3 && stats.publications === 14 && stats.deadLetters === 5;
    });
    const window = { sizeMax: 10, ttlMs: 90 * day, nowMs: clock.wallMs(), limit: -1, reverse: false };
    const { rows } = await journal.read({ ...window, channel: "telemetry:VM-1" });
    assert.deepEqual(
      rows.map((row) => row.offset),
      Array.from({ length: 10 }, (_, n) => n + 44),
      "the window is whole",
    );
    assert.equal((await journal.read({ ...window, channel: "events:quiet" })).rows.length, 4, "a quiet channel keeps its window");
    assert.equal((await journal.stats()).events, 57, "events are kept longer");
    await clock.advance(2 * day);
    await tidyUntil(clock, "old events go", async () => (await journal.stats()).events === 1);
    await put("telemetry:VM-1", 1);
    assert.equal((await journal.stats()).lastId, 58, "ids go on");
  });
});
