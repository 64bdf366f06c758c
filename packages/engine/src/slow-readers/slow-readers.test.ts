import assert from "node:assert/strict";
import { type BenchSetup, bytes, DeltaReader, EngineBench, type TestClient, test, type Wire } from "../../testing/index.ts";

const open = { allowSubscribeForClient: true, historySize: 1_000, historyTtlMs: 600_000 };
const recovering = { ...open, forceRecovery: true };
const queueBytesMax = 4_000;
const bench = (setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: {
      close: recovering,
      latest: { ...recovering, slowReaders: "latest", allowTagsFilter: true, allowedDeltaTypes: ["fossil"], deltaPublish: true },
      catch: { ...recovering, slowReaders: "catch_up", allowTagsFilter: true, allowedDeltaTypes: ["fossil"], deltaPublish: true },
      loose: { ...open, slowReaders: "catch_up" },
      short: { ...recovering, historySize: 30, slowReaders: "catch_up" },
      paced: { ...recovering, slowReaders: "catch_up", ratePerSMax: 1_000 },
    },
    ...setup,
    options: { queueBytesMax, pingIntervalMs: 0, ...setup.options },
  });

const payload = (n: number) => JSON.stringify({ n, pad: "some words ".repeat(6) });
const tagsOf = (n: number) => ({ tags: { even: n % 2 === 0 ? "yes" : "no" } });
async function publish(b: EngineBench, channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, payload(n), tagsOf(n));
}
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const offsets = (client: TestClient, channel: string) => client.publications(channel).map(({ offset }) => offset);
const lastPush = (client: TestClient) => client.pushes.at(-1) ?? {};

async function subscriber(b: EngineBench, channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<TestClient> {
  const client = await b.connect();
  assert.ok((await client.subscribe(channel, more))["subscribe"]);
  return client;
}

/** The peer takes what is there, and goes on taking. */
async function drain(b: EngineBench, client: TestClient): Promise<void> {
  client.socket.take();
  await b.clock.settle();
}

test("[SR1] [P6] without a policy a queue above its limit ends the connection with 3008", async () => {
  const b = bench();
  const client = await subscriber(b, "close:a");
  client.socket.stall();
  await publish(b, "close:a", 1, 60);
  await b.clock.advance(2_000);
  assert.deepEqual([b.engine.stats().slowDisconnects, b.engine.stats().connections], [1, 0]);
});

test("[SR2] latest: a blocked reader gets the newest publication as soon as it has drained, and then what follows", async () => {
  const b = bench();
  const client = await subscriber(b, "latest:a");
  await publish(b, "latest:a", 1, 1);
  client.socket.stall();
  await publish(b, "latest:a", 2, 500);
  assert.ok(b.engine.stats().queuedBytes < 200, "nothing waits but what was handed over");
  await drain(b, client);
  await publish(b, "latest:a", 501, 502);
  assert.deepEqual(offsets(client, "latest:a"), [1, 2, 500, 501, 502]);
  assert.deepEqual([b.engine.stats().slowDisconnects, b.engine.stats().skippedPublications], [0, 497]);
});

test("[SR2] latest: each channel keeps its own newest, and replies and joins are not dropped", async () => {
  const b = bench({ namespaces: { latest: { ...recovering, slowReaders: "latest", joinLeave: true, forcePushJoinLeave: true } } });
  const client = await subscriber(b, "latest:a");
  await client.subscribe("latest:b");
  client.socket.stall();
  await publish(b, "latest:a", 1, 9);
  await publish(b, "latest:b", 1, 7);
  const other = await subscriber(b, "latest:a");
  await client.call("unsubscribe", { channel: "nothing" });
  await drain(b, client);
  assert.deepEqual([offsets(client, "latest:a").at(-1), offsets(client, "latest:b").at(-1)], [9, 7]);
  assert.equal(client.pushes.filter(({ join }) => join?.info.client === other.id).length, 1);
  assert.ok(client.messages.some((message) => "unsubscribe" in message));
});

test("[SR5] latest: what was skipped is no gap, what was lost is one, and a client that leaves recovers from what it has", async () => {
  const b = bench();
  const client = await subscriber(b, "latest:a");
  const epoch = (await b.engine.history({ channel: "latest:a", limit: 0 })).top.epoch;
  await publish(b, "latest:a", 1, 1);
  client.socket.stall();
  await publish(b, "latest:a", 2, 9);
  client.cut();
  const back = await b.connect();
  const { subscribe } = await back.subscribe("latest:a", { recover: true, offset: 1, epoch });
  assert.deepEqual([subscribe.recovered, subscribe.publications.length], [true, 8]);
  back.socket.stall();
  await publish(b, "latest:a", 10, 12);
  b.gate.holdCommits();
  await publish(b, "latest:a", 13, 13);
  b.gate.loseHeldCommits();
  await publish(b, "latest:a", 14, 14);
  await drain(b, back);
  assert.deepEqual(lastPush(back)["unsubscribe"]?.["code"], 2500);
});

test("[SR2] [SR6] latest: a filter decides what is the newest, and what has no history takes the place of none that has", async () => {
  const b = bench();
  const client = await subscriber(b, "latest:a", { tf: { key: "even", cmp: "eq", val: "yes" } });
  const passing = async () => {
    await b.engine.publish({ channel: "latest:a", data: bytes(payload(99)), skipHistory: true, tags: { even: "yes" } });
    await b.clock.settle();
  };
  client.socket.stall();
  await publish(b, "latest:a", 1, 9);
  await passing();
  await drain(b, client);
  assert.deepEqual(offsets(client, "latest:a"), [2, 8]);
  client.socket.stall();
  await publish(b, "latest:a", 10, 11);
  await passing();
  await drain(b, client);
  assert.deepEqual(
    client.publications("latest:a").map(({ data }) => data["n"]),
    [2, 8, 10, 99],
  );
});

test("[SR2] [DL7] latest with delta: what comes after a skip is whole", async () => {
  const b = bench();
  const client = await subscriber(b, "latest:a", { delta: "fossil" });
  await publish(b, "latest:a", 1, 2);
  client.socket.stall();
  await publish(b, "latest:a", 3, 9);
  await drain(b, client);
  await publish(b, "latest:a", 10, 10);
  const publications = client.publications("latest:a");
  assert.deepEqual(
    publications.map(({ offset }) => offset),
    [1, 2, 3, 9, 10],
  );
  assert.deepEqual(
    publications.map(({ delta }) => delta === true),
    [false, true, true, false, true],
  );
  assert.deepEqual(new DeltaReader().readAll(publications), [1, 2, 3, 9, 10].map(payload));
});

for (const channel of ["catch:a", "loose:a"]) {
  test(`[SR3] [P1] catch_up (${channel}): everything comes, once and in order, however often the reader stalls`, async () => {
    const b = bench();
    const client = await subscriber(b, channel);
    const other = await subscriber(b, channel);
    await publish(b, channel, 1, 3);
    client.socket.stall();
    await publish(b, channel, 4, 200);
    assert.ok(b.engine.stats().queuedBytes <= queueBytesMax / 2 + 200, `${b.engine.stats().queuedBytes} bytes wait`);
    assert.deepEqual(offsets(other, channel), upTo(1, 200));
    for (let n = 201; n <= 220; n++) {
      client.socket.take(n % 2 === 0);
      await publish(b, channel, n, n);
    }
    await drain(b, client);
    await publish(b, channel, 221, 222);
    assert.deepEqual(offsets(client, channel), upTo(1, 222));
    assert.deepEqual([b.engine.stats().slowDisconnects, client.closeCode, client.socket.sentWhileQueued], [0, undefined, 0]);
    assert.ok(b.engine.stats().catchUps >= 1);
  });
}

test("[SR3] catch_up: what is published while history is read is held, and comes behind it", async () => {
  const b = bench();
  const client = await subscriber(b, "catch:a");
  client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  b.gate.holdReads();
  client.socket.take();
  await b.clock.settle();
  await publish(b, "catch:a", 61, 63);
  b.gate.releaseReads();
  await b.clock.settle();
  await publish(b, "catch:a", 64, 64);
  assert.deepEqual(offsets(client, "catch:a"), upTo(1, 64));
});

test("[SR3] catch_up: more than may be held during one read is read with the next", async () => {
  const b = bench();
  const client = await subscriber(b, "catch:a");
  client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  b.gate.holdReads();
  client.socket.take();
  await b.clock.settle();
  await publish(b, "catch:a", 61, 160);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(offsets(client, "catch:a"), upTo(1, 160));
});

test("[SR4] catch_up: where history does not reach back the client is told, and recovers or is told that it cannot", async () => {
  const b = bench();
  const client = await subscriber(b, "short:a");
  const server = await b.connect({ user: "bob", channels: ["short:a"] });
  client.socket.stall();
  server.socket.stall();
  await publish(b, "short:a", 1, 200);
  await drain(b, client);
  await drain(b, server);
  const got = offsets(client, "short:a");
  assert.deepEqual(got, upTo(1, got.length));
  assert.deepEqual(lastPush(client)["unsubscribe"], { code: 2500, reason: "insufficient state" });
  assert.equal(server.closeCode, 3010);
  const { subscribe } = await client.subscribe("short:a", { recover: true, offset: got.length });
  assert.deepEqual([subscribe.recovered, subscribe.offset], [undefined, 200]);
});

test("[SR4] catch_up: a stream that began anew, and a log that cannot be read, end it with 2500", async () => {
  for (const trouble of ["anew", "broken"] as const) {
    const b = bench({ namespaces: { catch: { ...recovering, slowReaders: "catch_up", historyTtlMs: 1_000, historyMetaTtlMs: 2_000 } } });
    const client = await subscriber(b, "catch:a");
    client.socket.stall();
    await publish(b, "catch:a", 1, 60);
    if (trouble === "anew") {
      await b.clock.advance(3_000);
      await publish(b, "catch:a", 1, 60);
    } else b.gate.failWith(new Error("broken"));
    await drain(b, client);
    assert.equal(lastPush(client)["unsubscribe"]?.["code"], 2500, trouble);
    assert.equal(b.reports.length, trouble === "broken" ? 1 : 0);
  }
});

test("[SR5] catch_up: the position check leaves a subscription alone that knows what it misses", async () => {
  const b = bench({ options: { channelPositionCheckDelayMs: 1_000, presenceUpdateIntervalMs: 1_000 } });
  const client = await subscriber(b, "catch:a");
  client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  await b.clock.advance(20_000);
  await drain(b, client);
  assert.deepEqual(offsets(client, "catch:a"), upTo(1, 60));
});

test("[SR6] catch_up: a publication without history that meets one that is behind is lost to it", async () => {
  const b = bench();
  const client = await subscriber(b, "catch:a");
  client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  await b.engine.publish({ channel: "catch:a", data: bytes(payload(99)), skipHistory: true });
  await b.clock.settle();
  await drain(b, client);
  assert.deepEqual(offsets(client, "catch:a"), upTo(1, 60));
});

test("[SR8] catch_up: what is read is filtered and patched like everything else", async () => {
  const b = bench();
  const filtered = await subscriber(b, "catch:a", { tf: { key: "even", cmp: "eq", val: "yes" } });
  const delta = await subscriber(b, "catch:a", { delta: "fossil" });
  for (const client of [filtered, delta]) client.socket.stall();
  await publish(b, "catch:a", 1, 150);
  for (const client of [filtered, delta]) await drain(b, client);
  await publish(b, "catch:a", 151, 152);
  assert.deepEqual(
    offsets(filtered, "catch:a"),
    upTo(1, 152).filter((n) => n % 2 === 0),
  );
  const publications = delta.publications("catch:a");
  assert.deepEqual(new DeltaReader().readAll(publications), upTo(1, 152).map(payload));
  assert.ok(publications.filter((publication: Wire) => publication["delta"] === true).length > 100);
});

test("[SR9] catch_up in a paced namespace means latest", async () => {
  const b = bench();
  const client = await subscriber(b, "paced:a");
  client.socket.stall();
  for (let n = 1; n <= 60; n++) {
    await publish(b, "paced:a", n, n);
    await b.clock.advance(2);
  }
  await drain(b, client);
  assert.deepEqual([offsets(client, "paced:a"), b.engine.stats().catchUps], [[1, 60], 0]);
});

test("[SR7] [P7] a connection that ends in the middle of catching up leaves nothing behind", async () => {
  const b = bench();
  const [one, two] = [await subscriber(b, "catch:a"), await subscriber(b, "catch:a")];
  for (const client of [one, two]) client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  one.cut();
  b.gate.holdReads();
  two.socket.take();
  await b.clock.settle();
  two.cut();
  b.gate.releaseReads();
  await b.clock.settle();
  const { subscriptions, queuedBytes, channels } = b.engine.stats();
  assert.deepEqual([subscriptions, queuedBytes, channels, b.reports], [0, 0, 0, []]);
});

test("[SR3] catch_up: an unsubscribe in the middle is answered, and nothing more comes", async () => {
  const b = bench();
  const client = await subscriber(b, "catch:a");
  client.socket.stall();
  await publish(b, "catch:a", 1, 60);
  b.gate.holdReads();
  client.socket.take();
  await b.clock.settle();
  await client.call("unsubscribe", { channel: "catch:a" });
  const before = offsets(client, "catch:a").length;
  b.gate.releaseReads();
  await b.clock.settle();
  await publish(b, "catch:a", 61, 62);
  assert.deepEqual([offsets(client, "catch:a").length, client.closeCode], [before, undefined]);
});
