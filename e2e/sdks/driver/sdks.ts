import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../../parts/find.ts";

export type SdkName = "js" | "go" | "python";

/** How its program is started, or why it cannot be. */
export type Prepared = { readonly command: readonly string[] } | { readonly missing: string };

const here = join(import.meta.dirname, "..");

/** Makes the three programs ready: what is not there yet is built, from the versions that are written down beside them. */
export function prepare(name: SdkName, folder: string): Prepared {
  switch (name) {
    case "js":
      return javascript();
    case "go":
      return go(folder);
    case "python":
      return python();
  }
}

function javascript(): Prepared {
  const node = findProgram("node");
  return node === undefined ? { missing: "Node is not installed" } : { command: [node, join(here, "js", "main.mjs")] };
}

/** go.mod and go.sum are taken as they are: a build that would change them fails. */
function go(folder: string): Prepared {
  const compiler = findProgram("go");
  if (compiler === undefined) return { missing: "Go is not installed" };
  const program = join(folder, "sdk-go");
  const build = spawnSync(compiler, ["build", "-o", program, "."], {
    cwd: join(here, "go"),
    env: { ...process.env, GOFLAGS: "-mod=readonly", CGO_ENABLED: "0" },
    encoding: "utf8",
  });
  return build.status === 0 ? { command: [program] } : { missing: `the Go program was not built: ${build.stdout}${build.stderr}` };
}

/** An environment of its own in the cache folder, one for each set of requirements, made once. */
function python(): Prepared {
  const interpreter = findProgram("python3");
  if (interpreter === undefined) return { missing: "Python 3 is not installed (Debian packages python3, python3-venv)" };
  const requirements = join(here, "python", "requirements.txt");
  const version = spawnSync(interpreter, ["--version"], { encoding: "utf8" }).stdout;
  const key = createHash("sha256").update(readFileSync(requirements)).update(version).digest("hex").slice(0, 12);
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fleetcast", `sdk-python-${key}`);
  const binary = join(folder, "bin", "python");
  const complete = join(folder, "complete");
  if (!existsSync(complete)) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:", "--require-hashes", "-r", requirements];
    for (const [command, args] of [
      [interpreter, ["-m", "venv", folder]],
      [binary, pip],
    ] as const) {
      const step = spawnSync(command, args, { encoding: "utf8" });
      if (step.status !== 0)
        return { missing: `${args.slice(0, 3).join(" ")} failed (Debian package python3-venv): ${step.stdout}${step.stderr}` };
    }
    writeFileSync(complete, "");
  }
  return { command: [binary, join(here, "python", "main.py")] };
}
