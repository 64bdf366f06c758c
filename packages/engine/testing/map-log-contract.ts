import assert from "node:assert/strict";
import { test } from "node:test";
import { type CommittedPublication, UnrecoverablePosition } from "../src/log.ts";
import {
  MapFull,
  type MapLog,
  MapNeedsStream,
  type MapPublication,
  type MapPublish,
  type MapRemove,
  type MapStateRequest,
  type MapStreamRequest,
  type MapTerms,
} from "../src/map/map-log.ts";
import { ManualClock } from "./manual-clock.ts";
import { SeededChance } from "./seeded-chance.ts";

export interface MapLogUnderTest {
  readonly log: MapLog;
  close(): Promise<void> | void;
}

/**
 * What every map log promises, as one suite (ML ids stand in docs/spec/maps.md). `makeLog` is handed the only clock and
 * chance it may use and answers with an empty log.
 */
export function mapLogContract(
  name: string,
  makeLog: (ports: { readonly clock: ManualClock; readonly chance: SeededChance }) => Promise<MapLogUnderTest> | MapLogUnderTest,
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

  changing(rule);
  readingState(rule);
  readingStream(rule);
  conditions(rule);
  time(rule);
}

type Rule = (title: string, body: (bench: Bench) => Promise<void>) => void;

export const persistentTerms: MapTerms = {
  hasStream: true,
  keyTtlMs: 0,
  streamSizeMax: 100,
  streamTtlMs: 60_000,
  metaTtlMs: 0,
  keysMax: 1_000_000,
};
export const recoverableTerms: MapTerms = { ...persistentTerms, keyTtlMs: 10_000, metaTtlMs: 600_000 };
export const ephemeralTerms: MapTerms = { ...recoverableTerms, hasStream: false, metaTtlMs: 0 };

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array) => new TextDecoder().decode(data);

/** The log with the words the rules are told in. */
class Bench {
  readonly log: MapLog;
  readonly clock: ManualClock;
  readonly committed: CommittedPublication[] = [];

  constructor(log: MapLog, clock: ManualClock) {
    this.log = log;
    this.clock = clock;
    log.onCommitted((batch) => this.committed.push(...batch));
  }

  set(key: string, data: string, more: Partial<Omit<MapPublish, "key" | "data">> = {}) {
    return this.log.publish({ channel: "map", terms: persistentTerms, ...more, key, data: bytes(data) });
  }

  async setAll(keys: readonly string[], more: Partial<Omit<MapPublish, "key" | "data">> = {}): Promise<void> {
    for (const key of keys) await this.set(key, `"${key}"`, more);
  }

  remove(key: string, more: Partial<Omit<MapRemove, "key">> = {}) {
    return this.log.remove({ channel: "map", terms: persistentTerms, ...more, key });
  }

  async state(more: Partial<MapStateRequest> = {}) {
    const page = await this.log.readState({ channel: "map", terms: persistentTerms, limit: -1, cursor: "", ...more });
    return { ...page, keys: page.entries.map(({ key }) => key), data: page.entries.map(({ data }) => text(data)) };
  }

  async stream(more: Partial<MapStreamRequest> = {}) {
    const page = await this.log.readStream({ channel: "map", terms: persistentTerms, limit: -1, reverse: false, ...more });
    return { ...page, offsets: page.changes.map(({ offset }) => offset), said: page.changes.map(said) };
  }

  /** Everything committed so far, as `key=data@offset`. */
  get story(): string[] {
    return this.committed.map(({ publication }) => said(publication as MapPublication));
  }
}

function said({ key, data, offset, removed }: MapPublication): string {
  return `${removed === true ? `-${key}` : `${key}=${text(data)}`}@${offset}`;
}

function changing(rule: Rule): void {
  rule("[ML1] changes count from 1 without a gap, in one epoch a channel", async (b) => {
    const first = await b.set("a", "1");
    const second = await b.set("b", "2");
    const third = await b.remove("a");
    const other = await b.set("a", "1", { channel: "other" });
    assert.deepEqual(
      [first, second, third, other].map(({ position }) => position.offset),
      [1, 2, 3, 1],
    );
    assert.notEqual(first.position.epoch, "");
    assert.deepEqual([second.position.epoch, third.position.epoch], [first.position.epoch, first.position.epoch]);
    assert.notEqual(other.position.epoch, first.position.epoch);
    assert.deepEqual((await b.state()).keys, ["b"]);
  });

  rule("[ML2] the listener has every change, in order, before the call resolves", async (b) => {
    const results = await Promise.all([b.set("a", "1"), b.set("b", "2"), b.remove("a"), b.set("a", "3")]);
    assert.deepEqual(b.story, ["a=1@1", "b=2@2", "-a@3", "a=3@4"]);
    assert.deepEqual(
      b.committed.map(({ channel, epoch }) => [channel, epoch]),
      results.map(({ position }) => ["map", position.epoch]),
    );
  });

  rule("[ML3] data, info and tags come back as they went in, live, in the state and in the stream", async (b) => {
    const odd = '{ "n":9007199254740993, "n":1e400 , "é":-0 }';
    const info = { user: "u", client: "c", connInfo: bytes('{"a" :1}') };
    await b.set("k", odd, { info, tags: { ["__proto__"]: "x" } });
    const live = b.committed[0]?.publication as MapPublication | undefined;
    for (const publication of [live, (await b.state()).entries[0], (await b.stream()).changes[0]]) {
      assert.ok(publication);
      assert.equal(text(publication.data), odd);
      assert.deepEqual(publication.info, info);
      assert.deepEqual(Object.entries(publication.tags ?? {}), [["__proto__", "x"]]);
      assert.deepEqual([publication.key, publication.offset, publication.timeMs], ["k", 1, b.clock.wallMs()]);
    }
  });

  rule("[ML4] without a stream changes have offset 0 and no epoch, and only the state remains", async (b) => {
    const terms = ephemeralTerms;
    const first = await b.set("a", "1", { terms });
    await b.set("a", "2", { terms });
    await b.remove("b", { terms });
    assert.equal(first.position.offset, 0);
    assert.notEqual(first.position.epoch, "");
    assert.deepEqual(
      b.committed.map(({ publication, epoch }) => [publication.offset, epoch]),
      [
        [0, ""],
        [0, ""],
      ],
    );
    assert.deepEqual((await b.state({ terms })).data, ["2"]);
    assert.deepEqual((await b.stream({ terms })).changes, []);
    assert.deepEqual((await b.state({ terms })).top, first.position);
  });

  rule("[ML5] a removal carries the tags that it is given, else those of its value", async (b) => {
    await b.set("a", "1", { tags: { t: "1" } });
    await b.set("b", "1", { tags: { t: "1" } });
    await b.remove("a");
    await b.remove("b", { tags: { t: "2" } });
    assert.deepEqual(
      b.committed.map(({ publication }) => publication.tags?.["t"]),
      ["1", "1", "1", "2"],
    );
    assert.equal(b.committed[2]?.publication.data.length, 0);
  });

  rule("[ML6] a key that is not there cannot be removed, and a removal makes no channel", async (b) => {
    assert.deepEqual(await b.remove("a"), { position: { offset: 0, epoch: "" }, suppressed: "key_not_found" });
    const { position } = await b.set("b", "1");
    assert.deepEqual(await b.remove("a"), { position, suppressed: "key_not_found" });
    assert.equal(b.committed.length, 1);
  });

  rule("[ML7] clear forgets everything and tells nobody; the next change begins a new epoch", async (b) => {
    const first = await b.set("a", "1", { idempotencyKey: "i" });
    await b.log.clear("map");
    await b.log.clear("never seen");
    assert.deepEqual([await b.log.stats("map"), b.committed.length], [{ keys: 0 }, 1]);
    const again = await b.set("a", "2", { idempotencyKey: "i" });
    assert.deepEqual([again.suppressed, again.position.offset], [undefined, 1]);
    assert.notEqual(again.position.epoch, first.position.epoch);
  });

  rule("[ML8] a key above the limit is refused, those that are there can still be set", async (b) => {
    const terms = { ...persistentTerms, keysMax: 2 };
    await b.setAll(["a", "b"], { terms });
    await assert.rejects(b.set("c", "1", { terms }), MapFull);
    await b.set("a", "2", { terms });
    await b.remove("b", { terms });
    await b.set("c", "1", { terms });
    assert.deepEqual([(await b.state({ terms })).keys, await b.log.stats("map")], [["a", "c"], { keys: 2 }]);
  });

  rule("[ML9] a delta change names what the same key held before", async (b) => {
    await b.set("a", "1", { delta: true });
    await b.set("b", "2", { delta: true });
    await b.set("a", "3", { delta: true });
    await b.set("a", "4");
    await b.remove("a");
    await b.set("a", "5", { delta: true });
    const before = b.committed.map(({ previous }) => (previous === undefined ? undefined : text(previous.data)));
    assert.deepEqual(before, [undefined, undefined, "1", undefined, undefined, undefined]);
  });
}

function readingState(rule: Rule): void {
  rule("[ML10] pages come in the order of the keys' bytes, each from behind the cursor", async (b) => {
    const keys = ["b", "a", "ab", "", "B", "é", "\u{1f600}", "\uffee", "z".repeat(300)].filter((key) => key !== "");
    await b.setAll(keys);
    const sorted = keys.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    assert.deepEqual((await b.state()).keys, sorted);
    const read: string[] = [];
    for (let cursor = ""; ; ) {
      const page = await b.state({ limit: 3, cursor });
      read.push(...page.keys);
      assert.ok(page.keys.length === 3 || page.cursor === "");
      if (page.cursor === "") break;
      assert.equal(page.cursor, page.keys.at(-1));
      cursor = page.cursor;
    }
    assert.deepEqual(read, sorted);
  });

  rule("[ML10] a page that ends with the last key has no cursor; a cursor need not be a key", async (b) => {
    await b.setAll(["a", "c", "e"]);
    assert.equal((await b.state({ limit: 3 })).cursor, "");
    assert.deepEqual([(await b.state({ limit: 2, cursor: "b" })).keys, (await b.state({ limit: 2, cursor: "e" })).keys], [["c", "e"], []]);
    const { keys, cursor, top } = await b.state({ limit: 0 });
    assert.deepEqual([keys, cursor, top.offset], [[], "", 3]);
  });

  rule("[ML11] a revision of another epoch is UnrecoverablePosition, of this one it may have any offset", async (b) => {
    const { position } = await b.set("a", "1");
    assert.deepEqual((await b.state({ revision: { ...position, offset: 99 } })).keys, ["a"]);
    for (const epoch of ["other", ""]) await assert.rejects(b.state({ revision: { offset: 1, epoch } }), UnrecoverablePosition);
    await assert.rejects(b.state({ channel: "new", revision: { offset: 0, epoch: "other" } }), UnrecoverablePosition);
    assert.deepEqual((await b.state({ channel: "newer", revision: { offset: 5, epoch: "" } })).keys, []);
  });

  rule("[ML12] one key is read by its name", async (b) => {
    const { position } = await b.set("a", "1");
    const read = (key: string) => b.log.readKey({ channel: "map", terms: persistentTerms, key });
    assert.equal(text((await read("a")).entry?.data ?? bytes("")), "1");
    assert.deepEqual(await read("b"), { entry: undefined, top: position });
    const other = { channel: "map", terms: persistentTerms, key: "a", revision: { offset: 1, epoch: "x" } };
    await assert.rejects(b.log.readKey(other), UnrecoverablePosition);
  });

  rule("[ML13] a channel that was only read has an epoch, which stays", async (b) => {
    const { top } = await b.state();
    assert.deepEqual([top.offset, await b.log.top("map", persistentTerms), (await b.stream()).top], [0, top, top]);
    assert.deepEqual((await b.set("a", "1")).position, { offset: 1, epoch: top.epoch });
  });
}

function readingStream(rule: Rule): void {
  rule("[ML14] since is exclusive, limit counts from it, 0 is the position only", async (b) => {
    await b.setAll(["a", "b", "c"]);
    await b.remove("b");
    const { epoch } = (await b.stream()).top;
    assert.deepEqual((await b.stream()).said, ['a="a"@1', 'b="b"@2', 'c="c"@3', "-b@4"]);
    assert.deepEqual((await b.stream({ since: { offset: 2, epoch } })).offsets, [3, 4]);
    assert.deepEqual((await b.stream({ since: { offset: 0, epoch: "" }, limit: 2 })).offsets, [1, 2]);
    assert.deepEqual((await b.stream({ since: { offset: 4, epoch } })).offsets, []);
    assert.deepEqual((await b.stream({ since: { offset: 99, epoch } })).offsets, []);
    assert.deepEqual([(await b.stream({ limit: 0 })).offsets, (await b.stream({ limit: 0 })).top.offset], [[], 4]);
    await assert.rejects(b.stream({ since: { offset: 1, epoch: "other" } }), UnrecoverablePosition);
  });

  rule("[ML15] reverse reads newest first, from below since; beyond the top there is no start", async (b) => {
    await b.setAll(["a", "b", "c"]);
    const reversed = async (offset?: number, limit = -1) =>
      (await b.stream({ reverse: true, limit, ...(offset === undefined ? {} : { since: { offset, epoch: "" } }) })).offsets;
    assert.deepEqual(
      [
        await reversed(),
        await reversed(undefined, 2),
        await reversed(3),
        await reversed(4),
        await reversed(5),
        await reversed(1),
        await reversed(0),
      ],
      [[3, 2, 1], [3, 2], [2, 1], [3, 2, 1], [], [], []],
    );
  });

  rule("[ML16] only the newest changes are readable, and none when the last one is too old", async (b) => {
    const terms = { ...persistentTerms, streamSizeMax: 3 };
    for (let n = 1; n <= 50; n++) await b.set("a", `${n}`, { terms });
    assert.deepEqual((await b.stream({ terms })).offsets, [48, 49, 50]);
    assert.deepEqual((await b.stream({ terms, since: { offset: 2, epoch: "" }, limit: 2 })).offsets, [48, 49]);
    assert.deepEqual((await b.stream({ terms, reverse: true, since: { offset: 40, epoch: "" } })).offsets, []);
    await b.clock.advance(59_000);
    await b.set("a", "51", { terms });
    await b.clock.advance(59_000);
    assert.deepEqual((await b.stream({ terms })).offsets, [49, 50, 51]);
    await b.clock.advance(2_000);
    const { offsets, top } = await b.stream({ terms });
    assert.deepEqual([offsets, top.offset], [[], 51]);
    await b.set("a", "52", { terms });
    assert.deepEqual([(await b.stream({ terms })).offsets, (await b.state({ terms })).data], [[52], ["52"]]);
  });
}

function conditions(rule: Rule): void {
  rule("[ML17] if_new only where the key is not there, if_exists only where it is", async (b) => {
    const { position } = await b.set("a", "1", { keyMode: "if_new" });
    assert.deepEqual(await b.set("a", "2", { keyMode: "if_new" }), { position, suppressed: "key_exists" });
    assert.deepEqual(await b.set("b", "2", { keyMode: "if_exists" }), { position, suppressed: "key_not_found" });
    assert.equal((await b.set("a", "3", { keyMode: "if_exists" })).suppressed, undefined);
    assert.deepEqual(b.story, ["a=1@1", "a=3@2"]);
  });

  rule("[ML18] versions count for each key, and one without a version keeps what was there", async (b) => {
    await b.set("a", "5", { version: 5, versionEpoch: "x" });
    for (const more of [{ version: 5, versionEpoch: "x" }, { version: 4 }])
      assert.equal((await b.set("a", "old", more)).suppressed, "version");
    await b.set("b", "1", { version: 1, versionEpoch: "x" });
    await b.set("a", "plain");
    assert.equal((await b.set("a", "old", { version: 5, versionEpoch: "x" })).suppressed, "version");
    await b.set("a", "other life", { version: 1, versionEpoch: "y" });
    await b.set("a", "next", { version: 2 });
    await b.remove("a");
    await b.set("a", "again", { version: 1, versionEpoch: "y" });
    assert.deepEqual(b.story, ["a=5@1", "b=1@2", "a=plain@3", "a=other life@4", "a=next@5", "-a@6", "a=again@7"]);
    assert.ok(b.committed.every(({ publication }) => publication.version === undefined));
  });

  rule("[ML19] one idempotency key: first position, one change, for 5 minutes, one channel and both calls", async (b) => {
    const { position } = await b.set("a", "1", { idempotencyKey: "k" });
    assert.deepEqual(await b.set("b", "2", { idempotencyKey: "k" }), { position, suppressed: "idempotency" });
    assert.deepEqual(await b.remove("a", { idempotencyKey: "k" }), { position, suppressed: "idempotency" });
    assert.equal((await b.set("a", "3", { idempotencyKey: "k", channel: "other" })).suppressed, undefined);
    assert.equal((await b.set("a", "4", { idempotencyKey: "l", keyMode: "if_new" })).suppressed, "key_exists");
    assert.equal((await b.set("a", "5", { idempotencyKey: "l" })).suppressed, undefined, "what changed nothing is not remembered");
    await b.clock.advance(301_000);
    assert.equal((await b.set("a", "6", { idempotencyKey: "k" })).suppressed, undefined);
  });

  rule("[ML20] compare and swap: only against the key's last change", async (b) => {
    const first = (await b.set("a", "1")).position;
    const second = (await b.set("a", "2", { expected: first })).position;
    const missed = await b.set("a", "3", { expected: first });
    assert.deepEqual(
      [missed.position, missed.suppressed, missed.current?.offset, text(missed.current?.data ?? bytes(""))],
      [second, "position_mismatch", 2, "2"],
    );
    assert.equal((await b.set("a", "3", { expected: { ...second, epoch: "x" } })).suppressed, "position_mismatch");
    assert.deepEqual(await b.set("b", "1", { expected: second }), { position: second, suppressed: "position_mismatch" });
    assert.equal((await b.remove("a", { expected: first })).current?.offset, 2);
    assert.deepEqual(await b.remove("b", { expected: second }), { position: second, suppressed: "position_mismatch" });
    assert.equal((await b.remove("a", { channel: "none", expected: second })).suppressed, "position_mismatch");
    assert.equal((await b.remove("a", { expected: second })).suppressed, undefined);
  });

  rule("[ML21] a version or an expected position needs a stream", async (b) => {
    const terms = ephemeralTerms;
    const expected = { offset: 0, epoch: "" };
    await assert.rejects(b.set("a", "1", { terms, version: 1 }), MapNeedsStream);
    await assert.rejects(b.set("a", "1", { terms, expected }), MapNeedsStream);
    await assert.rejects(b.remove("a", { terms, expected }), MapNeedsStream);
    assert.equal((await b.set("a", "1", { terms, version: 0, keyMode: "if_new" })).suppressed, undefined);
  });
}

function time(rule: Rule): void {
  rule("[ML22] a key that is not set again is removed, with a change of its own", async (b) => {
    for (const terms of [recoverableTerms, ephemeralTerms]) {
      const channel = terms.hasStream ? "stream" : "none";
      const at = (n: number) => (terms.hasStream ? n : 0);
      b.committed.length = 0;
      await b.set("a", "1", { channel, terms, tags: { t: "x" } });
      await b.set("b", "1", { channel, terms });
      await b.clock.advance(9_000);
      await b.set("a", "2", { channel, terms, tags: { t: "x" } });
      await b.clock.advance(2_000);
      assert.deepEqual(b.story, [`a=1@${at(1)}`, `b=1@${at(2)}`, `a=2@${at(3)}`, `-b@${at(4)}`]);
      await b.clock.advance(9_000);
      assert.equal(b.story.at(-1), `-a@${at(5)}`);
      assert.equal(b.committed.at(-1)?.publication.tags?.["t"], "x");
      assert.deepEqual((await b.state({ channel, terms })).keys, []);
    }
  });

  rule("[ML23] if_new with refresh lets a key live on and says nothing", async (b) => {
    const terms = recoverableTerms;
    await b.set("a", "1", { terms });
    for (let n = 0; n < 5; n++) {
      await b.clock.advance(8_000);
      assert.equal((await b.set("a", "", { terms, keyMode: "if_new", refreshes: true })).suppressed, "key_exists");
    }
    await b.set("a", "", { terms, keyMode: "if_new" });
    assert.deepEqual(b.story, ["a=1@1"]);
    await b.clock.advance(11_000);
    assert.deepEqual(b.story, ["a=1@1", "-a@2"]);
  });

  rule("[ML24] persistent keys do not expire", async (b) => {
    await b.set("a", "1");
    await b.clock.advance(90 * 86_400_000);
    const { data, top } = await b.state();
    assert.deepEqual([data, top.offset], [["1"], 1]);
  });

  rule("[ML25] a channel untouched for its meta ttl begins anew; a read touches it", async (b) => {
    const terms = recoverableTerms;
    const { position } = await b.set("a", "1", { terms });
    for (let n = 0; n < 3; n++) {
      await b.clock.advance(599_000);
      assert.equal((await b.log.top("map", terms)).epoch, position.epoch);
    }
    await b.clock.advance(601_000);
    const again = await b.set("a", "1", { terms });
    assert.equal(again.position.offset, 1);
    assert.notEqual(again.position.epoch, position.epoch);
  });

  rule("[ML26] many keys that expire together leave in order, and none is told twice", async (b) => {
    const keys = Array.from({ length: 2_500 }, (_, n) => `k${n}`);
    await b.setAll(keys, { terms: recoverableTerms });
    await b.clock.advance(11_000);
    assert.deepEqual(
      b.story.slice(2_500),
      keys.map((key, n) => `-${key}@${2_501 + n}`),
    );
  });
}
