import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, SeededChance } from "@fleetcast/engine/testing";
import type { JournalRow } from "@fleetcast/storage";
import type { Logger } from "../../log.ts";
import { type OutgoingAnswer, OutgoingFailure, type OutgoingFetch } from "../../outgoing/outgoing-fetch.ts";
import { createBatchSender } from "./batch-sender.ts";
import { Publisher } from "./publisher.ts";
import { publisherLimits } from "./publisher-limits.ts";

/**
 * The publisher against a modelled Centrifugo under every fault that a request can meet, with both sides killed at random,
 * on a clock that the test moves. A seed replays a run exactly.
 */

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const key = (channel: string, offset: number) => `${channel}#${offset}`;

/** Rows in commit order and the stored cursors; a save takes a while and may fail. */
class ModelJournal {
  readonly rows: JournalRow[] = [];
  readonly #tops = new Map<string, number>();
  #lastId = 0;
  #cursors = new Map<string, number>();
  readonly #clock: ManualClock;
  readonly #chance: SeededChance;
  onSave: (lastId: number, channels: ReadonlyMap<string, number>) => void = () => {};

  constructor(clock: ManualClock, chance: SeededChance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  append(channel: string): JournalRow {
    const offset = (this.#tops.get(channel) ?? 0) + 1;
    this.#tops.set(channel, offset);
    const data = new Uint8Array(Buffer.from(`{"n": ${offset}}`));
    const row = { id: this.rows.length + 1, channel, offset, epoch: "jrnl", atMs: this.#clock.wallMs(), data };
    this.rows.push(row);
    return row;
  }

  async readFrom(afterId: number, limit: number): Promise<readonly JournalRow[]> {
    const seen = this.rows.length;
    await this.#pause(this.#chance.below(20));
    if (this.#chance.random() < 0.05) throw new Error("the reader is busy");
    return this.rows.slice(afterId, Math.min(afterId + limit, seen));
  }

  async loadCursors() {
    return { lastId: this.#lastId, channels: new Map(this.#cursors) };
  }

  async saveCursors(_name: string, lastId: number, channels: ReadonlyMap<string, number>): Promise<void> {
    this.onSave(lastId, channels);
    await this.#pause(this.#chance.below(300));
    if (this.#chance.random() < 0.1) throw new Error("the store is busy");
    this.#lastId = lastId;
    for (const [channel, offset] of channels) this.#cursors.set(channel, offset);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.schedule(ms, resolve));
  }
}

interface Command {
  readonly publish: {
    readonly channel: string;
    readonly version: number;
    readonly version_epoch: string;
    readonly tags?: { readonly skipped?: string };
  };
}

/** Channels with versions as the memory engine keeps them; `restart` forgets everything, as that engine does. */
class ModelCentrifugo {
  readonly lives: Map<string, number[]>[] = [new Map()];
  #tops = new Map<string, { offset: number; version: number; epoch: string }>();
  #calm = false;
  readonly #outstanding = new Set<string>();
  readonly #clock: ManualClock;
  readonly #chance: SeededChance;
  readonly parked = new Set<string>();
  readonly skippedByTag = new Map<string, number>();

  constructor(clock: ManualClock, chance: SeededChance) {
    this.#clock = clock;
    this.#chance = chance;
  }

  get life(): number {
    return this.lives.length;
  }

  restart(): void {
    this.lives.push(new Map());
    this.#tops = new Map();
  }

  calmDown(): void {
    this.#calm = true;
  }

  /** A caller that was killed waits for nothing any more. */
  forgetCaller(): void {
    this.#outstanding.clear();
  }

  readonly fetch: OutgoingFetch = async ({ body }) => {
    const source = Buffer.from(body as Uint8Array).toString("utf8");
    const commands = (JSON.parse(source) as { commands: Command[] }).commands;
    const channels = commands.map(({ publish }) => publish.channel);
    assert.equal(new Set(channels).size, channels.length, "a channel stands twice in one batch");
    for (const channel of channels) {
      assert.ok(!this.#outstanding.has(channel), `two publications of ${channel} are on their way`);
      this.#outstanding.add(channel);
    }
    try {
      return await this.#answer(commands);
    } finally {
      for (const channel of channels) this.#outstanding.delete(channel);
    }
  };

  async #answer(commands: readonly Command[]): Promise<OutgoingAnswer> {
    const life = this.life;
    await this.#pause(this.#chance.below(30));
    const fault = this.#calm ? "none" : this.#pickFault();
    if (fault === "refused" || life !== this.life) throw new OutgoingFailure("connection refused");
    if (fault === "status") return { status: this.#chance.random() < 0.5 ? 503 : 413, body: new Uint8Array() };
    if (fault === "late") {
      // The caller gives up; the request is executed all the same, some time later.
      this.#clock.schedule(this.#chance.below(400), () => {
        if (life === this.life) this.#apply(commands);
      });
      throw new OutgoingFailure("timeout");
    }
    const replies = this.#apply(fault === "half" ? commands.slice(0, this.#chance.below(commands.length + 1)) : commands);
    await this.#pause(this.#chance.below(30));
    if (fault === "lost" || fault === "half" || life !== this.life) throw new OutgoingFailure("connection reset");
    if (fault === "few") replies.pop();
    const text = JSON.stringify({ replies });
    return { status: 200, body: Buffer.from(fault === "broken" ? text.slice(0, -3) : text) };
  }

  #pickFault(): string {
    const faults = ["refused", "status", "late", "half", "lost", "few", "broken"];
    return this.#chance.random() < 0.3 ? faults[this.#chance.below(faults.length)]! : "none";
  }

  #apply(commands: readonly Command[]): unknown[] {
    return commands.map(({ publish }) => this.#publish(publish));
  }

  #publish({ channel, version, version_epoch, tags }: Command["publish"]): unknown {
    if (channel.startsWith("bad:")) {
      this.parked.add(key(channel, version));
      return { error: { code: 102, message: "unknown channel" } };
    }
    if (!this.#calm && this.#chance.random() < 0.05) return { error: { code: 100, message: "internal server error" } };
    const top = this.#tops.get(channel) ?? { offset: 0, version: 0, epoch: "" };
    if (!(version <= top.version && version_epoch === top.epoch)) {
      this.#tops.set(channel, { offset: top.offset + 1, version, epoch: version_epoch });
      const log = this.lives.at(-1)!;
      log.set(channel, [...(log.get(channel) ?? []), version]);
      if (tags?.skipped !== undefined) this.skippedByTag.set(key(channel, version), Number(tags.skipped));
    }
    return { publish: { offset: this.#tops.get(channel)!.offset, epoch: `life${this.life}` } };
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.schedule(ms, resolve));
  }
}

interface Run {
  readonly journal: ModelJournal;
  readonly centrifugo: ModelCentrifugo;
  readonly skipped: Set<string>;
  readonly publisherKills: number;
  readonly centrifugoKills: number;
}

async function run(seed: number, kills: { readonly publisher: number; readonly centrifugo: number }): Promise<Run> {
  const clock = new ManualClock();
  const chance = new SeededChance(seed);
  const journal = new ModelJournal(clock, chance);
  const centrifugo = new ModelCentrifugo(clock, chance);
  const skipped = new Set<string>();
  const applied = () =>
    new Set(centrifugo.lives.flatMap((life) => [...life].flatMap(([channel, log]) => log.map((offset) => key(channel, offset)))));
  // Collected, because a throw inside a save would only look like a busy store.
  const violations: string[] = [];
  journal.onSave = (lastId, channels) => {
    const seen = applied();
    for (const row of journal.rows) {
      const name = key(row.channel, row.offset);
      const isSettled = seen.has(name) || centrifugo.parked.has(name) || skipped.has(name);
      const isPassed = row.id <= lastId || row.offset <= (channels.get(row.channel) ?? 0);
      if (isPassed && !isSettled) violations.push(`a cursor passed ${name}, which nobody has`);
    }
  };
  let killed = 0;
  let restarted = 0;
  const begin = () => {
    const fetch = centrifugo.fetch;
    let alive = true;
    const told = new Set<number>();
    const publisher = new Publisher({
      name: "centrifugo",
      journal: {
        readFrom: (...args) => journal.readFrom(...args),
        loadCursors: () => journal.loadCursors(),
        saveCursors: (...args) => (alive ? journal.saveCursors(...args) : Promise.resolve()),
      },
      clock,
      chance,
      log: silent,
      limits: { ...publisherLimits, memoryRowsMax: 24, readRowsMax: 7, batchRowsMax: 4 },
      // A killed process sends nothing and hears nothing.
      send: async (items) => {
        const sender = createBatchSender({
          url: "http://centrifugo",
          apiKey: "",
          fetch: alive ? fetch : never,
          timeoutMs: 1,
          answerBytesMax: 1,
        });
        const outcome = await sender(items);
        return alive ? outcome : new Promise(() => {});
      },
      latestRule: (channel) => (channel.startsWith("telemetry:") ? { rowsMax: 5, ageMsMax: 2_000 } : undefined),
      historyTtlMs: () => 3_600_000,
      onSettled: (row, settlement) => {
        if (told.has(row.id)) violations.push(`row ${row.id} settled twice`);
        told.add(row.id);
        if (settlement.kind === "skipped") skipped.add(key(row.channel, row.offset));
      },
    });
    return { publisher, started: publisher.start(), kill: () => (alive = false) };
  };
  let now = begin();
  let announceAtMs = 0;
  const channels = ["events:1", "events:2", "p_alert:global", "telemetry:1", "telemetry:2", "bad:1", "user_cmd:u"];
  for (let step = 0; step < 150; step += 1) {
    const batch = Array.from({ length: chance.below(5) }, () => journal.append(channels[chance.below(channels.length)]!));
    // The reader may see a commit before the writer has announced it; announcements keep the order of the commits.
    announceAtMs = Math.max(announceAtMs, clock.monotonicMs() + (chance.random() < 0.5 ? 0 : 40));
    if (batch.length > 0) clock.schedule(announceAtMs - clock.monotonicMs(), () => now.publisher.offer(batch));
    if (chance.random() < kills.publisher) {
      now.kill();
      centrifugo.forgetCaller();
      killed += 1;
      now = begin();
    }
    if (chance.random() < kills.centrifugo) {
      centrifugo.restart();
      restarted += 1;
    }
    await clock.advance(chance.below(60));
  }
  centrifugo.calmDown();
  await clock.advance(60_000);
  assert.equal(now.publisher.lag, 0, "rows are still waiting after everything works again");
  assert.equal(now.publisher.healthy, true);
  const stopped = now.publisher.stop(1_000);
  await clock.advance(1_000);
  await stopped;
  assert.deepEqual(violations, []);
  return { journal, centrifugo, skipped, publisherKills: killed, centrifugoKills: restarted };
}

const never: OutgoingFetch = () => new Promise(() => {});

/** What must hold in every run, whoever was killed. */
function assertComplete({ journal, centrifugo, skipped }: Run): void {
  for (const life of centrifugo.lives) {
    for (const [channel, log] of life) {
      log.forEach((offset, index) => {
        assert.ok(index === 0 || offset > log[index - 1]!, `${channel} is out of order: ${log.join(" ")}`);
      });
    }
  }
  const seen = new Set(
    centrifugo.lives.flatMap((life) => [...life].flatMap(([channel, log]) => log.map((offset) => key(channel, offset)))),
  );
  for (const row of journal.rows) {
    const name = key(row.channel, row.offset);
    if (row.channel.startsWith("bad:")) assert.ok(centrifugo.parked.has(name), `${name} was never refused`);
    else if (!seen.has(name)) assert.ok(row.channel.startsWith("telemetry:") && skipped.has(name), `${name} is lost`);
  }
  for (const channel of new Set(journal.rows.map((row) => row.channel))) {
    const newest = journal.rows.findLast((row) => row.channel === channel)!;
    if (!channel.startsWith("bad:")) assert.ok(seen.has(key(channel, newest.offset)), `the newest of ${channel} was never pushed`);
  }
}

/** Rows that Centrifugo took in more than one of its lives. */
function repeats({ centrifugo }: Run): number {
  const counts = new Map<string, number>();
  for (const life of centrifugo.lives) {
    for (const [channel, log] of life)
      for (const offset of log) counts.set(key(channel, offset), (counts.get(key(channel, offset)) ?? 0) + 1);
  }
  return [...counts.values()].filter((count) => count > 1).length;
}

const seeds = 60;
const replay = (seed: number) => `replay with seed ${seed}`;

async function forSeeds(check: (seed: number) => Promise<void>): Promise<void> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    try {
      await check(seed);
    } catch (cause) {
      throw new Error(`${replay(seed)}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    }
  }
}

test("[N2] under faults alone every publication arrives once, in order", async () => {
  await forSeeds(async (seed) => {
    const result = await run(seed, { publisher: 0, centrifugo: 0 });
    assertComplete(result);
    assert.equal(repeats(result), 0);
  });
});

test("[N3] with the publisher killed again and again nothing is lost and nothing comes twice", async () => {
  await forSeeds(async (seed) => {
    const result = await run(seed + 1_000, { publisher: 0.05, centrifugo: 0 });
    assertComplete(result);
    assert.equal(repeats(result), 0);
  });
});

test("[N2] with Centrifugo killed again and again at most one publication a channel comes twice each time", async () => {
  await forSeeds(async (seed) => {
    const result = await run(seed + 2_000, { publisher: 0, centrifugo: 0.05 });
    assertComplete(result);
    assert.ok(repeats(result) <= result.centrifugoKills * 6, `${repeats(result)} repeats after ${result.centrifugoKills} kills`);
    for (let life = 1; life < result.centrifugo.lives.length; life += 1) assertOneRepeatPerChannel(result, life);
  });
});

/** Between one life and all before it, a channel may share its one publication that was on its way. */
function assertOneRepeatPerChannel({ centrifugo }: Run, life: number): void {
  for (const [channel, log] of centrifugo.lives[life]!) {
    const before = new Set(centrifugo.lives.slice(0, life).flatMap((earlier) => earlier.get(channel) ?? []));
    assert.ok(log.filter((offset) => before.has(offset)).length <= 1, `${channel} came twice more than once`);
  }
}

test("[I6] with both killed again and again nothing is lost and each life of Centrifugo is in order", async () => {
  await forSeeds(async (seed) => assertComplete(await run(seed + 3_000, { publisher: 0.04, centrifugo: 0.04 })));
});
