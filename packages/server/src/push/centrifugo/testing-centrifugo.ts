import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** The real Centrifugo as peer and oracle. */
const version = "6.9.6";

function isRightVersion(path: string): boolean {
  try {
    return execFileSync(path, ["version"], { encoding: "utf8" }).includes(`v${version}`);
  } catch {
    return false;
  }
}

function find(): string | undefined {
  const named = process.env["CENTRIFUGO_BIN"];
  const onPath = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "centrifugo"));
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const candidates = [...(named ? [named] : []), ...onPath, join(cache, "fleetcast", `centrifugo-${version}`)];
  return candidates.find((path) => existsSync(path) && isRightVersion(path));
}

export const centrifugoBinary: string | undefined = find();

/** For `test(name, { skip: withoutCentrifugo() }, ...)`. Absent in CI is a failure. */
export function withoutCentrifugo(): string | false {
  if (centrifugoBinary !== undefined) return false;
  if (process.env["CI"] === "true") throw new Error(`CI needs a real Centrifugo ${version}: set CENTRIFUGO_BIN`);
  return `Centrifugo ${version} is not here: NOT TESTED`;
}

export interface RunningCentrifugo {
  readonly url: string;
  readonly port: number;
  log(): string;
  /** SIGKILL: its memory is gone. */
  kill(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** Starts it again with the same file and port. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it with the file that `config` writes for a free port. */
export async function startCentrifugo(config: (port: number) => string): Promise<RunningCentrifugo> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-centrifugo-"));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const file = join(folder, "config.json");
  writeFileSync(file, config(port), { mode: 0o600 });
  let output = "";
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const started = spawn(centrifugoBinary!, ["-c", file], { cwd: folder, stdio: ["ignore", "pipe", "pipe"], env: {} });
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child = started;
    for (let attempt = 0; attempt < 500; attempt += 1) {
      if (started.exitCode !== null) break;
      if (await isHealthy(url)) return;
      await sleep(20);
    }
    throw new Error(`Centrifugo did not start: ${output}`);
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child!.once("exit", resolve));
    child.kill(signal);
    await exited;
  }
  await start();
  return {
    url,
    port,
    log: () => output,
    kill: () => end("SIGKILL"),
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    start,
    stop: async () => {
      await end("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
