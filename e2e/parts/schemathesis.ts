import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { OwnProcess } from "../harness/process.ts";
import { findProgram, outputOf, type Part } from "./find.ts";

/**
 * The fuzzer for OpenAPI documents, from PyPI by `e2e/api/requirements.txt` (made by `pip-compile --generate-hashes`), in an
 * environment of its own in the cache folder: one for each set of requirements, made once. Outside CI it is only taken where
 * it is already there.
 */
export async function findSchemathesis({ build }: { readonly build: boolean }): Promise<Part> {
  const interpreter = findProgram("python3");
  if (interpreter === undefined) return { found: false, why: "Python 3 is not installed (Debian packages python3, python3-venv)" };
  const requirements = join(import.meta.dirname, "..", "api", "requirements.txt");
  const key = createHash("sha256")
    .update(readFileSync(requirements))
    .update(outputOf(interpreter, ["--version"]))
    .digest("hex")
    .slice(0, 12);
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "fleetcast", `schemathesis-${key}`);
  const path = join(folder, "bin", "schemathesis");
  const complete = join(folder, "complete");
  if (existsSync(complete)) return { found: true, path };
  if (!build) return { found: false, why: "schemathesis is not there (run with CI=true once: it is made in the cache folder)" };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const pip = ["-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:", "--require-hashes", "-r", requirements];
  for (const [command, args] of [
    [interpreter, ["-m", "venv", folder]],
    [join(folder, "bin", "python"), pip],
  ] as const) {
    const step = new OwnProcess("schemathesis", command, args);
    if ((await step.exited) !== 0) return { found: false, why: `schemathesis was not installed (python3-venv?): ${step.output}` };
  }
  writeFileSync(complete, "");
  return { found: true, path };
}
