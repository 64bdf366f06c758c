import assert from "node:assert/strict";
import { type BenchSetup, EngineBench, test, token } from "../../../testing/index.ts";
import { noProxies } from "../../proxies.ts";

const open = { allowSubscribeForClient: true };
const history = { historySize: 10, historyTtlMs: 60_000, forceRecovery: true };
const bench = (setup: BenchSetup = {}) => new EngineBench({ namespaces: { news: { ...open, ...history }, shut: {} }, ...setup });
const inSeconds = (b: EngineBench, seconds: number) => Math.floor(b.clock.wallMs() / 1_000) + seconds;

test("[CN1] a connection gets its id, the ping interval and the version", async () => {
  const b = bench();
  const client = b.open();
  const { connect } = await client.call("connect", { token: token({ user: "ann" }) });
  assert.match(connect["client"], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual({ ...connect, client: "" }, { client: "", version: "0.0.0 test", ping: 25, pong: true });
  assert.deepEqual([b.engine.stats().connections, b.engine.stats().users], [1, 1]);
});

test("[CN1] server time is told only where it is asked for by configuration", async () => {
  const b = bench({ options: { connectIncludeServerTime: true } });
  const { connect } = await b.open().call("connect", { token: token({ user: "ann" }) });
  assert.equal(connect["time"], b.clock.wallMs());
});

test("[C2] before connect everything else is 3501, also a pong; a second connect too", async () => {
  for (const frame of ['{"id":1,"rpc":{}}', "{}", '{"send":{}}', '{"id":1,"subscribe":{"channel":"news:a"}}']) {
    const client = bench().open();
    client.say(frame);
    assert.equal(client.closeCode, 3501, frame);
  }
  const client = await bench().connect();
  await client.call("connect", { token: token({ user: "ann" }) });
  assert.equal(client.closeCode, 3501);
});

test("[C3] a socket that says nothing is stale after 10 s", async () => {
  const b = bench();
  const client = b.open();
  await b.clock.advance(9_800);
  assert.equal(client.closeCode, undefined);
  await b.clock.advance(400);
  assert.deepEqual(client.socket.ended, { code: 3502, reason: "stale" });
  assert.equal(b.clock.pending, 0);
});

test("[C3] a connect error ends all reading and answering; 5 s later the socket is cut without a close frame", async () => {
  const b = bench();
  const client = b.open();
  const { error } = await client.call("connect", { token: token({ fails: "expired" }) });
  assert.deepEqual(error, { code: 109, message: "token expired" });
  await client.call("connect", { token: token({ user: "ann" }) });
  client.say("garbage");
  assert.equal(client.messages.length, 1);
  await b.clock.advance(4_800);
  assert.equal(client.socket.ended, undefined);
  await b.clock.advance(400);
  assert.deepEqual(client.socket.ended, { code: undefined, reason: "" });
  assert.equal(b.engine.stats().connections, 0);
});

test("[C3] after a connect error the stale delay may come first: then it is 3502", async () => {
  const b = bench({ options: { staleCloseDelayMs: 3_000 } });
  const client = b.open();
  await client.call("connect", { token: token({ fails: "expired" }) });
  await b.clock.advance(3_200);
  assert.equal(client.closeCode, 3502);
});

test("[C12] without a token only the anonymous options help", async () => {
  const refused = bench().open();
  await refused.call("connect");
  assert.equal(refused.closeCode, 3501);
  for (const options of [{ allowAnonymousConnectWithoutToken: true }, { insecure: true }]) {
    const reply = await bench({ options }).open().call("connect");
    assert.ok(reply["connect"]);
  }
});

test("[C12] a token that is forged is 3500, expired 109, past its expire_at 110, anonymous where not allowed 3507", async () => {
  const b = bench({ options: { disallowAnonymousConnectionTokens: true } });
  const forged = await b.connect({ fails: "invalid" });
  assert.equal(forged.closeCode, 3500);
  const anonymous = await b.connect({});
  assert.equal(anonymous.closeCode, 3507);
  const past = await b.open().call("connect", { token: token({ user: "ann", expireAtS: inSeconds(b, -1) }) });
  assert.deepEqual(past["error"], { code: 110, message: "expired" });
  const justNow = await b.open().call("connect", { token: token({ user: "ann", expireAtS: inSeconds(b, 0) }) });
  assert.deepEqual([justNow["connect"]["expires"], justNow["connect"]["ttl"]], [true, undefined]);
  const unknown = await b.open().call("connect", { token: token({ user: "ann", channels: ["nope:a"] }) });
  assert.deepEqual(unknown["error"], { code: 102, message: "unknown channel" });
});

test("[A3] a verifier that fails lets nobody in", async () => {
  const failed = await bench()
    .open()
    .call("connect", { token: token({ fails: "internal" }) });
  assert.deepEqual(failed["error"], { code: 100, message: "internal server error", temporary: true });
  const b = bench();
  const client = b.open();
  await client.call("connect", { token: "no JSON: the verifier throws" });
  assert.equal(client.closeCode, 3004);
  assert.equal(b.reports.length, 1);
});

test("[CN2] channels of the token are subscribed in the connect reply, whatever the namespace allows", async () => {
  const b = bench();
  await b.publish("news:a", "1");
  const { connect } = await b.open().call("connect", { token: token({ user: "ann", channels: ["news:a", "shut:$x"] }) });
  const { epoch } = connect["subs"]["news:a"];
  assert.deepEqual(connect["subs"], { "news:a": { recoverable: true, epoch, offset: 1, positioned: true }, "shut:$x": {} });
});

test("[CN2] subs of the token replace channels, with their own options, info and data", async () => {
  const b = bench({ namespaces: { news: { ...history, presence: true } } });
  const client = await b.connect({
    user: "ann",
    info: '{"role" : 1}',
    channels: ["news:ignored"],
    subs: { "news:a": { info: '"mine"', data: '{"hello":1}', override: { forceRecovery: false } } },
  });
  assert.deepEqual(client.messages[0]?.["connect"]["subs"], { "news:a": { data: { hello: 1 } } });
  assert.equal(b.engine.presence("news:a").size, 1);
  const [info] = [...b.engine.presence("news:a").values()];
  assert.deepEqual(
    [info?.user, new TextDecoder().decode(info?.connInfo), new TextDecoder().decode(info?.chanInfo)],
    ["ann", '{"role" : 1}', '"mine"'],
  );
});

test("[CN3] channels asked for in connect are taken where a subscribe would be, the rest is left out, an unknown one is 3501", async () => {
  const b = bench({
    namespaces: { news: open, shut: {}, mine: { allowUserLimitedChannels: true }, asked: { ...open, subscribeProxyName: "backend" } },
    ports: { proxies: { ...noProxies, subscribe: new Map([["backend", () => ({ kind: "result", result: {} })]]) } },
  });
  const wanted = { "news:a": {}, "shut:a": {}, "$news:a": {}, "news:é": {}, "mine:x#ann": {}, "mine:x#bob": {}, "asked:a": {}, "": {} };
  const { connect } = await b.open().call("connect", { token: token({ user: "ann" }), subs: wanted });
  assert.deepEqual(Object.keys(connect["subs"]), ["news:a", "mine:x#ann"]);
  const unknown = b.open();
  await unknown.call("connect", { token: token({ user: "ann" }), subs: { "nope:a": {} } });
  assert.equal(unknown.closeCode, 3501);
});

test("[REC] a server-side subscription recovers from what connect.subs says, and the reject flag does nothing there", async () => {
  const b = bench();
  for (const n of [1, 2, 3]) await b.publish("news:a", String(n));
  const { epoch } = (await b.engine.history({ channel: "news:a", limit: 0 })).top;
  const ask = (offset: number, ofEpoch: string) =>
    b.open().call("connect", {
      token: token({ user: "ann", channels: ["news:a"] }),
      subs: { "news:a": { recover: true, offset, epoch: ofEpoch, flag: 2 } },
    });
  const back = (await ask(1, epoch))["connect"]["subs"]["news:a"];
  assert.deepEqual(back, {
    recoverable: true,
    epoch,
    publications: [
      { data: 2, offset: 2 },
      { data: 3, offset: 3 },
    ],
    recovered: true,
    offset: 1,
    positioned: true,
    was_recovering: true,
  });
  const lost = (await ask(1, "other"))["connect"]["subs"]["news:a"];
  assert.deepEqual(lost, { recoverable: true, epoch, offset: 3, positioned: true, was_recovering: true });
});

test("[C14] too many server-side subscriptions are 3505, too many connections of a user 3504, in that order", async () => {
  const b = bench({ options: { channelLimit: 2, userConnectionLimit: 1 } });
  const first = await b.connect({ user: "ann", channels: ["news:a", "news:b"] });
  assert.equal(first.closeCode, undefined);
  assert.equal((await b.connect({ user: "ann" })).closeCode, 3504);
  assert.equal((await b.connect({ user: "ann", channels: ["news:a", "news:b", "news:c"] })).closeCode, 3505);
  assert.equal((await b.connect({ user: "bob" })).closeCode, undefined);
  assert.equal((await b.connect({ user: "" })).closeCode, undefined);
  assert.equal((await b.connect({ user: "" })).closeCode, undefined);
  first.cut();
  assert.equal((await b.connect({ user: "ann" })).closeCode, undefined);
});

test("[CN4] an expiring token tells its ttl and the connection ends with 3005 after the grace", async () => {
  const b = bench();
  const client = await b.connect({ user: "ann", expireAtS: inSeconds(b, 60) });
  assert.deepEqual([client.messages[0]?.["connect"]["expires"], client.messages[0]?.["connect"]["ttl"]], [true, 60]);
  await b.pass(84_800, client);
  assert.equal(client.closeCode, undefined);
  await b.pass(400, client);
  assert.equal(client.closeCode, 3005);
});

test("[CN4] the insecure mode knows no expiry, and a ttl is never told longer than a year", async () => {
  const insecure = await bench({ options: { insecure: true } }).connect({ user: "ann", expireAtS: 1 });
  assert.equal(insecure.messages[0]?.["connect"]["ttl"], undefined);
  const b = bench();
  const client = await b.connect({ user: "ann", expireAtS: inSeconds(b, 400 * 86_400) });
  assert.equal(client.messages[0]?.["connect"]["ttl"], 31_536_000);
});

test("[C25] refresh moves the expiry; one without an expiry takes it away", async () => {
  for (const fresh of [{ expireAtS: 3_600 }, {}]) {
    const b = bench({ options: { pingIntervalMs: 0 } });
    const client = await b.connect({ user: "ann", expireAtS: inSeconds(b, 60) });
    const claims = "expireAtS" in fresh ? { user: "ann", expireAtS: inSeconds(b, 3_600) } : { user: "ann" };
    const { refresh } = await client.call("refresh", { token: token(claims) });
    assert.deepEqual(refresh, "expireAtS" in fresh ? { expires: true, ttl: 3_600 } : {});
    await b.clock.advance(600_000);
    assert.equal(client.closeCode, undefined);
  }
});

test("[C25] refresh: empty 3501, forged or of another user 3500, expired 3005, other channels 3010, past 110, unknown namespace 102", async () => {
  const cases: readonly [string, number][] = [
    ["", 3501],
    [token({ fails: "invalid" }), 3500],
    [token({ user: "bob", channels: ["news:a"] }), 3500],
    [token({ user: "bob", fails: "expired" }), 3005],
    [token({ user: "ann", channels: [] }), 3010],
    [token({ user: "ann", channels: ["news:b"] }), 3010],
    [token({ user: "ann", channels: ["news:a", "news:b"] }), 3010],
    [token({ user: "ann", channels: ["news:a"], expireAtS: 1 }), 110],
    [token({ user: "ann", channels: ["news:b"], expireAtS: 1 }), 3010],
    [token({ user: "ann", channels: ["nope:a"] }), 102],
    [token({ fails: "internal" }), 100],
  ];
  for (const [raw, code] of cases) {
    const client = await bench().connect({ user: "ann", channels: ["news:a"] });
    const reply = await client.call("refresh", { token: raw });
    assert.equal(reply["error"]?.code ?? client.closeCode, code, raw);
    assert.equal(client.closeCode, code > 3_000 ? code : undefined);
  }
});

test("[C25] refresh replaces info; presence shows it from the next tick on", async () => {
  const b = bench({ namespaces: { news: { ...open, presence: true } }, options: { pingIntervalMs: 0 } });
  const client = await b.connect({ user: "ann", info: '"old"', channels: ["news:a"] });
  await client.call("refresh", { token: token({ user: "ann", info: '"new"', channels: ["news:a"] }) });
  const infos = () => [...b.engine.presence("news:a").values()].map((info) => new TextDecoder().decode(info.connInfo));
  assert.deepEqual(infos(), ['"old"']);
  await b.clock.advance(27_200);
  assert.deepEqual(infos(), ['"new"']);
});

test("[C4] [C5] a pong answers one ping; one too many is 3501", async () => {
  const b = bench();
  const early = await b.connect();
  early.pong();
  assert.equal(early.closeCode, 3501);
  const client = await b.connect();
  while (client.pingCount === 0) await b.clock.advance(1_000);
  client.say('{"rpc":{}}');
  assert.equal(client.closeCode, undefined, "any command without an id is read as a pong");
  client.pong();
  assert.equal(client.closeCode, 3501);
});

test("[C27] pings come every interval, the first in its second half; no pong in time is 3012", async () => {
  const b = bench();
  const client = await b.connect();
  await b.pass(12_300, client);
  assert.equal(client.pingCount, 0);
  await b.pass(13_000, client);
  assert.equal(client.pingCount, 1);
  await b.pass(100_000, client);
  assert.equal(client.pingCount, 5);
  while (client.pingCount === 5) await b.clock.advance(1_000);
  await client.call("rpc");
  await b.clock.advance(8_200);
  assert.deepEqual(client.socket.ended, { code: 3012, reason: "no pong" });
});

test("[D23] a peer whose socket is full and that gives no pong is cut: no close frame would reach it", async () => {
  const b = bench();
  const client = await b.connect();
  client.socket.stall();
  await b.clock.advance(34_000);
  assert.deepEqual(client.socket.ended, { code: undefined, reason: "" });
  assert.equal(b.engine.stats().connections, 0);
});

test("[CN5] commands of a connection are answered in order, also those that arrive while one waits", async () => {
  const b = bench();
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":10,"subscribe":{"channel":"news:a"}}\n{"id":11,"rpc":{}}');
  client.say('{"id":12,"rpc":{}}');
  await b.clock.settle();
  assert.equal(client.messages.length, 1);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(
    client.messages.slice(1).map((message) => message["id"]),
    [10, 11, 12],
  );
});

test("[R2] frames that pile up behind a waiting command are bounded: 3013", async () => {
  const b = bench({ options: { queueBytesMax: 1_000 } });
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":10,"subscribe":{"channel":"news:a"}}');
  for (let n = 0; n < 60 && client.closeCode === undefined; n++) client.say('{"id":11,"rpc":{"method":"x"}}');
  assert.equal(client.closeCode, 3013);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(b.engine.stats().subscriptions, 0);
});

test("[R1] a connection that closes in the middle of anything leaves nothing behind", async () => {
  const b = bench({ namespaces: { news: { ...open, ...history, presence: true, joinLeave: true, forcePushJoinLeave: true } } });
  const watcher = await b.connect({ user: "watcher", channels: ["news:a"] });
  watcher.rest();
  b.gate.holdReads();
  const connecting = b.open();
  connecting.say(JSON.stringify({ id: 1, connect: { token: token({ user: "ann", channels: ["news:a"] }) } }));
  const subscribing = await b.connect({ user: "bob" });
  subscribing.say('{"id":2,"subscribe":{"channel":"news:a"}}');
  await b.clock.settle();
  assert.equal(b.engine.presence("news:a").size, 3);
  connecting.cut();
  subscribing.cut();
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(
    [...b.engine.presence("news:a").values()].map((info) => info.user),
    ["watcher"],
  );
  assert.deepEqual([b.engine.stats().connections, b.engine.stats().subscriptions], [1, 1]);
  assert.deepEqual(watcher.rest(), [], "who never went live was never announced, so nobody leaves either");
  assert.deepEqual(b.reports, []);
});

test("[CN2] the subscriptions of a connect are read all at once, and one that fails fails the connect", async () => {
  const b = bench();
  b.gate.holdReads();
  const client = b.open();
  const channels = Array.from({ length: 30 }, (_, n) => `news:${n}`);
  client.say(JSON.stringify({ id: 1, connect: { token: token({ user: "ann", channels }) } }));
  await b.clock.settle();
  assert.equal(b.gate.questionCount, 30);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(Object.keys(client.reply(1)?.["connect"]["subs"]), channels);
  b.gate.failWith(new Error("broken"));
  const unlucky = await b.connect({ user: "bob", channels: ["news:a", "shut:a"] });
  assert.equal(unlucky.closeCode, 3004);
  assert.deepEqual([b.engine.stats().connections, b.engine.stats().subscriptions], [1, 30]);
});
