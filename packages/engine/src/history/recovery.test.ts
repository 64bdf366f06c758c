import assert from "node:assert/strict";
import { type BenchSetup, channelOptions, EngineBench, type TestClient, test, type Wire } from "../../testing/index.ts";

const recoverable = { allowSubscribeForClient: true, historySize: 10, historyTtlMs: 60_000, forceRecovery: true };
const bench = (more: BenchSetup["namespaces"] = {}, setup: BenchSetup = {}) =>
  new EngineBench({ namespaces: { vm: recoverable, ...more }, ...setup });
const window = { sizeMax: 10, ttlMs: 60_000, metaTtlMs: channelOptions().historyMetaTtlMs };

async function publish(b: EngineBench, from: number, to: number, channel = "vm:a"): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, String(n));
}

const epochOf = async (b: EngineBench, channel = "vm:a") => (await b.memoryLog.top(channel, window)).epoch;
const offsets = (publications: readonly Wire[] | undefined) => (publications ?? []).map((publication) => publication["offset"]);
const live = (client: TestClient) => offsets(client.publications("vm:a"));

/** What a client that subscribes with `recover` has in the end: recovered and live offsets. */
function seen(client: TestClient): readonly number[] {
  const reply = client.messages.find((message) => "subscribe" in message)?.["subscribe"];
  return [...offsets(reply?.["publications"]), ...live(client)];
}

test("[REC1] a client that returns gets what it missed, once and in order, and the reply carries the offset it came with", async () => {
  const b = bench();
  await publish(b, 1, 5);
  const epoch = await epochOf(b);
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 2, epoch });
  assert.deepEqual(subscribe, {
    recoverable: true,
    epoch,
    publications: [3, 4, 5].map((n) => ({ data: n, offset: n })),
    recovered: true,
    offset: 2,
    positioned: true,
    was_recovering: true,
  });
  await publish(b, 6, 7);
  assert.deepEqual(live(client), [6, 7]);
});

test("[C19] right positions are recovered: nothing missed, everything from the beginning, an empty epoch fits any", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const epoch = await epochOf(b);
  for (const [request, expected] of [
    [{ offset: 3, epoch }, []],
    [{ offset: 0, epoch: "" }, [1, 2, 3]],
    [{ offset: 1, epoch: "" }, [2, 3]],
  ] as const) {
    const { subscribe } = await (await b.connect()).subscribe("vm:a", { recover: true, ...request });
    assert.deepEqual([subscribe.recovered, offsets(subscribe.publications)], [true, expected]);
  }
});

test("[C19] wrong positions are told: no publications, the top as position; with the flag error 112 and nothing left behind", async () => {
  const b = bench({ vm: { ...recoverable, presence: true, joinLeave: true, forcePushJoinLeave: true } });
  await publish(b, 1, 20);
  const epoch = await epochOf(b);
  const client = await b.connect();
  const wrong = [
    { offset: 21, epoch },
    { offset: 19, epoch: "other" },
    { offset: 9, epoch },
    { offset: 0, epoch: "" },
  ];
  for (const position of wrong) {
    const { subscribe } = await client.subscribe("vm:a", { recover: true, ...position });
    assert.deepEqual(subscribe, { recoverable: true, epoch, offset: 20, positioned: true, was_recovering: true });
    await client.call("unsubscribe", { channel: "vm:a" });
    client.rest();
    const { error } = await client.subscribe("vm:a", { recover: true, ...position, flag: 2 });
    assert.deepEqual(error, { code: 112, message: "unrecoverable position" });
    assert.deepEqual([b.engine.stats().subscriptions, b.engine.presence("vm:a").size, client.rest().length], [0, 0, 1]);
  }
  assert.equal((await client.subscribe("vm:a", { recover: true, offset: 10, epoch, flag: 2 }))["subscribe"]["recovered"], true);
});

test("[C19] [D29] an offset of 2^64-1 is unrecoverable, and never rounded to one that is not", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const client = await b.connect();
  client.say(`{"id":9,"subscribe":{"channel":"vm:a","recover":true,"offset":18446744073709551615,"epoch":"${await epochOf(b)}"}}`);
  await b.clock.settle();
  assert.deepEqual([client.reply(9)?.["subscribe"]["recovered"], client.reply(9)?.["subscribe"]["offset"]], [undefined, 3]);
});

test("[C19] more than 300 missed publications are not recovered, 300 are", async () => {
  const b = bench({ vm: { ...recoverable, historySize: 1_000 } });
  await publish(b, 1, 301);
  const missed = async (offset: number) => (await (await b.connect()).subscribe("vm:a", { recover: true, offset }))["subscribe"];
  assert.equal(offsets((await missed(1)).publications).length, 300);
  assert.deepEqual([(await missed(0)).recovered, (await missed(0)).publications], [undefined, undefined]);
});

test("[C19] where recovery is off the wish is only echoed, also with the flag", async () => {
  const b = bench({ plain: { allowSubscribeForClient: true } });
  const { subscribe } = await (await b.connect()).subscribe("plain:a", { recover: true, offset: 5, epoch: "x", flag: 2 });
  assert.deepEqual(subscribe, { was_recovering: true });
});

test("[REC2] recovery reaches recoverySize back although history shows less", async () => {
  const b = bench({ vm: { ...recoverable, historySize: 2, recoverySize: 8, allowHistoryForClient: true } });
  await publish(b, 1, 10);
  const client = await b.connect();
  assert.deepEqual(offsets((await client.call("history", { channel: "vm:a", limit: 100 }))["history"]["publications"]), [9, 10]);
  assert.deepEqual(
    offsets((await client.subscribe("vm:a", { recover: true, offset: 2 }))["subscribe"]["publications"]),
    [3, 4, 5, 6, 7, 8, 9, 10],
  );
});

test("[REC3] after a silence longer than the ttl only a client that missed nothing is recovered", async () => {
  const b = bench();
  await publish(b, 1, 3);
  await b.clock.advance(61_000);
  const recovered = async (offset: number) =>
    (await (await b.connect()).subscribe("vm:a", { recover: true, offset }))["subscribe"]["recovered"];
  assert.deepEqual([await recovered(3), await recovered(2)], [true, undefined]);
});

test("[L9] a publication between the entry into the hub and the read comes once", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a","recover":true,"offset":1}}');
  await b.clock.settle();
  await publish(b, 4, 5);
  assert.equal(client.messages.length, 1, "nothing goes out before the reply");
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(seen(client), [2, 3, 4, 5]);
  await publish(b, 6, 6);
  assert.deepEqual(seen(client), [2, 3, 4, 5, 6]);
});

test("[L9] nothing is read beyond what was published at the entry: the rest comes live, behind the reply", async () => {
  const b = bench();
  const other = await b.connect();
  await other.subscribe("vm:a");
  await publish(b, 1, 3);
  b.gate.holdCommits();
  await publish(b, 4, 5); // committed, but the announcement is still on its way
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 1 });
  assert.deepEqual(offsets(subscribe.publications), [2, 3]);
  const fresh = await b.connect();
  assert.equal((await fresh.subscribe("vm:a"))["subscribe"]["offset"], 3);
  b.gate.releaseCommits();
  await b.clock.settle();
  assert.deepEqual(
    [live(client), live(fresh), live(other)],
    [
      [4, 5],
      [4, 5],
      [1, 2, 3, 4, 5],
    ],
  );
});

test("[L9] without other subscribers the log's top counts, and what is announced late is not sent again", async () => {
  const b = bench();
  await publish(b, 1, 3);
  b.gate.holdCommits();
  await publish(b, 4, 5);
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 1 });
  assert.deepEqual(offsets(subscribe.publications), [2, 3, 4, 5]);
  b.gate.releaseCommits();
  await publish(b, 6, 6);
  assert.deepEqual(seen(client), [2, 3, 4, 5, 6]);
});

test("[P1] a log that is behind the fan-out never makes a client believe it is recovered", async () => {
  const b = bench();
  const other = await b.connect();
  await other.subscribe("vm:a");
  await publish(b, 1, 3);
  await b.gate.freeze("vm:a", window);
  await publish(b, 4, 5);
  const { subscribe } = await (await b.connect()).subscribe("vm:a", { recover: true, offset: 1 });
  assert.deepEqual([subscribe.recovered, subscribe.publications, subscribe.offset], [undefined, undefined, 5]);
});

test("[P1] a gap between the read and what was held meanwhile ends with 3010", async () => {
  const b = bench();
  await publish(b, 1, 3);
  await b.gate.freeze("vm:a", window);
  await publish(b, 4, 4);
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a","recover":true,"offset":1}}');
  await b.clock.settle();
  await publish(b, 5, 5);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual([client.closeCode, b.engine.stats().subscriptions], [3010, 0]);
});

test("[P3] a stream that began anew while the client was away is told by another epoch", async () => {
  const b = bench({ vm: { ...recoverable, historyMetaTtlMs: 120_000 } });
  await publish(b, 1, 3);
  const { epoch } = (await b.engine.history({ channel: "vm:a", limit: 0 })).top;
  await b.clock.advance(121_000);
  await publish(b, 1, 3);
  const { subscribe } = await (await b.connect()).subscribe("vm:a", { recover: true, offset: 3, epoch });
  assert.equal(subscribe.recovered, undefined);
  assert.notEqual(subscribe.epoch, epoch);
});

test("[PS1] the epoch comes with a stream's first live publication, and only with that", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("vm:a");
  await publish(b, 1, 2);
  const [first, second] = client.publications("vm:a");
  assert.equal(first?.["epoch"], await epochOf(b));
  assert.equal(second?.["epoch"], undefined);
  const { subscribe } = await (await b.connect()).subscribe("vm:a", { recover: true });
  assert.equal(subscribe.publications[0].epoch, undefined);
});

test("[P2] a jump while connected is told at once: 2500 for a client's subscription, 3010 for a server-side one", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("vm:a");
  const server = await b.connect({ user: "bob", channels: ["vm:a"] });
  await publish(b, 1, 2);
  b.gate.holdCommits();
  await publish(b, 3, 3);
  b.gate.loseHeldCommits();
  await publish(b, 4, 4);
  assert.deepEqual(client.pushes.at(-1), { channel: "vm:a", unsubscribe: { code: 2500, reason: "insufficient state" } });
  assert.deepEqual(live(client), [1, 2]);
  assert.equal(client.closeCode, undefined);
  assert.deepEqual(server.socket.ended, { code: 3010, reason: "insufficient state" });
  const back = await client.subscribe("vm:a", { recover: true, offset: 2 });
  assert.deepEqual(offsets(back["subscribe"]["publications"]), [3, 4]);
});

test("[P2] another epoch while connected is a jump, too", async () => {
  const b = bench(
    { vm: { ...recoverable, historyMetaTtlMs: 120_000 } },
    { options: { channelPositionCheckDelayMs: 1e9, pingIntervalMs: 0 } },
  );
  const client = await b.connect();
  await client.subscribe("vm:a");
  await publish(b, 1, 1);
  await b.clock.advance(121_000);
  await publish(b, 1, 1);
  assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2500);
});

test("[P2] a missing tail is noticed within 70 s, although nothing more is published", async () => {
  const b = bench({}, { options: { pingIntervalMs: 0 } });
  const client = await b.connect();
  await client.subscribe("vm:a");
  await publish(b, 1, 1);
  b.gate.holdCommits();
  await publish(b, 2, 2);
  b.gate.loseHeldCommits();
  await b.clock.advance(39_000);
  assert.deepEqual(live(client), [1]);
  assert.equal(client.pushes.length, 1);
  await b.clock.advance(31_000);
  assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2500);
});

test("[PS2] a publication that arrives later than allowed is a gap for who watches positions, and a publication for others", async () => {
  const b = bench(
    { loose: { ...recoverable, forceRecovery: false } },
    { options: { channelPositionTimeLagMsMax: 500, pingIntervalMs: 0 } },
  );
  const client = await b.connect();
  await client.subscribe("vm:a");
  const loose = await b.connect();
  await loose.subscribe("loose:a");
  const server = await b.connect({ user: "bob", channels: ["vm:a"] });
  for (const channel of ["vm:a", "loose:a"]) void b.engine.publish({ channel, data: new TextEncoder().encode("1") });
  b.clock.spend(490);
  await b.clock.settle();
  assert.deepEqual([live(client), offsets(loose.publications("loose:a"))], [[1], [1]]);
  for (const channel of ["vm:a", "loose:a"]) void b.engine.publish({ channel, data: new TextEncoder().encode("2") });
  b.clock.spend(510);
  await b.clock.settle();
  assert.deepEqual([live(client), offsets(loose.publications("loose:a"))], [[1], [1, 2]]);
  assert.deepEqual(client.pushes.at(-1)?.["unsubscribe"], { code: 2500, reason: "insufficient state" });
  assert.equal(server.closeCode, 3010);
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 1 });
  assert.deepEqual(offsets(subscribe["publications"]), [2]);
});

test("[P2] the position check asks the log once for all subscribers, and leaves those alone whose publication is on its way", async () => {
  const b = bench({}, { options: { pingIntervalMs: 0, presenceUpdateIntervalMs: 1_000 } });
  const clients = await Promise.all([b.connect(), b.connect({ user: "bob" }), b.connect({ user: "eve" })]);
  for (const client of clients) await client.subscribe("vm:a");
  await publish(b, 1, 1);
  await b.clock.advance(39_000);
  const before = b.gate.questionCount;
  b.gate.holdCommits();
  await publish(b, 2, 2);
  await b.clock.advance(2_400);
  assert.equal(b.gate.questionCount - before, 1);
  b.gate.releaseCommits();
  await b.clock.advance(5_000);
  for (const client of clients) assert.deepEqual(live(client), [1, 2]);
});

test("[REC4] publications without history come live and move no position", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("vm:a");
  await publish(b, 1, 1);
  await b.engine.publish({ channel: "vm:a", data: new TextEncoder().encode('"x"'), skipHistory: true });
  await publish(b, 2, 2);
  assert.deepEqual(
    client.publications("vm:a").map((publication) => [publication["data"], publication["offset"]]),
    [
      [1, 1],
      ["x", undefined],
      [2, 2],
    ],
  );
});

test("[REC5] a log that cannot be read ends a subscribe with 3004", async () => {
  const b = bench();
  const client = await b.connect();
  b.gate.failWith(new Error("broken"));
  await client.subscribe("vm:a", { recover: true });
  assert.deepEqual([client.closeCode, b.reports.length, b.engine.stats().subscriptions], [3004, 1, 0]);
});

test("[REC6] cache mode: the latest publication only, none for who has it, 112 never", async () => {
  const b = bench({ vm: { ...recoverable, forceRecoveryMode: "cache" } });
  const ask = async (position: Readonly<Record<string, unknown>>) =>
    (await (await b.connect()).subscribe("vm:a", { recover: true, flag: 2, ...position }))["subscribe"];
  const empty = await ask({ offset: 4, epoch: "x" });
  assert.deepEqual([empty.recovered, empty.publications], [undefined, undefined]);
  await publish(b, 1, 3);
  const epoch = await epochOf(b);
  const latest = await ask({ offset: 1, epoch: "other" });
  assert.deepEqual([latest.recovered, offsets(latest.publications), latest.offset], [true, [3], 1]);
  const current = await ask({ offset: 3, epoch });
  assert.deepEqual([current.recovered, current.publications, current.offset], [true, undefined, 3]);
  await b.clock.advance(61_000);
  assert.equal((await ask({ offset: 1, epoch })).recovered, undefined);
});

test("[P6] what is held for a subscriber that waits for its read is bounded like its queue", async () => {
  const b = bench({}, { options: { queueBytesMax: 1_000 } });
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a"}}');
  await b.clock.settle();
  for (let n = 0; n < 5; n++) await b.publish("vm:a", `"${"x".repeat(300)}"`);
  assert.equal(client.closeCode, 3008);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.equal(b.engine.stats().subscriptions, 0);
});
