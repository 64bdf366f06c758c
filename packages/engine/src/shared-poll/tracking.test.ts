import assert from "node:assert/strict";
import { batchOf, PollBench, PollReader, pollOptions, test, token, track, untrack } from "../../testing/index.ts";

const code = (reply: Readonly<Record<string, unknown>>) => (reply["error"] as { readonly code: number } | undefined)?.code;

test("[SP1] type 4 belongs to shared polls, and every other type does not", async () => {
  const b = new PollBench();
  const client = await b.connect();
  const asked = [
    ["stream:a", 4, 108],
    ["nope:a", 4, 108],
    ["plain:a", 0, 107],
    ["plain:a", 1, 107],
    ["plain:a", 9, 107],
  ] as const;
  for (const [channel, type, expected] of asked)
    assert.equal(code(await client.subscribe(channel, { type })), expected, `${channel} ${type}`);
});

test("[SP2] the other checks come in their order", async () => {
  const b = new PollBench({ options: { channelLimit: 1 }, namespaces: { shut: pollOptions({}, { allowSubscribeForClient: false }) } });
  const client = await b.connect();
  const ask = (channel: string, more = {}) => client.subscribe(channel, { type: 4, ...more });
  const past = token({ user: "ann", channel: "shut:a", expireAtS: 1 });
  const refused = [`plain:${"x".repeat(255)}`, "plain:é", "shut:a", "$plain:a"];
  assert.deepEqual(await Promise.all(refused.map(async (channel) => code(await ask(channel)))), [107, 107, 103, 103]);
  assert.equal(code(await ask("shut:a", { token: past })), 110);
  assert.equal((await ask("plain:a"))["subscribe"]?.type, 4);
  assert.deepEqual([code(await ask("plain:a")), code(await ask("plain:b")), code(await client.subscribe("stream:a"))], [105, 106, 106]);
  assert.equal((await client.call("unsubscribe", { channel: "plain:a" }))["error"], undefined);
  assert.equal((await ask("plain:b"))["subscribe"]?.type, 4);
});

test("[SP4] presence, renewal and expiry are those of any subscription; the hub does not know it", async () => {
  const b = new PollBench({ namespaces: { seen: pollOptions({}, { presence: true, joinLeave: true, forcePushJoinLeave: true }) } });
  const client = await b.connect();
  const expireAtS = Math.floor(b.clock.wallMs() / 1_000) + 60;
  const claims = { user: "ann", channel: "seen:a", expireAtS, info: '{"i":1}', data: '{"d":1}' };
  const { epoch, ...rest } = (await client.subscribe("seen:a", { type: 4, token: token(claims) }))["subscribe"];
  assert.deepEqual([rest, typeof epoch], [{ type: 4, expires: true, ttl: 60 }, "string"]);
  assert.equal(b.engine.presence("seen:a").size, 1);
  assert.deepEqual([b.engine.channels().size, client.pushes], [0, []]);
  const renewed = await client.call("sub_refresh", { channel: "seen:a", token: token({ ...claims, expireAtS: expireAtS + 60 }) });
  assert.deepEqual(renewed["sub_refresh"], { expires: true, ttl: 120 });
  await b.clock.advance(200_000);
  assert.equal(client.pushes[0]?.["unsubscribe"].code, 2501);
  assert.equal(b.engine.presence("seen:a").size, 0);
});

test("[SP10] [SP11] what is wrong, what is too much, what is not allowed; and nothing of it counts", async () => {
  const b = new PollBench({ namespaces: { few: pollOptions({ keysPerConnectionMax: 2 }) } });
  b.backend.set("k", 1);
  const client = await b.follower("few:a");
  const ask = async (request: object) => code(await client.call("sub_refresh", { channel: "few:a", type: 1, ...request }));
  assert.equal(await ask({}), 107);
  assert.equal(await ask({ track: [batchOf([])] }), 107);
  assert.equal(await ask({ track: [batchOf(["a", "b", "c"], "bob")] }), 106);
  assert.equal(await ask({ track: [batchOf(["x".repeat(4_097)], "bob")] }), 107);
  assert.equal(await ask({ track: [batchOf(["k"], "bob")] }), 103);
  assert.equal(await ask({ track: [batchOf(["k"], "ann@1")] }), 109);
  assert.equal(await ask({ track: [batchOf(["k"]), batchOf([], "bob")] }), 103);
  assert.equal(await ask({ channel: "few:b", track: [batchOf(["k"])] }), 103);
  assert.equal(await ask({ type: 2 }), 107);
  assert.deepEqual([b.backend.questions(), client.pushes], [[], []]);
  assert.equal(await ask({ channel: "" }), undefined);
  assert.equal(client.closeCode, 3501);
});

test("[SP12] [SP13] the last batch that names a key counts, and the first expiry is told", async () => {
  const b = new PollBench();
  for (const key of ["k", "l"]) b.backend.set(key, key, 3);
  const client = await b.follower("ver:a");
  const nowS = Math.floor(b.clock.wallMs() / 1_000);
  const batches = [batchOf(["k@9"], `ann@${nowS + 10}`), batchOf(["k", "l"], `ann@${nowS + 60}`)];
  const reply = await client.call("sub_refresh", { channel: "ver:a", type: 1, track: batches, untrack: ["l"] });
  assert.deepEqual(reply["sub_refresh"], { expires: true, ttl: 60 });
  assert.deepEqual([b.backend.questions(), new PollReader(client, "ver:a").news()], [["k"], ['k="k"@3']]);
});

test("[SP14] the limit counts what is followed in the end", async () => {
  const b = new PollBench({ namespaces: { few: pollOptions({ keysPerConnectionMax: 2 }) } });
  const client = await b.follower("few:a", ["a", "b"]);
  assert.equal(code(await track(client, "few:a", ["c"])), 106);
  assert.equal(code(await track(client, "few:a", ["a", "b"])), undefined);
  assert.equal(code(await track(client, "few:a", ["c"], { untrack: ["a"] })), undefined);
  assert.equal(code(await track(client, "few:a", ["x", "y", "z"], { untrack: ["x", "y", "z", "c"] })), undefined);
  assert.equal(code(await track(client, "few:a", ["p"])), undefined);
  assert.equal(b.engine.stats().sharedPollKeys, 2);
  await untrack(client, "few:a", ["p", "b", "never"]);
  assert.equal(b.engine.stats().sharedPollKeys, 0);
});

test("[SP16] a key whose signature expired is followed for the delay, then no more, and nobody is told", async () => {
  const b = new PollBench({ options: { presenceUpdateIntervalMs: 1_000 } });
  b.backend.set("k", 1);
  b.backend.set("l", 1);
  const client = await b.follower("plain:a");
  const nowS = Math.floor(b.clock.wallMs() / 1_000);
  await client.call("sub_refresh", { channel: "plain:a", type: 1, track: [batchOf(["k", "l"], `ann@${nowS + 10}`)] });
  await b.clock.advance(8_000);
  await client.call("sub_refresh", { channel: "plain:a", type: 1, track: [batchOf(["l@1"], `ann@${nowS + 100}`)] });
  await b.clock.advance(26_000);
  assert.equal(b.engine.stats().sharedPollKeys, 2);
  await b.clock.advance(3_000);
  assert.equal(b.engine.stats().sharedPollKeys, 1);
  const reader = new PollReader(client, "plain:a");
  reader.news();
  for (const key of ["k", "l"]) b.backend.set(key, 2);
  await b.clock.advance(10_000);
  assert.deepEqual(reader.news(), ["l=2@3"]);
});

test("[SP25] [P7] when everybody is gone, nothing is left, however they went", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const ends = [
    (client: Awaited<ReturnType<PollBench["follower"]>>) => client.cut(),
    (client: Awaited<ReturnType<PollBench["follower"]>>) => client.call("unsubscribe", { channel: "plain:a" }),
    () => b.engine.unsubscribe({ user: "ann" }, "plain:a"),
    () => b.engine.disconnect({ user: "ann" }, 3_503, "", []),
  ];
  for (const end of ends) {
    const client = await b.follower("plain:a", ["k"]);
    await end(client);
    client.cut();
    await b.clock.advance(1_000);
    const { sharedPollChannels, sharedPollKeys } = b.engine.stats();
    assert.deepEqual([sharedPollChannels, sharedPollKeys], [0, 0]);
  }
  b.backend.questions();
  await b.clock.advance(30_000);
  assert.deepEqual([b.backend.questions(), b.clock.pending, b.reports], [[], 0, []]);
});
