import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient } from "../harness/stream-client.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "http-stream",
  title: "HTTP streaming",
  about: "Commands in the body of a POST, replies and pushes in an answer that does not end, further commands by `/emulation`.",
  config: transports,
});

const octets = { "Content-Type": "application/octet-stream" };

/** A POST with these bytes; the answer as it is. */
function post(side: Side, body: string | Uint8Array, headers: Record<string, string> = {}) {
  return StreamClient.open(side, "http_stream", { body, headers: { ...(side.format.name === "protobuf" ? octets : {}), ...headers } });
}

async function stream(side: Side, commands: readonly Wire[], headers?: Record<string, string>): Promise<StreamClient> {
  const opened = await post(side, side.format.encode(commands), headers);
  assert.ok(opened instanceof StreamClient, `no stream: ${JSON.stringify(opened)}`);
  return opened;
}

async function connected(side: Side, request: Wire = {}): Promise<StreamClient> {
  const client = await stream(side, [{ id: 1, connect: side.connectRequest({ request }) }]);
  await client.reply(1);
  return client;
}

rule("[TR20.1] the connect command of the body is answered on the stream, with node and session", async (side) => {
  const client = await connected(side);
  assert.match(client.connected["node"], /^[0-9a-f-]{36}$/);
  assert.match(client.connected["session"], /^[0-9a-f-]{36}$/);
  assert.notEqual(client.connected["session"], client.connected["client"]);
  const { headers } = client.head;
  assert.equal(headers.get("content-type"), side.format.name === "json" ? "text/plain; charset=utf-8" : "application/octet-stream");
  assert.equal(headers.get("x-accel-buffering"), "no");
});

rule("[TR20.2] several commands in the body are answered in their order", async (side) => {
  const channel = side.channel("open:a");
  const client = await stream(side, [
    { id: 7, connect: side.connectRequest() },
    { id: 3, subscribe: { channel } },
    { id: 3, presence_stats: { channel } },
  ]);
  await client.reply(3);
  assert.deepEqual(
    client.messages.map((message) => message["id"]),
    [7, 3, 3],
  );
});

rule("[TR20.3] every message of the stream ends with a newline, or stands behind its length, and nothing else is there", async (side) => {
  const channel = side.channel("open:a");
  const client = await stream(side, [
    { id: 1, connect: side.connectRequest() },
    { id: 2, subscribe: { channel } },
  ]);
  await client.reply(2);
  for (const data of ["one", { two: 2 }, "three"]) await side.publish(channel, data);
  for (const data of ["one", { two: 2 }, "three"]) assert.deepEqual((await client.push("pub", channel))["data"], data);
  if (side.format.name === "json") assert.equal(client.stream.body.at(-1), 0x0a);
});

rule("[TR20.4] only the exact content type means Protobuf", { formats: ["json"] }, async (side) => {
  for (const type of ["application/octet-stream; charset=utf-8", "Application/Octet-Stream", "application/x-protobuf", "text/plain", ""]) {
    const client = await stream(side, [{ id: 1, connect: side.connectRequest() }], { "Content-Type": type });
    await client.reply(1);
    client.leave();
  }
});

rule("[TR20.5] JSON where Protobuf is said, and the other way round: 3501", async (side) => {
  const other = side.format.name === "json" ? octets : { "Content-Type": "application/json" };
  const opened = await post(side, side.format.encode([{ id: 1, connect: side.connectRequest() }]), other);
  assert.ok(opened instanceof StreamClient);
  assert.equal(await opened.ended(), "end");
});

rule("[TR25.1] an empty body: 3501 and the end", async (side) => {
  const opened = await post(side, "");
  assert.ok(opened instanceof StreamClient);
  await opened.disconnected(3501, "bad request");
});

rule("[TR25.2] a body that is no command: 3501", async (side) => {
  const opened = await post(side, side.format.name === "json" ? "{" : Uint8Array.of(9, 9, 9));
  assert.ok(opened instanceof StreamClient);
  await opened.disconnected(3501, "bad request");
});

rule("[TR25.3] a command before connect: 3501", async (side) => {
  const client = await stream(side, [{ id: 1, subscribe: { channel: side.channel("open:a") } }]);
  await client.disconnected(3501, "bad request");
});

rule("[TR25.4] what stood before a broken line was done and is answered", { formats: ["json"] }, async (side) => {
  const connect = JSON.stringify({ id: 1, connect: side.connectRequest() });
  const opened = await post(side, `${connect}\n{"id":2,"subscribe":{"channel":"${side.channel("open:a")}"}}\n{`);
  assert.ok(opened instanceof StreamClient);
  await opened.reply(2);
  await opened.disconnected(3501, "bad request");
});

rule("[TR25.5] a token that is none: 3500", async (side) => {
  const client = await stream(side, [{ id: 1, connect: { token: "bad" } }]);
  await client.disconnected(3500, "invalid token");
});

rule("[TR25.6] a second connect: 3501", async (side) => {
  const client = await connected(side);
  await client.emulate([{ id: 2, connect: side.connectRequest() }]);
  await client.disconnected(3501, "bad request");
});

rule("[C3.40] a connect that is answered with an error: the stream stays until it is stale", async (side) => {
  const client = await stream(side, [{ id: 1, connect: { token: side.token({ exp: 1_000 }) } }]);
  assert.equal((await client.reply(1))["error"].code, 109);
  await client.disconnected(3502, "stale");
});

rule("[TR22.1] an end that the server wants is a disconnect push and the end of the answer", async (side) => {
  const client = await connected(side);
  await side.api("disconnect", { user: side.user(), disconnect: { code: 4321, reason: "go away" } });
  await client.disconnected(4321, "go away");
});

rule("[TR22.2] the reason of an end is told in full, however long", async (side) => {
  const client = await connected(side);
  const reason = "r".repeat(100);
  await side.api("disconnect", { user: side.user(), disconnect: { code: 3456, reason } });
  await client.disconnected(3456, reason);
});

rule("[TR24.1] a client that goes away is gone from presence", { compare: { off: "asked until it is so" } }, async (side) => {
  const channel = side.channel("open:a");
  const client = await stream(side, [
    { id: 1, connect: side.connectRequest() },
    { id: 2, subscribe: { channel } },
  ]);
  await client.reply(2);
  assert.equal((await side.api("presence_stats", { channel }))["num_clients"], 1);
  client.leave();
  const deadline = performance.now() + 4_000;
  while ((await side.api("presence_stats", { channel }))["num_clients"] !== 0) assert.ok(performance.now() < deadline, "it stays");
});

for (const [number, [name, call]] of (
  [
    ["subscribe, publish and the publication", "publish"],
    ["history", "history"],
    ["presence", "presence"],
    ["rpc, which there is none of", "rpc"],
  ] as const
).entries()) {
  rule(`[TR40.${number + 1}] by /emulation: ${name}`, async (side) => {
    const channel = side.channel("anon:a");
    const client = await connected(side);
    await client.ok("subscribe", { channel });
    if (call === "rpc") {
      assert.equal((await client.call("rpc", { method: "m", data: {} }))["error"].code, 108);
      return;
    }
    await client.ok(
      call,
      call === "publish" ? { channel, data: { a: [1, "x\ny"] } } : { channel, ...(call === "history" ? { limit: 5 } : {}) },
    );
    if (call === "publish") assert.deepEqual((await client.push("pub", channel))["data"], { a: [1, "x\ny"] });
  });
}

rule("[TR40.6] several commands in one request are answered in their order; 204 comes when they were worked on", async (side) => {
  const client = await connected(side);
  const channel = side.channel("anon:a");
  const answer = await client.emulate([
    { id: 20, subscribe: { channel } },
    { id: 21, publish: { channel, data: 1 } },
    { id: 22, unsubscribe: { channel } },
  ]);
  assert.equal(answer.status, 204);
  await client.reply(22);
  assert.deepEqual(
    client.messages.map((message) => message["id"]).filter((id) => id !== undefined),
    [1, 20, 21, 22],
  );
});

rule("[TR40.7] a pong that nobody asked for: 3501", async (side) => {
  const client = await connected(side);
  assert.equal((await client.emulate([{}])).status, 204);
  await client.disconnected(3501, "bad request");
});

rule("[TR40.8] broken commands: 204, and 3501 on the stream", { formats: ["json"] }, async (side) => {
  const client = await connected(side);
  const { node, session } = client.connected;
  const answer = await side.http({ path: "/emulation", body: JSON.stringify({ node, session, data: "{" }) });
  assert.equal(answer.status, 204);
  await client.disconnected(3501, "bad request");
});

rule("[TR40.9] an empty frame: 204, and 3501 on the stream", { formats: ["json"] }, async (side) => {
  const client = await connected(side);
  const { node, session } = client.connected;
  assert.equal((await side.http({ path: "/emulation", body: JSON.stringify({ node, session, data: "" }) })).status, 204);
  await client.disconnected(3501, "bad request");
});

rule("[TR41.1] data that is no string, or not there: 204, and nothing happens", { formats: ["json"] }, async (side) => {
  const client = await connected(side);
  const { node, session } = client.connected;
  for (const data of [undefined, 5, { id: 2, rpc: {} }, [1]]) {
    assert.equal((await side.http({ path: "/emulation", body: JSON.stringify({ node, session, data }) })).status, 204);
  }
  await client.silent();
});

rule("[TR41.2] a session that there is none of: 204", async (side) => {
  const client = await connected(side);
  assert.equal((await client.emulate([{ id: 5, rpc: { data: {} } }], { session: "3f9ee6cc-0000-4000-8000-000000000000" })).status, 204);
  await client.silent();
});

rule("[TR41.3] a session whose stream has ended: 204", async (side) => {
  const client = await connected(side);
  await side.api("disconnect", { user: side.user() });
  await client.ended();
  assert.equal((await client.emulate([{ id: 5, rpc: { data: {} } }])).status, 204);
});

rule("[TR41.4] another node: 404", async (side) => {
  const client = await connected(side);
  assert.equal((await client.emulate([{ id: 5, rpc: { data: {} } }], { node: "3f9ee6cc-0000-4000-8000-000000000000" })).status, 404);
  assert.equal((await client.emulate([{ id: 5, rpc: { data: {} } }], { node: "" })).status, 404);
});

rule("[TR41.5] the client's id is no session", async (side) => {
  const client = await connected(side);
  assert.equal((await client.emulate([{ id: 5, rpc: { data: {} } }], { session: client.connected["client"] })).status, 204);
  await client.silent();
});

rule("[TR41.6] a WebSocket has no session and no node", async (side) => {
  const client = await side.connect();
  const connect = client.messages[0]!["connect"];
  assert.deepEqual([connect.session, connect.node], [undefined, undefined]);
});

export default group;
