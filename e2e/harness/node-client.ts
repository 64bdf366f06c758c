import { spawn } from "node:child_process";
import { join } from "node:path";
import { findProgram } from "../parts/find.ts";
import { root } from "./fleetcast.ts";

/** One of `e2e/clients/*.mjs`, run on Node as its user would run it, spoken to over standard input and output. */
export class NodeClient {
  #child;
  #output = "";
  readonly exited: Promise<number | null>;

  /** `caFile`: an authority that this Node trusts beside the system's. */
  constructor(script: string, options: unknown, caFile?: string) {
    const node = findProgram("node") ?? "node";
    this.#child = spawn(node, [join(root, "e2e", "clients", script), JSON.stringify(options)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...(caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile }) },
    });
    this.#child.stdout.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-1_000_000);
    });
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-1_000_000);
    });
    this.exited = new Promise((resolve) => this.#child.on("exit", resolve));
  }

  get output(): string {
    return this.#output;
  }

  say(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  async waitFor(pattern: RegExp, limitMs: number): Promise<RegExpMatchArray> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const match = this.#output.match(pattern);
      if (match !== null) return match;
      if (this.#child.exitCode !== null && this.#output.match(pattern) === null) {
        throw new Error(`the client ended before it printed ${pattern}:\n${this.#output}`);
      }
      if (performance.now() > deadline)
        throw new Error(`the client did not print ${pattern} in ${limitMs} ms:\n${this.#output.slice(-4_000)}`);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  async end(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGKILL");
    await this.exited;
  }
}
