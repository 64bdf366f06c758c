import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { connect, type Socket as TcpSocket } from "node:net";
import { after, before, test } from "node:test";
import type { ConnectionInput, Socket } from "@fleetcast/engine";
import type { Route } from "../http/route.ts";
import { systemClock } from "./clock.ts";
import { type Listener, listen } from "./listener.ts";
import { createOpenStream } from "./response-stream.ts";
import { createRouter } from "./router.ts";
import { freePort, until } from "./testing/raw-websocket.ts";
import { WriteWatch } from "./write-watch.ts";

/** One stream as the engine has it: its socket, and what it was told. */
interface Opened {
  readonly socket: Socket;
  readonly told: string[];
}

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const watch = new WriteWatch(systemClock);
const openStream = createOpenStream(watch);
const opened: Opened[] = [];
let onStart: (socket: Socket) => void = () => {};

function start(socket: Socket): ConnectionInput {
  const told: string[] = [];
  opened.push({ socket, told });
  onStart(socket);
  return {
    message: () => {},
    drained: () => told.push("drained"),
    writeTimedOut: () => told.push("write timed out"),
    closed: () => told.push("closed"),
  };
}

const route: Route = {
  method: "*",
  path: "/stream",
  listener: "external",
  bodyBytesMax: 1_000,
  handle: (request) =>
    openStream({ request, headers: new Headers({ "Content-Type": "text/plain" }), firstText: "\r\n", writeTimeoutMs: 300, start }),
};

let port = 0;
let listener: Listener;
before(async () => {
  port = await freePort();
  listener = listen({
    address: "127.0.0.1",
    port,
    secure: false,
    router: createRouter([route], []),
    page: undefined,
    withoutPage: "",
    bodyBytesMax: 1_000,
    idleSMax: 1,
    websockets: undefined,
    log,
  });
});
after(() => listener.stop());

/** A client that has asked for the stream and got its head. */
async function client(): Promise<{ readonly tcp: TcpSocket; readonly stream: Opened; readonly got: { text: string; end: string } }> {
  const before = opened.length;
  const got = { text: "", end: "" };
  const tcp = connect(port, "127.0.0.1");
  tcp.on("data", (chunk) => {
    got.text += chunk.toString("latin1");
  });
  tcp.on("end", () => {
    got.end = "fin";
  });
  tcp.on("error", (error: NodeJS.ErrnoException) => {
    got.end = error.code ?? "error";
  });
  tcp.write("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  await until("the stream", () => opened.length > before && got.text.includes("\r\n\r\n"));
  return { tcp, stream: opened[before]!, got };
}

/** Hands over text until the socket says that the peer does not take it. */
function fill(socket: Socket): number {
  const frame = "x".repeat(262_144);
  for (let frames = 1; frames < 400; frames++) if (socket.send(frame) === "queued") return frames * frame.length;
  throw new Error("the socket took everything");
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n"));

const descriptors = (): number => readdirSync("/proc/self/fd").length;

test("[TR22] what a stream begins with leaves at once, every frame after it at once, and the end ends the answer", async () => {
  const { tcp, stream, got } = await client();
  assert.match(got.text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(got.text.endsWith("2\r\n\r\n\r\n"), got.text);
  assert.equal(stream.socket.send('data: {"é":1}\n\n'), "sent");
  assert.equal(stream.socket.send(new Uint8Array([0x61, 0x00])), "sent");
  await until("both frames", () => got.text.includes("2\r\na\0\r\n"));
  assert.ok(Buffer.from(got.text, "latin1").toString().includes('10\r\ndata: {"é":1}\n\n\r\n'), got.text);
  stream.socket.close(3001, "shutdown");
  assert.deepEqual(stream.told, ["closed"]);
  assert.equal(stream.socket.send("{}"), "gone");
  await until("the end", () => got.text.endsWith("0\r\n\r\n"));
  assert.equal(got.end, "", "the connection itself lives on");
  tcp.destroy();
});

test("[TR23 D20] a reader that stops: queued, and drained once it took everything; nothing is lost", async () => {
  const { tcp, stream, got } = await client();
  tcp.pause();
  const handed = fill(stream.socket);
  assert.ok(stream.socket.bufferedBytes > 0);
  assert.deepEqual(stream.told, []);
  tcp.resume();
  await until("drained", () => stream.told.includes("drained"));
  assert.equal(stream.socket.bufferedBytes, 0);
  await until("every byte", () => bodyOf(got.text).split("x").length - 1 === handed);
  tcp.destroy();
});

test("[TR30] a reader that takes nothing is told after the write timeout; when it is cut its descriptor is free at once", async () => {
  const base = descriptors();
  const { tcp, stream } = await client();
  tcp.pause();
  fill(stream.socket);
  await until("the timeout", () => stream.told.includes("write timed out"), 1_500);
  const holding = descriptors();
  stream.socket.destroy();
  assert.equal(stream.told.at(-1), "closed");
  assert.equal(watch.size, 0);
  await until("the server's descriptor", () => descriptors() < holding, 1_000);
  tcp.destroy();
  await until("all descriptors", () => descriptors() <= base, 1_000);
});

test("[TR24] a client that goes away is noticed, silent or blocked, and whatever is said then is said to nobody", async () => {
  for (const blocked of [false, true]) {
    const { tcp, stream } = await client();
    if (blocked) {
      tcp.pause();
      fill(stream.socket);
    }
    tcp.destroy();
    await until("closed", () => stream.told.includes("closed"));
    assert.equal(stream.told.filter((what) => what === "closed").length, 1);
    assert.equal(stream.socket.send("{}"), "gone");
    stream.socket.close(3000, "");
    stream.socket.destroy();
    assert.equal(watch.size, 0);
  }
});

test("[TR24] a client that only closes its own side is gone, too", async () => {
  const { tcp, stream, got } = await client();
  tcp.end();
  await until("closed", () => stream.told.includes("closed"));
  await until("the end", () => got.end !== "");
});

test("[TR25] a connection that ends in the middle of its start says its last word and is closed once", async () => {
  onStart = (socket) => {
    socket.send("last\n");
    socket.close(3501, "bad request");
  };
  const { tcp, stream, got } = await client();
  onStart = () => {};
  await until("the end", () => got.text.endsWith("0\r\n\r\n"));
  assert.ok(got.text.includes("last\n"));
  assert.deepEqual(stream.told, ["closed"]);
  tcp.destroy();
});

test("[TR26] a silent stream outlives the idle timeout of a connection, and once it is over its connection does not", {
  timeout: 30_000,
}, async () => {
  const { tcp, stream, got } = await client();
  await new Promise((resolve) => setTimeout(resolve, 5_500));
  assert.deepEqual([stream.socket.send("still\n"), got.end], ["sent", ""]);
  stream.socket.close(3001, "");
  await until("the idle timeout", () => got.end === "fin", 12_000);
  tcp.destroy();
});
