import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";

/** Children that still run when this process ends, for whatever reason, end with it. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A child process of ours: its output kept (bounded), ended only by the pid that we started. */
export class OwnProcess {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  #output = "";
  #stdout = "";
  #name: string;

  constructor(name: string, command: string, args: readonly string[], options: { env?: Record<string, string>; cwd?: string } = {}) {
    this.#name = name;
    this.child = spawn(command, [...args], {
      env: { ...process.env, ...options.env },
      cwd: options.cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer) => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-200_000);
    };
    this.child.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout = (this.#stdout + chunk.toString("utf8")).slice(-200_000);
      keep(chunk);
    });
    this.child.stderr?.on("data", keep);
    running.add(this.child);
    this.exited = new Promise((resolve) => {
      const ended = (code: number | null): void => {
        running.delete(this.child);
        resolve(code);
      };
      this.child.on("exit", ended);
      this.child.on("error", () => ended(null));
    });
  }

  /** Everything it printed, the newest 200,000 characters. */
  get output(): string {
    return this.#output;
  }

  /** Standard output alone. */
  get stdout(): string {
    return this.#stdout;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async waitForOutput(pattern: RegExp, limitMs: number): Promise<RegExpMatchArray> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const match = this.#output.match(pattern);
      if (match !== null) return match;
      if (!this.running) throw new Error(`${this.#name} ended before it printed ${pattern}:\n${this.#output}`);
      if (performance.now() > deadline) throw new Error(`${this.#name} did not print ${pattern} in ${limitMs} ms:\n${this.#output}`);
      await sleep(20);
    }
  }

  async waitForHttp(url: string, limitMs: number, options: BunFetchRequestInit = {}): Promise<number> {
    const start = performance.now();
    for (;;) {
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(1_000), ...options });
        await answer.arrayBuffer();
        if (answer.ok) return performance.now() - start;
      } catch {
        // Not listening yet.
      }
      if (!this.running) throw new Error(`${this.#name} ended before it answered ${url}:\n${this.#output}`);
      if (performance.now() - start > limitMs) throw new Error(`${this.#name} did not answer ${url} in ${limitMs} ms:\n${this.#output}`);
      await sleep(15);
    }
  }

  /** Sends the signal and waits; SIGKILL after `limitMs`. Answers the exit code, null when a signal ended it. */
  async end(signal: NodeJS.Signals = "SIGTERM", limitMs = 15_000): Promise<number | null> {
    if (this.running) this.child.kill(signal);
    // A limit that is not reached must not keep the caller's process alive.
    const late = new Promise<"late">((resolve) => setTimeout(resolve, limitMs, "late").unref());
    const code = await Promise.race([this.exited, late]);
    if (code !== "late") return code;
    this.child.kill("SIGKILL");
    await this.exited;
    throw new Error(`${this.#name} did not end within ${limitMs} ms of ${signal}:\n${this.#output.slice(-4_000)}`);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
        const server = createServer();
        server.once("error", reject);
        server.listen(0, "127.0.0.1", () => resolve(server));
      });
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Asks until `ask` answers something; the last error or emptiness is told when the time is over. */
export async function eventually<T>(
  what: string,
  limitMs: number,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  let last: unknown = "nothing yet";
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms (${String(last)})`);
    await sleep(25);
  }
}
