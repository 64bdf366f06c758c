import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_KEY, bunPath, Fleetcast, root, TOKEN_SECRET } from "../e2e/harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../e2e/harness/process.ts";
import { findCentrifugo } from "../e2e/parts/centrifugo.ts";
import { requirePath } from "../e2e/parts/find.ts";
import { native } from "./build.ts";

/** A server under the fan-out load. */
export interface System {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly channel: string;
  readonly key: string;
  readonly raw: boolean;
  stop(): Promise<void>;
}

/** One file starts ours and the real Centrifugo. */
const shared = (port: number) => ({
  http_server: { address: "127.0.0.1", port: String(port) },
  http_api: { key: API_KEY },
  health: { enabled: true },
  client: { token: { hmac_secret_key: TOKEN_SECRET }, allowed_origins: ["*"] },
  channel: {
    namespaces: [
      { name: "mem", allow_subscribe_for_client: true },
      { name: "hist", allow_subscribe_for_client: true, history_size: 100, history_ttl: "300s", force_recovery: true },
    ],
  },
});

export async function startOurs(): Promise<{ memory: System; history: System; journaled: System }> {
  const [port] = await freePorts(1);
  const config = shared(port!);
  const fleetcast = await Fleetcast.prepare({
    httpPort: port!,
    config: {
      ...config,
      channel: {
        namespaces: [
          ...config.channel.namespaces,
          { name: "journal", allow_subscribe_for_client: true, history_size: 100, history_ttl: "300s", force_recovery: true },
        ],
      },
      push: { channels: { journal: { journal: true } } },
      mqtt: { enabled: false },
      log: { level: "warn" },
    },
  });
  await fleetcast.start();
  const pid = fleetcast.process.child.pid!;
  const system = (name: string, channel: string): System => ({
    name,
    pid,
    port: port!,
    channel,
    key: API_KEY,
    raw: false,
    stop: () => fleetcast.remove(),
  });
  return {
    memory: system("Fleetcast, in memory", "mem:bench"),
    history: system("Fleetcast, history in memory", "hist:bench"),
    journaled: system("Fleetcast, journaled on disk", "journal:bench"),
  };
}

export async function startCentrifugo(): Promise<{ memory: System; history: System }> {
  const [port] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-bench-"));
  writeFileSync(join(folder, "config.json"), JSON.stringify(shared(port!)));
  const process = new OwnProcess("centrifugo", requirePath(findCentrifugo({ build: true })), ["-c", join(folder, "config.json")], {
    cwd: folder,
  });
  await process.waitForHttp(`http://127.0.0.1:${port}/health`, 15_000);
  const stop = async (): Promise<void> => {
    if (process.running) await process.end("SIGTERM");
  };
  const system = (name: string, channel: string): System => ({
    name,
    pid: process.child.pid!,
    port: port!,
    channel,
    key: API_KEY,
    raw: false,
    stop,
  });
  return {
    memory: system("Centrifugo 6.9.6, in memory", "mem:bench"),
    history: system("Centrifugo 6.9.6, history in memory", "hist:bench"),
  };
}

export async function startFloor(): Promise<System> {
  const [port] = await freePorts(1);
  const process = new OwnProcess("floor", native("floor"), ["--port", String(port)]);
  await new Promise((resolve) => setTimeout(resolve, 200));
  return {
    name: "floor: C, one send() a delivery",
    pid: process.child.pid!,
    port: port!,
    channel: "bench",
    key: "",
    raw: true,
    stop: async () => {
      process.child.kill("SIGKILL");
      await process.exited;
    },
  };
}

export { bunPath, root };
