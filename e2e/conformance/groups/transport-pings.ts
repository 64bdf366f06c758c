import assert from "node:assert/strict";
import { pingedTransports } from "../configs/transports.ts";
import { type Client, pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { StreamClient, type StreamTransport } from "../harness/stream-client.ts";
import type { Comparison } from "../harness/transcript.ts";

const { group, rule: anyRule } = conformance({
  name: "transport-pings",
  title: "Pings of every transport",
  about: "Who is pinged how, and what becomes of those who do not answer.",
  config: pingedTransports,
});
const rule = (title: string, body: (side: Side) => Promise<void>, compare: Comparison = "in order"): void =>
  anyRule(title, { formats: ["json"], compare }, body);

async function stream(side: Side, transport: StreamTransport): Promise<StreamClient> {
  const oneWay = transport.startsWith("uni_");
  const connect = side.connectRequest();
  const client = await StreamClient.open(side, transport, { body: JSON.stringify(oneWay ? connect : { id: 1, connect }) });
  assert.ok(client instanceof StreamClient);
  await client.until("the connect reply", () => (client.messages.length > 0 ? true : undefined));
  return client;
}

for (const [number, transport] of (["http_stream", "sse"] as const).entries()) {
  rule(`[TR31.${number * 2 + 1}] ${transport}: pings are \`{}\`, pongs come by /emulation, and the stream lives on`, async (side) => {
    const client = await stream(side, transport);
    await client.pinged(3);
    assert.equal(client.end, undefined);
  });
  rule(`[TR31.${number * 2 + 2}] ${transport}: no pong in time: 3012 and the end`, async (side) => {
    const client = await stream(side, transport);
    client.answersPings = false;
    await client.disconnected(3012, "no pong");
    assert.equal(client.pings, 1);
  });
}

for (const [number, transport] of (["uni_http_stream", "uni_sse"] as const).entries()) {
  rule(`[TR31.${number + 10}] ${transport}: pings are \`{}\`, and nobody waits for pongs`, async (side) => {
    const client = await stream(side, transport);
    await client.pinged(3);
    assert.equal(client.end, undefined);
  });
}

rule("[TR31.20] a pong by /emulation for a ping that was answered: 3501", async (side) => {
  const client = await stream(side, "http_stream");
  await client.pinged(1);
  await pause(100);
  assert.equal((await client.emulate([{}])).status, 204);
  await client.disconnected(3501, "bad request");
});

/** Ping frames are no messages: they are looked for. */
async function pingFrames(client: Client, count: number): Promise<void> {
  const deadline = performance.now() + 6_000;
  while (client.socket.nativePings < count) {
    assert.ok(performance.now() < deadline, `${client.socket.nativePings} ping frames`);
    await pause(20);
  }
}

const native = "/connection/websocket?cf_ws_frame_ping_pong=true";

rule("[TR12.1] with ping frames the connect reply promises no pings, and there are none of the protocol's", async (side) => {
  const client = await side.connect({ open: { path: native } });
  const connect = client.messages[0]!["connect"];
  assert.deepEqual([connect.ping, connect.pong], [undefined, undefined]);
  await pingFrames(client, 3);
  assert.equal(client.pings, 0);
  assert.equal(client.ending, undefined);
});

rule("[TR12.2] a pong of the protocol is one that nobody asked for: 3501", async (side) => {
  const client = await side.connect({ open: { path: native } });
  await pingFrames(client, 1);
  client.pong();
  await client.closed(3501);
});

rule("[TR12.3] a client that leaves ping frames unanswered is cut without a close frame", async (side) => {
  const client = await side.connect({ open: { path: native, ignoresPings: true } });
  await client.cutOff(5_000);
});

rule("[TR12.4] any other value of the parameter, or none, means the protocol's pings", async (side) => {
  for (const query of ["", "?cf_ws_frame_ping_pong=1", "?cf_ws_frame_ping_pong=TRUE", "?cf_ws_frame_ping_pong="]) {
    const client = await side.connect({ open: { path: `/connection/websocket${query}` } });
    const connect = client.messages[0]!["connect"];
    assert.deepEqual([connect.ping, connect.pong], [1, true]);
  }
});

async function uni(side: Side, ignoresPings: boolean): Promise<Client> {
  const client = await side.open({ path: "/connection/uni_websocket", protocols: [], ignoresPings });
  client.answersPings = false;
  client.sendFrame(JSON.stringify(side.connectRequest()));
  await client.until("the connect push", () => client.messages[0]?.["connect"] as object | undefined);
  return client;
}

rule("[TR52.1] uni_websocket: ping frames and the protocol's pings, and only the frames are to be answered", async (side) => {
  const client = await uni(side, false);
  await client.pinged(3);
  assert.ok(client.socket.nativePings >= 2);
  assert.equal(client.ending, undefined);
});

rule("[TR52.2] uni_websocket: a client that leaves ping frames unanswered is cut without a close frame", async (side) => {
  const client = await uni(side, true);
  await client.cutOff(5_000);
});

export default group;
