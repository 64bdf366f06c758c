import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bunPath, root } from "./fleetcast.ts";

let built: string | undefined;

/** The single executable of this working tree, built at the first call and removed when the tests end. */
export function executable(): string {
  if (built !== undefined) return built;
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-executable-"));
  const file = join(folder, "fleetcast");
  const build = spawnSync(bunPath, [join(root, "scripts", "build-executable.ts"), "--outfile", file], { cwd: root, encoding: "utf8" });
  if (build.status !== 0) throw new Error(`the executable was not built: ${build.stdout}${build.stderr}`);
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  built = file;
  return file;
}
