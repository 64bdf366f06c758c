import assert from "node:assert/strict";
import { type BenchSetup, bytes, EngineBench, type TestClient, test, text, token } from "../../testing/index.ts";
import { type ConnectProxy, type ConnectProxyResult, noProxies } from "../proxies.ts";

const namespaces = {
  news: { historySize: 10, historyTtlMs: 60_000, forceRecovery: true, allowSubscribeForClient: true, presence: true },
  cache: { historySize: 10, historyTtlMs: 60_000, forceRecovery: true, forceRecoveryMode: "cache" },
} as const;
const somebody: ConnectProxyResult = {
  user: "ann",
  expireAtS: undefined,
  info: undefined,
  data: undefined,
  channels: [],
  subs: new Map(),
  meta: undefined,
};
const noSub = { info: undefined, data: undefined, override: {}, cacheRecover: false };

/** A bench whose connect proxy is this one, and what it was asked. */
function asking(connect: ConnectProxy, options: BenchSetup["options"] = {}) {
  const asked: Parameters<ConnectProxy>[] = [];
  const proxy: ConnectProxy = (...question) => {
    asked.push(question);
    return connect(...question);
  };
  return { b: new EngineBench({ namespaces, options: { ...options }, ports: { proxies: { ...noProxies, connect: proxy } } }), asked };
}
const answering = (result: Partial<ConnectProxyResult> | undefined, options: BenchSetup["options"] = {}) =>
  asking(async () => ({ kind: "result", result: result === undefined ? undefined : { ...somebody, ...result } }), options);
const outcome = async (client: TestClient, request = {}) => {
  const reply = await client.call("connect", request);
  return reply["error"]?.code ?? client.closeCode ?? reply["connect"];
};

test("[CP1] the backend is told of the connection: its id, name, version, data, headers and the channels it asks for, and no user yet", async () => {
  const { b, asked } = answering({});
  const client = b.open();
  const request = { name: "js", version: "5.0", data: { a: 1 }, headers: { "X-Shop": "7" }, subs: { "news:a": {} } };
  await client.call("connect", request);
  const [caller, question] = asked[0] ?? [];
  assert.deepEqual(
    [caller?.client, caller?.user, caller?.emulatedHeaders.get("X-Shop"), caller?.meta, caller?.transport.transport],
    [client.id, "", "7", undefined, "websocket"],
  );
  assert.deepEqual(
    [question?.name, question?.version, text(question?.data), question?.channels],
    ["js", "5.0", JSON.stringify({ a: 1 }), ["news:a"]],
  );
});

test("[CP2] it is not asked where a token came", async () => {
  const { b, asked } = answering({ user: "eve" });
  await b.connect({ user: "ann" });
  await b.open().call("connect", { token: token({ fails: "invalid" }) });
  assert.equal(asked.length, 0);
});

test("[CP3] it says who connects, with info, data, and server-side subscriptions on their own terms", async () => {
  const { b } = answering({
    info: bytes("1"),
    data: bytes('{"hello":1}'),
    channels: ["news:a", "news:b"],
    subs: new Map([["news:b", { ...noSub, info: bytes("2"), data: bytes("3"), override: { forceRecovery: false } }]]),
  });
  const client = b.open();
  const { connect } = await client.call("connect");
  assert.deepEqual(connect["data"], { hello: 1 });
  assert.deepEqual(Object.keys(connect["subs"]), ["news:a", "news:b"]);
  assert.deepEqual(connect["subs"]["news:b"], { data: 3 });
  assert.equal(connect["subs"]["news:a"]["recoverable"], true);
  const info = b.engine.presence("news:b").get(client.id);
  assert.deepEqual([info?.user, text(info?.connInfo), text(info?.chanInfo)], ["ann", "1", "2"]);
});

test("[CP3] `cache_recover` brings the latest publication along", async () => {
  const { b } = answering({ subs: new Map([["cache:a", { ...noSub, cacheRecover: true }]]) });
  await b.publish("cache:a", "1");
  const { connect } = await b.open().call("connect");
  assert.deepEqual(connect["subs"]["cache:a"]["publications"], [{ data: 1, offset: 1 }]);
});

test("[CP3] channels that the client asks for are the backend's business alone", async () => {
  const { b } = answering({});
  const { connect } = await b.open().call("connect", { subs: { "news:a": {}, "nowhere:a": {} } });
  assert.equal(connect["subs"], undefined);
});

test("[CP4] an empty answer says nothing: 3501, or the anonymous options; an empty result is the anonymous user, whatever they say", async () => {
  assert.equal(await outcome(answering(undefined).b.open()), 3501);
  const anonymous = answering(undefined, { allowAnonymousConnectWithoutToken: true });
  const { subs } = await outcome(anonymous.b.open(), { subs: { "news:a": {} } });
  assert.equal(subs, undefined, "the anonymous user may not");
  const nobody = answering({ user: "" }, { disallowAnonymousConnectionTokens: true });
  assert.equal(typeof (await outcome(nobody.b.open())), "object");
});

test("[CP5] an unknown namespace is 102, an expiry that is past 110, too many subscriptions 3505", async () => {
  assert.equal(await outcome(answering({ channels: ["nowhere:a"] }).b.open()), 102);
  assert.equal(await outcome(answering({ subs: new Map([["nowhere:a", noSub]]) }).b.open()), 102);
  assert.equal(await outcome(answering({ expireAtS: 1 }).b.open()), 110);
  assert.equal(await outcome(answering({ channels: ["news:1", "news:2", "news:3"] }, { channelLimit: 2 }).b.open()), 3505);
});

test("[CP5] the insecure mode takes the expiry from tokens, not from what a backend says", async () => {
  const { b } = answering({ expireAtS: Date.UTC(2030, 0) / 1_000 }, { insecure: true });
  assert.equal((await outcome(b.open()))["expires"], true);
});

test("[X1] [A3] a backend that does not answer lets nobody in: 100, and the connection is unusable", async () => {
  const { b } = asking(async () => Promise.reject(new Error("refused")), { allowAnonymousConnectWithoutToken: true });
  const client = b.open();
  const reply = await client.call("connect");
  assert.deepEqual(reply["error"], { code: 100, message: "internal server error", temporary: true });
  await client.call("connect");
  assert.equal(client.messages.length, 1);
  await b.clock.advance(5_100);
  assert.equal(client.closeCode, 0);
});

test("[X4] an error and a disconnect are passed on, a long reason is cut at a character", async () => {
  const refusing = asking(async () => ({ kind: "error", code: 1_000, message: "no", temporary: true }));
  assert.deepEqual((await refusing.b.open().call("connect"))["error"], { code: 1_000, message: "no", temporary: true });
  const client = asking(async () => ({ kind: "disconnect", code: 4_500, reason: "é".repeat(150) })).b.open();
  await client.call("connect");
  assert.deepEqual(client.socket.ended, { code: 4_500, reason: "é".repeat(61) });
});

test("[X5] codes that no client could act on become 100 and 3004, and are reported", async () => {
  for (const code of [0, 99, 2_000, 6_000, -1, 400.5]) {
    const { b } = asking(async () => ({ kind: "error", code, message: "no", temporary: false }));
    assert.equal(await outcome(b.open()), 100, String(code));
    assert.equal(b.reports.length, 1);
  }
  for (const [code, reason] of [
    [0, "no"],
    [99, "no"],
    [3_000, "no"],
    [5_000, "no"],
    [4_500, "no\nway"],
  ] as const) {
    const { b } = asking(async () => ({ kind: "disconnect", code, reason }));
    assert.equal(await outcome(b.open()), 3004, String(code));
    assert.equal(b.reports.length, 1);
  }
});

test("[CN6] a user that a header vouches for connects where nothing else says who it is", async () => {
  const b = new EngineBench({ namespaces });
  const { connect } = await b.open({ headerUser: "ann" }).call("connect", { subs: { "news:a": {} } });
  assert.equal(connect["subs"], undefined, "channels are asked for with a token, or by nobody in particular");
  assert.equal(b.engine.stats().users, 1);
  const withToken = new EngineBench({ namespaces });
  await withToken.connect({ user: "bob" }, {}, { headerUser: "ann" });
  withToken.engine.disconnect({ user: "bob" }, 3503, "x", []);
  assert.equal(withToken.engine.stats().connections, 0, "a token says it first");
  const open = new EngineBench({ namespaces, options: { allowAnonymousConnectWithoutToken: true } });
  await open.open({ headerUser: "ann" }).call("connect");
  open.engine.disconnect({ user: "" }, 3503, "x", []);
  assert.equal(open.engine.stats().connections, 0, "and so do the anonymous options");
});

test("[CN6] a header speaks where the connect proxy says nothing", async () => {
  const { b } = answering(undefined);
  assert.equal(typeof (await outcome(b.open({ headerUser: "ann" }))), "object");
});
