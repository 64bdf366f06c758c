import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import { appendingChild, Child } from "../../testing/child.ts";
import { realClock } from "../../testing/real-clock.ts";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal, JournalOutcome } from "../journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const chance = new SeededChance(5);

function append(journal: Journal, seq: number, data = new Uint8Array(8)): Promise<JournalOutcome> {
  const publications = [{ channel: "telemetry:VM-1", data, historyTtlMs: 3_600_000 }];
  const entry = { atMs: Date.now(), identity: { vmId: "VM-1", boot: "b", seq }, records: [], publications };
  return new Promise((resolve) => journal.append(entry, resolve));
}

async function until(what: string, holds: () => boolean, limitMs = 10_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !holds(); await delay(10)) assert.ok(Date.now() < deadline, what);
}

test("[F09 L3] a locked file: the batch waits, healthy is false, then everything goes in once and in order", {
  timeout: 30_000,
}, async () => {
  await withTemporaryFolder(async (dir) => {
    const journal = await openSqliteJournal({ dir, clock: realClock, chance });
    await append(journal, 1);
    const intruder = new Database(join(dir, "journal.db"));
    intruder.run("BEGIN IMMEDIATE");
    const outcomes = Promise.all(Array.from({ length: 50 }, (_, n) => append(journal, n + 2)));
    await until("healthy turns false", () => !journal.healthy);
    assert.equal(journal.backlog.entries, 50);
    assert.equal((await journal.top("telemetry:VM-1")).offset, 1, "reads go on");
    intruder.run("ROLLBACK");
    intruder.close();
    assert.deepEqual(
      (await outcomes).map((outcome) => outcome.positions[0]?.offset),
      Array.from({ length: 50 }, (_, n) => n + 2),
    );
    assert.ok(journal.healthy);
    await journal.close();
  });
});

/** A file system of 16 MiB of its own, or undefined where this user may not mount one. */
function smallDisk(dir: string): { readonly path: string; unmount(): void } | undefined {
  const path = join(dir, "disk");
  mkdirSync(path);
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", path]).status !== 0) return undefined;
  return { path, unmount: () => execFileSync("umount", [path]) };
}

const mountWorks = await withTemporaryFolder(async (dir) => {
  const disk = smallDisk(dir);
  disk?.unmount();
  return disk !== undefined;
});

test("[F06 L3] a full disk: nothing is acknowledged, old data are still served, and it heals when there is space", {
  timeout: 30_000,
  skip: mountWorks ? false : "no right to mount a tmpfs",
}, async () => {
  await withTemporaryFolder(async (dir) => {
    const disk = smallDisk(dir)!;
    try {
      const data = join(disk.path, "data");
      const journal = await openSqliteJournal({ dir: data, clock: realClock, chance });
      await append(journal, 1);
      const { bavail, bsize } = statfsSync(disk.path);
      writeFileSync(join(disk.path, "ballast"), new Uint8Array(bavail * bsize - 262_144));
      let acknowledged = 0;
      let seq = 2;
      const outcomes: Promise<unknown>[] = [];
      while (journal.healthy && seq < 2_000) {
        for (let n = 0; n < 20; n++) outcomes.push(append(journal, seq++, new Uint8Array(1_000)).then(() => acknowledged++));
        await delay(1);
      }
      assert.ok(!journal.healthy, "the disk is full");
      const acknowledgedFull = acknowledged;
      await delay(300);
      assert.equal(acknowledged, acknowledgedFull, "nothing is acknowledged");
      assert.ok((await journal.top("telemetry:VM-1")).offset >= 1);
      rmSync(join(disk.path, "ballast"));
      const healedFrom = Date.now();
      await Promise.all(outcomes);
      assert.ok(Date.now() - healedFrom < 5_000, "heals within 5 s");
      assert.equal((await journal.top("telemetry:VM-1")).offset, seq - 1, "each message once");
      assert.ok(journal.healthy);
      await journal.close();
    } finally {
      disk.unmount();
    }
  });
});

const straceWorks = spawnSync("strace", ["-f", "-e", "trace=none", "true"]).status === 0;

test("[F07 L3 R5] a failed fsync is never retried: acknowledging stops, onFatal is told, what was acknowledged is in", {
  timeout: 60_000,
  skip: straceWorks ? false : "no strace, or no right to trace",
}, async () => {
  for (const from of [40, 90]) {
    await withTemporaryFolder(async (dir) => {
      const syncs = ["-e", "trace=fsync,fdatasync", "-e", `inject=fsync,fdatasync:error=EIO:when=${from}+`];
      const child = new Child(["strace", "-f", "-qq", "-o", join(dir, "trace"), ...syncs, ...appendingChild(dir, [1])]);
      await child.said("ready");
      assert.equal(await child.ended(), 1);
      const acked = child.lines.filter((line) => line.startsWith("ack")).length;
      assert.ok(acked > 0, "it worked until then");
      assert.match(child.lines.at(-1) ?? "", /^fatal the store cannot be (written any more|checkpointed): disk I\/O error/);
      const journal = await openSqliteJournal({ dir, clock: new ManualClock(), chance });
      assert.ok((await journal.top("telemetry:VM-0")).offset >= acked);
      await journal.close();
    });
  }
});
