import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import packageJson from "../package.json" with { type: "json" };
import { explorerFiles } from "../packages/server/src/http/explorer/explorer-routes.ts";

/**
 * Builds the single executable: server, command line, dashboard and everything else that is served, in one file that needs
 * neither Node nor Bun. For this machine by default; for another one with `--target`, from the Bun of that platform, which
 * comes from npm like ours.
 *
 *   npm run build:executable -- [--target linux-x64] [--outfile dist/fleetcast]
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

/** The command line first: it is what runs. Workers are entry points of their own, found by their place (storage's `thread.ts`). */
const entryPoints = [
  "packages/server/src/cli/main.ts",
  ...["writer", "reader", "checkpoint"].map((name) => `packages/storage/src/sqlite/${name}-worker.ts`),
];

/** Files that are read at run time; inside they lie in `own`, each under its place here (server's `runtime/own-files.ts`). */
const assets = [
  "packages/dashboard/dist",
  "packages/server/src/http/v1/try/try-client.js",
  "packages/server/src/http/v1/try/try-client.css",
  "node_modules/centrifuge/dist/centrifuge.js",
  ...explorerFiles,
];

/** A settings file beside the executable belongs to whoever put it there, not to us (design section 10). */
const closed = [
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--no-compile-autoload-package-json",
];

const platforms = ["linux-x64", "linux-x64-musl", "linux-aarch64", "linux-aarch64-musl", "darwin-x64", "darwin-aarch64", "windows-x64"];

const { values } = parseArgs({ options: { target: { type: "string" }, outfile: { type: "string" } } });
process.exit(main(values.target, values.outfile));

function main(target: string | undefined, outfile: string | undefined): number {
  if (target !== undefined && !platforms.includes(target)) return refuse(`--target ${target}: expected one of ${platforms.join(", ")}`);
  for (const asset of assets) {
    if (!existsSync(join(root, asset))) return refuse(`${asset} is not there; "npm run build" makes the dashboard`);
  }
  const suffix = target?.startsWith("windows") === true && outfile?.endsWith(".exe") !== true ? ".exe" : "";
  const file = resolve(`${outfile ?? join(root, "dist", target === undefined ? "fleetcast" : `fleetcast-${target}`)}${suffix}`);
  mkdirSync(dirname(file), { recursive: true });
  const work = mkdtempSync(join(tmpdir(), "fleetcast-build-"));
  try {
    for (const asset of assets) cpSync(join(root, asset), join(work, "own", asset), { recursive: true });
    const other = target === undefined ? [] : [`--target=bun-${target}`, `--compile-executable-path=${bunOf(target, work)}`];
    const built = spawnSync(
      process.execPath,
      ["build", "--compile", ...closed, ...other, "--root", ".", `--asset=${join(work, "own")}`, "--outfile", file, ...entryPoints],
      { cwd: root, encoding: "utf8" },
    );
    if (built.status !== 0) return refuse(`bun build ended with code ${built.status}\n${built.stdout}${built.stderr}`, 1);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  process.stdout.write(`${relative(process.cwd(), file)}  ${(statSync(file).size / 1_048_576).toFixed(0)} MiB\n`);
  return 0;
}

/** The Bun of another platform, of the version that is pinned here, unpacked from its npm package. @throws when npm has none */
function bunOf(platform: string, folder: string): string {
  const name = `@oven/bun-${platform}@${packageJson.dependencies.bun}`;
  const packed = spawnSync("npm", ["pack", name, "--silent", "--pack-destination", folder], { cwd: folder, encoding: "utf8" });
  const archive = readdirSync(folder).find((file) => file.endsWith(".tgz"));
  if (packed.status !== 0 || archive === undefined) throw new Error(`npm has no ${name}: ${packed.stderr}`);
  const unpacked = spawnSync("tar", ["-xzf", archive], { cwd: folder, encoding: "utf8" });
  if (unpacked.status !== 0) throw new Error(`${archive} could not be unpacked: ${unpacked.stderr}`);
  const bin = join(folder, "package", "bin");
  const binary = readdirSync(bin).find((file) => file === "bun" || file === "bun.exe");
  if (binary === undefined) throw new Error(`${name} holds no bun`);
  return join(bin, binary);
}

function refuse(text: string, code = 2): number {
  process.stderr.write(`${text}\n`);
  return code;
}
