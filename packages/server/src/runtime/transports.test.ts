import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect, type Socket as TcpSocket } from "node:net";
import { after, before, test } from "node:test";
import { createEngine, defaultChannelOptions, type Engine, MemoryLog, noProxies } from "@fleetcast/engine";
import { engineOptions } from "@fleetcast/engine/testing";
import { originRule } from "../transports/origin.ts";
import type { TransportOptions } from "../transports/transport-options.ts";
import { systemChance } from "./chance.ts";
import { systemClock } from "./clock.ts";
import { type Listener, listen } from "./listener.ts";
import { createRouter } from "./router.ts";
import { freePort, until } from "./testing/raw-websocket.ts";
import { createTransportDoor } from "./transport-door.ts";

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const ports = { clock: systemClock, chance: systemChance };
const streamEndpoint = (path: string) => ({ path, bodyBytesMax: 65_536, connectCodes: undefined });
const socketEndpoint = { messageBytesMax: 65_536, compression: undefined, writeTimeoutMs: 300 };
const options: TransportOptions = {
  websocket: { ...socketEndpoint, path: "/websocket" },
  uniWebsocket: {
    ...socketEndpoint,
    path: "/uni_websocket",
    joinPushMessages: false,
    disableClosingHandshake: false,
    disableDisconnectPush: false,
  },
  httpStream: streamEndpoint("/http_stream"),
  sse: streamEndpoint("/sse"),
  uniHttpStream: streamEndpoint("/uni_http_stream"),
  uniSse: { ...streamEndpoint("/uni_sse"), connectCodes: new Map([[3500, { status: 402, body: "" }]]) },
  emulation: { path: "/emulation", bodyBytesMax: 65_536 },
  init: undefined,
  framePings: { intervalMs: 25_000, timeoutMs: 8_000 },
};

const transports = ["websocket", "uni_websocket", "http_stream", "sse", "uni_http_stream", "uni_sse"] as const;
type Transport = (typeof transports)[number];

/** Connects whose token is being looked at. */
const waiting: (() => void)[] = [];
const slowly = async () => {
  await new Promise<void>((resolve) => waiting.push(resolve));
  const claims = { user: "u", expireAtS: undefined, info: undefined, channels: [], subs: new Map(), meta: undefined };
  return { ok: true, claims } as const;
};

let engine: Engine;
let listener: Listener;
let port = 0;
before(async () => {
  const open = { ...defaultChannelOptions, allowSubscribeForClient: true, allowSubscribeForAnonymous: true, presence: true };
  engine = createEngine(engineOptions({ withoutNamespace: open, allowAnonymousConnectWithoutToken: true, queueBytesMax: 16_777_216 }), {
    ...ports,
    verifier: {
      connection: async (token) => (token === "slow" ? await slowly() : { ok: false, why: "invalid" }),
      subscription: async () => ({ ok: false, why: "invalid" }),
    },
    memoryLog: new MemoryLog(ports),
    proxies: noProxies,
    report: (message, cause) => assert.fail(`${message}: ${String(cause)}`),
  });
  const door = createTransportDoor(options, {
    engine,
    clock: systemClock,
    log,
    origin: originRule(undefined),
    details: { keptHeaders: [], userHeader: "" },
    limits: { connectionsMax: 0, connectionsPerSecondMax: 0 },
  });
  port = await freePort();
  listener = listen({
    address: "127.0.0.1",
    port,
    secure: false,
    router: createRouter(door.routes, []),
    page: undefined,
    withoutPage: "",
    bodyBytesMax: 2_000_000,
    websockets: door.websockets,
    log,
  });
});
after(async () => {
  await engine.stop(1_000);
  await listener.stop();
});

const descriptors = (): number => readdirSync("/proc/self/fd").length;

/** A masked text frame; a mask of zeros is a mask. */
function frame(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | bytes.length, 0, 0, 0, 0]), bytes]);
}

/** The first bytes of a client that connects and subscribes to `x`. */
function hello(transport: Transport): { readonly request: string; readonly frame: Buffer | undefined } {
  const oneWay = '{"subs":{"x":{}}}';
  const both = '{"id":1,"connect":{}}\n{"id":2,"subscribe":{"channel":"x"}}';
  const says = transport.startsWith("uni_") ? oneWay : both;
  if (transport.endsWith("websocket")) {
    const request = `GET /${transport} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    return { request, frame: frame(says) };
  }
  return { request: `POST /${transport} HTTP/1.1\r\nHost: a\r\nContent-Length: ${says.length}\r\n\r\n${says}`, frame: undefined };
}

/** A client that is subscribed. */
async function client(transport: Transport): Promise<TcpSocket> {
  const { request, frame: said } = hello(transport);
  const socket = connect(port, "127.0.0.1");
  let got = "";
  let isSaid = false;
  socket.on("error", () => {});
  socket.on("data", (chunk) => {
    got = (got + chunk.toString("latin1")).slice(-2_000);
    if (said === undefined || isSaid || !got.includes("\r\n\r\n")) return;
    isSaid = true;
    socket.write(said);
  });
  socket.write(request);
  await until(`${transport} connects`, () => got.includes('"subscribe":{') || got.includes('"subs":{'));
  return socket;
}

async function atRest(base: number, limitMs: number): Promise<void> {
  await until("no connection", () => engine.connectionCount === 0, limitMs);
  await until("no subscription", () => engine.channels().size === 0, limitMs);
  await until("no descriptor", () => descriptors() <= base, limitMs);
  assert.deepEqual([engine.stats().subscriptions, engine.stats().queuedBytes], [0, 0]);
}

for (const transport of transports) {
  test(`[P7] ${transport}: clients that leave in any way leave nothing behind`, { timeout: 20_000 }, async () => {
    const base = descriptors();
    const clients = await Promise.all(Array.from({ length: 30 }, () => client(transport)));
    assert.equal(engine.connectionCount, 30);
    for (const [n, socket] of clients.entries()) {
      if (n % 3 === 0) socket.destroy();
      else if (n % 3 === 1) socket.end();
      else socket.resetAndDestroy();
    }
    await atRest(base, 5_000);
  });
}

test("[P7] frozen readers of every transport are cut within the write timeout and a second, and their descriptors are free", {
  timeout: 40_000,
}, async () => {
  const base = descriptors();
  const clients = await Promise.all(transports.flatMap((transport) => [client(transport), client(transport)]));
  for (const socket of clients) socket.pause();
  const data = Buffer.from(`"${"x".repeat(500_000)}"`);
  for (let n = 0; n < 24; n++) await engine.publish({ channel: "x", data });
  await until("all out of the hub", () => engine.connectionCount === 0, 15_000);
  await until("the server's descriptors", () => descriptors() <= base + clients.length, 15_000);
  for (const socket of clients) socket.destroy();
  await atRest(base, 5_000);
});

const ask = (token: string, signal?: AbortSignal): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/uni_sse`, {
    method: "POST",
    body: JSON.stringify({ token }),
    headers: { connection: "close" },
    ...(signal === undefined ? {} : { signal }),
  });

test("[TR53 P7] a connect that is refused before its stream begins leaves nothing behind", async () => {
  const base = descriptors();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask("bad")));
  for (const answer of answers) assert.deepEqual([answer.status, await answer.text()], [402, "invalid token"]);
  await atRest(base, 5_000);
});

test("[TR53 P7] a client that leaves before its connect is decided is never connected", async () => {
  const base = descriptors();
  const left = new AbortController();
  const answers = Array.from({ length: 10 }, () =>
    ask("slow", left.signal).then(
      () => "answered",
      () => "left",
    ),
  );
  await until("all are waiting", () => waiting.length === 10);
  left.abort();
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(["left"]));
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (const decide of waiting.splice(0)) decide();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await atRest(base, 5_000);
});
