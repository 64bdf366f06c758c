import assert from "node:assert/strict";
import { test } from "node:test";
import { type BenchSetup, type BenchToken, EngineBench, type TestClient, token } from "../../testing/index.ts";
import type { TransportInfo } from "../transport.ts";

const namespaces = { vm: { historySize: 10, historyTtlMs: 60_000, forceRecovery: true } };
const bench = (setup: BenchSetup = {}) => new EngineBench({ namespaces, ...setup });
const uniWebSocket = { transport: "uni_websocket", protocol: "json", oneWay: true, disconnectPush: true } as const;

async function oneWay(b: EngineBench, claims: BenchToken | undefined, transport: Partial<TransportInfo> = {}): Promise<TestClient> {
  const client = b.open({ ...uniWebSocket, ...transport });
  client.say(JSON.stringify(claims === undefined ? {} : { token: token(claims) }));
  await b.clock.settle();
  return client;
}

test("[UN1] the connect reply is a bare push, with a session, without pong and node; publications follow bare, too", async () => {
  const b = bench();
  const client = await oneWay(b, { user: "ann", channels: ["vm:a"] });
  await b.publish("vm:a", "1");
  const [connected, published] = client.messages;
  const { client: id, session, subs, ...rest } = connected?.["connect"] ?? {};
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.match(session, /^[0-9a-f-]{36}$/);
  assert.notEqual(id, session);
  assert.deepEqual(Object.keys(subs), ["vm:a"]);
  assert.deepEqual(rest, { version: "0.0.0 test", ping: 25 });
  assert.deepEqual([published?.["channel"], published?.["pub"]["data"]], ["vm:a", 1]);
});

test("[UN2] what comes after the connect request is not read", async () => {
  const b = bench();
  const client = await oneWay(b, { user: "ann" });
  for (const frame of ["garbage", "{}", JSON.stringify({ token: token({ user: "eve" }) })]) client.say(frame);
  await b.clock.settle();
  assert.equal(client.messages.length, 1);
  assert.equal(client.closeCode, undefined);
});

test("[UN3] pings come, and no pong is waited for", async () => {
  const b = bench();
  const client = await oneWay(b, { user: "ann" });
  await b.clock.advance(120_000);
  assert.ok(client.pingCount >= 4, String(client.pingCount));
  assert.equal(client.closeCode, undefined);
});

for (const [fails, code, reason] of [
  ["expired", 3005, "connection expired"],
  ["internal", 3004, "internal server error"],
  ["invalid", 3500, "invalid token"],
] as const) {
  test(`[UN4] a connect whose token is ${fails} ends with ${code}, as a push and as the close frame`, async () => {
    const client = await oneWay(bench(), { fails });
    assert.deepEqual(client.messages, [{ disconnect: { code, reason } }]);
    assert.deepEqual(client.socket.ended, { code, reason });
  });
}

test("[UN4] an expiry that is past is 3005, an unknown channel 3004", async () => {
  assert.equal((await oneWay(bench(), { user: "ann", expireAtS: 1 })).closeCode, 3005);
  assert.equal((await oneWay(bench(), { user: "ann", channels: ["nowhere:a"] })).closeCode, 3004);
});

test("[UN4] the configuration may name other disconnects", async () => {
  const connectErrorDisconnects = new Map([[109, { code: 4100, reason: "come back with a new token" }]]);
  const client = await oneWay(bench({ options: { connectErrorDisconnects } }), { fails: "expired" });
  assert.deepEqual(client.socket.ended, { code: 4100, reason: "come back with a new token" });
});

test("[UN5] without disconnect pushes the close frame says it alone", async () => {
  const client = await oneWay(bench(), { fails: "invalid" }, { disconnectPush: false });
  assert.deepEqual(client.messages, []);
  assert.equal(client.closeCode, 3500);
});

test("[UN6] a connect request that cannot be read is 3501, in the close frame alone", async () => {
  const b = bench();
  const client = b.open(uniWebSocket);
  client.say("garbage");
  assert.deepEqual(client.messages, []);
  assert.deepEqual(client.socket.ended, { code: 3501, reason: "bad request" });
});

test("[UN7] where a failed connect becomes an HTTP status, nothing is sent and the socket is told the very code", async () => {
  const stream = { transport: "uni_sse", tellsConnectFailures: true } as const;
  for (const [claims, code, reason] of [
    [{ fails: "expired" }, 109, "token expired"],
    [{ fails: "invalid" }, 3500, "invalid token"],
    [undefined, 3501, "bad request"],
  ] as const) {
    const client = await oneWay(bench(), claims, stream);
    assert.deepEqual([client.messages, client.socket.ended], [[], { code, reason }]);
  }
});

test("[UN7] later disconnects of such a stream are pushes again", async () => {
  const b = bench();
  const client = await oneWay(b, { user: "ann" }, { transport: "uni_sse", tellsConnectFailures: true });
  b.engine.disconnect({ user: "ann" }, 3503, "force disconnect", []);
  await b.clock.settle();
  assert.deepEqual(client.messages[1], { disconnect: { code: 3503, reason: "force disconnect" } });
});
