import assert from "node:assert/strict";
import { type BenchSetup, bytes, EngineBench, type TestClient, test, text } from "../../../testing/index.ts";
import type { RpcOptions } from "../../options.ts";
import { noProxies, type PublishProxy, type PublishProxyResult, type RpcProxy } from "../../proxies.ts";

const history = { historySize: 10, historyTtlMs: 60_000, allowHistoryForClient: true, allowSubscribeForClient: true };
const asItIs: PublishProxyResult = {
  data: undefined,
  skipHistory: false,
  tags: undefined,
  idempotencyKey: "",
  delta: false,
  version: 0,
  versionEpoch: "",
};

function publishing(ask: PublishProxy, more: BenchSetup["namespaces"] = {}): EngineBench {
  const asked = { ...history, publishProxyName: "backend" };
  return new EngineBench({
    namespaces: { vm: asked, json: { ...asked, publicationDataFormat: "json" }, ...more },
    ports: { proxies: { ...noProxies, publish: new Map([["backend", ask]]) } },
  });
}
const answering = (result: Partial<PublishProxyResult> | undefined) =>
  publishing(async () => ({ kind: "result", result: result === undefined ? undefined : { ...asItIs, ...result } }));
const codeOf = async (client: TestClient, method: string, request: object) =>
  (await client.call(method, { ...request }))["error"]?.code ?? client.closeCode;
const publications = async (client: TestClient) =>
  (await client.call("history", { channel: "vm:a", limit: -1 }))["history"]["publications"];

test("[PP1] where a namespace has a publish proxy it alone decides; `{}` and an empty result publish what the client said", async () => {
  for (const result of [undefined, {}]) {
    const b = answering(result);
    const client = await b.connect({ user: "ann", info: "7" });
    assert.deepEqual(await client.call("publish", { channel: "vm:a", data: { a: 1 } }), { id: 2, publish: {} });
    assert.deepEqual(await publications(client), [{ data: { a: 1 }, offset: 1, info: { user: "ann", client: client.id, conn_info: 7 } }]);
  }
});

test("[PP1] it is told who publishes what", async () => {
  const asked: Parameters<PublishProxy>[] = [];
  const b = publishing(async (...question) => {
    asked.push(question);
    return { kind: "result", result: undefined };
  });
  const client = await b.connect({ user: "ann", meta: '{"m":1}' });
  await client.call("publish", { channel: "vm:a", data: { a: 1 } });
  const [caller, { channel, data }] = asked[0]!;
  assert.deepEqual([caller.client, caller.user, text(caller.meta), channel], [client.id, "ann", '{"m":1}', "vm:a"]);
  assert.deepEqual(JSON.parse(text(data)), { a: 1 });
});

test("[PP2] it may replace the data, add tags, leave history out, name an idempotency key and a version", async () => {
  const b = answering({ data: bytes("2"), tags: { a: "b" }, idempotencyKey: "k", version: 5 });
  const client = await b.connect();
  await client.call("publish", { channel: "vm:a", data: 1 });
  await client.call("publish", { channel: "vm:a", data: 1 });
  const [publication, ...more] = await publications(client);
  assert.deepEqual([publication["data"], publication["tags"], publication["version"], more], [2, { a: "b" }, 5, []]);
  const skipping = answering({ skipHistory: true });
  const other = await skipping.connect();
  await other.subscribe("vm:a");
  await other.call("publish", { channel: "vm:a", data: 1 });
  assert.deepEqual([other.publications("vm:a").length, await publications(other)], [1, []]);
});

test("[PP2] it says by itself what is for patches; `delta_publish` holds for everybody else", async () => {
  const delta = { ...history, publishProxyName: "backend", deltaPublish: true, allowedDeltaTypes: ["fossil"] as const };
  const long = JSON.stringify("a long text that a patch is shorter than ".repeat(10));
  for (const said of [false, true]) {
    const b = publishing(async () => ({ kind: "result", result: { ...asItIs, delta: said } }), { vm: { ...delta, forceRecovery: true } });
    const client = await b.connect();
    await client.subscribe("vm:a", { delta: "fossil" });
    for (let n = 0; n < 2; n++) await client.call("publish", { channel: "vm:a", data: JSON.parse(long) });
    await b.publish("vm:a", long);
    const isDelta = client.publications("vm:a").map((publication) => publication["delta"] === true);
    assert.deepEqual(isDelta, [false, said, true]);
  }
});

test("[PP3] what it replaced is checked as what the client said: 107, and nothing is published", async () => {
  for (const data of [bytes(""), bytes("no json")]) {
    const b = answering({ data });
    const client = await b.connect();
    assert.equal(await codeOf(client, "publish", { channel: "json:a", data: 1 }), 107);
    assert.equal((await b.engine.history({ channel: "json:a", limit: -1 })).publications.length, 0);
  }
});

test("[PP3] what the client says is checked before anybody is asked", async () => {
  let count = 0;
  const b = publishing(async () => {
    count++;
    return { kind: "result", result: undefined };
  });
  const client = await b.connect();
  assert.equal(await codeOf(client, "publish", { channel: "json:a" }), 107);
  assert.equal(await codeOf(client, "publish", { channel: "vm:é", data: 1 }), 107);
  assert.equal(count, 0);
});

test("[X1] [X4] [X5] a publish proxy's error and disconnect are passed on; one that does not answer publishes nothing: 100", async () => {
  const refused = await publishing(async () => ({ kind: "error", code: 1_000, message: "no", temporary: false })).connect();
  assert.equal(await codeOf(refused, "publish", { channel: "vm:a", data: 1 }), 1_000);
  const ended = await publishing(async () => ({ kind: "disconnect", code: 4_500, reason: "no" })).connect();
  assert.equal(await codeOf(ended, "publish", { channel: "vm:a", data: 1 }), 4_500);
  const b = publishing(async () => Promise.reject(new Error("refused")));
  const failed = await b.connect();
  assert.equal(await codeOf(failed, "publish", { channel: "vm:a", data: 1 }), 100);
  assert.deepEqual([await publications(failed), b.reports.length], [[], 1]);
});

test("[X5] a subscribe proxy's codes are guarded, too", async () => {
  const answer = { kind: "error", code: 6_000, message: "no", temporary: false } as const;
  const b = new EngineBench({
    namespaces: { vm: { subscribeProxyName: "backend" } },
    ports: { proxies: { ...noProxies, subscribe: new Map([["backend", async () => answer]]) } },
  });
  assert.equal(await codeOf(await b.connect(), "subscribe", { channel: "vm:a" }), 100);
});

const echo: RpcProxy = async ({ user }, { method, data }) => ({
  kind: "result",
  result: { data: bytes(`["${user}","${method}",${text(data)}]`) },
});

function calling(rpc: Partial<RpcOptions>, ask: RpcProxy = echo): Promise<TestClient> {
  const options = { rpc: { namespaceBoundary: ":", withoutNamespaceProxyName: "", namespaces: new Map(), pingMethod: "", ...rpc } };
  return new EngineBench({ options, ports: { proxies: { ...noProxies, rpc: new Map([["backend", ask]]) } } }).connect();
}

test("[RP1] a method goes to the proxy of its namespace, and the answer comes back as it is", async () => {
  const namespaces = new Map([["shop", "backend"]]);
  const client = await calling({ withoutNamespaceProxyName: "backend", namespaces });
  for (const method of ["plain", "shop:order:new", ":odd"]) {
    const { rpc } = await client.call("rpc", { method, data: { a: 1 } });
    assert.deepEqual(rpc["data"], ["ann", method, { a: 1 }]);
  }
});

test("[RP1] an answer without data is an empty result", async () => {
  for (const result of [undefined, { data: undefined }]) {
    const client = await calling({ withoutNamespaceProxyName: "backend" }, async () => ({ kind: "result", result }));
    assert.deepEqual(await client.call("rpc", { method: "a" }), { id: 2, rpc: {} });
  }
});

test("[C23] rpc: an unknown namespace is 104, one without a proxy 108, without any proxy everything 108", async () => {
  const client = await calling({
    namespaces: new Map([
      ["shop", "backend"],
      ["shut", ""],
    ]),
  });
  assert.equal(await codeOf(client, "rpc", { method: "nowhere:a" }), 104);
  assert.equal(await codeOf(client, "rpc", { method: "shut:a" }), 108);
  assert.equal(await codeOf(client, "rpc", { method: "plain" }), 108);
  const without = await calling({ namespaces: new Map([["shut", ""]]) });
  assert.equal(await codeOf(without, "rpc", { method: "nowhere:a" }), 108);
});

test("[RP2] the ping method is answered by the engine, before any proxy; with it alone every other method is 104", async () => {
  const client = await calling({ pingMethod: "ping" });
  assert.deepEqual(await client.call("rpc", { method: "ping", data: 1 }), { id: 2, rpc: {} });
  assert.equal(await codeOf(client, "rpc", { method: "other" }), 104);
  const both = await calling({ pingMethod: "ping", withoutNamespaceProxyName: "backend" });
  assert.deepEqual(await both.call("rpc", { method: "ping", data: 1 }), { id: 2, rpc: {} });
});

test("[X1] [X4] an rpc proxy's error and disconnect are passed on; one that does not answer is 100", async () => {
  const asked = { withoutNamespaceProxyName: "backend" };
  const refused = await calling(asked, async () => ({ kind: "error", code: 404, message: "no such order", temporary: true }));
  assert.deepEqual((await refused.call("rpc", { method: "a" }))["error"], { code: 404, message: "no such order", temporary: true });
  const ended = await calling(asked, async () => ({ kind: "disconnect", code: 4_000, reason: "bye" }));
  await ended.call("rpc", { method: "a" });
  assert.deepEqual(ended.socket.ended, { code: 4_000, reason: "bye" });
  const failed = await calling(asked, async () => Promise.reject(new Error("refused")));
  assert.equal(await codeOf(failed, "rpc", { method: "a" }), 100);
});

test("[OPT1] an rpc namespace whose proxy was not handed in stops the start", () => {
  const rpc = { namespaceBoundary: ":", withoutNamespaceProxyName: "gone", namespaces: new Map(), pingMethod: "" };
  assert.throws(() => new EngineBench({ options: { rpc } }), /gone/);
});
