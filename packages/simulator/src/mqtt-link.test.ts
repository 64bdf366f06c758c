import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import mqtt from "mqtt";
import { runSimulator } from "./main.ts";
import type { SimulatorClock } from "./ports.ts";

const mosquittoBinary = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/opt/homebrew/sbin/mosquitto"].find(existsSync);
const skip = ((): string | false => {
  if (mosquittoBinary !== undefined) return false;
  if (process.env["CI"] === "true") throw new Error("CI needs a real mosquitto");
  return "mosquitto is not installed: NOT TESTED";
})();

const realClock: SimulatorClock = {
  wallMs: () => Date.now(),
  schedule: (delayMs, task) => {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 800; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`did not happen: ${what}`);
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("a fleet on a real Mosquitto: telemetry, online, command with acknowledgement, will on power loss, offline at the end", {
  skip,
  timeout: 30_000,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-simulator-"));
  const port = await freePort();
  writeFileSync(join(folder, "conf"), `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const mosquitto: ChildProcess = spawn(mosquittoBinary as string, ["-c", join(folder, "conf")], { stdio: "ignore" });
  const url = `mqtt://127.0.0.1:${port}`;
  const watcher = mqtt.connect(url, { reconnectPeriod: 50, connectTimeout: 500 });
  const heard: Array<{ topic: string; body: Record<string, unknown> }> = [];
  const states = (vmId: string): unknown[] => heard.filter(({ topic }) => topic === `vm/${vmId}/status`).map(({ body }) => body["state"]);
  try {
    watcher.on("error", () => undefined);
    watcher.on("message", (topic, payload) => heard.push({ topic, body: JSON.parse(payload.toString()) as Record<string, unknown> }));
    await until(() => watcher.connected, "the watcher is connected");
    await watcher.subscribeAsync("vm/#", { qos: 1 });
    const simulator = await runSimulator({ url, count: 3, intervalMs: 100, clock: realClock });
    await until(
      () => ["001", "002", "003"].every((number) => heard.some(({ topic }) => topic === `vm/VM-SH-${number}/telemetry`)),
      "telemetry",
    );
    assert.equal(simulator.fleet.stats.connected, 3);
    await watcher.publishAsync("vm/VM-SH-002/cmd", JSON.stringify({ cmd_id: "c1", name: "ping", params: {} }), { qos: 1 });
    const acks = (): unknown[] => heard.filter(({ topic }) => topic === "vm/VM-SH-002/cmd/ack").map(({ body }) => body["state"]);
    await until(() => acks().length === 3, "three acknowledgements");
    assert.deepEqual(acks(), ["received", "running", "done"]);
    simulator.fleet.machine("VM-SH-003")?.losePower(200);
    await until(() => states("VM-SH-003").join() === "online,offline,online", "will and return");
    await simulator.stop();
    await until(() => ["001", "002", "003"].every((number) => states(`VM-SH-${number}`).at(-1) === "offline"), "all offline");
    await until(() => simulator.fleet.stats.connected === 0, "none connected");
  } finally {
    watcher.end(true);
    mosquitto.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
  }
});
