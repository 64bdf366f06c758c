import assert from "node:assert/strict";
import { batchOf, DeltaReader, PollBench, PollReader, pollOptions, test, track, untrack } from "../../testing/index.ts";

async function followed(b: PollBench, channel: string, keys: readonly string[]) {
  const client = await b.follower(channel, keys);
  return { client, reader: new PollReader(client, channel) };
}

test("[SP20] new keys are asked for at once and together, behind the reply; more of them while the backend is asked, in one go", async () => {
  const b = new PollBench({ namespaces: { plain: pollOptions({ refreshBatchSize: 2 }) } });
  for (const key of ["a", "b", "c", "d", "e"]) b.backend.set(key, key);
  b.backend.hold();
  const { client, reader } = await followed(b, "plain:a", ["a", "b", "c"]);
  await track(client, "plain:a", ["d"]);
  await track(client, "plain:a", ["e"]);
  assert.deepEqual(b.backend.questions(), ["a,b"]);
  assert.deepEqual(Object.keys(client.messages.at(-1) ?? {}), ["id", "sub_refresh"]);
  b.backend.release(0);
  await b.clock.settle();
  assert.deepEqual([b.backend.questions(), reader.news()], [["c,d"], ['a="a"@1', 'b="b"@2']]);
  b.backend.release();
  await b.clock.settle();
  assert.deepEqual([b.backend.questions(), reader.news()], [["e"], ['c="c"@3', 'd="d"@4', 'e="e"@5']]);
});

test("[SP20] who knows the newest version asks nothing; who has nothing of a key that nobody asked for yet does", async () => {
  const b = new PollBench();
  b.backend.set("k", 1, 5);
  const one = await followed(b, "ver:a", ["k@5"]);
  assert.deepEqual(b.backend.questions(), []);
  const other = await followed(b, "ver:a", ["k"]);
  assert.deepEqual([b.backend.questions(), other.reader.news(), one.reader.news()], [["k"], ["k=1@5"], []]);
  await followed(b, "ver:a", ["k@5"]);
  assert.deepEqual(b.backend.questions(), []);
});

test("[SP21] a round asks for all keys in order, in batches spread over the interval", async () => {
  const b = new PollBench({ namespaces: { plain: pollOptions({ refreshBatchSize: 2, refreshIntervalMs: 9_000 }) } });
  const keys = ["e", "c", "a", "d", "b"];
  await followed(b, "plain:a", keys);
  b.backend.questions();
  const times: (readonly [number, string])[] = [];
  for (let second = 1; second <= 18; second++) {
    await b.clock.advance(1_000);
    for (const question of b.backend.questions()) times.push([second, question]);
  }
  // The second round is due while the first still has a batch to ask: it begins an interval after it began, or when it is over.
  assert.deepEqual(times, [
    [9, "a,b"],
    [12, "c,d"],
    [15, "e"],
    [18, "a,b"],
  ]);
});

test("[SP21] a round that takes longer than the interval is followed by the next, and never overtaken", async () => {
  const b = new PollBench();
  await followed(b, "plain:a", ["k"]);
  b.backend.questions();
  b.backend.hold();
  await b.clock.advance(25_000);
  assert.deepEqual(b.backend.questions(), ["k"]);
  b.backend.release();
  await b.clock.advance(1);
  assert.deepEqual(b.backend.questions(), ["k"]);
});

test("[SP23] a backend that fails changes nothing and is reported; what was wanted comes with the next round", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  b.backend.fails = true;
  const { reader, client } = await followed(b, "plain:a", ["k"]);
  assert.deepEqual([reader.news(), b.reports.length, client.closeCode], [[], 1, undefined]);
  b.backend.fails = false;
  await b.clock.advance(10_000);
  assert.deepEqual(reader.news(), ["k=1@1"]);
});

test("[SP23] a backend that never answers gives its turn back after 30 s", async () => {
  const b = new PollBench({ options: { sharedPollConcurrency: 1 } });
  b.backend.set("k", 1);
  b.backend.hold();
  const one = await followed(b, "plain:a", ["k"]);
  const other = await followed(b, "plain:b", ["k"]);
  assert.deepEqual(
    b.backend.asked.map(({ channel }) => channel),
    ["plain:a"],
  );
  await b.clock.advance(29_999);
  assert.equal(b.backend.asked.length, 1);
  b.backend.release();
  b.backend.hold();
  await b.clock.settle();
  assert.equal(b.backend.asked[1]?.channel, "plain:b");
  assert.deepEqual(one.reader.news(), ["k=1@1"]);
  await b.clock.advance(30_000);
  assert.equal(b.backend.asked[2]?.channel, "plain:a");
  assert.equal(b.reports.length, 1);
  b.backend.release();
  await b.clock.advance(1);
  assert.deepEqual(other.reader.news(), ["k=1@1"]);
});

test("[SP23] a value of another format spoils the answer as a whole", async () => {
  const b = new PollBench({ namespaces: { plain: pollOptions({}, { publicationDataFormat: "json_object" }) } });
  b.backend.set("good", { a: 1 });
  b.backend.set("bad", 5);
  const { reader } = await followed(b, "plain:a", ["good", "bad"]);
  assert.deepEqual([reader.news(), b.reports.length], [[], 1]);
  b.backend.set("bad", undefined);
  await b.clock.advance(10_000);
  assert.deepEqual(reader.news(), ["bad=undefined@1", 'good={"a":1}@2']);
});

test("[SP31] without versions another content is a change, also one that was there before", async () => {
  const b = new PollBench();
  b.backend.set("k", "a");
  const { reader } = await followed(b, "plain:a", ["k"]);
  const said = [];
  for (const value of ["a", "b", "b", "a"]) {
    b.backend.set("k", value);
    await b.clock.advance(10_000);
    said.push(reader.news());
  }
  assert.deepEqual(said, [['k="a"@1'], ['k="b"@2'], [], ['k="a"@3']]);
});

test("[SP33] who comes later gets the value, changed or not; an unchanged item without data is no value", async () => {
  const b = new PollBench();
  b.backend.set("k", 1, 5);
  const one = await followed(b, "ver:a", ["k"]);
  assert.deepEqual(one.reader.news(), ["k=1@5"]);
  // A round asks with the version that is known; its answer says that nothing has changed, after somebody came who has nothing.
  b.backend.hold();
  b.backend.set("k", undefined, 5);
  await b.clock.advance(10_000);
  b.backend.set("k", 1, 5);
  const other = await followed(b, "ver:a", ["k"]);
  b.backend.release();
  await b.clock.settle();
  assert.deepEqual([other.reader.news(), one.reader.news()], [["k=1@5"], []]);
});

test("[SP34] of two requests for a key the later one counts, in whatever order the answers come", async () => {
  const b = new PollBench();
  b.backend.set("k", "old");
  const one = await followed(b, "plain:a", ["k"]);
  b.backend.hold();
  b.backend.set("k", "older");
  await b.clock.advance(10_000);
  b.backend.set("k", "newest");
  const other = await followed(b, "plain:a", ["k"]);
  assert.equal(b.backend.heldCount, 2);
  b.backend.release(1);
  await b.clock.settle();
  b.backend.release();
  await b.clock.settle();
  assert.deepEqual([one.reader.news(), other.reader.news()], [['k="old"@1', 'k="newest"@2'], ['k="newest"@2']]);
});

test("[SP35] a removed key is told and forgotten; who tracks it anew begins with nothing", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const [one, other] = [await followed(b, "plain:a", ["k"]), await followed(b, "plain:a", ["k"])];
  b.backend.set("k", undefined, 0, { removed: true });
  await b.clock.advance(10_000);
  assert.deepEqual(
    [one.reader.news(), other.reader.news()],
    [
      ["k=1@1", "-k"],
      ["k=1@1", "-k"],
    ],
  );
  assert.equal(b.engine.stats().sharedPollKeys, 0);
  b.backend.set("k", 2);
  await track(one.client, "plain:a", ["k"]);
  assert.deepEqual([one.reader.news(), other.reader.news()], [["k=2@2"], []]);
});

test("[SP35] a removal that was said before a publication does not undo it", async () => {
  const b = new PollBench();
  b.backend.set("k", 1, 1);
  const { reader } = await followed(b, "ver:a", ["k"]);
  b.backend.hold();
  b.backend.set("k", undefined, 0, { removed: true });
  await b.clock.advance(10_000);
  await b.say("ver:a", "k", 2, 2);
  b.backend.release();
  await b.clock.settle();
  assert.deepEqual(reader.news(), ["k=1@1", "k=2@2"]);
});

test("[SP36] another epoch ends whoever is subscribed; a late answer of the former one is not looked at", async () => {
  const b = new PollBench();
  b.backend.set("k", 1, 5);
  b.backend.epoch = "x";
  const one = await followed(b, "ver:a", ["k"]);
  assert.deepEqual(one.reader.news(), ["2500"]);
  assert.equal((await one.client.subscribe("ver:a", { type: 4 }))["subscribe"].epoch, "x");
  await track(one.client, "ver:a", ["k"]);
  const idle = await followed(b, "ver:a", []);
  assert.deepEqual([one.reader.news(), idle.reader.news()], [["k=1@5"], []]);
  b.backend.hold();
  await b.clock.advance(10_000);
  await b.say("ver:a", "k", 2, 1, "y");
  assert.deepEqual([one.reader.news(), idle.reader.news()], [["2500"], ["2500"]]);
  b.backend.release();
  await b.clock.settle();
  assert.equal((await one.client.subscribe("ver:a", { type: 4 }))["subscribe"].epoch, "y");
  b.backend.epoch = "";
  b.backend.set("k", 2, 1);
  await track(one.client, "ver:a", ["k"]);
  assert.deepEqual(one.reader.news(), ["k=2@1"]);
});

test("[SP37] patches come from prev_data, where it is what the subscriber was sent", async () => {
  const b = new PollBench();
  const value = (n: number) => [n, "a door that was closed at noon and nobody has to come before friday"];
  b.backend.set("k", value(1), 1);
  const client = await b.follower("ver:a", ["k"], { delta: "fossil" });
  const late = await b.follower("ver:a", ["k"], { delta: "fossil" });
  const plain = await b.follower("ver:a", ["k"]);
  for (const n of [2, 3]) {
    b.backend.set("k", value(n), n, { previous: value(n - 1) });
    if (n === 3) await b.say("ver:a", "k", value(3), 3);
    await b.clock.advance(20_000);
  }
  b.backend.set("k", value(4), 4, { previous: value(3) });
  await b.clock.advance(10_000);
  for (const follower of [client, late]) {
    const pubs = follower.publications("ver:a");
    assert.deepEqual(
      pubs.map(({ delta = false, version }) => [version, delta]),
      [
        [1, false],
        [2, true],
        [3, false],
        [4, true],
      ],
    );
    const reader = new DeltaReader();
    assert.deepEqual(
      pubs.map((publication) => JSON.parse(reader.read(publication))),
      [1, 2, 3, 4].map(value),
    );
  }
  assert.ok(plain.publications("ver:a").every(({ delta }) => delta !== true));
});

test("[SP38] a follower that does not read is closed; the others get every value", async () => {
  const b = new PollBench({ options: { queueBytesMax: 2_000 } });
  const slow = await followed(b, "ver:a", ["k"]);
  const fast = await followed(b, "ver:a", ["k"]);
  slow.client.socket.stall();
  for (let n = 1; n <= 9; n++) await b.say("ver:a", "k", "x".repeat(500), n);
  assert.equal(fast.reader.news().length, 9);
  await b.clock.advance(10_000);
  assert.notEqual(slow.client.closeCode, undefined);
  assert.equal(b.engine.stats().slowDisconnects, 1);
});

test("[SP38] a value with many followers is handed on in slices, each follower once, and not to who left meanwhile", async () => {
  const b = new PollBench();
  const followers = [];
  for (let n = 0; n < 400; n++) followers.push(await followed(b, "ver:a", ["k@1"]));
  // From here on every look at the clock finds that a millisecond has passed.
  const monotonicMs = b.clock.monotonicMs.bind(b.clock);
  b.clock.monotonicMs = () => {
    b.clock.spend(1);
    return monotonicMs();
  };
  await b.engine.sharedPollPublish({ channel: "ver:a", key: "k", data: new TextEncoder().encode("2"), version: 2 });
  b.clock.runSoon();
  const { deliveries } = b.engine.stats();
  assert.ok(deliveries > 0 && deliveries < 200, `${deliveries} in the first slice`);
  const last = followers.at(-1);
  last?.client.cut();
  await b.clock.settle();
  assert.equal(b.engine.stats().deliveries, 399);
  assert.deepEqual(new Set(followers.slice(0, -1).map(({ reader }) => reader.news().join())), new Set(["k=2@2"]));
  assert.deepEqual(last?.reader.news(), []);
});

test("[SP40] [SP41] a publication is taken where it is allowed, is above the last, and somebody follows the key", async () => {
  const b = new PollBench();
  const call = { channel: "ver:a", key: "k", version: 1, data: new TextEncoder().encode("1") };
  const refused = async (more: object) => {
    const error = await b.engine.sharedPollPublish({ ...call, ...more }).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    return (error as { readonly code?: number } | undefined)?.code;
  };
  assert.deepEqual(
    [
      await refused({ channel: "" }),
      await refused({ key: "", channel: "nope:a" }),
      await refused({ version: 0 }),
      await refused({ channel: "nope:a" }),
      await refused({ channel: "stream:a" }),
      await refused({ channel: "plain:a", data: undefined }),
      await refused({ data: undefined }),
      await refused({ data: new Uint8Array() }),
      await refused({}),
    ],
    [107, 107, 107, 102, 107, 108, 107, 107, undefined],
  );
  b.backend.set("k", 1, 5);
  const { reader, client } = await followed(b, "ver:a", ["k"]);
  for (const version of [5, 7, 6]) await b.say("ver:a", "k", version, version);
  await b.say("ver:a", "other", 1, 1);
  b.backend.questions();
  await b.clock.advance(10_000);
  assert.deepEqual([reader.news(), b.backend.questions()], [["k=1@5", "k=7@7"], []]);
  await b.clock.advance(10_000);
  assert.deepEqual(b.backend.questions(), ["k@7"]);
  await untrack(client, "ver:a", ["k"]);
  await b.say("ver:a", "k", 9, 9);
  assert.deepEqual(reader.news(), []);
});

test("[SP20] a version that the channel never gave counts as none", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const client = await b.follower("plain:a");
  await client.call("sub_refresh", { channel: "plain:a", type: 1, track: [batchOf(["k@9"])] });
  assert.deepEqual(new PollReader(client, "plain:a").news(), ["k=1@1"]);
});
