import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommittedPublication, type HistoryWindow, type Log, type LogAppend, UnrecoverablePosition } from "../src/log.ts";
import { ManualClock } from "./manual-clock.ts";
import { SeededChance } from "./seeded-chance.ts";

export interface LogUnderTest {
  readonly log: Log;
  close(): Promise<void> | void;
}

export interface LogTraits {
  /** True where a stream forgets its epoch after `metaTtlMs` (memory); the journal keeps it for ever. */
  readonly forgetsEpochs: boolean;
}

/**
 * What every log promises, as one suite (LOG ids stand in docs/spec/protocol.md). `makeLog` is handed the only clock and
 * chance it may use and answers with an empty log.
 */
export function logContract(
  name: string,
  makeLog: (ports: { readonly clock: ManualClock; readonly chance: SeededChance }) => Promise<LogUnderTest> | LogUnderTest,
  traits: LogTraits,
): void {
  const rule = (title: string, body: (bench: Bench) => Promise<void>) =>
    test(title.replace("]", `] ${name}:`), async () => {
      const clock = new ManualClock();
      const made = await makeLog({ clock, chance: new SeededChance(7) });
      try {
        await body(new Bench(made.log, clock));
      } finally {
        await made.close();
      }
    });

  positions(rule);
  reading(rule);
  windows(rule, traits);
  repeats(rule);
}

type Rule = (title: string, body: (bench: Bench) => Promise<void>) => void;

const hour = 3_600_000;
const window: HistoryWindow = { sizeMax: 5, ttlMs: hour, metaTtlMs: 720 * hour };
const noHistory: HistoryWindow = { sizeMax: 0, ttlMs: 0, metaTtlMs: 720 * hour };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The log with the words the rules are told in. */
class Bench {
  readonly log: Log;
  readonly clock: ManualClock;
  readonly committed: CommittedPublication[] = [];

  constructor(log: Log, clock: ManualClock) {
    this.log = log;
    this.clock = clock;
    log.onCommitted((batch) => this.committed.push(...batch));
  }

  async append(data: string, more: Partial<Omit<LogAppend, "data">> = {}) {
    const [result] = await this.log.append([{ channel: "pump", window, ...more, data: bytes(data) }]);
    assert.ok(result);
    return result;
  }

  async appendMany(count: number): Promise<void> {
    for (let n = 1; n <= count; n++) await this.append(`"${n}"`);
  }

  async read(more: Partial<Parameters<Log["read"]>[0]> = {}) {
    const result = await this.log.read({ channel: "pump", window, limit: -1, reverse: false, ...more });
    return { data: result.publications.map((p) => text(p.data)), offsets: result.publications.map((p) => p.offset), ...result };
  }
}

function positions(rule: Rule): void {
  rule("[LOG1] offsets count from 1 without a gap, in one epoch that is not empty", async (b) => {
    const first = await b.append('"a"');
    const second = await b.append('"b"');
    assert.equal(first.suppressed, undefined);
    assert.deepEqual([first.position.offset, second.position.offset], [1, 2]);
    assert.notEqual(first.position.epoch, "");
    assert.equal(first.position.epoch, second.position.epoch);
  });

  rule("[LOG1] channels count apart, with epochs of their own", async (b) => {
    await b.append('"a"');
    const other = await b.append('"b"', { channel: "valve" });
    assert.equal(other.position.offset, 1);
    assert.deepEqual((await b.read({ channel: "valve" })).data, ['"b"']);
    assert.deepEqual((await b.read()).data, ['"a"']);
  });

  rule("[LOG2] the listener has a batch, whole and in order, before append resolves", async (b) => {
    const results = await b.log.append([
      { channel: "pump", window, data: bytes('"1"') },
      { channel: "valve", window, data: bytes('"2"') },
      { channel: "pump", window, data: bytes('"3"') },
    ]);
    assert.deepEqual(
      b.committed.map((c) => [c.channel, text(c.publication.data), c.publication.offset]),
      [
        ["pump", '"1"', 1],
        ["valve", '"2"', 1],
        ["pump", '"3"', 2],
      ],
    );
    assert.deepEqual(
      results.map((r) => r.position.offset),
      [1, 1, 2],
    );
    assert.deepEqual(
      b.committed.map((c) => c.epoch),
      results.map((r) => r.position.epoch),
    );
  });

  rule("[LOG2] appends that are in flight together commit in the order they were made", async (b) => {
    const results = await Promise.all(Array.from({ length: 40 }, (_, n) => b.append(`${n}`)));
    assert.deepEqual(
      results.map((r) => r.position.offset),
      Array.from({ length: 40 }, (_, n) => n + 1),
    );
    assert.deepEqual(
      b.committed.map((c) => text(c.publication.data)),
      Array.from({ length: 40 }, (_, n) => `${n}`),
    );
  });

  rule("[LOG3] data, info and tags come back as they went in, live and read", async (b) => {
    const odd = '{ "n":9007199254740993, "n":1e400, "__proto__":{}, "s":"\\u0000\\ud800" , "é":-0 }';
    const info = { user: "u", client: "c", connInfo: bytes('{"a" :1}'), chanInfo: bytes("[ ]") };
    await b.append(odd, { info, tags: { at: "17", ["__proto__"]: "x" } });
    const live = b.committed[0]?.publication;
    const read = (await b.read()).publications[0];
    for (const publication of [live, read]) {
      assert.ok(publication);
      assert.equal(text(publication.data), odd);
      assert.equal(publication.offset, 1);
      assert.equal(publication.info?.user, "u");
      assert.equal(publication.info?.client, "c");
      assert.equal(text(publication.info?.connInfo ?? bytes("")), '{"a" :1}');
      assert.equal(text(publication.info?.chanInfo ?? bytes("")), "[ ]");
      assert.deepEqual(Object.entries(publication.tags ?? {}).sort(), [
        ["__proto__", "x"],
        ["at", "17"],
      ]);
    }
  });

  rule("[LOG4] without history a publication is delivered with offset 0 and no epoch, and kept nowhere", async (b) => {
    for (const more of [{ window: noHistory }, { skipHistory: true }]) {
      const result = await b.append('"x"', more);
      assert.deepEqual(result.position, { offset: 0, epoch: "" });
    }
    assert.deepEqual(
      b.committed.map((c) => [c.publication.offset, c.epoch]),
      [
        [0, ""],
        [0, ""],
      ],
    );
    assert.deepEqual((await b.read()).data, []);
    assert.equal((await b.append('"y"')).position.offset, 1);
  });

  rule("[LOG5] the top of a channel that was never published to is offset 0, and an epoch named there stays", async (b) => {
    const top = await b.log.top("pump", window);
    assert.equal(top.offset, 0);
    const first = await b.append('"a"');
    if (top.epoch !== "") assert.equal(first.position.epoch, top.epoch);
    assert.deepEqual(await b.log.top("pump", window), first.position);
    assert.deepEqual((await b.read({ limit: 0 })).top, first.position);
  });
}

function reading(rule: Rule): void {
  rule("[LOG6] since is exclusive, limit counts from it, 0 is the position only", async (b) => {
    await b.appendMany(5);
    const { epoch } = (await b.read()).top;
    assert.deepEqual((await b.read({ since: { offset: 2, epoch } })).offsets, [3, 4, 5]);
    assert.deepEqual((await b.read({ since: { offset: 2, epoch: "" }, limit: 2 })).offsets, [3, 4]);
    assert.deepEqual((await b.read({ since: { offset: 0, epoch } })).offsets, [1, 2, 3, 4, 5]);
    assert.deepEqual((await b.read({ since: { offset: 5, epoch } })).offsets, []);
    assert.deepEqual((await b.read({ since: { offset: 99, epoch } })).offsets, []);
    const positionOnly = await b.read({ limit: 0 });
    assert.deepEqual([positionOnly.offsets, positionOnly.top.offset], [[], 5]);
  });

  rule("[LOG6] another epoch in since is UnrecoverablePosition, an empty one fits any", async (b) => {
    await b.appendMany(2);
    await assert.rejects(
      b.log.read({ channel: "pump", window, since: { offset: 1, epoch: "other" }, limit: -1, reverse: false }),
      (error) => {
        assert.ok(error instanceof UnrecoverablePosition);
        return true;
      },
    );
    assert.deepEqual((await b.read({ since: { offset: 1, epoch: "" } })).offsets, [2]);
  });

  rule("[LOG7] reverse reads newest first, with since from below it", async (b) => {
    await b.appendMany(5);
    assert.deepEqual((await b.read({ reverse: true })).offsets, [5, 4, 3, 2, 1]);
    assert.deepEqual((await b.read({ reverse: true, limit: 2 })).offsets, [5, 4]);
    assert.deepEqual((await b.read({ reverse: true, limit: 2, since: { offset: 4, epoch: "" } })).offsets, [3, 2]);
    assert.deepEqual((await b.read({ reverse: true, limit: 2, since: { offset: 6, epoch: "" } })).offsets, [5, 4]);
    assert.deepEqual((await b.read({ reverse: true, limit: 2, since: { offset: 7, epoch: "" } })).offsets, []);
  });

  rule("[LOG8] nothing above upTo is read, and top still tells the truth", async (b) => {
    await b.appendMany(5);
    const result = await b.read({ since: { offset: 1, epoch: "" }, upTo: 3 });
    assert.deepEqual(result.offsets, [2, 3]);
    assert.equal(result.top.offset, 5);
    assert.deepEqual((await b.read({ since: { offset: 3, epoch: "" }, upTo: 3 })).offsets, []);
    assert.deepEqual((await b.read({ upTo: 0 })).offsets, []);
  });
}

function windows(rule: Rule, traits: LogTraits): void {
  rule("[LOG9] only the newest sizeMax are readable; a trimmed since starts at the oldest", async (b) => {
    await b.appendMany(8);
    assert.deepEqual((await b.read()).offsets, [4, 5, 6, 7, 8]);
    assert.deepEqual((await b.read({ since: { offset: 1, epoch: "" } })).offsets, [4, 5, 6, 7, 8]);
    assert.deepEqual((await b.read({ window: { ...window, sizeMax: 2 } })).offsets, [7, 8]);
    assert.deepEqual((await b.read({ window: { ...window, sizeMax: 2 }, reverse: true, limit: 9 })).offsets, [8, 7]);
  });

  rule("[LOG10] publications are forgotten ttlMs after the LAST one; offset and epoch go on", async (b) => {
    const first = await b.append('"1"');
    await b.clock.advance(hour - 1_000);
    await b.append('"2"');
    await b.clock.advance(hour - 1_000);
    assert.deepEqual((await b.read()).offsets, [1, 2]);
    await b.clock.advance(2_000);
    const read = await b.read();
    assert.deepEqual([read.offsets, read.top], [[], { offset: 2, epoch: first.position.epoch }]);
    const third = await b.append('"3"');
    assert.deepEqual(third.position, { offset: 3, epoch: first.position.epoch });
    assert.deepEqual((await b.read()).offsets, [3], "an append after the silence does not bring the forgotten ones back");
  });

  rule("[LOG11] remove makes everything up to the top unreadable and keeps the position", async (b) => {
    await b.appendMany(3);
    const { top } = await b.read();
    await b.log.remove("pump", window);
    const after = await b.read();
    assert.deepEqual([after.offsets, after.top], [[], top]);
    assert.equal((await b.append('"4"')).position.offset, 4);
    assert.deepEqual((await b.read()).offsets, [4]);
    await b.log.remove("never-seen", window);
  });

  if (!traits.forgetsEpochs) return;
  rule("[LOG12] a stream untouched for metaTtlMs starts again with a new epoch; a read touches it", async (b) => {
    const first = await b.append('"1"');
    await b.clock.advance(700 * hour);
    assert.deepEqual(await b.log.top("pump", window), first.position);
    await b.clock.advance(700 * hour);
    assert.deepEqual(await b.log.top("pump", window), first.position);
    await b.clock.advance(721 * hour);
    const fresh = await b.append('"again"');
    assert.equal(fresh.position.offset, 1);
    assert.notEqual(fresh.position.epoch, first.position.epoch);
  });
}

function repeats(rule: Rule): void {
  rule("[LOG13] one idempotency key: first position, one publication, for 5 minutes and one channel", async (b) => {
    const first = await b.append('"a"', { idempotencyKey: "k" });
    const again = await b.append('"b"', { idempotencyKey: "k" });
    assert.deepEqual(again, { position: first.position, suppressed: "idempotency" });
    assert.equal((await b.append('"c"', { idempotencyKey: "k", channel: "valve" })).suppressed, undefined);
    assert.equal((await b.append('"d"', { idempotencyKey: "other" })).position.offset, 2);
    await b.clock.advance(301_000);
    assert.equal((await b.append('"e"', { idempotencyKey: "k" })).position.offset, 3);
    assert.deepEqual(
      b.committed.map((c) => text(c.publication.data)),
      ['"a"', '"c"', '"d"', '"e"'],
    );
  });

  rule("[LOG13] an idempotency key repeated inside one batch is stored once", async (b) => {
    const item = { channel: "pump", window, idempotencyKey: "k" };
    const results = await b.log.append([
      { ...item, data: bytes('"a"') },
      { ...item, data: bytes('"b"') },
    ]);
    assert.deepEqual(
      results.map((r) => [r.position.offset, r.suppressed]),
      [
        [1, undefined],
        [1, "idempotency"],
      ],
    );
    assert.deepEqual((await b.read()).data, ['"a"']);
  });

  rule("[LOG14] a version at or below the stored one is skipped unless its epoch is another", async (b) => {
    await b.append('"v5"', { version: 5, versionEpoch: "x" });
    for (const version of [5, 4]) {
      const skipped = await b.append('"old"', { version, versionEpoch: "x" });
      assert.deepEqual([skipped.suppressed, skipped.position.offset], ["version", 1]);
    }
    assert.equal((await b.append('"no epoch"', { version: 3 })).suppressed, "version");
    assert.equal((await b.append('"v6"', { version: 6, versionEpoch: "x" })).position.offset, 2);
    assert.equal((await b.append('"other life"', { version: 1, versionEpoch: "y" })).position.offset, 3);
    assert.equal((await b.append('"plain"')).position.offset, 4);
    assert.equal((await b.append('"after plain"', { version: 1, versionEpoch: "y" })).position.offset, 5);
    assert.deepEqual(
      b.committed.map((c) => text(c.publication.data)),
      ['"v5"', '"v6"', '"other life"', '"plain"', '"after plain"'],
    );
    assert.equal(b.committed[0]?.publication.version, 5);
  });

  rule("[LOG15] a delta publication names its predecessor while history holds one", async (b) => {
    await b.append('"1"', { delta: true });
    await b.append('"2"', { delta: true });
    await b.append('"3"');
    await b.clock.advance(hour + 1_000);
    await b.append('"4"', { delta: true });
    await b.log.remove("pump", window);
    await b.append('"5"', { delta: true });
    assert.deepEqual(
      b.committed.map((c) => (c.previous === undefined ? undefined : text(c.previous.data))),
      [undefined, '"1"', undefined, undefined, undefined],
    );
  });

  rule("[LOG15] the predecessor is the channel's own, with its offset, also inside one batch; without history there is none", async (b) => {
    await b.log.append([
      { channel: "pump", window, data: bytes('"p1"'), tags: { t: "1" } },
      { channel: "valve", window, data: bytes('"v1"') },
      { channel: "pump", window, data: bytes('"p2"'), delta: true },
      { channel: "pump", window, data: bytes('"p-"'), delta: true, skipHistory: true },
      { channel: "valve", window, data: bytes('"v2"'), delta: true },
      { channel: "pump", window, data: bytes('"p3"'), delta: true },
    ]);
    assert.deepEqual(
      b.committed.map(({ publication, previous }) => [text(publication.data), previous && [text(previous.data), previous.offset]]),
      [
        ['"p1"', undefined],
        ['"v1"', undefined],
        ['"p2"', ['"p1"', 1]],
        ['"p-"', undefined],
        ['"v2"', ['"v1"', 1]],
        ['"p3"', ['"p2"', 2]],
      ],
    );
  });

  rule("[LOG16] without history a version is delivered and remembered nowhere, and an idempotency key counts", async (b) => {
    for (const version of [7, 3]) assert.equal((await b.append('"x"', { version, skipHistory: true })).suppressed, undefined);
    assert.deepEqual(
      b.committed.map((c) => c.publication.version),
      [7, 3],
    );
    assert.equal((await b.append('"kept"', { version: 1 })).suppressed, undefined);
    const first = await b.append('"y"', { idempotencyKey: "k", skipHistory: true });
    const again = await b.append('"y"', { idempotencyKey: "k" });
    assert.deepEqual(
      [first.position, again.position, again.suppressed],
      [{ offset: 0, epoch: "" }, { offset: 0, epoch: "" }, "idempotency"],
    );
  });

  rule("[LOG14] a suppressed version answers the top, and its idempotency key is still to be used", async (b) => {
    await b.append('"v5"', { version: 5 });
    const suppressed = await b.append('"v4"', { version: 4, idempotencyKey: "k" });
    assert.deepEqual([suppressed.suppressed, suppressed.position.offset], ["version", 1]);
    const next = await b.append('"v6"', { version: 6, idempotencyKey: "k" });
    assert.deepEqual([next.suppressed, next.position.offset], [undefined, 2]);
  });
}
