import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * What decides whether something must be done again: a hash over what it was made from, kept beside the installed packages,
 * so that it goes when they go. No clock and no network is asked.
 */
const folder = ["node_modules", ".cache", "fleetcast"];

/** Is `node_modules` what the lock file says? */
export function installNeeded(root, machine) {
  if (readStamp(root, "install") === installHash(root, machine)) return false;
  // Installed by hand, or by a build server: npm's own record of what it installed tells the same.
  if (!matchesLock(root)) return true;
  writeStamp(root, "install", installHash(root, machine));
  return false;
}

export function installDone(root, machine) {
  writeStamp(root, "install", installHash(root, machine));
}

/** Was the dashboard built from these sources? */
export function buildNeeded(root) {
  if (!existsSync(join(root, "packages", "dashboard", "dist", "index.html"))) return true;
  return readStamp(root, "build") !== buildHash(root);
}

export function buildDone(root) {
  writeStamp(root, "build", buildHash(root));
}

/** Before work that may stop half-way: what it leaves must not look finished. */
export function forget(root, name) {
  rmSync(stampFile(root, name), { force: true });
}

function installHash(root, machine) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(root, "package-lock.json")));
  hash.update(`${machine.platform} ${machine.arch} ${machine.musl}`);
  return hash.digest("hex");
}

function buildHash(root) {
  const hash = createHash("sha256");
  hash.update(readFileSync(join(root, "package-lock.json")));
  for (const part of ["packages/dashboard", "packages/protocol"]) addFolder(hash, join(root, part), part);
  return hash.digest("hex");
}

const notSources = new Set(["dist", "node_modules", "test-results", ".vite"]);

function addFolder(hash, path, name) {
  const entries = readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (notSources.has(entry.name)) continue;
    const inner = join(path, entry.name);
    const innerName = `${name}/${entry.name}`;
    if (entry.isDirectory()) addFolder(hash, inner, innerName);
    else if (entry.isFile() && !/\.test\.tsx?$/.test(entry.name)) {
      hash.update(`\0${innerName}\0`);
      hash.update(readFileSync(inner));
    }
  }
}

/** npm writes `node_modules/.package-lock.json` as the last step of an install. */
function matchesLock(root) {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return false;
  try {
    const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
    const installed = JSON.parse(readFileSync(record, "utf8")).packages;
    return Object.entries(wanted).every(([path, entry]) => {
      if (!path.startsWith("node_modules/") || entry.link === true) return true;
      if (installed[path] === undefined) return entry.optional === true || entry.devOptional === true;
      return installed[path].version === entry.version;
    });
  } catch {
    // Half a record: the install did not end.
    return false;
  }
}

function stampFile(root, name) {
  return join(root, ...folder, `${name}.stamp`);
}

function readStamp(root, name) {
  const file = stampFile(root, name);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

function writeStamp(root, name, value) {
  const file = stampFile(root, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${value}\n`);
}
