import assert from "node:assert/strict";
import net from "node:net";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import type { ConnectionInput, Engine, Socket } from "@fleetcast/engine";
import type { Route } from "../http/route.ts";
import { type Certificate, testAuthority } from "../outgoing/testing/authority.ts";
import { originRule } from "../transports/origin.ts";
import type { TransportOptions } from "../transports/transport-options.ts";
import { systemClock } from "./clock.ts";
import { ListenError, type Listener, type ListenerOptions, listen } from "./listener.ts";
import { createRouter } from "./router.ts";
import { createTransportDoor } from "./transport-door.ts";

const authority = testAuthority()!;
const skip = authority === undefined ? "openssl is not installed: NOT TESTED" : false;
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const echo = {
  options: { queueBytesMax: 1_048_576 },
  accept: (socket: Socket): ConnectionInput => ({
    message: (frame) => socket.send(frame),
    drained: () => {},
    writeTimedOut: () => {},
    closed: () => {},
  }),
} as unknown as Engine;
const { websockets } = createTransportDoor(
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
const slow: Route = {
  method: "GET",
  path: "/v1/slow",
  listener: "external",
  bodyBytesMax: 0,
  handle: async () => {
    await sleep(400);
    return new Response("whole");
  },
};
const who: Route = {
  method: "GET",
  path: "/v1/who",
  listener: "external",
  bodyBytesMax: 0,
  handle: (_request, peer) => Response.json(peer),
};

const opened: Listener[] = [];
after(async () => {
  for (const listener of opened) await listener.stop();
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function terms(port: number, { cert, key }: Certificate, changes: Partial<ListenerOptions> = {}, clientCaPem = ""): ListenerOptions {
  return {
    address: "127.0.0.1",
    port,
    secure: true,
    tls: { certPem: cert, keyPem: key, clientCaPem },
    router: createRouter([slow, who], []),
    page: undefined,
    withoutPage: "",
    bodyBytesMax: 10,
    websockets,
    log,
    ...changes,
  };
}

async function opening(
  ...args: Parameters<typeof terms> extends [number, ...infer Rest] ? Rest : never
): Promise<{ port: number; listener: Listener }> {
  const port = await freePort();
  const listener = listen(terms(port, ...args));
  opened.push(listener);
  return { port, listener };
}

/** The certificate that the port shows, and which protocol and cipher it agrees to. */
function handshake(port: number, options: tls.ConnectionOptions = {}): Promise<{ print: string; protocol: string | null; cipher: string }> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...options });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("secureConnect", () => {
      resolve({
        print: socket.getPeerCertificate().fingerprint256,
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().name,
      });
      socket.destroy();
    });
  });
}

const get = (port: number, path: string, options: object = {}) =>
  fetch(`https://localhost:${port}${path}`, { tls: { ca: authority.caPem, ...options } } as RequestInit);

test("[TLS4] another certificate from the next connection on: open sockets, streams and requests under way do not notice", {
  skip,
}, async () => {
  const [one, two] = [authority.certificate("localhost"), authority.certificate("localhost")];
  const { port, listener } = await opening(one);
  const before = await handshake(port);
  const socket = new WebSocket(`wss://localhost:${port}/connection/websocket`, { tls: { ca: authority.caPem } } as never);
  const heard: string[] = [];
  let ended = false;
  socket.onmessage = ({ data }) => void heard.push(String(data));
  socket.onclose = () => {
    ended = true;
  };
  await new Promise((resolve) => {
    socket.onopen = resolve;
  });
  const underWay = get(port, "/v1/slow");
  await sleep(100);
  for (let swap = 0; swap < 20; swap += 1) {
    const { cert, key } = swap % 2 === 0 ? two : one;
    listener.swapCertificate({ certPem: cert, keyPem: key, clientCaPem: "" });
    socket.send(String(swap));
    await sleep(5);
    const now = await handshake(port);
    assert.equal(now.print === before.print, swap % 2 === 1, `swap ${swap}`);
  }
  assert.equal(await (await underWay).text(), "whole");
  await sleep(50);
  assert.deepEqual(
    heard,
    Array.from({ length: 20 }, (_, swap) => String(swap)),
  );
  assert.equal(ended, false);
  await listener.stop();
  await sleep(50);
  assert.equal(ended, true, "stopping reaches those who came before a swap");
  await assert.rejects(handshake(port));
});

test("[TLS4] a certificate that cannot be shown changes nothing", { skip }, async () => {
  const { port, listener } = await opening(authority.certificate("localhost"));
  const { print } = await handshake(port);
  assert.throws(() => listener.swapCertificate({ certPem: "nonsense", keyPem: "nonsense", clientCaPem: "" }));
  assert.equal((await handshake(port)).print, print);
});

test("a taken port is refused with TLS, too: by another listener with TLS, and by a plain one", { skip }, async () => {
  const certificate = authority.certificate("localhost");
  const { port } = await opening(certificate);
  assert.throws(
    () => listen(terms(port, certificate)),
    (error: unknown) => error instanceof ListenError && error.code === "EADDRINUSE",
  );
  const plain = net.createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => plain.once("listening", resolve));
  const taken = (plain.address() as net.AddressInfo).port;
  assert.throws(
    () => listen(terms(taken, certificate)),
    (error: unknown) => error instanceof ListenError && error.code === "EADDRINUSE",
  );
  plain.close();
});

test("[TLS6] TLS 1.2 at least, and ciphers with forward secrecy and authenticated encryption only", { skip }, async () => {
  const { port } = await opening(authority.certificate("localhost"));
  const newest = await handshake(port);
  assert.equal(newest.protocol, "TLSv1.3");
  const older = await handshake(port, { maxVersion: "TLSv1.2" });
  assert.equal(older.protocol, "TLSv1.2");
  assert.match(older.cipher, /^ECDHE-.*(GCM|CHACHA20)/);
  await assert.rejects(handshake(port, { maxVersion: "TLSv1.2", ciphers: "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA" }));
  await assert.rejects(handshake(port, { minVersion: "TLSv1", maxVersion: "TLSv1.1" }));
});

test("[TLS5] with client_ca_pem a client must show a certificate of that authority", { skip }, async () => {
  const { port } = await opening(authority.certificate("localhost"), {}, authority.caPem);
  const mine = authority.certificate("backend");
  assert.equal(((await (await get(port, "/v1/who", mine)).json()) as { secure: boolean }).secure, true);
  await assert.rejects(get(port, "/v1/who").then((answer) => answer.text()));
  await assert.rejects(get(port, "/v1/who", testAuthority()!.certificate("backend")).then((answer) => answer.text()));
  await assert.rejects(get(port, "/v1/who", authority.certificate("backend", -1)).then((answer) => answer.text()));
});

test("[TLS7] answers of our own TLS say for how long HTTPS holds, where the door is open beyond this machine", { skip }, async () => {
  const certificate = authority.certificate("localhost");
  const open = await opening(certificate, { hsts: true });
  const closed = await opening(certificate);
  assert.equal((await get(open.port, "/v1/who")).headers.get("strict-transport-security"), "max-age=31536000");
  assert.equal((await get(closed.port, "/v1/who")).headers.get("strict-transport-security"), null);
});

test("[TLS8] a handshake that is not finished ends within 12 s, plain text at once; others are served meanwhile", { skip }, async () => {
  const { port } = await opening(authority.certificate("localhost"));
  const startedMs = performance.now();
  const ends = ["", "16", "16030100c8010000c40303"].map(
    (hex) =>
      new Promise<number>((resolve) => {
        const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(Buffer.from(hex, "hex")));
        socket.on("error", () => undefined);
        socket.resume();
        socket.once("close", () => resolve(performance.now() - startedMs));
      }),
  );
  for (const junk of ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "hello\r\n\r\n", Buffer.from("802e0100020015000000100700c0", "hex")]) {
    const socket = net.connect({ port, host: "127.0.0.1" }, () => socket.write(junk));
    socket.on("error", () => undefined);
    socket.resume();
    const atMs = performance.now();
    await new Promise((resolve) => socket.once("close", resolve));
    assert.ok(performance.now() - atMs < 1_000);
  }
  assert.equal((await get(port, "/v1/who")).status, 200);
  const slowest = Math.max(...(await Promise.all(ends)));
  assert.ok(slowest < 13_000, `${slowest} ms`);
});
