import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../harness/process.ts";

/** A network of its own for each page, so that pages use the ports they name whatever else runs on this machine. */
const ownNetwork: readonly string[] | undefined = [
  ["unshare", "-n"],
  ["unshare", "-r", "-n"],
].find(([command, ...args]) => spawnSync(command!, [...args, "ip", "link", "set", "lo", "up"]).status === 0);

export const hasOwnNetwork = ownNetwork !== undefined;

/** The terminal a reader types a page's commands into: one shell, so that variables and folders last. */
export class Terminal {
  readonly #shell: ChildProcess;
  readonly #folder: string;
  readonly #files: string;
  readonly #background = new Map<string, { readonly file: string; readonly group: number }>();
  #count = 0;
  #said = "";

  constructor(folder: string, files: string, env: Record<string, string>) {
    this.#folder = folder;
    this.#files = files;
    const [command, ...args] = [...(ownNetwork ?? []), "bash", "--norc", "--noprofile"];
    this.#shell = spawn(command!, args, { cwd: folder, env, stdio: ["pipe", "pipe", "ignore"], detached: true });
    this.#shell.stdout!.on("data", (chunk: Buffer) => {
      this.#said += chunk.toString("utf8");
    });
    if (ownNetwork !== undefined) this.#type("ip link set lo up");
    // Job control gives what stays a process group of its own, which Ctrl-C reaches as it does in a terminal.
    this.#type("set -m -o pipefail");
  }

  /** Answers what was printed and the first code that was not 0. */
  async run(script: string, limitMs: number): Promise<{ readonly output: string; readonly code: number }> {
    const { name, output } = this.#write(script);
    this.#type(`__code=0; trap '__code=$?' ERR; source ${name} >${output} 2>&1 </dev/null; trap - ERR; echo "ended ${name} $__code"`);
    const code = await this.#answer(new RegExp(`^ended ${name} (\\d+)$`, "m"), limitMs, () => read(output));
    return { output: read(output), code: Number(code) };
  }

  async start(terminal: string, script: string): Promise<void> {
    const { name, output } = this.#write(script);
    this.#type(`( source ${name} ) >${output} 2>&1 </dev/null & echo "began ${name} $!"`);
    const group = await this.#answer(new RegExp(`^began ${name} (\\d+)$`, "m"), 5_000, () => "");
    this.#background.set(terminal, { file: output, group: Number(group) });
  }

  printed(terminal: string): string {
    const one = this.#background.get(terminal);
    if (one === undefined) throw new Error(`no terminal is called "${terminal}"`);
    return read(one.file);
  }

  async ctrlC(terminal: string): Promise<void> {
    const { group } = this.#background.get(terminal)!;
    signal(group, "SIGINT");
    await eventually(`"${terminal}" ends after Ctrl-C`, 20_000, () => !alive(group));
    this.#background.delete(terminal);
  }

  async close(): Promise<void> {
    for (const { group } of this.#background.values()) signal(group, "SIGTERM");
    await eventually("the page's programs end", 15_000, () => [...this.#background.values()].every(({ group }) => !alive(group))).catch(
      () => {
        for (const { group } of this.#background.values()) signal(group, "SIGKILL");
      },
    );
    this.#shell.stdin!.end();
    if (this.#shell.pid !== undefined) signal(this.#shell.pid, "SIGKILL");
  }

  #write(script: string): { name: string; output: string } {
    const name = join(this.#files, `${++this.#count}.sh`);
    writeFileSync(name, `${script}\n`);
    return { name, output: join(this.#files, `${this.#count}.out`) };
  }

  #type(line: string): void {
    this.#shell.stdin!.write(`${line}\n`);
  }

  async #answer(pattern: RegExp, limitMs: number, printed: () => string): Promise<string> {
    return await eventually(`a command in ${this.#folder} ends`, limitMs, () => this.#said.match(pattern)?.[1]).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${printed()}`);
    });
  }
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // It ended by itself.
  }
}

function alive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
