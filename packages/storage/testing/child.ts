import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** The command that runs `appending-child.ts` on a folder, each machine from its `seq` on. */
export function appendingChild(dir: string, from: readonly number[]): readonly string[] {
  const path = fileURLToPath(new URL("appending-child.ts", import.meta.url));
  return [process.execPath, path, dir, ...from.map(String)];
}

/** A process, its standard output taken line by line. */
export class Child {
  readonly lines: string[] = [];
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  readonly #closed: Promise<unknown>;
  #onLine: () => void = () => {};

  constructor(command: readonly string[]) {
    const [program, ...values] = command;
    this.#process = spawn(program!, values, { stdio: ["ignore", "pipe", "inherit"] });
    const reader = createInterface({ input: this.#process.stdout });
    reader.on("line", (line) => {
      this.lines.push(line);
      this.#onLine();
    });
    this.#closed = Promise.all([once(reader, "close"), once(this.#process, "exit")]);
  }

  /** Resolves once a line equals `wanted`. */
  said(wanted: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.lines.includes(wanted)) resolve();
      };
      this.#onLine = look;
      this.#process.once("exit", (code) => reject(new Error(`the child ended with ${code} before it said ${wanted}`)));
      look();
    });
  }

  /** The exit code, once the process ended by itself and everything it had written was read. */
  async ended(): Promise<number | null> {
    await this.#closed;
    return this.#process.exitCode;
  }

  /** `kill -9`; resolves when everything it had written was read. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#closed;
  }
}
