import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_KEY, bunPath, root, TOKEN_SECRET } from "../../e2e/harness/fleetcast.ts";
import { freePorts, OwnProcess, sleep } from "../../e2e/harness/process.ts";
import { findCentrifugo } from "../../e2e/parts/centrifugo.ts";
import { requirePath } from "../../e2e/parts/find.ts";
import { native } from "../build.ts";

/** A server under load. */
export interface System {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

export type SystemName = "centrifugo" | "fleetcast" | "journaled" | "floor";

export const titles: Readonly<Record<SystemName, string>> = {
  centrifugo: "Centrifugo 6.9.6",
  fleetcast: "Fleetcast",
  journaled: "Fleetcast, journaled on disk",
  floor: "floor: C, one `send()` a delivery",
};

/** Files that all systems of one run share. */
export interface Files {
  readonly folder: string;
  /** Centrifugo's own configuration, read by both servers as it is. */
  readonly config: string;
  /** The same for a second server of ours that keeps the namespaces with history in its journal. */
  readonly journaledConfig: string;
  /** A connection token a line, each of another user. */
  readonly tokens: string;
  remove(): void;
}

const namespaces = [
  { name: "mem", allow_subscribe_for_client: true },
  { name: "hist", allow_subscribe_for_client: true, history_size: 100, history_ttl: "300s", force_recovery: true },
];

export function writeFiles(clientsMax: number): Files {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-bench-"));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const shared = {
    http_server: { address: "127.0.0.1" },
    http_api: { key: API_KEY },
    health: { enabled: true },
    client: { token: { hmac_secret_key: TOKEN_SECRET }, allowed_origins: ["*"] },
    channel: { namespaces },
    log: { level: "warn" },
  };
  return {
    folder,
    config: write("config.json", JSON.stringify(shared, undefined, 2)),
    journaledConfig: write("journaled.json", JSON.stringify({ ...shared, push: { channels: { hist: { journal: true } } } }, undefined, 2)),
    tokens: write("tokens", `${Array.from({ length: clientsMax }, (_, n) => tokenOf(`bench-${n}`)).join("\n")}\n`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function tokenOf(user: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ sub: user, exp: Math.floor(Date.now() / 1_000) + 6 * 3_600 })}`;
  return `${signed}.${createHmac("sha256", TOKEN_SECRET).update(signed).digest("base64url")}`;
}

/** Only the port differs between the two, and it comes from the environment. */
export async function start(name: SystemName, files: Files): Promise<System> {
  const [port] = await freePorts(1);
  const environment = { CENTRIFUGO_HTTP_SERVER_PORT: String(port) };
  switch (name) {
    case "floor": {
      const floor = new OwnProcess("floor", native("floor"), ["--port", String(port)]);
      await sleep(200);
      return systemOf(floor, port!, "SIGKILL");
    }
    case "centrifugo": {
      const binary = requirePath(findCentrifugo({ build: true }));
      const server = new OwnProcess(name, binary, ["-c", files.config], { cwd: files.folder, env: environment });
      await server.waitForHttp(`http://127.0.0.1:${port}/health`, 15_000);
      return systemOf(server, port!, "SIGTERM");
    }
    case "fleetcast":
    case "journaled": {
      const config = name === "fleetcast" ? files.config : files.journaledConfig;
      const data = mkdtempSync(join(files.folder, "data-"));
      const main = join(root, "packages/server/src/cli/main.ts");
      const server = new OwnProcess(name, bunPath, [main, "serve", "--data-dir", data, "-c", config], {
        cwd: data,
        env: { ...environment, FLEETCAST_MQTT_ENABLED: "false", FLEETCAST_CONFIG: "" },
      });
      await server.waitForHttp(`http://127.0.0.1:${port}/health`, 20_000);
      return systemOf(server, port!, "SIGTERM");
    }
  }
}

function systemOf(server: OwnProcess, port: number, signal: NodeJS.Signals): System {
  return {
    pid: server.child.pid!,
    port,
    stop: async () => {
      if (server.running) await server.end(signal, 60_000);
    },
  };
}

export const apiKey = API_KEY;
