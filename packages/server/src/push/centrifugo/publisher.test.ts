import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import type { JournalRow } from "@fleetcast/storage";
import type { BatchItem } from "./batch-codec.ts";
import type { SendOutcome } from "./batch-sender.ts";
import { Publisher, type Settlement } from "./publisher.ts";
import { type LatestRule, type PublisherLimits, publisherLimits } from "./publisher-limits.ts";

/** The publisher's rules one by one: a journal in memory, requests that the test answers by hand, a clock that it moves. */
class Bench {
  readonly clock = new ManualClock();
  readonly rows: JournalRow[] = [];
  readonly requests: { readonly items: readonly BatchItem[]; readonly answer: (outcome: SendOutcome) => void }[] = [];
  readonly settled: (readonly [name: string, Settlement["kind"]])[] = [];
  readonly logged: string[] = [];
  lastId = 0;
  cursors = new Map<string, number>();

  publisher(
    options: { readonly limits?: Partial<PublisherLimits>; readonly latest?: LatestRule; readonly historyTtlMs?: number } = {},
  ): Publisher {
    return new Publisher({
      name: "centrifugo",
      journal: {
        readFrom: async (afterId, limit) => this.rows.slice(afterId, afterId + limit),
        loadCursors: async () => ({ lastId: this.lastId, channels: new Map(this.cursors) }),
        saveCursors: async (_name, lastId, channels) => {
          this.lastId = lastId;
          for (const [channel, offset] of channels) this.cursors.set(channel, offset);
        },
      },
      clock: this.clock,
      chance: new SeededChance(1),
      log: {
        debug() {},
        info() {},
        warn: (_fields, message) => this.logged.push(message),
        error: (_fields, message) => this.logged.push(message),
      },
      send: (items) => new Promise((answer) => this.requests.push({ items, answer })),
      limits: { ...publisherLimits, ...options.limits },
      latestRule: (channel) => (channel.startsWith("telemetry:") ? options.latest : undefined),
      historyTtlMs: () => options.historyTtlMs ?? 86_400_000,
      onSettled: (row, settlement) => this.settled.push([nameOf(row), settlement.kind]),
    });
  }

  async started(options: Parameters<Bench["publisher"]>[0] = {}): Promise<Publisher> {
    const publisher = this.publisher(options);
    await publisher.start();
    await this.clock.settle();
    const pulse = this.requests.findIndex(({ items }) => items.length === 0);
    const [request] = this.requests.splice(pulse, 1);
    request!.answer(pushed(0));
    await this.clock.settle();
    return publisher;
  }

  row(channel: string, atMs = this.clock.wallMs()): JournalRow {
    const offset = this.rows.filter((row) => row.channel === channel).length + 1;
    const row = { id: this.rows.length + 1, channel, offset, epoch: "ep", atMs, data: new Uint8Array(Buffer.from(String(offset))) };
    this.rows.push(row);
    return row;
  }

  /** Names of the rows in each request that waits for its answer. */
  get waiting(): string[][] {
    return this.requests.map(({ items }) => items.map(({ row }) => nameOf(row)));
  }

  async answer(outcome: SendOutcome | "pushed" = "pushed"): Promise<void> {
    const request = this.requests.shift()!;
    request.answer(outcome === "pushed" ? pushed(request.items.length) : outcome);
    await this.clock.settle();
  }
}

const nameOf = (row: JournalRow) => `${row.channel}#${row.offset}`;
const pushed = (count: number): SendOutcome => ({
  kind: "answered",
  items: Array.from({ length: count }, () => ({ kind: "pushed", position: { offset: 1, epoch: "cf" } }) as const),
});
const refused = (code: number): SendOutcome => ({ kind: "answered", items: [{ kind: "refused", code, message: "no" }] });
const failed = (reason: string, more: { readonly alarm?: boolean; readonly tooLarge?: boolean } = {}): SendOutcome => ({
  kind: "failed",
  reason,
  alarm: more.alarm ?? false,
  tooLarge: more.tooLarge ?? false,
});

test("[R4] with nothing to push, the other side is asked all the same, and what it answers is the health", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  await bench.clock.advance(publisherLimits.pulseEveryMs);
  assert.deepEqual(bench.waiting, [[]]);
  await bench.answer(failed("connection refused"));
  assert.equal(publisher.healthy, true);
  while (publisher.healthy) {
    await bench.clock.advance(publisherLimits.retryDelayMsMax);
    await bench.answer(failed("connection refused"));
  }
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  await bench.answer();
  assert.equal(publisher.healthy, true);
});

test("[R4] a request that hangs makes the push unhealthy when it ends", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1")]);
  await bench.clock.advance(publisherLimits.requestTimeoutMs - 1);
  assert.equal(publisher.healthy, true);
  await bench.answer(failed("timeout"));
  assert.equal(publisher.healthy, false);
});

test("[N2] channels share a request, each with its first row only; the second waits for the first", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1"), bench.row("events:1"), bench.row("events:2")]);
  assert.deepEqual(bench.waiting, [["events:1#1", "events:2#1"]]);
  await bench.answer();
  assert.deepEqual(bench.waiting, [["events:1#2"]]);
  await bench.answer();
  assert.equal(publisher.lag, 0);
});

test("[N2] a busy channel does not hold the others back", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1")]);
  publisher.offer([bench.row("events:1"), bench.row("events:2")]);
  assert.deepEqual(bench.waiting, [["events:1#1"], ["events:2#1"]]);
});

test("[X7] a whole request that fails is sent again after a pause, rows in their places", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1"), bench.row("events:1"), bench.row("events:2")]);
  for (const outcome of [failed("connection refused"), failed("status 503"), failed("the answer is not one of 2 replies")]) {
    assert.deepEqual(bench.waiting, [["events:1#1", "events:2#1"]]);
    await bench.answer(outcome);
    assert.deepEqual(bench.waiting, []);
    await bench.clock.advance(publisherLimits.retryDelayMsMax);
  }
  assert.equal(publisher.healthy, false);
  await bench.answer();
  assert.equal(publisher.healthy, true);
  assert.deepEqual(bench.waiting, [["events:1#2"]]);
});

test("[X7] while the other side fails, one request at a time tries", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1")]);
  publisher.offer([bench.row("events:2")]);
  assert.equal(bench.requests.length, 2);
  await bench.answer(failed("reset"));
  await bench.answer(failed("reset"));
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  assert.deepEqual(bench.waiting, [["events:1#1", "events:2#1"]]);
});

test("[X7] 401 and 404 alarm at once and keep every row", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1")]);
  await bench.answer(failed("401: the API key is wrong", { alarm: true }));
  assert.equal(publisher.healthy, false);
  assert.match(bench.logged.join("\n"), /refuses its API/);
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  await bench.answer();
  assert.equal(publisher.healthy, true);
  assert.deepEqual(bench.settled, [["events:1#1", "pushed"]]);
});

for (const code of [102, 107]) {
  test(`[X7] a row refused with ${code} is parked with its reason and its channel goes on`, async () => {
    const bench = new Bench();
    const publisher = await bench.started();
    publisher.offer([bench.row("events:1"), bench.row("events:1")]);
    await bench.answer(refused(code));
    assert.deepEqual(bench.waiting, [["events:1#2"]]);
    await bench.answer();
    assert.deepEqual(bench.settled, [
      ["events:1#1", "refused"],
      ["events:1#2", "pushed"],
    ]);
    assert.deepEqual(publisher.stats, { pushed: 1, parked: 1, skipped: 0 });
    assert.match(bench.logged.join("\n"), /parked/);
  });
}

for (const code of [100, 111, 999]) {
  test(`[X7] a row refused with ${code} is tried again, and nothing of its channel overtakes it`, async () => {
    const bench = new Bench();
    const publisher = await bench.started();
    publisher.offer([bench.row("events:1"), bench.row("events:1")]);
    await bench.answer(refused(code));
    assert.deepEqual(bench.waiting, []);
    publisher.offer([bench.row("events:2")]);
    assert.deepEqual(bench.waiting, [["events:2#1"]]);
    await bench.clock.advance(publisherLimits.retryDelayMsMin);
    assert.deepEqual(bench.waiting, [["events:2#1"], ["events:1#1"]]);
  });
}

test("[X7] a request too large is cut in half; one row too large waits alone", async () => {
  const bench = new Bench();
  const publisher = await bench.started({ limits: { requestsInFlightMax: 1 } });
  publisher.offer([1, 2, 3, 4].map((n) => bench.row(`events:${n}`)));
  await bench.answer(failed("413", { tooLarge: true }));
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  assert.deepEqual(bench.waiting, [["events:1#1", "events:2#1"]]);
  await bench.answer(failed("413", { tooLarge: true }));
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  assert.equal(bench.waiting[0]!.length, 1);
  await bench.answer(failed("413", { tooLarge: true }));
  assert.equal(bench.waiting[0]!.length, 1, "the others go on while one row waits");
});

test("[N3] the cursor follows the push within a second and never leads it", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1"), bench.row("events:1"), bench.row("events:2")]);
  await bench.clock.advance(2_000);
  assert.deepEqual([bench.lastId, bench.cursors.size], [0, 0]);
  await bench.answer();
  await bench.clock.advance(1_000);
  assert.deepEqual(
    [bench.lastId, [...bench.cursors]],
    [
      1,
      [
        ["events:1", 1],
        ["events:2", 1],
      ],
    ],
  );
  await bench.answer();
  await bench.clock.advance(1_000);
  assert.deepEqual([bench.lastId, bench.cursors.get("events:1")], [3, 2]);
});

test("[N3] a start goes on after the cursors: a channel that was ahead of the others is not pushed again", async () => {
  const bench = new Bench();
  const first = await bench.started();
  first.offer([bench.row("events:1"), bench.row("events:2"), bench.row("events:2")]);
  bench.requests.shift()!.answer({
    kind: "answered",
    items: [
      { kind: "refused", code: 100, message: "later" },
      { kind: "pushed", position: { offset: 1, epoch: "cf" } },
    ],
  });
  await bench.clock.settle();
  assert.deepEqual(bench.waiting, [["events:2#2"]]);
  const stopping = first.stop(600);
  await bench.clock.advance(40);
  bench.requests.length = 0;
  await bench.clock.advance(1_000);
  await stopping;
  assert.deepEqual([bench.lastId, [...bench.cursors]], [0, [["events:2", 1]]]);
  await bench.started();
  assert.deepEqual(bench.waiting, [["events:1#1", "events:2#2"]]);
});

test("[I6] what was committed while nobody pushed is read from the journal, then live offers follow without gap or repeat", async () => {
  const bench = new Bench();
  for (let n = 0; n < 25; n += 1) bench.row(`events:${n % 5}`);
  const publisher = await bench.started({ limits: { readRowsMax: 4 } });
  publisher.offer([bench.row("events:0")]);
  while (bench.requests.length > 0) await bench.answer();
  publisher.offer([bench.row("events:1")]);
  while (bench.requests.length > 0) await bench.answer();
  assert.equal(bench.settled.length, 27);
  assert.equal(new Set(bench.settled.map(([name]) => name)).size, 27);
});

test("[I7] more waiting rows than memory may hold are left to the journal and read again when there is room", async () => {
  const bench = new Bench();
  const publisher = await bench.started({ limits: { memoryRowsMax: 10, readRowsMax: 3 } });
  for (let n = 0; n < 100; n += 1) publisher.offer([bench.row(`events:${n % 3}`)]);
  assert.equal(publisher.lag, 100);
  assert.match(bench.logged.join("\n"), /fell behind/);
  while (bench.requests.length > 0) await bench.answer();
  assert.equal(publisher.lag, 0);
  for (const channel of ["events:0", "events:1", "events:2"]) {
    const offsets = bench.settled.filter(([name]) => name.startsWith(channel)).map(([name]) => Number(name.split("#")[1]));
    assert.deepEqual(
      offsets,
      Array.from(offsets, (_, index) => index + 1),
    );
  }
});

test("[N4] telemetry beyond its window goes as the newest value and says how many it stands for; events go in full", async () => {
  const bench = new Bench();
  const publisher = await bench.started({ latest: { rowsMax: 3, ageMsMax: 60_000 } });
  publisher.offer([bench.row("telemetry:1"), bench.row("events:1")]);
  await bench.answer(failed("away"));
  publisher.offer([2, 3, 4, 5].flatMap(() => [bench.row("telemetry:1"), bench.row("events:1")]));
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  assert.deepEqual(bench.waiting, [["telemetry:1#5", "events:1#1"]]);
  assert.equal(bench.requests[0]!.items[0]!.skipped, 4);
  while (bench.requests.length > 0) await bench.answer();
  assert.deepEqual(
    bench.settled.filter(([, kind]) => kind === "pushed").map(([name]) => name),
    ["telemetry:1#5", "events:1#1", "events:1#2", "events:1#3", "events:1#4", "events:1#5"],
  );
  assert.equal(publisher.stats.skipped, 4);
});

test("[N4] a short outage within the window leaves nothing out", async () => {
  const bench = new Bench();
  const publisher = await bench.started({ latest: { rowsMax: 3, ageMsMax: 60_000 } });
  publisher.offer([bench.row("telemetry:1")]);
  await bench.answer(failed("away"));
  publisher.offer([bench.row("telemetry:1"), bench.row("telemetry:1")]);
  await bench.clock.advance(publisherLimits.retryDelayMsMax);
  while (bench.requests.length > 0) await bench.answer();
  assert.deepEqual(bench.settled, [
    ["telemetry:1#1", "pushed"],
    ["telemetry:1#2", "pushed"],
    ["telemetry:1#3", "pushed"],
  ]);
});

test("[N4] after a long outage old telemetry in the journal shrinks to its newest row, whatever the page size", async () => {
  const bench = new Bench();
  const hourAgo = bench.clock.wallMs() - 3_600_000;
  for (let n = 0; n < 40; n += 1) bench.row(n % 2 === 0 ? "telemetry:1" : "events:1", hourAgo + n);
  bench.lastId = 1;
  await bench.started({ latest: { rowsMax: 300, ageMsMax: 300_000 }, limits: { readRowsMax: 3 } });
  while (bench.requests.length > 0) await bench.answer();
  const sent = bench.settled.filter(([, kind]) => kind === "pushed").map(([name]) => name);
  assert.deepEqual(
    sent.filter((name) => name.startsWith("telemetry")),
    ["telemetry:1#20"],
  );
  assert.equal(sent.filter((name) => name.startsWith("events")).length, 20);
});

test("a publisher that meets a journal for the first time leaves what no history would hold any more", async () => {
  const bench = new Bench();
  bench.row("events:1", bench.clock.wallMs() - 7_200_000);
  bench.row("events:1", bench.clock.wallMs() - 60_000);
  await bench.started({ historyTtlMs: 3_600_000 });
  assert.deepEqual(bench.waiting, [["events:1#2"]]);
});

test("[R3] a stop waits for what the other side still takes, stores the cursors and sends nothing more", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1"), bench.row("events:1")]);
  let stopped = false;
  const stopping = publisher.stop(1_000).then(() => {
    stopped = true;
  });
  await bench.answer();
  assert.equal(stopped, false);
  await bench.answer();
  await stopping;
  assert.deepEqual([bench.lastId, bench.cursors.get("events:1")], [2, 2]);
  publisher.offer([bench.row("events:1")]);
  await bench.clock.advance(5_000);
  assert.deepEqual(bench.waiting, []);
  assert.equal(bench.clock.pending, 0);
});

test("[R3] a stop does not wait for a side that is away", async () => {
  const bench = new Bench();
  const publisher = await bench.started();
  publisher.offer([bench.row("events:1")]);
  await bench.answer(failed("away"));
  await publisher.stop(60_000);
  assert.equal(bench.clock.pending, 0);
});
