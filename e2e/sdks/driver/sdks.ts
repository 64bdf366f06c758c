import { type ExecFileOptions, execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { findProgram, outputOf } from "../../parts/find.ts";

export type SdkName = "js" | "go" | "python";

/** How its program is started, or why it cannot be. */
export type Prepared = { readonly command: readonly string[] } | { readonly missing: string };

const here = join(import.meta.dirname, "..");

/** Makes the three programs ready: what is not there yet is built, from the versions that are written down beside them. */
export async function prepare(name: SdkName, folder: string): Promise<Prepared> {
  switch (name) {
    case "js":
      return javascript();
    case "go":
      return await buildGo(join(here, "go"), join(folder, "sdk-go"));
    case "python":
      return await python();
  }
}

function javascript(): Prepared {
  const node = findProgram("node");
  return node === undefined ? { missing: "Node is not installed" } : { command: [node, join(here, "js", "main.mjs")] };
}

/** The program in this folder. Its go.mod and go.sum are taken as they are: a build that would change them fails. */
export async function buildGo(source: string, program: string): Promise<Prepared> {
  const compiler = findProgram("go");
  if (compiler === undefined) return { missing: "Go is not installed" };
  const failure = await failureOf(compiler, ["build", "-o", program, "."], {
    cwd: source,
    env: { ...process.env, GOFLAGS: "-mod=readonly", CGO_ENABLED: "0" },
  });
  return failure === undefined ? { command: [program] } : { missing: `its program was not built: ${failure}` };
}

/** An environment of its own in the cache folder, one for each set of requirements, made once. */
async function python(): Promise<Prepared> {
  const interpreter = findProgram("python3");
  if (interpreter === undefined) return { missing: "Python 3 is not installed (Debian packages python3, python3-venv)" };
  const requirements = join(here, "python", "requirements.txt");
  const key = createHash("sha256")
    .update(readFileSync(requirements))
    .update(outputOf(interpreter, ["--version"]))
    .digest("hex")
    .slice(0, 12);
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fleetcast", `sdk-python-${key}`);
  const binary = join(folder, "bin", "python");
  const complete = join(folder, "complete");
  if (!existsSync(complete)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:", "--require-hashes", "-r", requirements];
    const failure = (await failureOf(interpreter, ["-m", "venv", folder])) ?? (await failureOf(binary, pip));
    if (failure !== undefined) return { missing: `its environment was not made (Debian package python3-venv): ${failure}` };
    writeFileSync(complete, "");
  }
  return { command: [binary, join(here, "python", "main.py")] };
}

const execute = promisify(execFile);

async function failureOf(command: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string | undefined> {
  try {
    await execute(command, args, options);
    return undefined;
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    return `${stdout ?? ""}${stderr ?? ""}` || message;
  }
}
