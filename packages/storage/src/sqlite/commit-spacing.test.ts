import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal } from "../journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const spacingMs = 3;

async function opened(dir: string): Promise<{ journal: Journal; clock: ManualClock; commits: number[] }> {
  const clock = new ManualClock();
  const journal = await openSqliteJournal({ dir, clock, chance: new SeededChance(1), commitSpacingMs: spacingMs });
  const commits: number[] = [];
  journal.onCommitted((batch) => commits.push(batch.length));
  await clock.advance(1_000);
  return { journal, clock, commits };
}

function append(journal: Journal): Promise<unknown> {
  const data = new TextEncoder().encode("{}");
  const publications = [{ channel: "telemetry:VM-1", data, historyTtlMs: 60_000 }];
  return new Promise((resolve) => journal.append({ atMs: 0, records: [], publications }, resolve));
}

test("[L3] what comes after a pause is committed at once", async () => {
  await withTemporaryFolder(async (dir) => {
    const { journal, clock, commits } = await opened(dir);
    await append(journal);
    await clock.advance(spacingMs);
    await append(journal);
    assert.deepEqual(commits, [1, 1]);
    await journal.close();
  });
});

test("[L3] what comes sooner waits for the rest of the spacing and shares one commit", async () => {
  await withTemporaryFolder(async (dir) => {
    const { journal, clock, commits } = await opened(dir);
    await append(journal);
    const waiting = [append(journal), append(journal)];
    const first = await Promise.race([waiting[0]!.then(() => "committed"), new Promise((resolve) => setTimeout(resolve, 30, "waiting"))]);
    assert.equal(first, "waiting");
    waiting.push(append(journal));
    await clock.advance(spacingMs);
    await Promise.all(waiting);
    assert.deepEqual(commits, [1, 3]);
    await journal.close();
  });
});

test("[L3] a full batch and the end of the journal do not wait", async () => {
  await withTemporaryFolder(async (dir) => {
    const { journal, commits } = await opened(dir);
    await append(journal);
    const full = Array.from({ length: 2_000 }, () => append(journal));
    const rest = append(journal);
    await Promise.all(full);
    assert.deepEqual(commits, [1, 2_000]);
    const closed = journal.close();
    await rest;
    await closed;
    assert.deepEqual(commits, [1, 2_000, 1]);
  });
});
