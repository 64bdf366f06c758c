import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import tls from "node:tls";
import { check } from "../checker/check.ts";
import type { DeviceLine, SubscriberLine } from "../checker/ledger.ts";
import { CertificateFolder, openssl } from "../harness/certificates.ts";
import { NodeClient } from "../harness/node-client.ts";
import { eventually, sleep } from "../harness/process.ts";
import { startSecure } from "../harness/stack.ts";
import { bearerToken } from "../harness/tokens.ts";
import { inCi, skipReason } from "../parts/find.ts";
import { dumpStore } from "../torture/dump.ts";
import { embeddedPolicy } from "../torture/policies.ts";

const clientCount = inCi ? 1_000 : 200;
const machineCount = 200;
const swapCount = inCi ? 20 : 8;

/** A client on a raw socket that keeps the offsets it was given, and how it ended. */
class Watcher {
  readonly offsets: number[] = [];
  ended: number | undefined;
  disconnectPush: number | undefined;
  readonly ready: Promise<void>;

  constructor(url: string, token: string, ca: string) {
    const socket = new WebSocket(url, { tls: { ca } } as never);
    this.ready = new Promise((resolve) => {
      socket.onopen = () =>
        socket.send(`${JSON.stringify({ id: 1, connect: { token } })}\n${JSON.stringify({ id: 2, subscribe: { channel: "news:a" } })}`);
      socket.onmessage = ({ data }) => {
        for (const line of String(data).split("\n")) {
          if (line === "{}") socket.send("{}");
          const message = JSON.parse(line) as { id?: number; push?: { pub?: { offset: number } } };
          if (message.push?.pub !== undefined) this.offsets.push(message.push.pub.offset);
          if (message.id === 2) resolve();
        }
      };
    });
    socket.onclose = ({ code }) => {
      this.ended = code;
    };
  }
}

const linesOf = <T>(file: string): T[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T);

function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test(`[TLS3] [TLS4] [G9] certificates swapped under ${clientCount} clients and ${machineCount} machines, then SIGTERM: nothing lost, nobody disconnected before`, {
  skip: skipReason(openssl),
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-swap-"));
  const certificates = new CertificateFolder();
  const news = { name: "news", allow_subscribe_for_client: true, history_size: 50, history_ttl: "60s" };
  const stack = await startSecure({ config: { channel: { namespaces: [news] } } }, certificates);
  const { fleetcast } = stack;
  const children: NodeClient[] = [];
  try {
    const prefix = "VM-K-";
    const channels = Array.from({ length: machineCount }, (_, index) => `telemetry:${prefix}${String(index + 1).padStart(3, "0")}`);
    const token = await bearerToken({ sub: "checker" });
    const dashboards = new NodeClient(
      "subscribers.mjs",
      { url: stack.websocket, ledger: join(folder, "subscribers.jsonl"), count: 2, channels: channels.slice(0, 100), token },
      certificates.ca,
    );
    children.push(dashboards);
    await dashboards.waitFor(/ready/, 30_000);
    const machines = new NodeClient(
      "devices.mjs",
      {
        url: `mqtts://localhost:${stack.mqttPort}`,
        ledger: join(folder, "devices.jsonl"),
        count: machineCount,
        perSecond: 1,
        prefix,
        connectTimeoutMs: 30_000,
      },
      certificates.ca,
    );
    children.push(machines);
    await machines.waitFor(/all connected/, 60_000);
    const watchers: Watcher[] = [];
    for (let made = 0; made < clientCount; made += 50) {
      const some = Array.from({ length: 50 }, () => new Watcher(stack.websocket, token, certificates.authority.ca));
      await Promise.all(some.map(({ ready }) => ready));
      watchers.push(...some);
    }

    let published = 0;
    let refused = 0;
    const prints = new Set<string>([await shownBy(fleetcast.httpPort)]);
    for (let swap = 1; swap <= swapCount; swap += 1) {
      if (swap % 4 === 0) {
        // Half-written: the old one stays, and the next whole one is taken.
        writeFileSync(certificates.cert, certificates.authority.server().cert.slice(0, 300));
        await eventually(
          "it is refused",
          10_000,
          () => count(fleetcast.process.output, "the changed certificates were not taken") > refused,
        );
        refused = count(fleetcast.process.output, "the changed certificates were not taken");
      }
      const before = await shownBy(fleetcast.httpPort);
      certificates.put(certificates.authority.server());
      if (swap % 3 === 0) fleetcast.process.child.kill("SIGHUP");
      await eventually("the new one is shown", 10_000, async () => {
        await fleetcast.api("publish", { channel: "news:a", data: { n: swap } }).then(() => published++);
        const [http, mqtt] = await Promise.all([shownBy(fleetcast.httpPort), shownBy(stack.mqttPort)]);
        return http !== before && http === mqtt;
      });
      prints.add(await shownBy(fleetcast.httpPort));
    }
    assert.equal(prints.size, swapCount + 1);
    await eventually("all have all", 20_000, () => watchers.every(({ offsets }) => offsets.length >= published));
    const every = Array.from({ length: published }, (_, index) => index + 1);
    for (const watcher of watchers) {
      assert.equal(watcher.ended, undefined, "a client was dropped");
      assert.deepEqual(watcher.offsets, every);
    }
    assert.ok(!/closed /.test(machines.output), `a machine was dropped: ${machines.output.slice(0, 500)}`);
    const subscribers = (): SubscriberLine[] => linesOf(join(folder, "subscribers.jsonl"));
    // "connecting" with code 0 is each client's own first step.
    assert.deepEqual(
      subscribers().filter((line) => line.t === "closed" && line.code !== 0),
      [],
    );

    // SIGTERM with everything under way: what was acknowledged is stored, everybody hears 3001.
    const begunMs = performance.now();
    assert.equal(await fleetcast.stop(), 0);
    const tookMs = Math.round(performance.now() - begunMs);
    await eventually("all were told", 10_000, () => watchers.every(({ ended }) => ended !== undefined));
    assert.deepEqual([...new Set(watchers.map(({ ended }) => ended))], [3_001]);
    await sleep(300);
    for (const child of children) await child.end();
    const devices = linesOf<DeviceLine>(join(folder, "devices.jsonl"));
    const violations = check({ devices, subscribers: subscribers(), faults: [] }, dumpStore(fleetcast.dataDir), embeddedPolicy);
    const acked = devices.filter((line) => line.t === "acked").length;
    console.log(
      `${swapCount} swaps, ${refused} refused, ${published} publications to ${clientCount} clients, ${acked} acknowledged messages, SIGTERM took ${tookMs} ms`,
    );
    assert.deepEqual(violations.slice(0, 3), []);
    assert.ok(acked > machineCount, `${acked}`);
  } finally {
    for (const child of children) await child.end();
    await stack.stop();
    certificates.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

const count = (text: string, part: string): number => text.split(part).length - 1;
