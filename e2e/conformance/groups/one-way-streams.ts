import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient, type StreamTransport } from "../harness/stream-client.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule: anyRule } = conformance({
  name: "one-way-streams",
  title: "One-way SSE and HTTP streaming",
  about: "One connect request, and then pushes without replies around them.",
  config: transports,
});

type OneWay = Extract<StreamTransport, "uni_sse" | "uni_http_stream">;

type OneWayBody = (side: Side, transport: OneWay) => Promise<void>;

/** A rule of both transports, with two numbers: `real` where the real server does something else. */
function rule(row: string, number: number, text: string, body: OneWayBody, differs?: { deviation: string; real: OneWayBody }): void {
  for (const [at, transport] of (["uni_sse", "uni_http_stream"] as const).entries()) {
    const options =
      differs === undefined ? {} : { differs: { deviation: differs.deviation, real: (side: Side) => differs.real(side, transport) } };
    anyRule(`[${row}.${number * 2 + at - 1}] ${transport}: ${text}`, { formats: ["json"], ...options }, (side) => body(side, transport));
  }
}

async function stream(side: Side, transport: OneWay, request: Wire | string): Promise<StreamClient> {
  const opened = await StreamClient.open(side, transport, { body: typeof request === "string" ? request : JSON.stringify(request) });
  assert.ok(opened instanceof StreamClient, `no stream: ${JSON.stringify(opened)}`);
  return opened;
}

async function connected(side: Side, transport: OneWay, request: Wire = {}): Promise<StreamClient> {
  const client = await stream(side, transport, { ...side.connectRequest(), ...request });
  await client.push("connect");
  return client;
}

rule("TR50", 1, "the connect push comes first, with a session and no node, and nobody expects pongs", async (side, transport) => {
  const client = await connected(side, transport);
  const { session, node, ping, pong } = client.connected;
  assert.match(session, /^[0-9a-f-]{36}$/);
  assert.deepEqual([node, ping, pong], [undefined, 20, undefined]);
  const type = transport === "uni_sse" ? "text/event-stream; charset=utf-8" : "text/plain; charset=utf-8";
  assert.equal(client.head.headers.get("content-type"), type);
});

rule("TR50", 2, "channels that are asked for in the request, and their publications", async (side, transport) => {
  const channel = side.channel("open:a");
  const client = await connected(side, transport, { subs: { [channel]: {} } });
  assert.deepEqual(Object.keys(client.connected["subs"]), [channel]);
  await side.publish(channel, { a: 1 });
  assert.deepEqual(await client.push("pub", channel), { data: { a: 1 } });
});

rule("TR50", 3, "channels of the token, with recovery", async (side, transport) => {
  const channel = side.channel("rec:a");
  await side.publish(channel, 1);
  const { epoch } = await side.publish(channel, 2);
  const client = await stream(side, transport, {
    token: side.token({ channels: [channel] }),
    subs: { [channel]: { recover: true, epoch, offset: 1 } },
  });
  await client.push("connect");
  const sub = client.connected["subs"][channel];
  assert.equal(sub.recovered, true);
  assert.deepEqual(
    sub.publications.map((publication: Wire) => publication["data"]),
    [2],
  );
});

rule("TR50", 4, "an unsubscribe by the server is a push", async (side, transport) => {
  const channel = side.channel("open:a");
  const client = await connected(side, transport, { subs: { [channel]: {} } });
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
});

rule("TR50", 5, "a disconnect by the server is a push and the end", async (side, transport) => {
  const client = await connected(side, transport);
  await side.api("disconnect", { user: side.user(), disconnect: { code: 4001, reason: "bye" } });
  await client.disconnected(4001, "bye");
});

rule("TR50", 6, "a disconnect of the session alone", async (side, transport) => {
  const [first, second] = [await connected(side, transport), await connected(side, transport)];
  await side.api("disconnect", { user: side.user(), session: first.connected["session"] });
  await first.disconnected(3503, "force disconnect");
  await second.silent();
});

for (const [number, [text, request, code, reason]] of (
  [
    ["a token that is none", () => ({ token: "bad" }), 3500, "invalid token"],
    ["no token", () => ({}), 3501, "bad request"],
    ["`null` for a request without anything", () => "null", 3501, "bad request"],
    ["an expired token", (side: Side) => ({ token: side.token({ exp: 1_000 }) }), 3005, "connection expired"],
    ["an expiry that has passed", (side: Side) => ({ token: side.token({ expire_at: 1_000 }) }), 3005, "connection expired"],
    [
      "an unknown namespace in the token",
      (side: Side) => ({ token: side.token({ channels: ["nowhere:a"] }) }),
      3004,
      "internal server error",
    ],
    ["an unknown namespace that is asked for", (side: Side) => ({ token: side.token(), subs: { "nowhere:a": {} } }), 3501, "bad request"],
  ] as readonly (readonly [string, (side: Side) => Wire | string, number, string])[]
).entries()) {
  rule("TR54", number + 1, `${text}: a disconnect push with ${code} on a stream that begins with it`, async (side, transport) => {
    const client = await stream(side, transport, request(side));
    await client.disconnected(code, reason);
    assert.equal(client.messages.length, 1);
  });
}

for (const [number, body] of ["", "{", "[]", '"x"', "5", '{"token":1}', '{"subs":[]}'].entries()) {
  rule("TR50", number + 20, `${JSON.stringify(body)} is no connect request: 400`, async (side, transport) => {
    const opened = await StreamClient.open(side, transport, { body });
    assert.ok(!(opened instanceof StreamClient));
    assert.deepEqual([opened.status, opened.body], [400, ""]);
  });
}

rule("TR50", 40, "what stands behind the object is not looked at", async (side, transport) => {
  const client = await stream(side, transport, `${JSON.stringify(side.connectRequest())} {"more"`);
  await client.push("connect");
});

/** Commands for a one-way session; which node it is, only a stream in both directions tells. */
async function emulated(side: Side, transport: OneWay): Promise<StreamClient> {
  const client = await connected(side, transport);
  const both = await StreamClient.open(side, "http_stream", { body: JSON.stringify({ id: 1, connect: side.connectRequest() }) });
  assert.ok(both instanceof StreamClient);
  await both.reply(1);
  const answer = await both.emulate([{ id: 5, rpc: { data: {} } }], { session: client.connected["session"] });
  assert.equal(answer.status, 204);
  return client;
}

rule("TR50", 41, "a one-way session hears no commands", async (side, transport) => (await emulated(side, transport)).silent(), {
  deviation: "commands for a one-way session, by `/emulation`",
  real: async (side, transport) => {
    await (await emulated(side, transport)).reply(5);
  },
});

const get = (side: Side, query: string) => StreamClient.open(side, "uni_sse", { method: "GET", query });
const sse = (title: string, body: (side: Side) => Promise<void>): void => anyRule(title, { formats: ["json"] }, body);

sse("[TR55.1] uni_sse: the connect request in the query of a GET", async (side) => {
  const client = await get(side, `?cf_connect=${encodeURIComponent(JSON.stringify(side.connectRequest()))}`);
  assert.ok(client instanceof StreamClient);
  await client.push("connect");
});

sse("[TR55.2] uni_sse: without a query the request is empty", async (side) => {
  for (const query of ["", "?cf_connect=", "?other=1", "?cf_connect=null"]) {
    const client = await get(side, query);
    assert.ok(client instanceof StreamClient);
    await client.disconnected(3501, "bad request");
  }
});

sse("[TR55.3] uni_sse: a query that is no connect request is 400", async (side) => {
  for (const query of ["?cf_connect=x", "?cf_connect=[]", "?cf_connect=%7B"]) {
    const opened = await get(side, query);
    assert.ok(!(opened instanceof StreamClient));
    assert.equal(opened.status, 400);
  }
});

export default group;
