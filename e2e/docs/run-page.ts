import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { eventually } from "../harness/process.ts";
import { contains, matches } from "./expected.ts";
import type { Step } from "./page.ts";
import { checkout, environment, installPrograms } from "./reader.ts";
import { Terminal } from "./terminal.ts";

const commandLimitMs = 60_000;
const outputLimitMs = 30_000;

/** Does what the page says, as its reader would: in a fresh copy of the repository, one command after the other. */
export async function runPage(name: string, steps: readonly Step[]): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "fleetcast-docs-"));
  const reader = new Reader(home);
  try {
    for (const step of steps) {
      await reader.does(step).catch((error: unknown) => {
        throw new Error(`${name}, line ${step.line}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      });
    }
  } finally {
    await reader.leaves();
    rmSync(home, { recursive: true, force: true });
  }
}

class Reader {
  readonly #home: string;
  readonly #folder: string;
  readonly #env: Record<string, string>;
  readonly #terminal: Terminal;
  /** What the last command printed, or the terminal in which it goes on printing. */
  #last: { readonly output: string } | { readonly terminal: string } = { output: "" };

  constructor(home: string) {
    this.#home = home;
    this.#folder = join(home, "fleetcast");
    checkout(this.#folder);
    installPrograms(join(home, "programs"));
    mkdirSync(join(home, "terminal"));
    this.#env = environment(join(home, "programs"));
    this.#terminal = new Terminal(this.#folder, join(home, "terminal"), this.#env);
  }

  async does(step: Step): Promise<void> {
    switch (step.kind) {
      case "run":
        return await this.#run(step);
      case "start":
        return await this.#start(step);
      case "output":
        return await this.#sees(step);
      case "file":
        return this.#saves(step);
      case "fragment":
        return this.#checks(step);
      case "parse":
        return mustSucceed("bash", ["-n", "-c", step.script], this.#folder, this.#env);
    }
  }

  async leaves(): Promise<void> {
    await this.#terminal.close();
  }

  async #run(step: Step & { kind: "run" }): Promise<void> {
    if (step.ctrlC !== undefined) await this.#terminal.ctrlC(step.ctrlC);
    const { output, code } = await this.#terminal.run(step.script, commandLimitMs);
    assert.equal(code, step.exit, `ended with code ${code}\n${step.script}\n${output}`);
    this.#last = { output };
  }

  async #start(step: Step & { kind: "start" }): Promise<void> {
    if (step.ctrlC !== undefined) await this.#terminal.ctrlC(step.ctrlC);
    await this.#terminal.start(step.terminal, step.script);
    this.#last = { terminal: step.terminal };
  }

  async #sees({ text, terminal }: Step & { kind: "output" }): Promise<void> {
    if (terminal === undefined && "output" in this.#last) {
      assert.ok(matches(this.#last.output, text), `the page shows\n${text}\nand this came\n${this.#last.output}`);
      return;
    }
    const from = terminal ?? (this.#last as { terminal: string }).terminal;
    await eventually("the page's output", outputLimitMs, () => contains(this.#terminal.printed(from), text)).catch(() => {
      throw new Error(`the page shows\n${text}\nand "${from}" printed\n${this.#terminal.printed(from)}`);
    });
  }

  #saves({ name, text }: Step & { kind: "file" }): void {
    const file = join(this.#folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    if (/(^|\/)fleetcast[^/]*\.(yaml|json|toml)$/.test(name)) this.#checkConfig(file);
    if (/\.m?js$/.test(name)) mustSucceed("node", ["--check", file], this.#folder, this.#env);
    if (/\.json$/.test(name)) JSON.parse(text);
  }

  /** A part of a file: it must at least be what it says it is. */
  #checks({ language, text }: Step & { kind: "fragment" }): void {
    const file = join(this.#home, `part.${language === "js" ? "mjs" : language}`);
    writeFileSync(file, text);
    if (language === "yaml") this.#checkConfig(file);
    else if (language === "json") JSON.parse(text);
    else if (language === "js") mustSucceed("node", ["--check", file], this.#folder, this.#env);
    else throw new Error(`a block of ${language}, which no test can use`);
  }

  #checkConfig(file: string): void {
    mustSucceed("fleetcast", ["checkconfig", "--strict", "-c", file], this.#folder, this.#env);
  }
}

function mustSucceed(command: string, args: readonly string[], cwd: string, env: Record<string, string>): void {
  const result = spawnSync(command, [...args], { cwd, env, encoding: "utf8" });
  assert.equal(result.status, 0, `${command} ${args.join(" ")}\n${result.stdout ?? ""}${result.stderr ?? ""}${result.error ?? ""}`);
}
