import assert from "node:assert/strict";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { ProxyAnswerUnusable } from "@fleetcast/engine";
import type { ProxyConfig } from "../config/config.ts";
import { createOutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { systemClock } from "../runtime/clock.ts";
import { Backend } from "./backend.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import * as ask from "./questions.ts";
import { BackendDouble, bytes, caller, proxyConfig, rawPeer, text } from "./testing/backend-double.ts";

const fetch = createOutgoingFetch({ clock: systemClock });
const stops: { stop(): void }[] = [];
after(() => {
  for (const one of stops) one.stop();
});

function backend(url: string, changes: Partial<ProxyConfig> = {}): Backend {
  return new Backend(proxyConfig(url, { timeoutMs: 300, ...changes }), "default", { fetch, clock: systemClock });
}

/** Each question once, by its name. */
const questions: Readonly<Record<string, (one: Backend) => Promise<unknown> | unknown>> = {
  connect: (one) => ask.connectProxy(one)(caller(), { data: undefined, name: "", version: "", channels: [] }),
  refresh: (one) => ask.refreshProxy(one)(caller()),
  subscribe: (one) => ask.subscribeProxy(one)(caller(), { channel: "a", token: "", data: undefined }),
  sub_refresh: (one) => ask.subRefreshProxy(one)(caller(), { channel: "a" }),
  publish: (one) => ask.publishProxy(one)(caller(), { channel: "a", data: bytes("{}") }),
  rpc: (one) => ask.rpcProxy(one)(caller(), { method: "m", data: undefined }),
  map_publish: (one) => ask.mapPublishProxy(one)(caller(), { channel: "a", key: "k", data: bytes("{}") }),
  map_remove: (one) => ask.mapRemoveProxy(one)(caller(), { channel: "a", key: "k" }),
  shared_poll_refresh: (one) => ask.sharedPollRefreshProxy(one)({ channel: "a", items: [{ key: "k", version: 0 }] }),
};

const head = (status: string, ...lines: readonly string[]) => `HTTP/1.1 ${status}\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`;
const whole = (status: string, body: string, ...lines: readonly string[]) => [
  head(status, `content-length: ${Buffer.byteLength(body)}`, ...lines),
  body,
];
const bomb = gzipSync(Buffer.alloc(200_000_000, 0x20));
const elsewhere = await rawPeer(whole("200 OK", `{"result":{"user":"admin"}}`));
stops.push(elsewhere);

/** Table X: a backend that gives no answer, or none that counts. */
const failures: readonly (readonly [name: string, url: () => Promise<string>])[] = [
  ["nobody listens", async () => "http://127.0.0.1:1/"],
  ["the name does not exist", async () => "http://no-such-host.invalid/"],
  ["a TLS handshake that fails", async () => elsewhere.url.replace("http:", "https:")],
  ["no answer in time", () => at(["HTTP/1.1 200 OK\r\n"], "wait")],
  ["half a body, then silence", () => at([head("200 OK", "content-length: 100"), `{"result":`], "wait")],
  ["a reset in the body", () => at([head("200 OK", "content-length: 100"), `{"result":`], "reset")],
  ["a body that ends early", () => at([head("200 OK", "content-length: 100"), "{}"])],
  ...[
    "201 Created",
    "202 Accepted",
    "204 No Content",
    "301 Moved",
    "400 Bad",
    "401 No",
    "403 No",
    "404 No",
    "429 Slow",
    "500 Oh",
    "502 Bad",
    "503 Busy",
  ].map((status) => [`status ${status}`, () => at(whole(status, `{"result":{"user":"a"}}`))] as const),
  ...["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"].map(
    (status) => [`[X2] a redirect with ${status}`, () => at(whole(status, "{}", `location: ${elsewhere.url}`))] as const,
  ),
  ["no body", () => at(whole("200 OK", ""))],
  ["HTML", () => at(whole("200 OK", "<html></html>"))],
  ["half of a JSON document", () => at(whole("200 OK", `{"result":{`))],
  ["two JSON documents", () => at(whole("200 OK", "{}{}"))],
  ["a JSON list", () => at(whole("200 OK", "[]"))],
  ["nesting without end", () => at(whole("200 OK", `{"x":${"[".repeat(20_000)}${"]".repeat(20_000)}}`))],
  ["a declared size of 1 GB", () => at([head("200 OK", "content-length: 1000000000")], "flood")],
  ["more than 1 MiB", () => at(whole("200 OK", `{"x":"${"x".repeat(1_048_576)}"}`))],
  ["endless chunks", () => at([head("200 OK", "transfer-encoding: chunked"), "fffffff\r\n"], "flood")],
  ["a body without an end", () => at([head("200 OK", "connection: close")], "flood")],
  ["a gzip bomb", () => at([head("200 OK", "content-encoding: gzip", `content-length: ${bomb.length}`), bomb])],
  ["an encoding that nobody asked for", () => at(whole("200 OK", "{}", "content-encoding: br"))],
  ["no HTTP at all", () => at(["hello\r\n\r\n"])],
  ["an error that is no object", () => at(whole("200 OK", `{"error":"no"}`))],
  ["a disconnect that is no object", () => at(whole("200 OK", `{"disconnect":4500}`))],
  ["a result that is no object", () => at(whole("200 OK", `{"result":[]}`))],
];

async function at(...answer: Parameters<typeof rawPeer>): Promise<string> {
  const peer = await rawPeer(...answer);
  stops.push(peer);
  return peer.url;
}

for (const [name, url] of failures) {
  test(`[X1] ${name}: the call fails, whatever was asked, soon and at little cost`, { timeout: 20_000 }, async () => {
    const address = await url();
    const before = process.memoryUsage.rss();
    for (const [type, question] of Object.entries(questions)) {
      const started = performance.now();
      await assert.rejects(async () => question(backend(address)), ProxyFailure, type);
      assert.ok(performance.now() - started < 2_000, type);
    }
    assert.ok(process.memoryUsage.rss() - before < 96 * 1_048_576);
  });
}

test("[X2] nobody was led to the other host", () => {
  // The TLS attempts above are connections, too, but not requests.
  assert.ok(elsewhere.connections <= Object.keys(questions).length);
});

const double = await BackendDouble.started();
stops.push(double);
const said = async (answer: Record<string, unknown> | string, question: string, changes: Partial<ProxyConfig> = {}): Promise<unknown> => {
  double.answer = typeof answer === "string" ? { status: 200, text: answer } : answer;
  return await questions[question]!(backend(double.url, changes));
};

test("[X3] an answer without a result, with a null one and with an empty one", async () => {
  for (const question of Object.keys(questions)) {
    assert.deepEqual(await said("{}", question), { kind: "result", result: undefined }, question);
    assert.deepEqual(await said("null", question), { kind: "result", result: undefined }, question);
    assert.deepEqual(await said(`{"result":null,"other":1}`, question), { kind: "result", result: undefined }, question);
    assert.notEqual(((await said(`{"result":{}}`, question)) as { result?: unknown }).result, undefined, question);
  }
});

test("[X4] disconnect wins over error, error over result; the refreshes look at the result alone", async () => {
  const error = { code: 1000, message: "no", temporary: true };
  const disconnect = { code: 4500, reason: "go" };
  for (const question of Object.keys(questions)) {
    const refreshes = question === "refresh" || question === "sub_refresh";
    const both = await said({ result: {}, error, disconnect }, question);
    const one = await said({ result: {}, error }, question);
    const alone = await said({ error }, question);
    if (refreshes) {
      assert.equal((both as { kind: string }).kind, "result", question);
      assert.deepEqual(alone, { kind: "result", result: undefined }, question);
      continue;
    }
    assert.deepEqual(both, { kind: "disconnect", ...disconnect }, question);
    assert.deepEqual(one, { kind: "error", ...error }, question);
  }
});

test("[X5] codes that are no uint32 make the answer unreadable; what is left out is zero", async () => {
  for (const code of ["-1", "1.5", `"1000"`, "4294967296", "true", "[]"]) {
    await assert.rejects(said(`{"error":{"code":${code}}}`, "rpc"), ProxyFailure, code);
    await assert.rejects(said(`{"disconnect":{"code":${code}}}`, "rpc"), ProxyFailure, code);
  }
  assert.deepEqual(await said(`{"error":{}}`, "rpc"), { kind: "error", code: 0, message: "", temporary: false });
  assert.deepEqual(await said(`{"disconnect":{"code":null,"reason":null}}`, "rpc"), { kind: "disconnect", code: 0, reason: "" });
  await assert.rejects(said(`{"error":{"code":1000,"message":5}}`, "rpc"), ProxyFailure);
});

test("[PX8] names count in any case, unknown ones are skipped, of two the last counts", async () => {
  const answer = `{"Result":{"User":"x","user":"ann","__proto__":{"user":"evil"},"CHANNELS":["a"]},"constructor":{}}`;
  const connected = (await said(answer, "connect")) as { result: { user: string; channels: string[] } };
  assert.deepEqual([connected.result.user, connected.result.channels], ["ann", ["a"]]);
});

test("[PX8] a field of the wrong type makes the whole answer unreadable", async () => {
  for (const [question, result] of [
    ["connect", `{"user":5}`],
    ["connect", `{"channels":"a"}`],
    ["connect", `{"channels":[5]}`],
    ["connect", `{"subs":["a"]}`],
    ["connect", `{"subs":{"a":5}}`],
    ["connect", `{"expire_at":1.5}`],
    ["connect", `{"expire_at":"5"}`],
    ["refresh", `{"expired":"yes"}`],
    ["subscribe", `{"override":{"presence":true}}`],
    ["subscribe", `{"override":{"presence":{"value":1}}}`],
    ["publish", `{"tags":{"a":1}}`],
    ["publish", `{"version":-1}`],
    ["publish", `{"version":9007199254740993}`],
    ["publish", `{"skip_history":1}`],
    ["map_publish", `{"key_mode":"sometimes"}`],
    ["shared_poll_refresh", `{"items":{}}`],
    ["shared_poll_refresh", `{"items":[{"version":"1"}]}`],
  ] as const) {
    await assert.rejects(said(`{"result":${result}}`, question), ProxyFailure, `${question} ${result}`);
  }
});

const transforms: Partial<ProxyConfig> = {
  statusTransforms: [
    { statusCode: 404, to: { kind: "error", code: 1404, message: "not there", temporary: true } },
    { statusCode: 403, to: { kind: "disconnect", code: 4403, reason: "forbidden" } },
    { statusCode: 404, to: { kind: "error", code: 1, message: "too late", temporary: false } },
  ],
};

test("[PX9] a status that is mapped is what the client hears; the first entry counts; shared poll knows none", async () => {
  const status = async (code: number, question: string): Promise<unknown> => {
    double.answer = { status: code, text: `{"result":{"user":"a"}}` };
    return await questions[question]!(backend(double.url, transforms));
  };
  for (const question of Object.keys(questions).filter((name) => name !== "shared_poll_refresh")) {
    assert.deepEqual(await status(404, question), { kind: "error", code: 1404, message: "not there", temporary: true }, question);
    assert.deepEqual(await status(403, question), { kind: "disconnect", code: 4403, reason: "forbidden" }, question);
    await assert.rejects(status(500, question), ProxyFailure, question);
  }
  await assert.rejects(status(404, "shared_poll_refresh"), ProxyFailure);
  // 200 is no status to map.
  const config: Partial<ProxyConfig> = { statusTransforms: [{ statusCode: 200, to: { kind: "disconnect", code: 4000, reason: "x" } }] };
  assert.deepEqual(await said("{}", "rpc", config), { kind: "result", result: undefined });
});

test("[PX10] connect: user, expiry, info, data, channels, subs with overrides, meta", async () => {
  const source = `{ "n": 1.0, "big":9007199254740993 }`;
  const answer = await said(
    `{"result":{"user":"ann","expire_at":5000000000,"info":${source},"b64data":"AP8=","data":1,"channels":["a"],"meta":${source},
      "subs":{"b":{"info":${source},"b64data":"AP8=","expire_at":1,"cache_recover":true,
        "override":{"presence":{"value":true},"join_leave":{},"force_push_join_leave":null,"force_recovery":{"value":false},"force_positioning":{"value":true}}},"c":null}}}`,
    "connect",
  );
  const { result } = answer as { result: Awaited<ReturnType<typeof import("./results.ts").connectResult>> };
  assert.equal(result.user, "ann");
  assert.equal(result.expireAtS, 5_000_000_000);
  assert.deepEqual([text(result.info), text(result.meta)], [source, source]);
  assert.deepEqual(result.data, new Uint8Array([0, 255]));
  assert.deepEqual(result.channels, ["a"]);
  const { info, data, ...rest } = result.subs.get("b")!;
  assert.deepEqual([text(info), data], [source, new Uint8Array([0, 255])]);
  assert.deepEqual(rest, {
    override: { presence: true, joinLeave: false, forceRecovery: false, forcePositioning: true },
    cacheRecover: true,
  });
  assert.deepEqual(result.subs.get("c"), { info: undefined, data: undefined, override: {}, cacheRecover: false });
});

test("[PX10] an expiry of zero or less is none", async () => {
  for (const expireAt of ["0", "-1", "null"]) {
    const { result } = (await said(`{"result":{"expire_at":${expireAt}}}`, "refresh")) as { result: { expireAtS?: number } };
    assert.equal(result.expireAtS, undefined, expireAt);
  }
});

test("[PX11] base64 outranks the plain form, except where a publication is replaced", async () => {
  const both = `"data":{"a":1},"b64data":"e30="`;
  const dataOf = async (question: string, fields: string) =>
    text(((await said(`{"result":{${fields}}}`, question)) as { result: { data?: Uint8Array } }).result.data);
  for (const question of ["connect", "subscribe", "rpc"]) assert.equal(await dataOf(question, both), "{}", question);
  for (const question of ["publish", "map_publish"]) {
    assert.equal(await dataOf(question, both), `{"a":1}`, question);
    assert.equal(await dataOf(question, `"b64data":"e30="`), "{}", question);
    assert.equal(await dataOf(question, `"data":null,"b64data":"e30="`), "null", question);
    assert.equal(await dataOf(question, `"tags":{}`), undefined, question);
  }
});

test("[X1] [PX11] bad base64 is an answer of which a part cannot be used", async () => {
  for (const [question, field] of [
    ["connect", "b64info"],
    ["connect", "b64data"],
    ["refresh", "b64info"],
    ["subscribe", "b64info"],
    ["subscribe", "b64data"],
    ["sub_refresh", "b64info"],
    ["publish", "b64data"],
    ["rpc", "b64data"],
    ["map_publish", "b64data"],
  ] as const) {
    for (const value of ["!!", "e30", "e3 0="]) {
      await assert.rejects(said(`{"result":{"${field}":"${value}"}}`, question), ProxyAnswerUnusable, `${question} ${field}`);
    }
  }
  await assert.rejects(said(`{"result":{"subs":{"a":{"b64info":"!"}}}}`, "connect"), ProxyAnswerUnusable);
});

test("[PX12] publish and map_publish: what is changed about the publication", async () => {
  const fields = `"tags":{"a":"1","__proto__":"2"},"idempotency_key":"k","delta":true,"version":7,"version_epoch":"e"`;
  const published = (await said(`{"result":{${fields},"skip_history":true}}`, "publish")) as { result: Record<string, unknown> };
  const { tags, data, ...rest } = published.result;
  assert.deepEqual(Object.entries(tags as object), [
    ["a", "1"],
    ["__proto__", "2"],
  ]);
  assert.equal(data, undefined);
  assert.deepEqual(rest, { idempotencyKey: "k", delta: true, version: 7, versionEpoch: "e", skipHistory: true });
  const mapped = (await said(`{"result":{${fields},"key":"other","key_mode":"if_new","score":5}}`, "map_publish")) as {
    result: Record<string, unknown>;
  };
  assert.deepEqual([mapped.result["key"], mapped.result["keyMode"], mapped.result["version"]], ["other", "if_new", 7]);
  const removed = (await said(`{"result":{"key":"k2","tags":{"a":"1"},"idempotency_key":"i"}}`, "map_remove")) as {
    result: Record<string, unknown>;
  };
  assert.deepEqual([removed.result["key"], removed.result["idempotencyKey"]], ["k2", "i"]);
});

test("[PX12] shared_poll_refresh: items with data, version, removal and what came before", async () => {
  const answer = `{"result":{"epoch":"e","items":[{"key":"a","data":{"x": 1},"version":3,"prev_data":[ ]},{"key":"b","removed":true},{"key":"c","data":null}]}}`;
  const { result } = (await said(answer, "shared_poll_refresh")) as {
    result: { epoch: string; items: { key: string; data?: Uint8Array; previousData?: Uint8Array }[] };
  };
  assert.equal(result.epoch, "e");
  assert.deepEqual(
    result.items.map(({ data, previousData, ...rest }) => ({ ...rest, data: text(data), previousData: text(previousData) })),
    [
      { key: "a", version: 3, removed: false, data: `{"x": 1}`, previousData: "[ ]" },
      { key: "b", version: 0, removed: true, data: undefined, previousData: undefined },
      { key: "c", version: 0, removed: false, data: "null", previousData: undefined },
    ],
  );
});

test("what is kept of an answer does not keep the answer", async () => {
  const { result } = (await said(`{"result":{"info":{"a":1},"meta":{"b":2},"x":"${"x".repeat(100_000)}"}}`, "connect")) as {
    result: { info: Uint8Array; meta: Uint8Array };
  };
  assert.ok(result.info.buffer.byteLength < 100 && result.meta.buffer.byteLength < 100);
});
