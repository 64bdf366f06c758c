import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bunPath, root } from "../../harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../../harness/process.ts";

export type SideName = "ours" | "real";

/** One server process with a group's configuration file. */
export interface RunningEngine {
  readonly name: SideName;
  readonly port: number;
  readonly pid: number;
  readonly isRunning: boolean;
  /** Everything it printed, the newest 200,000 characters. */
  readonly log: string;
  /** The signal, and its exit code once it is gone. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

interface Start {
  readonly folder: string;
  readonly configFile: string;
  /** The one that it had before; else any that is free. */
  readonly port?: number | undefined;
}

/** Our own command, told by its environment what the file must not say: the port, and that no machines are taken in. */
export async function startOurs({ folder, configFile, port: before }: Start): Promise<RunningEngine> {
  const port = before ?? (await freePorts(1))[0]!;
  const dataDir = join(folder, "data");
  mkdirSync(dataDir, { recursive: true });
  const args = [join(root, "packages/server/src/cli/main.ts"), "serve", "-c", configFile, "--data-dir", dataDir];
  const process = new OwnProcess("fleetcast", bunPath, args, {
    cwd: folder,
    env: { FLEETCAST_MQTT_ENABLED: "false", FLEETCAST_HTTP_SERVER_PORT: String(port), FLEETCAST_CONFIG: "" },
  });
  await process.waitForHttp(`http://127.0.0.1:${port}/readyz`, 30_000);
  return running("ours", port, process, join(folder, "ours.log"));
}

/** The real Centrifugo v6.9.6 with the very same file. */
export async function startReal({ folder, configFile, port: before }: Start, binary: string): Promise<RunningEngine> {
  const port = before ?? (await freePorts(1))[0]!;
  const args = ["-c", configFile, "-a", "127.0.0.1", "-p", String(port)];
  const process = new OwnProcess("centrifugo", binary, args, { cwd: folder });
  await process.waitForHttp(`http://127.0.0.1:${port}/health`, 30_000);
  return running("real", port, process, join(folder, "real.log"));
}

function running(name: SideName, port: number, process: OwnProcess, logFile: string): RunningEngine {
  writeFileSync(logFile, "");
  const keep = (chunk: Buffer): void => appendFileSync(logFile, chunk);
  appendFileSync(logFile, process.output);
  process.child.stdout?.on("data", keep);
  process.child.stderr?.on("data", keep);
  return {
    name,
    port,
    pid: process.child.pid!,
    get isRunning() {
      return process.running;
    },
    get log() {
      return process.output;
    },
    end: (signal = "SIGTERM") => (process.running ? process.end(signal, 40_000) : process.exited),
  };
}
