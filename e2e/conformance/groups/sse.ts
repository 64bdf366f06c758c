import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient } from "../harness/stream-client.ts";
import type { Comparison } from "../harness/transcript.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule: anyRule } = conformance({
  name: "sse",
  title: "Server-sent events",
  about: "The first commands in the query of a GET or the body of a POST, replies and pushes as events.",
  config: transports,
});
const rule = (title: string, body: (side: Side) => Promise<void>, compare: Comparison = "in order"): void =>
  anyRule(title, { formats: ["json"], compare }, body);

const query = (text: string): string => `?cf_connect=${encodeURIComponent(text)}`;
const get = (side: Side, behind: string, headers: Record<string, string> = {}) =>
  StreamClient.open(side, "sse", { method: "GET", query: behind, headers });

async function stream(side: Side, commands: readonly Wire[]): Promise<StreamClient> {
  const opened = await get(side, query(side.format.encode(commands).toString()));
  assert.ok(opened instanceof StreamClient, `no stream: ${JSON.stringify(opened)}`);
  return opened;
}

async function connected(side: Side): Promise<StreamClient> {
  const client = await stream(side, [{ id: 1, connect: side.connectRequest() }]);
  await client.reply(1);
  return client;
}

rule("[TR21.1] a GET with cf_connect is an event stream that begins with an empty line", async (side) => {
  const client = await connected(side);
  assert.equal(client.head.headers.get("content-type"), "text/event-stream; charset=utf-8");
  assert.ok(client.stream.body.toString().startsWith('\r\ndata: {"id":1,"connect":{'));
  assert.match(client.connected["session"], /^[0-9a-f-]{36}$/);
});

rule("[TR21.2] a POST with commands is one, too", async (side) => {
  const opened = await StreamClient.open(side, "sse", { body: side.format.encode([{ id: 1, connect: side.connectRequest() }]) });
  assert.ok(opened instanceof StreamClient);
  await opened.reply(1);
});

rule("[TR21.3] several commands in the query", async (side) => {
  const channel = side.channel("open:a");
  const client = await stream(side, [
    { id: 1, connect: side.connectRequest() },
    { id: 2, subscribe: { channel } },
  ]);
  await client.reply(2);
  await side.publish(channel, { über: "µ <&>\u2028" });
  assert.deepEqual((await client.push("pub", channel))["data"], { über: "µ <&>\u2028" });
});

rule(
  "[TR21.4] every message is an event of its own",
  async (side) => {
    const channel = side.channel("open:a");
    const client = await stream(side, [
      { id: 1, connect: side.connectRequest() },
      { id: 2, subscribe: { channel } },
    ]);
    await client.reply(2);
    await Promise.all(Array.from({ length: 20 }, (_, n) => side.publish(channel, n)));
    for (let n = 0; n < 20; n++) await client.push("pub", channel);
    const events = client.stream.body.toString().slice(2).split("\n\n");
    assert.equal(events.pop(), "");
    for (const event of events) assert.match(event, /^data: \{[^\n]*\}$/);
  },
  { anyOrder: "calls made at once arrive in any order" },
);

rule("[TR21.5] newlines between the tokens of a payload do not end the event", async (side) => {
  const channel = side.channel("open:a");
  const client = await stream(side, [
    { id: 1, connect: side.connectRequest() },
    { id: 2, subscribe: { channel } },
  ]);
  await client.reply(2);
  await side.apiAnswer("publish", `{"channel":"${channel}","data":{\n"a":\n1\n}}`);
  assert.deepEqual((await client.push("pub", channel))["data"], { a: 1 });
});

for (const [number, [text, behind]] of (
  [
    ["no query", ""],
    ["another parameter", "?connect=%7B%7D"],
    ["an empty cf_connect", "?cf_connect="],
    ["a broken escape", "?cf_connect=%zz"],
    ["a semicolon", "?cf_connect=%7B%7D;a=b"],
  ] as const
).entries()) {
  rule(`[TR7.${number + 1}] ${text}: 400`, async (side) => {
    const opened = await get(side, behind);
    assert.ok(!(opened instanceof StreamClient));
    assert.deepEqual([opened.status, opened.body], [400, ""]);
  });
}

rule("[TR7.10] of two cf_connect the first one counts", async (side) => {
  const first = side.format.encode([{ id: 1, connect: side.connectRequest() }]).toString();
  const opened = await get(side, `${query(first)}&cf_connect=x`);
  assert.ok(opened instanceof StreamClient);
  await opened.reply(1);
});

rule("[TR7.11] one that can be read behind one that cannot", async (side) => {
  const first = side.format.encode([{ id: 1, connect: side.connectRequest() }]).toString();
  const opened = await get(side, `?cf_connect=%zz&${query(first).slice(1)}`);
  assert.ok(opened instanceof StreamClient);
  await opened.reply(1);
});

rule("[TR7.12] a plus is a space", async (side) => {
  const first = side.format.encode([{ id: 1, connect: side.connectRequest() }]).toString();
  const opened = await get(side, `${query(first)}+`);
  assert.ok(opened instanceof StreamClient);
  await opened.reply(1);
});

rule("[TR25.10] a query that is no command: 3501 on the stream", async (side) => {
  for (const text of ["x", "{", "[]", "null", "{}"]) {
    const opened = await get(side, query(text));
    assert.ok(opened instanceof StreamClient);
    await opened.disconnected(3501, "bad request");
  }
});

rule("[TR25.11] a POST without a body: 3501 on the stream", async (side) => {
  const opened = await StreamClient.open(side, "sse", { body: "" });
  assert.ok(opened instanceof StreamClient);
  await opened.disconnected(3501, "bad request");
});

rule("[TR25.12] a token that is none: 3500", async (side) => {
  const client = await stream(side, [{ id: 1, connect: { token: "bad" } }]);
  await client.disconnected(3500, "invalid token");
});

rule("[TR40.20] commands by /emulation are answered on the stream", async (side) => {
  const channel = side.channel("anon:a");
  const client = await connected(side);
  await client.ok("subscribe", { channel });
  await client.ok("publish", { channel, data: "x" });
  assert.equal((await client.push("pub", channel))["data"], "x");
  await client.ok("unsubscribe", { channel });
});

rule("[TR22.10] an end that the server wants is a disconnect push and the end of the answer", async (side) => {
  const client = await connected(side);
  await side.api("disconnect", { user: side.user() });
  await client.disconnected(3503, "force disconnect");
});

rule("[C3.41] a connect that is answered with an error: the stream stays until it is stale", async (side) => {
  const client = await stream(side, [{ id: 1, connect: { token: side.token({ exp: 1_000 }) } }]);
  assert.equal((await client.reply(1))["error"].code, 109);
  await client.disconnected(3502, "stale");
});

export default group;
