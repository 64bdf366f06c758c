import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sleep } from "./real-clock.ts";

/** The real Mosquitto as oracle and peer. Absent: tests that need it skip by name; in CI that is a failure. */
export const mosquittoBinary: string | undefined = [
  "/usr/sbin/mosquitto",
  "/usr/local/sbin/mosquitto",
  "/opt/homebrew/sbin/mosquitto",
].find(existsSync);

/** For `test(name, { skip: withoutMosquitto }, ...)`. */
export function withoutMosquitto(): string | false {
  if (mosquittoBinary !== undefined) return false;
  if (process.env["CI"] === "true") throw new Error("CI needs a real mosquitto");
  return "mosquitto is not installed: NOT TESTED";
}

export interface RunningMosquitto {
  readonly port: number;
  readonly folder: string;
  readonly log: () => string;
  /** SIGKILL. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface MosquittoSetup {
  /** Makes the configuration from a free port and the folder in which users, ACL and store lie. */
  readonly conf: (port: number, folder: string) => string;
  readonly acl?: string;
  readonly users?: Readonly<Record<string, string>>;
}

export async function startMosquitto(setup: MosquittoSetup): Promise<RunningMosquitto> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-mosquitto-"));
  const port = await freePort();
  if (setup.acl !== undefined) writeFileSync(join(folder, "acl"), setup.acl, { mode: 0o600 });
  writeFileSync(join(folder, "passwd"), "", { mode: 0o600 });
  for (const [user, password] of Object.entries(setup.users ?? {})) {
    execFileSync("mosquitto_passwd", ["-b", join(folder, "passwd"), user, password]);
  }
  // Started by root it would change to its own user, who may not write into our folder.
  writeFileSync(join(folder, "mosquitto.conf"), `user root\n${setup.conf(port, folder)}`);
  let output = "";
  let child: ChildProcess = await spawnMosquitto();

  async function spawnMosquitto(): Promise<ChildProcess> {
    const started = spawn(mosquittoBinary as string, ["-c", join(folder, "mosquitto.conf")], { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [started.stdout, started.stderr]) stream?.on("data", (chunk: Buffer) => (output += chunk.toString()));
    for (let attempt = 0; attempt < 200; attempt++) {
      if (await accepts(port)) return started;
      if (started.exitCode !== null) break;
      await sleep(20);
    }
    throw new Error(`mosquitto did not start: ${output}`);
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exited;
  }
  return {
    port,
    folder,
    log: () => output,
    kill: () => end("SIGKILL"),
    restart: async () => {
      await end("SIGKILL");
      child = await spawnMosquitto();
    },
    stop: async () => {
      await end("SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Anonymous and open: for comparing what two brokers make of the same bytes. */
export const openMosquittoConf = (port: number): string => `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: "127.0.0.1" });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
