import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import { appendingChild, Child } from "../../testing/child.ts";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal, JournalRow } from "../journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const cycles = 30;
const machines = 4;
/** Each cycle begins this many messages before the first unacknowledged one: redelivery of what may be stored already. */
const redelivered = 20;
const killDelayMsMax = 250;

interface Ack {
  readonly vmId: string;
  readonly seq: number;
  readonly offset: number;
  readonly epoch: string;
}

test("[I1 I2 I4 L6] killed at random instants under load: every acknowledged message is in, once, in order, under its position", {
  timeout: 120_000,
}, async () => {
  await withTemporaryFolder(async (dir) => {
    const random = new SeededChance(1);
    const acks: Ack[] = [];
    const next = new Array<number>(machines).fill(1);
    for (let cycle = 0; cycle < cycles; cycle++) {
      const child = new Child(
        appendingChild(
          dir,
          next.map((seq) => Math.max(1, seq - redelivered)),
        ),
      );
      await child.said("ready");
      await delay(random.random() * killDelayMsMax);
      await child.kill();
      for (const line of child.lines) {
        const ack = parseAck(line);
        if (ack === undefined) continue;
        acks.push(ack);
        const machine = Number(ack.vmId.slice(3));
        next[machine] = Math.max(next[machine]!, ack.seq + 1);
      }
    }
    const journal = await openSqliteJournal({ dir, clock: new ManualClock(), chance: random });
    const rows = await allRows(journal);
    const { readings } = await journal.stats();
    await journal.close();
    assert.ok(acks.length > cycles * 10, `only ${acks.length} messages were acknowledged: the load was no load`);
    assert.equal(readings, rows.length);
    checkRows(rows);
    checkAcks(acks, rows);
  });
});

test("[L14] a killed process leaves no lock behind", { timeout: 30_000 }, async () => {
  await withTemporaryFolder(async (dir) => {
    const child = new Child(appendingChild(dir, [1]));
    await child.said("ready");
    const ports = { dir, clock: new ManualClock(), chance: new SeededChance(1) };
    await assert.rejects(openSqliteJournal(ports), (error: Error) => {
      assert.equal(error.name, "StoreRefused");
      assert.match(error.message, /another process is using it/);
      return true;
    });
    await child.kill();
    const journal = await openSqliteJournal(ports);
    await journal.close();
  });
});

/** `ack VM SEQ OFFSET EPOCH`; a duplicate has the offset 0. The last line may be cut short by the kill. */
function parseAck(line: string): Ack | undefined {
  const [word, vmId, seq, offset, epoch] = line.split(" ");
  if (word !== "ack" || vmId === undefined || epoch === undefined || (epoch.length !== 8 && epoch !== "duplicate")) return undefined;
  return { vmId, seq: Number(seq), offset: Number(offset), epoch };
}

async function allRows(journal: Journal): Promise<readonly JournalRow[]> {
  const rows: JournalRow[] = [];
  for (;;) {
    const page = await journal.readFrom(rows.at(-1)?.id ?? 0, 10_000);
    if (page.length === 0) return rows;
    rows.push(...page);
  }
}

const seqOf = (row: JournalRow): number => (JSON.parse(new TextDecoder().decode(row.data)) as { seq: number }).seq;

function checkRows(rows: readonly JournalRow[]): void {
  const lastOf = new Map<string, { offset: number; seq: number }>();
  for (const row of rows) {
    const last = lastOf.get(row.channel) ?? { offset: 0, seq: 0 };
    assert.equal(row.offset, last.offset + 1, `${row.channel}: offsets are contiguous`);
    assert.equal(row.epoch, rows[0]!.epoch, "the epoch is kept");
    assert.equal(seqOf(row), last.seq + 1, `${row.channel}: each message once, in the machine's order`);
    lastOf.set(row.channel, { offset: row.offset, seq: seqOf(row) });
  }
}

function checkAcks(acks: readonly Ack[], rows: readonly JournalRow[]): void {
  const stored = new Map(rows.map((row) => [`${row.channel.slice("telemetry:".length)} ${seqOf(row)}`, row]));
  for (const ack of acks) {
    const row = stored.get(`${ack.vmId} ${ack.seq}`);
    assert.ok(row, `${ack.vmId} ${ack.seq} was acknowledged and is not in the store`);
    if (ack.offset === 0) continue;
    assert.deepEqual([row.offset, row.epoch], [ack.offset, ack.epoch], "a position names one payload for ever");
  }
}
