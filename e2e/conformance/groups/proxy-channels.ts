import assert from "node:assert/strict";
import { proxied } from "../configs/proxied.ts";
import type { Answer } from "../harness/backend.ts";
import { type Client, expectError, pause } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "proxy-channels",
  title: "Proxies: channels, publications, methods",
  about: "The application's backend decides over subscriptions and their renewal, over publications, and answers methods.",
  config: proxied,
});

const json = { formats: ["json"] } as const;
const base = (client: Client, side: Side): Wire => ({
  client: client.id,
  transport: "websocket",
  protocol: side.format.name,
  encoding: "json",
  user: side.user(),
});

/** What the last question was, without the connection. */
const lastAsked = (side: Side): Wire => side.backend.asked.at(-1)!.body as Wire;

/** Subscribes a client to a channel that the backend is asked about. */
async function subscribing(
  side: Side,
  answer: Answer,
  more: Wire = {},
  name = "asked:a",
): Promise<{ client: Client; channel: string; reply: Wire }> {
  side.backend.on("/subscribe", () => answer);
  const client = await side.connect({ claims: { meta: { shop: 7 } } });
  const channel = side.channel(name);
  return { client, channel, reply: await client.call("subscribe", { channel, ...more }) };
}

rule("[PX3.10] subscribe: the backend is asked with user, channel, data and meta", async (side) => {
  const { client, channel, reply } = await subscribing(side, {}, { data: { a: [1] } });
  assert.notEqual(reply["subscribe"], undefined);
  assert.deepEqual(lastAsked(side), { ...base(client, side), channel, data: { a: [1] }, meta: { shop: 7 } });
  assert.equal(side.backend.asked.at(-1)!.headers["x-static"], "static");
});

rule("[X3.10] no result, a null one and an empty one allow", async (side) => {
  for (const answer of [{}, { result: null }, { result: {} }]) {
    const { reply } = await subscribing(side, answer);
    assert.notEqual(reply["subscribe"], undefined, JSON.stringify(answer));
  }
});

rule("[PX10.10] subscribe: data, info, expiry with client-side refresh, override", async (side) => {
  const result = { data: { d: 1 }, info: { i: 2 }, expire_at: inSeconds(300), override: { force_positioning: { value: true } } };
  const { client, channel, reply } = await subscribing(side, { result });
  assert.deepEqual(reply["subscribe"].data, { d: 1 });
  assert.equal(reply["subscribe"].expires, true);
  assert.equal(reply["subscribe"].positioned, true);
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id].chan_info, { i: 2 });
});

rule("[PX10.11] an override takes away what the namespace gives", async (side) => {
  const { client, channel } = await subscribing(side, { result: { override: { presence: { value: false } } } });
  assert.deepEqual((await client.ok("presence", { channel }))["presence"] ?? {}, {});
});

rule("[PX10.12] what the client wishes for itself is not looked at", async (side) => {
  const { reply } = await subscribing(side, {}, { positioned: true, recoverable: true, join_leave: true });
  assert.equal(reply["subscribe"].positioned, undefined);
  assert.equal(reply["subscribe"].recoverable, undefined);
});

rule("[PX10.13] an expiry that is past: error 110", async (side) => {
  expectError((await subscribing(side, { result: { expire_at: inSeconds(-3) } })).reply, 110);
});

rule("[PX1.1] a token is believed, and the backend not asked", async (side) => {
  const client = await side.connect();
  const channel = side.channel("asked:a");
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
  assert.equal(side.backend.asked.length, 0);
});

rule("[PX1.2] nor about a channel that is limited to its users", async (side) => {
  const client = await side.connect();
  await client.subscribe(`asked:a#${side.user()}`);
  await client.refused("subscribe", { channel: `asked:b#${side.user("eve")}` }, 103);
  assert.equal(side.backend.asked.length, 0);
});

rule("[PX1.3] a private channel needs a token, the backend is not asked", async (side) => {
  const client = await side.connect();
  await client.refused("subscribe", { channel: side.channel("$asked:a") }, 103);
  assert.equal(side.backend.asked.length, 0);
});

rule("[X4.10] subscribe: an error and a disconnect are passed on", async (side) => {
  const error = { code: 1003, message: "not yours" };
  const { client, channel, reply } = await subscribing(side, { error });
  assert.deepEqual(reply["error"], error);
  side.backend.on("/subscribe", () => ({ disconnect: { code: 4501, reason: "bye" }, error }));
  client.send({ id: 90, subscribe: { channel } });
  assert.deepEqual(await client.until("the close", () => client.ending), { kind: "close", code: 4501, reason: "bye" });
});

const failures: readonly (readonly [string, Answer])[] = [
  ["status 204", { status: 204, text: "" }],
  ["status 500", { status: 500, text: "{}" }],
  ["no JSON", { status: 200, text: "no" }],
  ["bad base64 in info", { result: { b64info: "!" } }],
  ["bad base64 in data", { result: { b64data: "!" } }],
  ["an override of the wrong type", { status: 200, text: `{"result":{"override":{"presence":true}}}` }],
  ["a cut connection", "cut"],
  ["no answer in time", "hang"],
];
for (const [index, [what, answer]] of failures.entries()) {
  rule(`[X1.${40 + index}] subscribe, ${what}: error 100`, json, async (side) => {
    const { client, channel, reply } = await subscribing(side, answer);
    expectError(reply, 100);
    side.backend.on("/subscribe", () => ({}));
    await client.subscribe(channel);
  });
}

rule("[PX9.10] subscribe: statuses that are mapped", async (side) => {
  const { client, channel, reply } = await subscribing(side, { status: 404, text: "" });
  assert.deepEqual(reply["error"], { code: 1404, message: "not there", temporary: true });
  side.backend.on("/subscribe", () => ({ status: 403, text: "" }));
  client.send({ id: 90, subscribe: { channel } });
  assert.deepEqual(await client.until("the close", () => client.ending), { kind: "close", code: 4403, reason: "forbidden" });
});

rule("[PX1.4] a slow backend holds the client's other commands, in their order", json, async (side) => {
  side.backend.on("/subscribe", async () => {
    await pause(200);
    return {};
  });
  const client = await side.connect();
  client.send({ id: 50, subscribe: { channel: side.channel("asked:a") } }, { id: 51, presence: { channel: side.channel("open:b") } });
  const ids = [(await client.next())["id"], (await client.next())["id"]];
  assert.deepEqual(ids, [50, 51]);
});

/** A subscription of one second, renewed by the backend. */
async function renewed(side: Side, answer: Answer): Promise<{ client: Client; channel: string; asked: () => number }> {
  side.backend.on("/sub_refresh", () => answer);
  const { client, channel, reply } = await subscribing(side, { result: { expire_at: inSeconds(1) } }, {}, "renewed:a");
  assert.deepEqual(reply["subscribe"], {}, "the client has nothing to refresh");
  const asked = (): number => side.backend.asked.filter(({ path }) => path === "/sub_refresh").length;
  for (let tries = 0; tries < 300 && asked() === 0; tries++) await pause(25);
  assert.equal(asked(), 1, "the backend was to be asked");
  return { client, channel, asked };
}

rule("[PX3.11] sub_refresh: the backend is asked with user and channel, after the expiry and its grace", async (side) => {
  const { client, channel } = await renewed(side, { result: { expire_at: inSeconds(100) } });
  assert.deepEqual(lastAsked(side), { ...base(client, side), channel });
  await client.silent(1_500);
});

for (const [id, what, answer] of [
  ["X3.11", "no result", {}],
  ["X3.12", "a null result", { result: null }],
  ["X4.11", "an error alone", { error: { code: 1000, message: "no" } }],
  ["X4.12", "a disconnect alone", { disconnect: { code: 4500, reason: "no" } }],
  ["PX10.14", "`expired`", { result: { expired: true, expire_at: 5_000_000_000 } }],
  ["X1.50", "bad base64", { result: { b64info: "!", expire_at: 5_000_000_000 } }],
  ["PX9.11", "a status that is mapped", { status: 404, text: "" }],
] as const satisfies readonly (readonly [string, string, Answer])[]) {
  rule(`[${id}] sub_refresh, ${what}: the subscription ends with 2501`, json, async (side) => {
    const { client, channel } = await renewed(side, answer);
    assert.deepEqual(await client.push("unsubscribe", channel), { code: 2501, reason: "subscription expired" });
  });
}

for (const [id, what, answer] of [
  ["X3.13", "an empty result: it stays, without an expiry", { result: {} }],
  ["X4.13", "a result beside an error: the result counts", { result: {}, error: { code: 1000, message: "no" } }],
  ["X1.51", "no answer: it stays a minute more", { status: 500, text: "" }],
] as const satisfies readonly (readonly [string, string, Answer])[]) {
  rule(`[${id}] sub_refresh, ${what}`, json, async (side) => {
    const { client, asked } = await renewed(side, answer);
    await client.silent(2_500);
    assert.equal(asked(), 1);
  });
}

/** A subscribed client publishes where the backend is asked. */
async function publishing(side: Side, answer: Answer, data: unknown = { n: 1 }): Promise<{ client: Client; channel: string; reply: Wire }> {
  side.backend.on("/publish", () => answer);
  const client = await side.connect();
  const channel = side.channel("written:a");
  await client.subscribe(channel);
  return { client, channel, reply: await client.call("publish", { channel, data }) };
}

rule("[PX3.12] publish: the backend is asked with user, channel and data; `{}` publishes as it is", async (side) => {
  const { client, channel, reply } = await publishing(side, {}, { n: 1 });
  assert.deepEqual(reply["publish"], {});
  assert.deepEqual(lastAsked(side), { ...base(client, side), channel, data: { n: 1 } });
  const { data, info, offset } = await client.push("pub", channel);
  assert.deepEqual([data, info, offset], [{ n: 1 }, { user: side.user(), client: client.id }, 1]);
});

rule("[PX12.1] publish: data and tags are replaced", async (side) => {
  const { client, channel } = await publishing(side, { result: { data: { n: 2 }, tags: { a: "b" }, b64data: "e30=" } });
  const { data, tags } = await client.push("pub", channel);
  assert.deepEqual([data, tags], [{ n: 2 }, { a: "b" }]);
});

rule("[PX11.10] publish: base64 where there is no data", async (side) => {
  const { client, channel } = await publishing(side, { result: { b64data: Buffer.from(`{"n":3}`).toString("base64") } });
  assert.deepEqual((await client.push("pub", channel))["data"], { n: 3 });
});

rule("[PX12.2] publish: skip_history", async (side) => {
  const { client, channel } = await publishing(side, { result: { skip_history: true } });
  assert.equal((await client.push("pub", channel))["offset"], undefined);
  assert.deepEqual((await client.ok("history", { channel, limit: -1 }))["publications"] ?? [], []);
});

rule("[PX12.3] publish: an idempotency key publishes once", async (side) => {
  const { client, channel } = await publishing(side, { result: { idempotency_key: "once" } });
  await client.ok("publish", { channel, data: { n: 9 } });
  assert.equal((await client.ok("history", { channel, limit: -1 }))["publications"].length, 1);
});

rule("[PX12.4] publish: an older version is not published", async (side) => {
  const { client, channel } = await publishing(side, { result: { version: 5, version_epoch: "e" } });
  side.backend.on("/publish", () => ({ result: { version: 4, version_epoch: "e" } }));
  await client.ok("publish", { channel, data: { n: 9 } });
  assert.equal((await client.ok("history", { channel, limit: -1 }))["publications"].length, 1);
});

rule("[X6.10] publish: replaced data of the wrong format is error 107", async (side) => {
  expectError((await publishing(side, { result: { data: [1] } })).reply, 107);
});
rule("[X6.11] publish: data of the wrong format is error 107 before anybody is asked", async (side) => {
  expectError((await publishing(side, {}, [1])).reply, 107);
  assert.equal(side.backend.asked.length, 0);
});
rule("[PX11.11] publish: `null` replaces, and is of the wrong format here", json, async (side) => {
  expectError((await publishing(side, { status: 200, text: `{"result":{"data":null}}` })).reply, 107);
});

rule("[X4.14] publish: an error and a disconnect are passed on, nothing is published", async (side) => {
  const error = { code: 1003, message: "no" };
  const { client, channel, reply } = await publishing(side, { error });
  assert.deepEqual(reply["error"], error);
  side.backend.on("/publish", () => ({ disconnect: { code: 4501, reason: "bye" } }));
  client.send({ id: 90, publish: { channel, data: {} } });
  assert.deepEqual(await client.until("the close", () => client.ending), { kind: "close", code: 4501, reason: "bye" });
  assert.equal((await side.api("history", { channel, limit: -1 }))["publications"].length, 0);
});

for (const [index, [what, answer]] of (
  [
    ["status 500", { status: 500, text: "{}" }],
    ["no JSON", { status: 200, text: "no" }],
    ["bad base64", { result: { b64data: "!" } }],
    ["a version below zero", { status: 200, text: `{"result":{"version":-1}}` }],
    ["tags that are no texts", { status: 200, text: `{"result":{"tags":{"a":1}}}` }],
    ["no answer in time", "hang"],
  ] as const satisfies readonly (readonly [string, Answer])[]
).entries()) {
  rule(`[X1.${60 + index}] publish, ${what}: error 100, nothing is published`, json, async (side) => {
    const { client, channel, reply } = await publishing(side, answer);
    expectError(reply, 100);
    assert.deepEqual((await client.ok("history", { channel, limit: -1 }))["publications"] ?? [], []);
  });
}

rule("[PX3.13] rpc: the backend is asked with user, method and data", async (side) => {
  side.backend.on("/rpc", () => ({ result: { data: { answer: [42] } } }));
  const client = await side.connect();
  assert.deepEqual((await client.ok("rpc", { method: "sum", data: { a: 1 } }))["data"], { answer: [42] });
  assert.deepEqual(lastAsked(side), { ...base(client, side), method: "sum", data: { a: 1 } });
});

rule("[PX3.14] rpc without a method and without data", async (side) => {
  side.backend.on("/rpc", () => ({}));
  const client = await side.connect();
  assert.deepEqual(await client.ok("rpc"), {});
  assert.deepEqual(lastAsked(side), base(client, side));
});

rule("[X3.14] rpc: no result, an empty one", async (side) => {
  const client = await side.connect();
  for (const answer of [{}, { result: null }, { result: {} }]) {
    side.backend.on("/rpc", () => answer);
    assert.deepEqual(await client.ok("rpc", { method: "m" }), {});
  }
});

rule("[X4.15] rpc: an error and a disconnect are passed on", async (side) => {
  const error = { code: 400, message: "what?", temporary: true };
  side.backend.on("/rpc", () => ({ error, result: { data: {} } }));
  const client = await side.connect();
  assert.deepEqual((await client.call("rpc", { method: "m" }))["error"], error);
  side.backend.on("/rpc", () => ({ disconnect: { code: 4501, reason: "bye" } }));
  client.send({ id: 90, rpc: { method: "m" } });
  assert.deepEqual(await client.until("the close", () => client.ending), { kind: "close", code: 4501, reason: "bye" });
});

rule("[X1.70] rpc: a backend that fails is error 100, and the connection lives on", json, async (side) => {
  const client = await side.connect();
  for (const answer of [
    { status: 500, text: "" },
    { status: 200, text: "no" },
    "cut",
    { result: { b64data: "!" } },
  ] as const satisfies Answer[]) {
    side.backend.on("/rpc", () => answer);
    expectError(await client.call("rpc", { method: "m" }), 100);
  }
  side.backend.on("/rpc", () => ({}));
  await client.ok("rpc", { method: "m" });
});

rule("[PX1.5] rpc namespaces: another proxy, nobody, unknown", async (side) => {
  side.backend.on("/own", () => ({ result: { b64data: Buffer.from(`{"b":1}`).toString("base64"), data: { a: 1 } } }));
  const client = await side.connect();
  assert.deepEqual((await client.ok("rpc", { method: "own:m" }))["data"], { b: 1 });
  await client.refused("rpc", { method: "nobody:m" }, 108);
  await client.refused("rpc", { method: "unknown:m" }, 104);
});

rule("[PX4.1] a named proxy with binary_encoding: base64 in, meta beside it", async (side) => {
  side.backend.on("/own", () => ({}));
  const client = await side.connect({ claims: { meta: { shop: 7 } } });
  const channel = side.channel("own:a");
  await client.subscribe(channel, { data: { a: 1 } });
  const encoding = "binary";
  const b64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
  assert.deepEqual(lastAsked(side), { ...base(client, side), encoding, channel, meta: { shop: 7 }, b64data: b64({ a: 1 }) });
  await client.ok("publish", { channel, data: [2] });
  assert.deepEqual(lastAsked(side), { ...base(client, side), encoding, channel, b64data: b64([2]), meta: { shop: 7 } });
  await client.ok("rpc", { method: "own:m", data: { c: 3 } });
  assert.deepEqual(lastAsked(side), { ...base(client, side), encoding, method: "own:m", b64data: b64({ c: 3 }), meta: { shop: 7 } });
});

export default group;
