import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import type { Client } from "../harness/client.ts";
import { opcodes, UpgradeRefused } from "../harness/raw-websocket.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Comparison } from "../harness/transcript.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule: anyRule } = conformance({
  name: "uni-websocket",
  title: "The one-way WebSocket",
  about: "A connect request in the query or as the first message, and pushes, each a message of its own.",
  config: transports,
});
const rule = (title: string, body: (side: Side) => Promise<void>, compare: Comparison = "in order"): void =>
  anyRule(title, { formats: ["json"], compare }, body);

const path = "/connection/uni_websocket";
const query = (request: Wire): string => `${path}?cf_connect=${encodeURIComponent(JSON.stringify(request))}`;

function push(client: Client, kind: string): Promise<Wire> {
  return client.until(`a push ${kind}`, () => client.messages.find((message) => message[kind] !== undefined)?.[kind] as Wire | undefined);
}

async function open(side: Side, where = path): Promise<Client> {
  const client = await side.open({ path: where, protocols: [] });
  // A ping here is nothing to answer.
  client.answersPings = false;
  return client;
}

async function connected(side: Side, request: Wire = {}): Promise<Client> {
  const client = await open(side);
  client.sendFrame(JSON.stringify({ ...side.connectRequest(), ...request }));
  await push(client, "connect");
  return client;
}

rule("[TR50.100] the connect request as the first message", async (side) => {
  const client = await connected(side);
  const { session, node, ping, pong } = await push(client, "connect");
  assert.match(session, /^[0-9a-f-]{36}$/);
  assert.deepEqual([node, ping, pong], [undefined, 20, undefined]);
});

rule("[TR50.101] the connect request in the query", async (side) => {
  const client = await open(side, query(side.connectRequest()));
  await push(client, "connect");
});

rule("[TR50.102] in the query: what is no connect request is 400 before the upgrade", async (side) => {
  for (const text of ["x", "[]", "%7B"]) {
    await assert.rejects(open(side, `${path}?cf_connect=${text}`), (error) => {
      assert.ok(error instanceof UpgradeRefused);
      assert.deepEqual([error.answer.status, error.answer.body], [400, "invalid connect request\n"]);
      return true;
    });
  }
});

rule("[TR50.103] in a message: what is no connect request is 3501 in the close frame, and no push", async (side) => {
  for (const text of ["x", "[]", "{", "", '{"token":5}']) {
    const client = await open(side);
    client.sendFrame(text);
    await client.closed(3501);
    assert.deepEqual(client.messages, []);
  }
});

rule("[TR50.104] `null` asks for nothing", async (side) => {
  const client = await open(side);
  client.sendFrame("null");
  await client.closed(3501);
  assert.deepEqual(client.messages, [{ disconnect: { code: 3501, reason: "bad request" } }]);
});

rule("[TR50.105] what follows the connect request is not looked at", async (side) => {
  const client = await connected(side);
  for (const text of ["{}", "x", JSON.stringify({ id: 5, rpc: {} }), JSON.stringify(side.connectRequest())]) client.sendFrame(text);
  client.sendFrame(Uint8Array.of(0), opcodes.binary);
  await client.silent();
});

rule("[TR50.106] the same behind a connect request in the query", async (side) => {
  const client = await open(side, query(side.connectRequest()));
  client.sendFrame("x");
  await push(client, "connect");
  await client.silent();
});

rule("[TR56.1] every push is a message of its own", async (side) => {
  const channel = side.channel("open:a");
  const client = await connected(side, { subs: { [channel]: {} } });
  const before = client.frames.length;
  await Promise.all(Array.from({ length: 20 }, () => side.publish(channel, "x")));
  await client.until("20 publications", () =>
    client.messages.filter((message) => message["pub"] !== undefined).length === 20 ? true : undefined,
  );
  assert.equal(client.frames.length - before, 20);
  for (const frame of client.frames) assert.ok(!frame.includes("\n"));
  assert.equal(client.lastOpcode, opcodes.text);
});

rule("[TR57.1] an end that the server wants is told twice: a push, then the close frame", async (side) => {
  const client = await connected(side);
  await side.api("disconnect", { user: side.user() });
  await client.closed(3503);
  assert.deepEqual(client.messages.at(-1), { disconnect: { code: 3503, reason: "force disconnect" } });
});

for (const [number, [text, request, code, reason]] of (
  [
    ["a token that is none", () => ({ token: "bad" }), 3500, "invalid token"],
    ["no token", () => ({}), 3501, "bad request"],
    ["an expired token", (side: Side) => ({ token: side.token({ exp: 1_000 }) }), 3005, "connection expired"],
    [
      "an unknown namespace in the token",
      (side: Side) => ({ token: side.token({ channels: ["nowhere:a"] }) }),
      3004,
      "internal server error",
    ],
  ] as readonly (readonly [string, (side: Side) => Wire, number, string])[]
).entries()) {
  rule(`[TR54.${number + 100}] ${text}: ${code}, as a push and as a close frame`, async (side) => {
    const client = await open(side);
    client.sendFrame(JSON.stringify(request(side)));
    await client.closed(code);
    assert.deepEqual(client.messages, [{ disconnect: { code, reason } }]);
  });
}

rule("[C3.42] nothing is said: 3502, as a push and as a close frame", async (side) => {
  const client = await open(side);
  await client.closed(3502);
  assert.deepEqual(client.messages, [{ disconnect: { code: 3502, reason: "stale" } }]);
});

rule(
  "[TR13.1] a message above the limit is 1009, also one that is not looked at",
  async (side) => {
    for (const first of [true, false]) {
      const client = first ? await open(side) : await connected(side);
      client.sendFrame("x".repeat(70_000));
      const ending = await client.until("the end", () => client.ending);
      assert.equal(ending.kind === "close" && ending.code, 1009);
    }
  },
  { off: "the words of a close frame with 1009 are the runtime's" },
);

rule("[W7.60] no subprotocol is chosen", async (side) => {
  const client = await side.open({ path, protocols: ["centrifuge-json"] });
  assert.equal(client.socket.protocol, undefined);
});

export default group;
