import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { ProxyConfig } from "../config/config.ts";
import { createOutgoingFetch } from "../outgoing/outgoing-fetch.ts";
import { systemClock } from "../runtime/clock.ts";
import { Backend } from "./backend.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import * as ask from "./questions.ts";
import { BackendDouble, bytes, caller, proxyConfig } from "./testing/backend-double.ts";

const double = await BackendDouble.started();
after(() => double.stop());
const fetch = createOutgoingFetch({ clock: systemClock });

function backend(changes: Partial<ProxyConfig> = {}): Backend {
  return new Backend(proxyConfig(`${double.url}/ask`, changes), "default", { fetch, clock: systemClock });
}

/** What the backend was asked by this call. */
async function asked(call: Promise<unknown> | unknown) {
  await call;
  return double.asked.at(-1)!;
}

const base = { client: "c-1", transport: "websocket", protocol: "json", encoding: "json" };
const anonymous = caller({ user: "" });

test("[PX3] connect: data, name, version and wished channels, each left out where it is empty; no user", async () => {
  const connect = ask.connectProxy(backend());
  const full = { data: bytes(`{"token": "x"}`), name: "js", version: "5", channels: ["a", "b"] };
  assert.deepEqual((await asked(connect(caller(), full))).body, {
    ...base,
    data: { token: "x" },
    name: "js",
    version: "5",
    channels: ["a", "b"],
  });
  assert.deepEqual((await asked(connect(caller(), { data: undefined, name: "", version: "", channels: [] }))).body, base);
});

test("[PX3] refresh, sub_refresh, subscribe, publish, rpc: the user is always there, also nobody", async () => {
  const one = backend();
  assert.deepEqual((await asked(ask.refreshProxy(one)(anonymous))).body, { ...base, user: "" });
  assert.deepEqual((await asked(ask.subRefreshProxy(one)(anonymous, { channel: "a" }))).body, { ...base, user: "", channel: "a" });
  assert.deepEqual((await asked(ask.subscribeProxy(one)(anonymous, { channel: "a", token: "", data: undefined }))).body, {
    ...base,
    user: "",
    channel: "a",
  });
  assert.deepEqual((await asked(ask.subscribeProxy(one)(caller(), { channel: "a", token: "t", data: bytes("[1]") }))).body, {
    ...base,
    user: "ann",
    channel: "a",
    token: "t",
    data: [1],
  });
  assert.deepEqual((await asked(ask.publishProxy(one)(caller(), { channel: "a", data: bytes("null") }))).body, {
    ...base,
    user: "ann",
    channel: "a",
    data: null,
  });
  assert.deepEqual((await asked(ask.rpcProxy(one)(caller(), { method: "m", data: undefined }))).body, {
    ...base,
    user: "ann",
    method: "m",
  });
});

test("[PX3] map_publish, map_remove: the user is left out where it is nobody", async () => {
  const one = backend();
  assert.deepEqual((await asked(ask.mapPublishProxy(one)(anonymous, { channel: "a", key: "k", data: bytes("{}") }))).body, {
    ...base,
    channel: "a",
    key: "k",
    data: {},
  });
  assert.deepEqual((await asked(ask.mapRemoveProxy(one)(caller(), { channel: "a", key: "k" }))).body, {
    ...base,
    user: "ann",
    channel: "a",
    key: "k",
  });
});

test("[PX3] shared_poll_refresh: channel and items, a version only where there is one, nothing of any connection", async () => {
  const refresh = ask.sharedPollRefreshProxy(backend({ httpHeaders: ["x-a"], staticHeaders: new Map([["X-Static", "1"]]) }));
  const question = await asked(
    refresh({
      channel: "a",
      items: [
        { key: "k", version: 0 },
        { key: "l", version: 7 },
      ],
    }),
  );
  assert.deepEqual(question.body, { channel: "a", items: [{ key: "k" }, { key: "l", version: 7 }] });
  assert.deepEqual([question.headers["x-static"], question.headers["x-a"]], ["1", undefined]);
});

test("[PX3] the transport's and the protocol's own names", async () => {
  const { transport } = caller();
  const over = caller({ transport: { ...transport, transport: "uni_http_stream", protocol: "protobuf" } });
  const { body } = await asked(ask.refreshProxy(backend())(over));
  assert.deepEqual([body["transport"], body["protocol"]], ["uni_http_stream", "protobuf"]);
});

test("[PX4] [P5] payloads and meta are embedded byte by byte", async () => {
  const source = `{ "n": 1.0, "big": 9007199254740993, "dup":1, "dup":2, "s":"\\u0041<&>é" }`;
  const question = await asked(
    ask.publishProxy(backend({ includeConnectionMeta: true }))(caller({ meta: bytes(`[ 1.50 ]`) }), { channel: "a", data: bytes(source) }),
  );
  assert.ok(question.text.includes(`"data":${source}`), question.text);
  assert.ok(question.text.includes(`"meta":[ 1.50 ]`), question.text);
});

test("[PX4] a payload that is no JSON cannot write fields of its own: the call fails and nobody is asked", async () => {
  const before = double.asked.length;
  const publish = ask.publishProxy(backend());
  for (const data of [`1,"user":"admin"`, `{"a":1}}`, `"a`, "\u0000"]) {
    await assert.rejects(publish(caller(), { channel: "a", data: bytes(data) }), ProxyFailure, data);
  }
  await assert.rejects(publish(caller(), { channel: "a", data: new Uint8Array([0xff, 0x00]) }), ProxyFailure);
  assert.equal(double.asked.length, before);
});

test("[PX4] binary_encoding sends base64 and says so; what is empty stays out", async () => {
  const one = backend({ binaryEncoding: true });
  const { body } = await asked(ask.publishProxy(one)(caller(), { channel: "a", data: new Uint8Array([0, 255, 7]) }));
  assert.deepEqual(body, { ...base, encoding: "binary", user: "ann", channel: "a", b64data: "AP8H" });
  assert.deepEqual((await asked(ask.rpcProxy(one)(caller(), { method: "m", data: undefined }))).body, {
    ...base,
    encoding: "binary",
    user: "ann",
    method: "m",
  });
});

test("[PX5] meta goes only to proxies that are told, and never to connect", async () => {
  const known = caller({ meta: bytes(`{"vms":["a"]}`) });
  const told = backend({ includeConnectionMeta: true });
  assert.equal((await asked(ask.rpcProxy(backend())(known, { method: "m", data: undefined }))).body["meta"], undefined);
  assert.deepEqual((await asked(ask.rpcProxy(told)(known, { method: "m", data: undefined }))).body["meta"], { vms: ["a"] });
  assert.deepEqual((await asked(ask.refreshProxy(told)(known))).body["meta"], { vms: ["a"] });
  assert.deepEqual((await asked(ask.subRefreshProxy(told)(known, { channel: "a" }))).body["meta"], { vms: ["a"] });
  assert.deepEqual((await asked(ask.mapRemoveProxy(told)(known, { channel: "a", key: "k" }))).body["meta"], { vms: ["a"] });
  const connect = ask.connectProxy(told)(known, { data: undefined, name: "", version: "", channels: [] });
  assert.equal((await asked(connect)).body["meta"], undefined);
});

test("[PX2] headers: static, then of the connect command, then of the request, later ones winning; nothing unlisted", async () => {
  const one = backend({
    staticHeaders: new Map([
      ["X-Static", "s"],
      ["X-A", "static"],
      ["Content-Type", "text/plain"],
    ]),
    emulatedHeaders: ["X-A", "x-b", "x-emulated"],
    httpHeaders: ["x-B", "cookie"],
  });
  const known = caller({
    headers: { "x-b": "http", cookie: "k=v", "x-a": "not listed here", "x-secret": "no" },
    emulatedHeaders: new Map([
      ["x-a", "emulated"],
      ["X-B", "emulated"],
      ["X-Emulated", "e"],
      ["cookie", "forged"],
      ["X-Secret", "no"],
    ]),
  });
  const { headers, method } = await asked(ask.refreshProxy(one)(known));
  assert.equal(method, "POST");
  assert.deepEqual(
    Object.fromEntries(["x-static", "x-a", "x-b", "x-emulated", "cookie", "x-secret", "content-type"].map((name) => [name, headers[name]])),
    {
      "x-static": "s",
      "x-a": "emulated",
      "x-b": "http",
      "x-emulated": "e",
      cookie: "k=v",
      "x-secret": undefined,
      "content-type": "application/json",
    },
  );
});

test("[PX2] what belongs to one connection is never passed on", async () => {
  const names = ["host", "connection", "upgrade", "content-length", "transfer-encoding", "te", "trailer", "expect", "accept-encoding"];
  const one = backend({ httpHeaders: names, staticHeaders: new Map([["Host", "evil.test"]]), emulatedHeaders: ["content-length"] });
  const known = caller({
    headers: Object.fromEntries(names.map((name) => [name, name === "content-length" ? "1" : "x"])),
    emulatedHeaders: new Map([["Content-Length", "2"]]),
  });
  const { headers, body } = await asked(ask.refreshProxy(one)(known));
  assert.equal(headers.host, double.url.slice("http://".length));
  assert.equal(headers["accept-encoding"], "gzip");
  assert.equal(headers.upgrade, undefined);
  assert.deepEqual(body, { ...base, user: "ann" });
});

test("[PX2] a header with a line break fails the call, before anybody is asked; text beyond ASCII travels as UTF-8", async () => {
  const one = backend({ emulatedHeaders: ["x-a"] });
  const before = double.asked.length;
  for (const value of ["a\r\nX-Admin: 1", "a\nb", "\u0000", "\u007f"]) {
    await assert.rejects(ask.refreshProxy(one)(caller({ emulatedHeaders: new Map([["x-a", value]]) })), ProxyFailure);
  }
  assert.equal(double.asked.length, before);
  const { headers } = await asked(ask.refreshProxy(one)(caller({ emulatedHeaders: new Map([["x-a", "李娜\té"]]) })));
  assert.equal(Buffer.from(String(headers["x-a"]), "latin1").toString("utf8"), "李娜\té");
});

test("[PX4] names that would end a string in JSON are escaped, lone surrogates are U+FFFD", async () => {
  const { body } = await asked(ask.rpcProxy(backend())(caller({ user: `a"\\\n\ud800` }), { method: "</script>", data: undefined }));
  assert.deepEqual([body["user"], body["method"]], [`a"\\\n\ufffd`, "</script>"]);
});
