import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { constants, deflateRawSync, inflateRawSync } from "node:zlib";
import type { ConnectionInput, Engine, Socket, TransportInfo } from "@fleetcast/engine";
import { originRule } from "../transports/origin.ts";
import type { TransportOptions } from "../transports/transport-options.ts";
import { systemClock } from "./clock.ts";
import { type Listener, listen } from "./listener.ts";
import { createRouter } from "./router.ts";
import { freePort, RawWebSocket, until } from "./testing/raw-websocket.ts";
import { createTransportDoor } from "./transport-door.ts";

interface Opened {
  readonly socket: Socket;
  readonly info: TransportInfo;
  readonly told: string[];
}

const opened: Opened[] = [];
/** Keeps what it is given and says nothing: a test speaks for it. */
const engine = {
  options: { queueBytesMax: 1_048_576 },
  connectionCount: 0,
  accept(socket: Socket, info: TransportInfo): ConnectionInput {
    const told: string[] = [];
    opened.push({ socket, info, told });
    return {
      message: (frame) => told.push(typeof frame === "string" ? frame : `${frame.length} bytes`),
      drained: () => told.push("drained"),
      writeTimedOut: () => told.push("write timed out"),
      closed: () => told.push("closed"),
    };
  },
} as unknown as Engine;

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const base = { messageBytesMax: 1_000, writeTimeoutMs: 250 };
const options = {
  websocket: { ...base, path: "/ws", compression: { aboveBytes: 100, inflatedBytesMax: 5_000 } },
  uniWebsocket: {
    ...base,
    path: "/uni",
    messageBytesMax: 500,
    compression: undefined,
    joinPushMessages: false,
    disableClosingHandshake: true,
    disableDisconnectPush: false,
  },
  framePings: { intervalMs: 150, timeoutMs: 100 },
} as unknown as TransportOptions;

let port = 0;
let listener: Listener;
before(async () => {
  port = await freePort();
  const { websockets } = createTransportDoor(options, {
    engine,
    clock: systemClock,
    log,
    origin: originRule(undefined),
    details: { keptHeaders: [], userHeader: "" },
    limits: { connectionsMax: 0, connectionsPerSecondMax: 0 },
  });
  listener = listen({
    address: "127.0.0.1",
    port,
    secure: false,
    router: createRouter([], []),
    page: undefined,
    withoutPage: "",
    bodyBytesMax: 1,
    websockets,
    log,
  });
});
after(() => listener.stop());

async function open(path: string, headers?: Record<string, string>): Promise<{ client: RawWebSocket; server: Opened }> {
  const before = opened.length;
  const client = await RawWebSocket.open(port, path, headers);
  await until("the connection", () => opened.length > before);
  return { client, server: opened[before]! };
}

const deflate = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
const deflated = (text: string): Buffer => deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
const inflated = (payload: Buffer): string =>
  inflateRawSync(Buffer.concat([payload, Buffer.from([0, 0, 0xff, 0xff])]), { finishFlush: constants.Z_SYNC_FLUSH }).toString();

test("[TR11] messages above the size are compressed for a client that agreed to it, each on its own, and for no other", async () => {
  const { client, server } = await open("/ws", deflate);
  assert.match(
    client.head,
    /Sec-WebSocket-Extensions: permessage-deflate; (?=.*server_no_context_takeover)(?=.*client_no_context_takeover)/i,
  );
  const long = `"${"machine ".repeat(40)}"`;
  server.socket.send("{}");
  server.socket.send(long);
  server.socket.send(long);
  await until("three frames", () => client.frames.length === 3);
  assert.deepEqual(
    client.frames.map(({ compressed }) => compressed),
    [false, true, true],
  );
  for (const { payload } of client.frames.slice(1)) {
    assert.equal(inflated(payload), long);
    assert.ok(payload.length < 60);
  }
  client.tcp.destroy();

  const plain = await open("/ws");
  plain.server.socket.send(long);
  await until("a frame", () => plain.client.frames.length === 1);
  assert.equal(plain.client.frames[0]?.compressed, false);
  plain.client.tcp.destroy();
});

test("[TR11 C9] what a client compressed is inflated up to its limit; more is 1009, whatever it looked like on the wire", async () => {
  const { client, server } = await open("/ws", deflate);
  client.send(1, deflated(`"${"a".repeat(4_000)}"`), 0xc0);
  await until("the message", () => server.told.length === 1);
  assert.equal(server.told[0]?.length, 4_002);
  client.send(1, deflated("a".repeat(20_000_000)).subarray(0, 60_000), 0xc0);
  await until("the close", () => client.close !== undefined);
  assert.equal(client.close?.code, 1009);
  await until("closed", () => server.told.includes("closed"));
});

test("[TR12] a client that asked for ping frames gets them, and lives while it answers them", async () => {
  const { client, server } = await open("/ws?cf_ws_frame_ping_pong=true");
  assert.equal(server.info.pings, "native");
  let answered = 0;
  await until("three pings", () => {
    const pings = client.frames.filter(({ opcode }) => opcode === 9).length;
    for (; answered < pings; answered++) client.send(10, "");
    return answered >= 3;
  });
  assert.deepEqual([client.end, server.told], ["", []]);
  await until("the cut", () => client.end !== "");
  assert.equal(client.close, undefined, "without a close frame");
  assert.deepEqual(server.told, ["closed"]);
});

test("[TR30] a reader that takes nothing is told after the write timeout, and no more once it is gone", async () => {
  const { client, server } = await open("/ws");
  client.tcp.pause();
  const payload = "x".repeat(262_144);
  for (let frames = 0; frames < 400 && server.socket.send(payload) !== "queued"; frames++);
  await until("the timeout", () => server.told.includes("write timed out"), 1_500);
  server.socket.destroy();
  assert.equal(server.told.at(-1), "closed");
  const before = server.told.length;
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(server.told.length, before);
  client.tcp.destroy();
});

test("[TR13] each address has its own limit of a message, counted in bytes", async () => {
  const long = await open("/ws");
  long.client.send(1, "é".repeat(2_400));
  await until("the message", () => long.server.told.length === 1);
  long.client.tcp.destroy();
  const { client, server } = await open("/uni");
  client.send(1, `"${"é".repeat(250)}"`);
  await until("the close", () => client.close !== undefined);
  assert.equal(client.close?.code, 1009);
  await until("closed", () => server.told.includes("closed"));
});

test("[TR50] what a one-way WebSocket connects with may come in its query, before any message", async () => {
  const { client, server } = await open(`/uni?cf_connect=${encodeURIComponent('{"name":"n"}')}`);
  client.send(1, "{}");
  await until("the message", () => server.told.length === 2);
  assert.deepEqual(server.told, ['{"name":"n"}', "{}"]);
  assert.deepEqual([server.info.oneWay, server.info.joinsMessages], [true, false]);
  client.tcp.destroy();
});

test("[TR51] without a closing handshake every end of ours is a cut", async () => {
  const { client, server } = await open("/uni");
  server.socket.close(3001, "shutdown");
  await until("the cut", () => client.end !== "");
  assert.equal(client.close, undefined);
});

test("[TR52] a one-way WebSocket is pinged by frames and cut when it does not answer", async () => {
  const { client, server } = await open("/uni");
  await until("a ping", () => client.frames.some(({ opcode }) => opcode === 9));
  await until("the cut", () => client.end !== "");
  assert.deepEqual(server.told, ["closed"]);
});
