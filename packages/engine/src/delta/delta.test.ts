import assert from "node:assert/strict";
import { test as jsonTest } from "node:test";
import {
  type BenchSetup,
  bytes,
  channelOptions,
  DeltaReader,
  EngineBench,
  GatedLog,
  type TestClient,
  test,
  type Wire,
} from "../../testing/index.ts";

const subscribable = { allowSubscribeForClient: true, historySize: 10, historyTtlMs: 60_000, allowedDeltaTypes: ["fossil"] as const };
const recoverable = { ...subscribable, forceRecovery: true };
const bench = (setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: {
      vm: { ...recoverable, deltaPublish: true },
      asked: recoverable,
      plain: { ...recoverable, allowedDeltaTypes: [] },
      loose: { ...subscribable, deltaPublish: true },
    },
    ...setup,
  });
const window = { sizeMax: 10, ttlMs: 60_000, metaTtlMs: channelOptions().historyMetaTtlMs };

/** A payload of about 100 bytes of which a few change. */
const payload = (n: number) => JSON.stringify({ n, text: `${"温度 ok ".repeat(8)}${n % 2 === 0 ? "а" : "б"}`, end: true });
const payloads = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => payload(from + at));

async function publish(b: EngineBench, from: number, to: number, channel = "vm:a"): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, payload(n));
}

async function subscriber(b: EngineBench, channel = "vm:a", more: Readonly<Record<string, unknown>> = {}): Promise<TestClient> {
  const client = await b.connect();
  const { subscribe } = await client.subscribe(channel, { delta: "fossil", ...more });
  assert.equal(subscribe["delta"], true);
  return client;
}

const areDeltas = (publications: readonly Wire[]) => publications.map((publication) => publication["delta"] === true);
const subscribeResult = (client: TestClient): Wire => client.messages.find((message) => "subscribe" in message)?.["subscribe"];

test("[DL6] delta is granted where the namespace allows it, and asked for by nobody else", async () => {
  const b = bench();
  const client = await b.connect();
  assert.equal((await client.subscribe("vm:a", { delta: "fossil" }))["subscribe"]["delta"], true);
  assert.equal((await client.subscribe("vm:b"))["subscribe"]["delta"], undefined);
  assert.equal((await client.subscribe("plain:a", { delta: "fossil" }))["subscribe"]["delta"], undefined);
  await b.publish("vm:b", payload(1));
  await b.publish("plain:a", payload(1));
  for (const channel of ["vm:b", "plain:a"]) assert.deepEqual(client.publications(channel)[0]?.["data"], JSON.parse(payload(1)));
  await client.subscribe("vm:c", { delta: "vcdiff" });
  assert.equal(client.closeCode, 3501);
});

test("[DL7] the first publication comes whole, then patches to the one before", async () => {
  const b = bench();
  const client = await subscriber(b);
  await publish(b, 1, 4);
  const publications = client.publications("vm:a");
  assert.deepEqual(areDeltas(publications), [false, true, true, true]);
  assert.deepEqual(new DeltaReader().readAll(publications), payloads(1, 4));
  assert.ok(publications[1]?.["data"].length < payload(2).length / 2);
  assert.deepEqual(
    publications.map((publication) => publication["offset"]),
    [1, 2, 3, 4],
  );
});

jsonTest("[DL8] towards a JSON delta subscriber data is a string and no epoch or version is told; info and tags are", async () => {
  const b = bench();
  const client = await subscriber(b);
  const info = { user: "u", client: "c" };
  for (const version of [1, 2]) await b.engine.publish({ channel: "vm:a", data: bytes(payload(version)), version, info, tags: { t: "1" } });
  await b.clock.settle();
  const [first, second] = client.publications("vm:a");
  assert.deepEqual(first, { data: payload(1), offset: 1, info, tags: { t: "1" } });
  assert.deepEqual(second, { data: second?.["data"], offset: 2, info, tags: { t: "1" }, delta: true });
});

test("[DL8] a payload that is not smaller as a patch comes whole", async () => {
  const b = bench();
  const client = await subscriber(b);
  for (const data of ["1", "2", "[7]", "{}"]) await b.publish("vm:a", data);
  assert.deepEqual(areDeltas(client.publications("vm:a")), [false, false, false, false]);
  assert.deepEqual(new DeltaReader().readAll(client.publications("vm:a")), ["1", "2", "[7]", "{}"]);
});

jsonTest("[DL8] in Protobuf only a publication that was published with delta hides its version, patch or not", async () => {
  const b = bench();
  const client = await b.connect({ user: "p" }, {}, { protocol: "protobuf" });
  await client.subscribe("asked:a", { delta: "fossil" });
  const publishOne = (version: number, delta: boolean, data = payload(version)) =>
    b.engine.publish({ channel: "asked:a", data: bytes(data), version, delta });
  await publishOne(1, true);
  await publishOne(2, true);
  await publishOne(3, false);
  await publishOne(4, true, "4");
  await b.clock.settle();
  const told = client.publications("asked:a").map(({ version, delta, epoch }) => [version, delta === true, epoch !== undefined]);
  assert.deepEqual(told, [
    [1, false, true],
    [undefined, true, false],
    [3, false, false],
    [undefined, false, false],
  ]);
});

test("[DL9] only what is published for it is diffed: by namespace, or one by one", async () => {
  const b = bench();
  const client = await subscriber(b, "asked:a");
  const deltas = [true, true, undefined, true, false, true];
  for (const [n, delta] of deltas.entries()) await b.engine.publish({ channel: "asked:a", data: bytes(payload(n)), delta });
  await b.clock.settle();
  const publications = client.publications("asked:a");
  assert.deepEqual(areDeltas(publications), [false, true, false, true, false, true]);
  assert.deepEqual(new DeltaReader().readAll(publications), payloads(0, 5));
});

test("[DL9] the log is asked for a predecessor only while a delta subscriber is there to be sent a patch", async () => {
  const b = bench();
  const asked: (boolean | undefined)[] = [];
  const append = GatedLog.prototype.append;
  b.gate.append = async (items) => {
    asked.push(...items.map((item) => item.delta));
    return append.call(b.gate, items);
  };
  const publishOne = (channel: string) => b.engine.publish({ channel, data: bytes(payload(1)), delta: true });
  await publishOne("asked:a");
  const plain = await b.connect();
  await plain.subscribe("asked:a");
  await publishOne("asked:a");
  const client = await subscriber(b, "asked:a");
  await publishOne("asked:a");
  await client.call("unsubscribe", { channel: "asked:a" });
  await publishOne("asked:a");
  assert.deepEqual(asked, [false, false, true, false]);
});

test("[DL10] a gap in history is a gap in the chain: after a removal and after the ttl publications come whole", async () => {
  const b = bench();
  const client = await subscriber(b);
  await publish(b, 1, 2);
  await b.engine.historyRemove("vm:a");
  await publish(b, 3, 4);
  await b.pass(61_000, client);
  await publish(b, 5, 6);
  const publications = client.publications("vm:a");
  assert.deepEqual(areDeltas(publications), [false, true, false, true, false, true]);
  assert.deepEqual(new DeltaReader().readAll(publications), payloads(1, 6));
});

test("[DL10] a publication without history breaks the chain: what follows it is whole", async () => {
  const b = bench();
  const client = await subscriber(b);
  await publish(b, 1, 2);
  await b.engine.publish({ channel: "vm:a", data: bytes(payload(100)), skipHistory: true });
  await publish(b, 3, 4);
  const publications = client.publications("vm:a");
  assert.deepEqual(areDeltas(publications), [false, true, false, false, true]);
  assert.deepEqual(new DeltaReader().readAll(publications), [...payloads(1, 2), payload(100), ...payloads(3, 4)]);
});

test("[DL10] a subscriber without positions is sent everything whole: nothing vouches for what it has", async () => {
  const b = bench();
  const client = await subscriber(b, "loose:a");
  await publish(b, 1, 3, "loose:a");
  const publications = client.publications("loose:a");
  assert.deepEqual(areDeltas(publications), [false, false, false]);
  assert.deepEqual(new DeltaReader().readAll(publications), payloads(1, 3));
});

test("[DL11] recovered publications are a chain that begins whole, and live ones go on from its end", async () => {
  const b = bench();
  await publish(b, 1, 4);
  const client = await subscriber(b, "vm:a", { recover: true, offset: 1 });
  await publish(b, 5, 6);
  const { publications, recovered } = subscribeResult(client);
  const all = [...publications, ...client.publications("vm:a")];
  assert.equal(recovered, true);
  assert.deepEqual(areDeltas(all), [false, true, true, true, true]);
  assert.deepEqual(new DeltaReader().readAll(all), payloads(2, 6));
});

test("[DL11] after a recovery that missed nothing, and one that failed, the first live publication is whole", async () => {
  const b = bench();
  await publish(b, 1, 4);
  for (const position of [{ offset: 4 }, { offset: 1, epoch: "other" }]) {
    const client = await subscriber(b, "vm:a", { recover: true, ...position });
    const { offset } = (await b.engine.history({ channel: "vm:a", limit: 0 })).top;
    await publish(b, offset + 1, offset + 2);
    const publications = client.publications("vm:a");
    assert.deepEqual(areDeltas(publications), [false, true]);
    assert.deepEqual(new DeltaReader().readAll(publications), payloads(offset + 1, offset + 2));
  }
});

test("[DL11] what was held while history was read goes on from what was recovered", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a","recover":true,"offset":1,"delta":"fossil"}}');
  await b.clock.settle();
  await publish(b, 4, 5);
  b.gate.releaseReads();
  await b.clock.settle();
  await publish(b, 6, 6);
  const all = [...subscribeResult(client)["publications"], ...client.publications("vm:a")];
  assert.deepEqual(new DeltaReader().readAll(all), payloads(2, 6));
});

test("[DL6] a server-side subscription takes delta from connect.subs; an unknown one is not granted there", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const client = await b.connect(
    { user: "ann", channels: ["vm:a", "vm:b"] },
    { subs: { "vm:a": { delta: "fossil", recover: true, offset: 1 }, "vm:b": { delta: "vcdiff" } } },
  );
  await publish(b, 4, 4);
  const { subs } = client.messages.find((message) => "connect" in message)?.["connect"] ?? {};
  assert.deepEqual([subs["vm:a"].delta, subs["vm:b"].delta], [true, undefined]);
  assert.deepEqual(new DeltaReader().readAll([...subs["vm:a"].publications, ...client.publications("vm:a")]), payloads(2, 4));
});

test("[P2] [DL10] a lost publication is told to a delta subscriber, which starts a new chain", async () => {
  const b = bench();
  const client = await subscriber(b);
  await publish(b, 1, 2);
  b.gate.holdCommits();
  await publish(b, 3, 3);
  b.gate.loseHeldCommits();
  await publish(b, 4, 4);
  assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2500);
  const { subscribe } = await client.subscribe("vm:a", { delta: "fossil", recover: true, offset: 2 });
  await publish(b, 5, 5);
  assert.deepEqual(new DeltaReader().readAll([...subscribe.publications, ...client.publications("vm:a").slice(2)]), payloads(3, 5));
});

test("[DL9] plain and delta subscribers of one channel each get their own form of the same publications", async () => {
  const b = bench();
  const delta = await subscriber(b);
  const plain = await b.connect({ user: "bob" });
  await plain.subscribe("vm:a");
  await publish(b, 1, 3);
  assert.deepEqual(new DeltaReader().readAll(delta.publications("vm:a")), payloads(1, 3));
  assert.deepEqual(
    plain.publications("vm:a").map((publication) => JSON.stringify(publication["data"])),
    payloads(1, 3),
  );
  assert.equal(plain.publications("vm:a")[0]?.["epoch"], (await b.memoryLog.top("vm:a", window)).epoch);
});
