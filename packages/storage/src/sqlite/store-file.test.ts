import { Database } from "bun:sqlite";
import assert from "node:assert/strict";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal, JournalOutcome } from "../journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";
import { pageBytes } from "./store-file.ts";
import { StoreRefused } from "./store-refused.ts";

const hour = 3_600_000;
const clock = new ManualClock();
const chance = new SeededChance(3);
const lines: string[] = [];
const log = {
  info: (_fields: unknown, message: string) => lines.push(message),
  warn: (_fields: unknown, message: string) => lines.push(message),
  error: (_fields: unknown, message: string) => lines.push(message),
};

function open(dir: string, more: { readonly recover?: boolean } = {}): Promise<Journal> {
  lines.length = 0;
  return openSqliteJournal({ dir, clock, chance, log, ...more });
}

function append(journal: Journal, data: string, channel = "telemetry:VM-1"): Promise<JournalOutcome> {
  const publications = [{ channel, data: new TextEncoder().encode(data), historyTtlMs: hour }];
  return new Promise((resolve) => journal.append({ atMs: clock.wallMs(), records: [], publications }, resolve));
}

async function history(journal: Journal, channel = "telemetry:VM-1"): Promise<readonly string[]> {
  const request = { channel, sizeMax: 1_000_000, ttlMs: hour, nowMs: clock.wallMs(), limit: -1, reverse: false };
  return (await journal.read(request)).rows.map((row) => new TextDecoder().decode(row.data));
}

/** A closed store with some pages of publications. */
async function filled(dir: string, count = 400): Promise<string> {
  const journal = await open(dir);
  await Promise.all(Array.from({ length: count }, (_, n) => append(journal, `publication-${String(n).padStart(200, "0")}`)));
  await journal.close();
  return join(dir, "journal.db");
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

function refused(why: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreRefused, String(error));
    assert.match(error.why, why);
    assert.ok(!error.message.includes("\n"), "one line");
    return true;
  };
}

test("[L14] a folder that cannot be written is refused with one line", async () => {
  await withTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, "file"), "");
    await assert.rejects(open(join(dir, "file", "data")), refused(/cannot be written/));
  });
});

test("[L1] a second journal on one folder is refused, and the first goes on", async () => {
  await withTemporaryFolder(async (dir) => {
    const first = await open(dir);
    await assert.rejects(open(dir), refused(/another process is using it/));
    assert.equal((await append(first, "1")).verdict, "stored");
    await first.close();
    await (await open(dir)).close();
  });
});

test("[L14] a file that is no database, a damaged page, half a file: refused, never made anew", async () => {
  const damages: readonly (readonly [string, (path: string) => void])[] = [
    ["no database", (path) => writeFileSync(path, "this is no database at all".repeat(1_000))],
    ["header", (path) => overwrite(path, 0, new Uint8Array(100).fill(0x55))],
    ["page", (path) => overwrite(path, Math.floor(statSync(path).size / pageBytes / 2) * pageBytes, new Uint8Array(pageBytes).fill(0xaa))],
    ["half", (path) => writeFileSync(path, readFileSync(path).subarray(0, statSync(path).size / 2))],
  ];
  for (const [name, damage] of damages) {
    await withTemporaryFolder(async (dir) => {
      const path = await filled(dir);
      damage(path);
      const before = readFileSync(path);
      await assert.rejects(open(dir), refused(/damaged/), name);
      assert.deepEqual(readFileSync(path), before, `${name}: the file is left as it was`);
    });
  }
});

test("[L14] --recover saves what is readable, keeps the damaged file, and gives new epochs", async () => {
  await withTemporaryFolder(async (dir) => {
    const path = await filled(dir);
    const at = readFileSync(path).indexOf(new TextEncoder().encode(`publication-${"200".padStart(200, "0")}`));
    overwrite(path, at - (at % pageBytes), new Uint8Array(pageBytes).fill(0xaa));
    const journal = await open(dir, { recover: true });
    assert.ok(existsSync(`${path}.damaged-1`));
    const stats = await journal.stats();
    assert.equal(stats.lastId, 400, "the rows after the damage are found again");
    const saved = await journal.readFrom(0, 1_000);
    assert.ok(saved.length > 300 && saved.length < 400, `${saved.length} of 400 rows`);
    const outcome = await append(journal, "next");
    assert.equal(outcome.positions[0]?.offset, 401);
    assert.ok(lines.some((line) => line.includes("new epoch")));
    const readable = await history(journal);
    assert.equal(readable.at(-1), "next");
    assert.ok(readable.length < 400, "the window ends where rows are gone");
    await journal.close();
  });
});

test("[L14 P3] a channel whose top is not its newest row's offset is refused; --recover goes on above what is left", async () => {
  await withTemporaryFolder(async (dir) => {
    const db = new Database(await filled(dir, 5));
    db.run("UPDATE channel SET top = 3");
    db.close();
    await assert.rejects(open(dir), refused(/the top of channel 1/));
    const journal = await open(dir, { recover: true });
    assert.equal((await append(journal, "next")).positions[0]?.offset, 6);
    assert.equal((await history(journal)).length, 6);
    await journal.close();
    await (await open(dir)).close();
  });
});

test("[L14] a store made by a newer version is refused", async () => {
  await withTemporaryFolder(async (dir) => {
    const db = new Database(await filled(dir, 1));
    db.run("PRAGMA user_version = 99");
    db.close();
    await assert.rejects(open(dir, { recover: true }), refused(/newer version/));
  });
});

test("[L14] a flipped byte inside a value is caught by its checksum: the row and all before it are not handed out", async () => {
  await withTemporaryFolder(async (dir) => {
    const path = await filled(dir, 40);
    const wanted = new TextEncoder().encode(`publication-${"17".padStart(200, "0")}`);
    const at = readFileSync(path).indexOf(wanted);
    assert.ok(at > 0);
    overwrite(path, at + 50, Uint8Array.of(0x31));
    const journal = await open(dir);
    const rows = await history(journal);
    assert.equal(rows.length, 22);
    assert.ok(rows[0]?.endsWith("18"));
    assert.equal((await journal.readFrom(0, 100)).length, 39);
    assert.equal(lines.filter((line) => line.includes("does not match its checksum")).length, 1, "said once");
    assert.ok(journal.healthy);
    await journal.close();
  });
});

test("[R5] a page damaged while running: the read fails, onFatal is told once, nothing more is acknowledged", async () => {
  await withTemporaryFolder(async (dir) => {
    const path = await filled(dir);
    const journal = await open(dir);
    const fatal: Error[] = [];
    journal.onFatal((cause) => fatal.push(cause));
    const at = readFileSync(path).indexOf(new TextEncoder().encode(`publication-${"200".padStart(200, "0")}`));
    overwrite(path, at - (at % pageBytes), new Uint8Array(pageBytes).fill(0xaa));
    await assert.rejects(history(journal), /malformed/);
    await assert.rejects(history(journal), /malformed/);
    assert.equal(fatal.length, 1);
    assert.ok(!journal.healthy);
    let acknowledged = false;
    void append(journal, "next").then(() => {
      acknowledged = true;
    });
    await journal.stats();
    assert.ok(!acknowledged);
    await journal.close();
  });
});

test("[L6] a store older than the one we left gets new epochs: an earlier start, a lost tail, a lost stamp", async () => {
  await withTemporaryFolder(async (dir) => {
    const path = await filled(dir, 3);
    const backup = join(dir, "backup");
    copyFileSync(path, backup);
    const restore = (): void => {
      for (const ending of ["-wal", "-shm"]) rmSync(path + ending, { force: true });
      copyFileSync(backup, path);
    };
    const epochAfter = async (change: () => void): Promise<string> => {
      change();
      const journal = await open(dir);
      const { epoch } = await journal.top("telemetry:VM-1");
      assert.equal((await journal.top("telemetry:never-seen")).epoch, epoch);
      await append(journal, "more");
      await journal.close();
      return epoch;
    };
    const first = await epochAfter(() => {});
    assert.equal(await epochAfter(() => {}), first, "the store that we left keeps its epoch");
    const earlierStart = await epochAfter(restore);
    assert.notEqual(earlierStart, first);
    copyFileSync(path, backup);
    const stamp = readFileSync(join(dir, "journal.stamp"));
    await epochAfter(() => {});
    // The same start again, with fewer publications than were seen.
    const journal = await open(dir);
    for (const ending of ["", "-wal"]) copyFileSync(path + ending, backup + ending);
    await append(journal, "lost");
    await journal.close();
    const lostTail = await epochAfter(() => {
      for (const ending of ["", "-wal"]) copyFileSync(backup + ending, path + ending);
    });
    assert.notEqual(lostTail, earlierStart);
    const lostStamp = await epochAfter(() => rmSync(join(dir, "journal.stamp")));
    assert.notEqual(lostStamp, lostTail);
    assert.equal(stamp.length, 128);
  });
});

test("[L6] a stamp cut short by a power cut leaves the other one", async () => {
  await withTemporaryFolder(async (dir) => {
    await filled(dir, 3);
    const epoch = async (): Promise<string> => {
      const journal = await open(dir);
      const { epoch } = await journal.top("telemetry:VM-1");
      await journal.close();
      return epoch;
    };
    const before = await epoch();
    for (const at of [10, 74]) {
      overwrite(join(dir, "journal.stamp"), at, new Uint8Array(20));
      assert.equal(await epoch(), before);
    }
  });
});

test("[G22] random damage to the file is refused, caught by a checksum, or harmless: no payload comes back changed", {
  timeout: 60_000,
}, async () => {
  const random = new SeededChance(22);
  const wanted = new Set(Array.from({ length: 120 }, (_, n) => `publication-${String(n).padStart(200, "0")}`));
  const seen = { refused: 0, opened: 0 };
  await withTemporaryFolder(async (dir) => {
    const sound = readFileSync(await filled(dir, wanted.size));
    const stamp = readFileSync(join(dir, "journal.stamp"));
    for (let round = 0; round < 20; round++) {
      const damaged = Buffer.from(sound);
      for (let byte = 0; byte < 4; byte++) damaged[random.below(damaged.length)] = random.below(256);
      const place = join(dir, `round-${round}`);
      mkdirSync(place);
      writeFileSync(join(place, "journal.db"), damaged);
      writeFileSync(join(place, "journal.stamp"), stamp);
      const journal = await open(place).catch((error: unknown) => {
        assert.ok(error instanceof StoreRefused);
        return undefined;
      });
      seen[journal === undefined ? "refused" : "opened"]++;
      if (journal === undefined) continue;
      for (const data of await history(journal).catch(() => [])) assert.ok(wanted.has(data), "a changed payload was handed out");
      await journal.close();
    }
  });
  assert.ok(seen.opened > 0 && seen.opened + seen.refused === 20, JSON.stringify(seen));
});
