import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import fc from "fast-check";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";
import type { Journal } from "../journal.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

const ttlMs = 1_000;

/** What a channel's history is by the words of L5, with nothing but a list. */
class NaiveHistory {
  top = 0;
  #kept: number[] = [];
  #lastAt = 0;

  append(atMs: number): void {
    if (atMs - this.#lastAt > ttlMs) this.#kept = [];
    this.top++;
    this.#kept.push(this.top);
    this.#lastAt = atMs;
  }

  remove(): void {
    this.#kept = [];
  }

  read(nowMs: number, q: Query): number[] {
    let offsets = nowMs - this.#lastAt > ttlMs ? [] : this.#kept.slice(-q.sizeMax);
    if (q.sizeMax === 0) offsets = [];
    offsets = offsets.filter((offset) => q.since === undefined || (q.reverse ? offset < q.since : offset > q.since));
    if (q.reverse && q.since !== undefined && q.since > this.top + 1) offsets = [];
    offsets = offsets.filter((offset) => q.upTo === undefined || offset <= q.upTo);
    if (q.reverse) offsets.reverse();
    return q.limit < 0 ? offsets : offsets.slice(0, q.limit);
  }
}

interface Query {
  readonly sizeMax: number;
  readonly limit: number;
  readonly reverse: boolean;
  readonly since: number | undefined;
  readonly upTo: number | undefined;
}

const offset = fc.option(fc.integer({ min: 0, max: 25 }), { nil: undefined });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), count: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 1_500 }) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("read" as const),
      query: fc.record({
        sizeMax: fc.integer({ min: 0, max: 8 }),
        limit: fc.integer({ min: -1, max: 6 }),
        reverse: fc.boolean(),
        since: offset,
        upTo: offset,
      }),
    }),
  },
);

test("[L5] window arithmetic is what a plain list would say", { timeout: 60_000 }, async () => {
  await withTemporaryFolder(async (dir) => {
    const clock = new ManualClock();
    const journal = await openSqliteJournal({ dir, clock, chance: new SeededChance(1) });
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const channel = `telemetry:run-${runs++}`;
        const naive = new NaiveHistory();
        for (const one of steps) {
          if (one.kind === "pass") await clock.advance(one.ms);
          else if (one.kind === "remove") await Promise.all([journal.remove(channel), naive.remove()]);
          else if (one.kind === "append") {
            await Promise.all(Array.from({ length: one.count }, () => append(journal, channel, clock.wallMs())));
            for (let n = 0; n < one.count; n++) naive.append(clock.wallMs());
          } else assert.deepEqual(await offsets(journal, channel, clock.wallMs(), one.query), naive.read(clock.wallMs(), one.query));
        }
        assert.equal((await journal.top(channel)).offset, naive.top);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    await journal.close();
  });
});

function append(journal: Journal, channel: string, atMs: number): Promise<unknown> {
  const publications = [{ channel, data: Uint8Array.of(1), historyTtlMs: ttlMs }];
  return new Promise((resolve) => journal.append({ atMs, records: [], publications }, resolve));
}

async function offsets(journal: Journal, channel: string, nowMs: number, query: Query): Promise<number[]> {
  const since = query.since === undefined ? undefined : { offset: query.since, epoch: "" };
  const { rows } = await journal.read({ channel, ttlMs, nowMs, ...query, since });
  return rows.map((row) => row.offset);
}
