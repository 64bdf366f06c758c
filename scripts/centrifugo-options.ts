import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findCentrifugo } from "../e2e/parts/centrifugo.ts";
import { optionsOfCentrifugo } from "../packages/server/src/config/testing/centrifugo-options.ts";

/**
 * Writes down which options the real Centrifugo has, with their defaults: names and values, nothing else. A test compares our
 * table with that list, and the list with the real one where it is here.
 */
const part = findCentrifugo({ build: false });
if (!part.found) throw new Error(part.why);
const folder = mkdtempSync(join(tmpdir(), "fleetcast-options-"));
try {
  const run = (...args: string[]): string => {
    const { status, stdout, stderr } = spawnSync(part.path, args, { encoding: "utf8", cwd: folder, env: {} });
    if (status !== 0) throw new Error(stdout + stderr);
    return stdout;
  };
  const options = optionsOfCentrifugo(run, folder);
  const target = join(
    dirname(fileURLToPath(import.meta.url)),
    "..",
    "packages",
    "server",
    "src",
    "config",
    "testing",
    "centrifugo-6.9.6.json",
  );
  writeFileSync(target, `${JSON.stringify(options, undefined, 1)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
