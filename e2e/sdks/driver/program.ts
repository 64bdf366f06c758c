import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";

/** What a program says of itself before anything else. */
export interface Introduction {
  readonly sdk: string;
  readonly version: string;
  readonly can: readonly string[];
}

export interface SdkEvent {
  readonly event: string;
  readonly channel?: string;
  // biome-ignore lint/suspicious/noExplicitAny: payloads are whatever the test published
  readonly data?: any;
  readonly offset?: number;
  readonly tags?: Record<string, string>;
  readonly code?: number;
  readonly reason?: string;
  /** Of `connected`. */
  readonly client?: string;
  readonly transport?: string;
  readonly wasRecovering?: boolean;
  readonly recovered?: boolean;
  readonly position?: { readonly offset: number; readonly epoch: string };
  readonly error?: { readonly code: number; readonly message: string };
  readonly info?: Info;
  /** Of maps and shared polls. */
  readonly key?: string;
  readonly removed?: boolean;
  readonly version?: number;
  readonly entries?: readonly SdkEvent[];
}

export interface Info {
  readonly user: string;
  readonly client: string;
  readonly conn?: unknown;
  readonly chan?: unknown;
}

/** What a client of a program hears. */
export interface Listener {
  event(event: SdkEvent): void;
  /** The token that its SDK asks for, or the signature of these keys; undefined refuses. */
  token(channel: string | undefined, keys: readonly string[] | undefined): string | undefined;
}

export type Fields = Readonly<Record<string, unknown>>;
type Answer = (answer: { result?: unknown; error?: { code: number; message: string } }) => void;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** One program on a stock SDK, with any number of clients in it (e2e/sdks/README.md). */
export class Program {
  readonly introduction: Introduction;
  readonly #child: ChildProcess;
  readonly #listeners = new Map<string, Listener>();
  readonly #answers = new Map<number, Answer>();
  readonly #broken: { why?: string };
  #next = 1;

  private constructor(child: ChildProcess, introduction: Introduction, broken: { why?: string }) {
    this.#child = child;
    this.introduction = introduction;
    this.#broken = broken;
  }

  static async started(command: readonly string[]): Promise<Program> {
    const child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "pipe"] });
    running.add(child);
    const broken: { why?: string } = {};
    let complaints = "";
    child.stderr.on("data", (chunk: Buffer) => {
      complaints = (complaints + chunk.toString("utf8")).slice(-4_000);
    });
    return await new Promise<Program>((resolve, reject) => {
      let program: Program | undefined;
      child.on("error", reject);
      child.on("exit", (code, signal) => {
        running.delete(child);
        broken.why = `${command.join(" ")} ended with ${code ?? signal}: ${complaints}`;
        reject(new Error(broken.why));
        if (program !== undefined) program.#end();
      });
      onLines(child.stdout, (text) => {
        if (program !== undefined) return program.#read(text);
        program = new Program(child, JSON.parse(text) as Introduction, broken);
        resolve(program);
      });
    });
  }

  listen(client: string, listener: Listener): void {
    this.#listeners.set(client, listener);
  }

  /** One call of a client's; rejects with an error that has the server's `code` (0 where the SDK made it up). */
  async call<T = unknown>(client: string, op: string, more: Fields = {}, limitMs = 15_000): Promise<T> {
    if (this.#broken.why !== undefined) throw new Error(this.#broken.why);
    const id = this.#next++;
    this.#say({ id, client, op, ...more });
    return await new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to ${op} within ${limitMs} ms`)), limitMs);
      this.#answers.set(id, ({ result, error }) => {
        clearTimeout(timer);
        if (error === undefined) resolve(result as T);
        else reject(Object.assign(new Error(error.message), { code: error.code }));
      });
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  #end(): void {
    for (const answer of this.#answers.values()) answer({ error: { code: 0, message: this.#broken.why ?? "ended" } });
    this.#answers.clear();
  }

  #say(line: Fields): void {
    this.#child.stdin!.write(`${JSON.stringify(line)}\n`);
  }

  #read(text: string): void {
    // biome-ignore lint/suspicious/noExplicitAny: one of three kinds of line
    const line = withoutNulls(JSON.parse(text)) as any;
    if (line.answer !== undefined) {
      this.#answers.get(line.answer)?.(line);
      this.#answers.delete(line.answer);
    } else if (line.ask !== undefined) {
      const token = this.#listeners.get(line.of)?.token(line.channel === "" ? undefined : line.channel, line.keys);
      this.#say({ asked: line.ask, ...(token === undefined ? {} : { token }) });
    } else {
      const { of, ...event } = line;
      this.#listeners.get(of)?.event(event as SdkEvent);
    }
  }
}

/** Lines end with a newline and with nothing else: a payload may hold U+2028, at which Node's readline would cut. */
function onLines(stream: Readable, take: (line: string) => void): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop()!;
    for (const line of lines) take(line);
  });
}

/** Whose values the test published: they stay as they came. */
const payloadNames = new Set(["data", "conn", "chan"]);

/** A field that is null and one that is not there say the same. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([name, field]) => [name, payloadNames.has(name) ? field : withoutNulls(field)]));
}
