import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Centrifuge } from "centrifuge";
import { freePort, withoutCentrifugo } from "./testing-centrifugo.ts";
import { type CentrifugoStack, startCentrifugoStack } from "./testing-stack.ts";

/** The shipped nginx configuration in the real nginx, between clients and a real Centrifugo (N8). */
const binary = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/opt/homebrew/bin/nginx"].find((path) => existsSync(path));

function skip(): string | false {
  if (binary === undefined && process.env["CI"] === "true") throw new Error("CI needs a real nginx");
  return binary === undefined ? "nginx is not installed: NOT TESTED" : withoutCentrifugo();
}

const shipped = fileURLToPath(new URL("../../../../../deploy/nginx/", import.meta.url));

function siteOn(port: number): string {
  return readFileSync(join(shipped, "fleetcast.conf"), "utf8").replaceAll(/listen (\[::\]:)?8000/g, `listen $1${port}`);
}

interface Front {
  readonly port: number;
  readonly stack: CentrifugoStack;
  /** Requests that reached Fleetcast's place. */
  readonly reached: { readonly method: string; readonly url: string; readonly headers: http.IncomingHttpHeaders; readonly bytes: number }[];
  stop(): Promise<void>;
}

async function startFront(): Promise<Front> {
  const stack = await startCentrifugoStack({ subscribe: () => ({ kind: "allow" }) });
  const reached: Front["reached"] = [];
  const behind = http.createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    reached.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, bytes });
    response.end("fleetcast");
  });
  await new Promise<void>((resolve) => void behind.listen(0, "127.0.0.1", resolve));
  const port = await freePort();
  const prefix = mkdtempSync(join(tmpdir(), "fleetcast-nginx-"));
  mkdirSync(join(prefix, "temp"));
  cpSync(join(shipped, "nginx.conf"), join(prefix, "nginx.conf"));
  const site = siteOn(port)
    .replaceAll("127.0.0.1:8001", `127.0.0.1:${stack.centrifugo.port}`)
    .replaceAll("127.0.0.1:8002", `127.0.0.1:${(behind.address() as AddressInfo).port}`);
  writeFileSync(join(prefix, "fleetcast.conf"), site);
  const nginx = spawn(binary!, ["-p", prefix, "-c", "nginx.conf"], { stdio: ["ignore", "pipe", "pipe"] });
  await untilOpen(nginx, port, prefix);
  return {
    port,
    stack,
    reached,
    stop: async () => {
      const exited = new Promise((resolve) => nginx.once("exit", resolve));
      nginx.kill("SIGTERM");
      await exited;
      behind.closeAllConnections();
      behind.close();
      await stack.stop();
      rmSync(prefix, { recursive: true, force: true });
    },
  };
}

async function untilOpen(nginx: ChildProcess, port: number, prefix: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (nginx.exitCode !== null) break;
    const open = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.unref().on("connect", () => socket.destroy());
    });
    if (open) return;
    await sleep(20);
  }
  throw new Error(`nginx did not start: ${readFileSync(join(prefix, "error.log"), "utf8")}`);
}

let running: Promise<Front> | undefined;
const front = () => {
  running ??= startFront();
  return running;
};
after(async () => {
  if (running !== undefined) await (await running).stop();
});

test("[N8] the shipped files pass nginx -t", { skip: skip() }, async () => {
  const prefix = mkdtempSync(join(tmpdir(), "fleetcast-nginx-"));
  try {
    mkdirSync(join(prefix, "temp"));
    cpSync(join(shipped, "nginx.conf"), join(prefix, "nginx.conf"));
    // The check binds the ports, and 8000 may be somebody's.
    writeFileSync(join(prefix, "fleetcast.conf"), siteOn(await freePort()));
    execFileSync(binary!, ["-t", "-p", prefix, "-c", "nginx.conf"], { stdio: "pipe" });
  } finally {
    rmSync(prefix, { recursive: true, force: true });
  }
});

test("[N8] the official client connects through nginx and sees what is published", { skip: skip() }, async () => {
  const { port, stack } = await front();
  const client = new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, { token: stack.token("u") });
  const subscription = client.newSubscription("events:a");
  const seen = new Promise((resolve) => subscription.on("publication", ({ data }) => resolve(data)));
  subscription.subscribe();
  client.connect();
  await subscription.ready(2_000);
  await stack.push.publish({ channel: "events:a", data: new Uint8Array(Buffer.from('{"n":1}')) });
  assert.deepEqual(await seen, { n: 1 });
  client.disconnect();
});

test("[N8] everything else goes to Fleetcast, with the address that nginx saw", { skip: skip() }, async () => {
  const { port, reached } = await front();
  for (const path of ["/", "/api", "/api/publish", "/v1/fleet?scope=all", "/health", "/connectionx"]) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      body: "{}",
      headers: { "x-forwarded-for": "6.6.6.6" },
    });
    assert.equal(await answer.text(), "fleetcast", path);
    const { url, headers } = reached.at(-1)!;
    assert.deepEqual(
      [url, headers["x-forwarded-for"], headers["x-real-ip"], headers.host],
      [path, "127.0.0.1", "127.0.0.1", `127.0.0.1:${port}`],
    );
  }
});

test("[N8] the proxy endpoints are closed from outside, however the path is spelled", { skip: skip() }, async () => {
  const { port, reached } = await front();
  const before = reached.length;
  for (const path of [
    "/proxy/centrifugo/subscribe",
    "/proxy/",
    "//proxy/centrifugo/subscribe",
    "/x/../proxy/centrifugo/subscribe",
    "/%70roxy/centrifugo/subscribe",
  ]) {
    assert.equal(await statusOf(port, path), 404, path);
  }
  assert.equal(reached.length, before);
});

/** The path exactly as written, which `fetch` would tidy up. */
function statusOf(port: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http
      .request({ host: "127.0.0.1", port, path, method: "POST" }, (response) => resolve(response.resume().statusCode ?? 0))
      .on("error", reject)
      .end("{}");
  });
}

test("[H4] a body above the limit is refused by nginx", { skip: skip() }, async () => {
  const { port, reached } = await front();
  const before = reached.length;
  const answer = await fetch(`http://127.0.0.1:${port}/api`, { method: "POST", body: "x".repeat(1_048_577) });
  assert.equal(answer.status, 413);
  assert.equal(reached.length, before);
});

test("[N8] with Centrifugo away, connections are refused and the rest lives on", { skip: skip() }, async () => {
  const { port, stack } = await front();
  await stack.centrifugo.kill();
  assert.equal((await fetch(`http://127.0.0.1:${port}/connection/websocket`)).status, 502);
  assert.equal((await fetch(`http://127.0.0.1:${port}/health`)).status, 200);
  await stack.centrifugo.start();
});
