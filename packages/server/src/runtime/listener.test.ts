import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ConnectionInput, Engine, Socket, TransportInfo } from "@fleetcast/engine";
import type { Route } from "../http/route.ts";
import { originRule } from "../transports/origin.ts";
import type { TransportOptions } from "../transports/transport-options.ts";
import { systemClock } from "./clock.ts";
import { ListenError, type Listener, type ListenerOptions, listen } from "./listener.ts";
import { createRouter } from "./router.ts";
import { openStaticFiles } from "./static-files.ts";
import { createTransportDoor } from "./transport-door.ts";

const folder = mkdtempSync(join(tmpdir(), "fleetcast-listener-"));
const failures: string[] = [];
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: (_fields: object, message: string) => failures.push(message) };
const sockets: Socket[] = [];
const formats: string[] = [];
const told: string[] = [];
const echo = {
  options: { queueBytesMax: 1_048_576 },
  accept(socket: Socket, transport: TransportInfo): ConnectionInput {
    sockets.push(socket);
    formats.push(transport.protocol);
    return {
      message: (frame) => socket.send(frame),
      drained: () => told.push("drained"),
      writeTimedOut: () => told.push("write timed out"),
      closed: () => told.push("closed"),
    };
  },
} as unknown as Engine;

const transports = createTransportDoor(
  {
    websocket: { path: "/connection/websocket", messageBytesMax: 1_024, compression: undefined, writeTimeoutMs: 1_000 },
    framePings: { intervalMs: 25_000, timeoutMs: 8_000 },
  } as TransportOptions,
  {
    engine: echo,
    clock: systemClock,
    log,
    origin: originRule(undefined),
    details: { keptHeaders: [], userHeader: "" },
    limits: { connectionsMax: 0, connectionsPerSecondMax: 0 },
  },
);

const routes: Route[] = [
  {
    method: "POST",
    path: "/v1/echo",
    listener: "external",
    bodyBytesMax: 10,
    handle: async (request) => new Response(await request.text()),
  },
  {
    method: "GET",
    path: "/v1/throws",
    listener: "external",
    bodyBytesMax: 0,
    handle: () => {
      throw new Error("ours");
    },
  },
  { method: "GET", path: "/v1/who", listener: "external", bodyBytesMax: 0, handle: (_request, peer) => Response.json(peer) },
];

let port = 0;
let listener: Listener;
before(async () => {
  mkdirSync(join(folder, "assets"));
  writeFileSync(join(folder, "index.html"), "<div id=root></div>");
  writeFileSync(join(folder, "assets", "a-1234.js"), `// ${"x".repeat(3_000)}`);
  port = await freePort();
  listener = listen(options());
});
after(async () => {
  await listener.stop();
  rmSync(folder, { recursive: true, force: true });
});

function options(more: Partial<ListenerOptions> = {}): ListenerOptions {
  return {
    address: "",
    port,
    secure: false,
    router: createRouter(routes, ["/v1", "/connection"]),
    page: openStaticFiles(folder),
    withoutPage: "none",
    bodyBytesMax: 1_000,
    websockets: transports.websockets,
    log,
    ...more,
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = server.address() as { port: number };
      server.close(() => resolve(free));
    });
  });
}

/** Sends text and answers everything that comes back within a moment. */
function raw(text: string, waitMs = 150): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => resolve(answer));
    socket.on("close", () => resolve(answer));
    socket.write(text);
    setTimeout(() => socket.destroy(), waitMs);
  });
}

const url = (path: string): string => `http://127.0.0.1:${port}${path}`;

test("an empty address is this machine: 127.0.0.1, and ::1 where there is one", async () => {
  assert.ok(listener.addresses.includes(`127.0.0.1:${port}`));
  assert.equal((await fetch(url("/"))).status, 200);
});

test("a taken port is told with the system's word, the address and the port, and nothing stays open", () => {
  assert.throws(
    () => listen(options()),
    (error: unknown) => error instanceof ListenError && error.code === "EADDRINUSE" && error.port === port && error.address === "127.0.0.1",
  );
});

test("[H10 D26] two Host headers are 400", async () => {
  assert.match(await raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 400/);
  assert.match(await raw("GET / HTTP/1.1\r\nHost: a b<>\r\nConnection: close\r\n\r\n"), /^HTTP\/1\.1 400/);
});

test("[H4] a body over the route's limit is 413, declared or not", async () => {
  assert.equal((await fetch(url("/v1/echo"), { method: "POST", body: "0123456789" })).status, 200);
  assert.equal((await fetch(url("/v1/echo"), { method: "POST", body: "0123456789A" })).status, 413);
  assert.equal((await fetch(url("/v1/echo"), { method: "POST", body: "x".repeat(2_000) })).status, 413);
});

test("[H11] no spelling of a path leads around its owner, and no program's path to the page", async () => {
  for (const path of ["/v1/none", "/v1/../v1/none", "/connection/websocket/"]) assert.equal((await fetch(url(path))).status, 404, path);
  assert.match(await raw("GET /x/../v1/%2e%2e/v1/who HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), /200 OK/);
  assert.equal((await fetch(url("/v1/who"), { method: "DELETE" })).status, 405);
});

test("[S20] a client that goes away in the middle of its request writes nothing into the log", async () => {
  failures.length = 0;
  await raw("POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
  await raw("POST /v1/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\nzz\r\n");
  await fetch(url("/v1/throws"));
  assert.deepEqual(failures, ["an HTTP handler failed"], "only our own");
});

test("a handler that throws is 500 without its words", async () => {
  const answer = await fetch(url("/v1/throws"));
  assert.equal(answer.status, 500);
  assert.equal(await answer.text(), "Internal Server Error");
});

test("the page answers every path that is no program's, with its policy; hashed files stay, missing ones are 404", async () => {
  const page = await fetch(url("/machines/VM-1"));
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  const file = await fetch(url("/assets/a-1234.js"));
  assert.match(file.headers.get("cache-control") ?? "", /immutable/);
  assert.equal(file.headers.get("content-type"), "text/javascript; charset=utf-8");
  assert.equal(file.headers.get("content-encoding"), "gzip");
  assert.equal((await fetch(url("/assets/none.js"))).status, 404);
  const again = await fetch(url("/"), { headers: { "if-none-match": page.headers.get("etag") ?? "" } });
  assert.equal(again.status, 304);
  const head = await fetch(url("/"), { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(await head.text(), "");
  assert.equal((await fetch(url("/"), { method: "POST", body: "x" })).status, 405);
});

const handshake = (more = ""): string =>
  `GET /connection/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`;

test("[W7] an unknown subprotocol is upgraded without a header, a known one is named", async () => {
  const unknown = await raw(handshake("Sec-WebSocket-Protocol: foo\r\n"));
  assert.match(unknown, /^HTTP\/1\.1 101/);
  assert.ok(!/sec-websocket-protocol/i.test(unknown), unknown);
  assert.match(await raw(handshake("Sec-WebSocket-Protocol: foo, centrifuge-json\r\n")), /Sec-WebSocket-Protocol: centrifuge-json/i);
});

test("[W7] the engine is told the format that was agreed on", async () => {
  formats.length = 0;
  assert.match(
    await raw(handshake("Sec-WebSocket-Protocol: foo, centrifuge-protobuf\r\n")),
    /Sec-WebSocket-Protocol: centrifuge-protobuf/i,
  );
  await raw(handshake());
  const asked = await raw(handshake().replace("websocket HTTP", "websocket?format=protobuf HTTP"));
  assert.ok(!/sec-websocket-protocol/i.test(asked), asked);
  assert.deepEqual(formats, ["protobuf", "json", "protobuf"]);
});

test("text comes back as text and bytes as bytes; a frame over the limit closes with 1009", async () => {
  const client = new WebSocket(`ws://127.0.0.1:${port}/connection/websocket`);
  client.binaryType = "arraybuffer";
  const next = () => new Promise<unknown>((resolve) => client.addEventListener("message", (event) => resolve(event.data), { once: true }));
  await new Promise((resolve) => client.addEventListener("open", resolve, { once: true }));
  const text = next();
  client.send("{}");
  assert.equal(await text, "{}");
  const bytes = next();
  client.send(new Uint8Array([1, 2, 3]));
  assert.deepEqual(new Uint8Array((await bytes) as ArrayBuffer), new Uint8Array([1, 2, 3]));
  const closed = new Promise<number>((resolve) => client.addEventListener("close", (event) => resolve(event.code), { once: true }));
  client.send("x".repeat(2_000));
  // Bun closes the connection itself; its client reports 1006 where the frame was cut before the close frame.
  assert.ok([1009, 1006].includes(await closed));
});

test("[D20 D21] a reader that stops: queued and not gone, drained once everything left, and nothing lost", async () => {
  const before = sockets.length;
  const socket = connect(port, "127.0.0.1");
  socket.write(handshake());
  await new Promise((resolve) => socket.once("data", resolve));
  socket.pause();
  while (sockets.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
  const server = sockets.at(-1)!;
  const payload = "x".repeat(1_048_576);
  let handed = 0;
  let outcome: string;
  do {
    outcome = server.send(payload);
    handed++;
  } while (outcome === "sent" && handed < 64);
  assert.equal(outcome, "queued");
  assert.ok(server.bufferedBytes > 0);
  told.length = 0;
  let received = 0;
  socket.on("data", (chunk) => {
    received += chunk.length;
  });
  socket.resume();
  const deadline = performance.now() + 10_000;
  while (!told.includes("drained") && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(told, ["drained"]);
  assert.equal(server.bufferedBytes, 0);
  while (received < handed * payload.length && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(received >= handed * payload.length);
  socket.destroy();
  while (!told.includes("closed") && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(server.send("{}"), "gone");
});
