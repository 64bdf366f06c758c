import { mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, freePorts, OwnProcess } from "../harness/process.ts";
import { mosquitto, requirePath } from "./find.ts";

/** A real Mosquitto with the settings that we ship, on a port of its own. */
export class Mosquitto {
  readonly port: number;
  readonly folder: string;
  #process: OwnProcess | undefined;

  private constructor(port: number, folder: string) {
    this.port = port;
    this.folder = folder;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** `conf` answers the file's text for the given port and persistence folder. */
  static async started(conf: (port: number, folder: string) => string): Promise<Mosquitto> {
    const [port] = await freePorts(1);
    const folder = mkdtempSync(join(tmpdir(), "mosquitto-e2e-"));
    const broker = new Mosquitto(port!, folder);
    writeFileSync(join(folder, "mosquitto.conf"), conf(port!, folder));
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    this.#process = new OwnProcess("mosquitto", requirePath(mosquitto), ["-c", join(this.folder, "mosquitto.conf")]);
    const process = this.#process;
    await eventually("mosquitto listens", 10_000, () => {
      if (!process.running) throw new Error(process.output);
      return canConnect(this.port);
    });
  }

  get process(): OwnProcess {
    return this.#process!;
  }

  async stop(): Promise<void> {
    if (this.#process?.running === true) await this.#process.end("SIGTERM");
  }
}

export function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
