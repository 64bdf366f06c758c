import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import net from "node:net";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";
import { systemClock } from "../runtime/clock.ts";
import { createOutgoingFetch, OutgoingFailure } from "./outgoing-fetch.ts";

/** A peer that answers with exactly these bytes and then does as told. */
function peer(answer: readonly (string | Uint8Array)[], then: "end" | "reset" | "wait" | "flood" = "end"): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      for (const part of answer) socket.write(part);
      if (then === "end") socket.end();
      else if (then === "reset") socket.resetAndDestroy();
      else if (then === "flood") {
        const flood = () => {
          while (socket.writable && socket.write(Buffer.alloc(65_536, 0x20)));
        };
        socket.on("drain", flood);
        flood();
      }
    });
  });
  servers.push(server);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as net.AddressInfo).port}/`));
  });
}
const servers: net.Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

const outgoing = createOutgoingFetch({ clock: systemClock });
const ask = async (url: Promise<string>, limits: { readonly timeoutMs?: number; readonly answerBytesMax?: number } = {}) =>
  outgoing({ url: await url, headers: {}, body: "{}", timeoutMs: 1_000, answerBytesMax: 1_000, ...limits });

const head = (status: string, ...headers: readonly string[]) =>
  `HTTP/1.1 ${status}\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`;

test("[X1] an answer is its status and its bytes", async () => {
  const answer = await ask(peer([head("503 Busy", "content-length: 4"), "busy"]));
  assert.deepEqual([answer.status, Buffer.from(answer.body).toString()], [503, "busy"]);
});

test("[X2] a redirect is an answer and is not followed", async () => {
  let asked = 0;
  const target = net.createServer(() => {
    asked += 1;
  });
  servers.push(target);
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
  const { port } = target.address() as net.AddressInfo;
  const answer = await ask(peer([head("307 Temporary Redirect", `location: http://127.0.0.1:${port}/`, "content-length: 0")]));
  assert.equal(answer.status, 307);
  assert.equal(asked, 0);
});

const failures: readonly (readonly [name: string, url: () => Promise<string>])[] = [
  ["nobody listens", async () => "http://127.0.0.1:1/"],
  ["the name does not exist", async () => "http://no-such-host.invalid/"],
  ["no answer in time", () => peer([], "wait")],
  ["half a head, then nothing", () => peer(["HTTP/1.1 200 OK\r\ncontent-le"], "wait")],
  ["half a body, then reset", () => peer([head("200 OK", "content-length: 100"), "half"], "reset")],
  ["half a body, then nothing", () => peer([head("200 OK", "content-length: 100"), "half"], "wait")],
  ["a declared size above the limit", () => peer([head("200 OK", "content-length: 1000000000")], "flood")],
  ["endless chunks", () => peer([head("200 OK", "transfer-encoding: chunked"), "fffffff\r\n"], "flood")],
  ["a body without an end", () => peer([head("200 OK", "connection: close")], "flood")],
  [
    "a small answer that unpacks above the limit",
    () => {
      const bomb = gzipSync(Buffer.alloc(10_000_000));
      return peer([head("200 OK", "content-encoding: gzip", `content-length: ${bomb.length}`), bomb]);
    },
  ],
  ["no HTTP at all", () => peer(["hello\r\n\r\n"])],
];

for (const [name, url] of failures) {
  test(`[X1] ${name} is a failure, soon and at no cost`, async () => {
    const started = performance.now();
    const before = process.memoryUsage.rss();
    await assert.rejects(ask(url(), { timeoutMs: 300, answerBytesMax: 20_000 }), OutgoingFailure);
    assert.ok(performance.now() - started < 2_000);
    assert.ok(process.memoryUsage.rss() - before < 64 * 1_048_576);
  });
}

test("an answer packed with gzip is unpacked; an encoding that nobody asked for is a failure", async () => {
  const packed = gzipSync("{}");
  const answer = await ask(peer([head("200 OK", "content-encoding: gzip", `content-length: ${packed.length}`), packed]));
  assert.equal(Buffer.from(answer.body).toString(), "{}");
  for (const encoding of ["br", "deflate", "gzip, gzip"]) {
    await assert.rejects(ask(peer([head("200 OK", `content-encoding: ${encoding}`, "content-length: 2"), "{}"])), OutgoingFailure);
  }
  await assert.rejects(ask(peer([head("200 OK", "content-encoding: gzip", "content-length: 2"), "{}"])), OutgoingFailure);
});

/** What a peer was sent, as text. */
async function heard(url: (port: number) => string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const server = net.createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const request = new Promise<string>((resolve) => {
    server.on("connection", (socket) => {
      socket.once("data", (data) => {
        resolve(data.toString("latin1"));
        socket.end(head("200 OK", "content-length: 0", "connection: close"));
      });
    });
  });
  const { port } = server.address() as net.AddressInfo;
  await outgoing({ url: url(port), headers, body: "{}", timeoutMs: 1_000, answerBytesMax: 10 });
  return request;
}

test("[OUT6] a user name in an address becomes a header, unless there is one already", async () => {
  const url = (port: number) => `http://fleet:p%40ss@127.0.0.1:${port}/x?y=1`;
  const plain = await heard(url);
  assert.match(plain, /^POST \/x\?y=1 HTTP/);
  assert.match(plain, /\r\nauthorization: Basic ZmxlZXQ6cEBzcw==\r\n/i);
  assert.doesNotMatch(plain, /fleet:/);
  assert.match(await heard(url, { authorization: "Bearer x" }), /\r\nauthorization: Bearer x\r\n/i);
});

test("[OUT1] a proxy that the environment names is not used", { timeout: 20_000 }, async () => {
  let asked = 0;
  const proxy = net.createServer((socket) => {
    asked += 1;
    socket.destroy();
  });
  servers.push(proxy);
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
  const target = await peer([head("200 OK", "content-length: 2", "connection: close"), "ok"]);
  const script = `
    import { createOutgoingFetch } from ${JSON.stringify(new URL("./outgoing-fetch.ts", import.meta.url).pathname)};
    const outgoing = createOutgoingFetch({ clock: { monotonicMs: () => 0 } });
    const answer = await outgoing({ url: ${JSON.stringify(target)}, headers: {}, timeoutMs: 5000, answerBytesMax: 100 });
    process.stdout.write(Buffer.from(answer.body).toString());`;
  const env = { ...process.env, HTTP_PROXY: address, http_proxy: address, NO_PROXY: "", no_proxy: "" };
  const said = await new Promise<string>((resolve, reject) => {
    execFile(process.execPath, ["-e", script], { env }, (error, stdout) => (error === null ? resolve(stdout) : reject(error)));
  });
  assert.deepEqual([said, asked], ["ok", 0]);
});
