import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Where npm put the Bun of this platform. `node_modules/.bin/bun` is only a stub until an install script has run, and
 * install scripts may be off; the package of the platform holds the real binary.
 *
 * @param {string} root the repository
 * @param {{ platform: string, arch: string, musl: boolean }} machine
 * @returns {{ path: string } | { missing: string }} `missing`: the line to tell
 */
export function findBun(root, machine = thisMachine()) {
  const names = packageNames(machine);
  if (names.length === 0) return { missing: `Fleetcast needs Bun, and there is none for ${machine.platform} on ${machine.arch}` };
  const file = machine.platform === "win32" ? "bun.exe" : "bun";
  for (const name of names) {
    const path = join(root, "node_modules", "@oven", name, "bin", file);
    if (existsSync(path)) return { path };
  }
  return { missing: `node_modules/@oven/${names[0]} is not there; run "npm ci --ignore-scripts" (or "npm start", which does)` };
}

/** @returns {string[]} candidates, the fitting C library first; the other one is better than none on an unusual system */
export function packageNames({ platform, arch, musl }) {
  const cpu = { x64: "x64", arm64: "aarch64" }[arch];
  if (cpu === undefined) return [];
  switch (platform) {
    case "linux":
      return musl ? [`bun-linux-${cpu}-musl`, `bun-linux-${cpu}`] : [`bun-linux-${cpu}`, `bun-linux-${cpu}-musl`];
    case "darwin":
      return [`bun-darwin-${cpu}`];
    case "win32":
      return [`bun-windows-${cpu}`];
    case "freebsd":
      return [`bun-freebsd-${cpu}`];
    default:
      return [];
  }
}

export function thisMachine() {
  return { platform: process.platform, arch: process.arch, musl: process.platform === "linux" && isMusl() };
}

/** Node tells the version of glibc that it runs on; without one it is musl. */
function isMusl() {
  const report = process.report?.getReport();
  return report !== undefined && /** @type {any} */ (report).header?.glibcVersionRuntime === undefined;
}

/**
 * Flags for every start: no `.env`, no `bunfig.toml` and no package of the working folder changes what runs. `-c` with a
 * file of ours (an empty one) keeps Bun from looking for another.
 */
export const bunFlags = [`--config=${fileURLToPath(new URL("./bunfig.toml", import.meta.url))}`, "--no-env-file", "--no-install"];
