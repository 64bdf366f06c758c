import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

/** The launcher's decisions, on a small copy of a repository, and its ways with signals and exit codes. */
const repository = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const stamps = (await import(pathToFileURL(join(repository, "scripts", "launch", "stamp.mjs")).href)) as {
  installNeeded(root: string, machine: object): boolean;
  installDone(root: string, machine: object): void;
  buildNeeded(root: string): boolean;
  buildDone(root: string): void;
  forget(root: string, name: string): void;
};
const binary = (await import(pathToFileURL(join(repository, "packages", "server", "bin", "bun-binary.mjs")).href)) as {
  findBun(root: string, machine: object): { path?: string; missing?: string };
  packageNames(machine: object): string[];
};

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const linux = { platform: "linux", arch: "x64", musl: false };

function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-launch-"));
  folders.push(folder);
  return folder;
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function smallRepository(): string {
  const root = emptyFolder();
  write(
    root,
    "package-lock.json",
    JSON.stringify({ packages: { "": {}, "node_modules/a": { version: "1.0.0" }, "node_modules/b": { link: true } } }),
  );
  write(root, "packages/dashboard/src/main.tsx", "1");
  write(root, "packages/protocol/src/index.ts", "1");
  return root;
}

test("an empty clone is installed, and a second start is not", () => {
  const root = smallRepository();
  assert.equal(stamps.installNeeded(root, linux), true);
  stamps.installDone(root, linux);
  assert.equal(stamps.installNeeded(root, linux), false);
});

test("a changed lock file, another machine, and an install that did not end are installed again", () => {
  const root = smallRepository();
  stamps.installDone(root, linux);
  assert.equal(stamps.installNeeded(root, { ...linux, musl: true }), true);
  write(root, "package-lock.json", JSON.stringify({ packages: { "node_modules/a": { version: "2.0.0" } } }));
  assert.equal(stamps.installNeeded(root, linux), true);
  stamps.installDone(root, linux);
  stamps.forget(root, "install");
  assert.equal(stamps.installNeeded(root, linux), true);
});

test("what npm itself recorded counts: installed by hand it is not installed again, an older record is", () => {
  const root = smallRepository();
  write(root, "node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/a": { version: "1.0.0" } } }));
  assert.equal(stamps.installNeeded(root, linux), false);
  const old = smallRepository();
  write(old, "node_modules/.package-lock.json", JSON.stringify({ packages: { "node_modules/a": { version: "0.9.0" } } }));
  assert.equal(stamps.installNeeded(old, linux), true);
  const half = smallRepository();
  write(half, "node_modules/.package-lock.json", '{"packages":{');
  assert.equal(stamps.installNeeded(half, linux), true);
});

test("the dashboard is built once, and again only when its sources, the protocol or the lock file change", () => {
  const root = smallRepository();
  assert.equal(stamps.buildNeeded(root), true);
  write(root, "packages/dashboard/dist/index.html", "built");
  assert.equal(stamps.buildNeeded(root), true, "built by nobody knows whom");
  stamps.buildDone(root);
  assert.equal(stamps.buildNeeded(root), false);
  write(root, "packages/dashboard/src/main.test.tsx", "a test is no source");
  assert.equal(stamps.buildNeeded(root), false);
  write(root, "packages/protocol/src/index.ts", "2");
  assert.equal(stamps.buildNeeded(root), true);
  stamps.buildDone(root);
  rmSync(join(root, "packages/dashboard/dist"), { recursive: true });
  assert.equal(stamps.buildNeeded(root), true, "the stamp outlived what it speaks of");
});

test("the binary of each platform is found by its package, the fitting C library first", () => {
  const names = (platform: string, arch: string, musl = false) => binary.packageNames({ platform, arch, musl });
  assert.equal(names("linux", "x64")[0], "bun-linux-x64");
  assert.equal(names("linux", "x64", true)[0], "bun-linux-x64-musl");
  assert.equal(names("linux", "arm64")[0], "bun-linux-aarch64");
  assert.deepEqual(names("darwin", "arm64"), ["bun-darwin-aarch64"]);
  assert.deepEqual(names("win32", "x64"), ["bun-windows-x64"]);
  assert.deepEqual(names("linux", "ia32"), []);
  const root = emptyFolder();
  assert.match(binary.findBun(root, linux).missing ?? "", /npm ci/);
  assert.match(binary.findBun(root, { platform: "sunos", arch: "x64", musl: false }).missing ?? "", /there is none for sunos/);
  write(root, "node_modules/@oven/bun-windows-x64/bin/bun.exe", "");
  assert.match(binary.findBun(root, { platform: "win32", arch: "x64", musl: false }).path ?? "", /bun\.exe$/);
});

test("npx fleetcast without an install is one clear line and exit code 2", () => {
  const root = emptyFolder();
  cpSync(join(repository, "packages", "server", "bin"), join(root, "packages", "server", "bin"), { recursive: true });
  const run = spawnSync("node", [join(root, "packages", "server", "bin", "fleetcast.mjs"), "serve"], { encoding: "utf8" });
  assert.equal(run.status, 2);
  assert.equal(run.stderr.trim().split("\n").length, 1, run.stderr);
  assert.match(run.stderr, /npm ci --ignore-scripts/);
});

/** A stand-in for Bun: what it does is the script handed to it, run by Node. */
function withStandIn(script: string): string {
  const root = emptyFolder();
  for (const part of ["packages/server/bin", "scripts/launch.mjs", "scripts/launch/stamp.mjs"]) {
    cpSync(join(repository, part), join(root, part), { recursive: true });
  }
  write(root, "package-lock.json", JSON.stringify({ packages: {} }));
  write(root, "node_modules/.package-lock.json", JSON.stringify({ packages: {} }));
  write(root, "scripts/check.ts", "// run by the stand-in");
  write(root, "stand-in.mjs", script);
  for (const name of ["linux-x64", "linux-aarch64", "darwin-x64", "darwin-aarch64"]) {
    write(root, `node_modules/@oven/bun-${name}/bin/bun`, `#!/bin/sh\nexec node "${root}/stand-in.mjs" "$@"\n`);
    spawnSync("chmod", ["+x", join(root, `node_modules/@oven/bun-${name}/bin/bun`)]);
  }
  return root;
}

test("the launcher ends with its child's exit code", () => {
  const root = withStandIn("process.exit(7)");
  assert.equal(spawnSync("node", [join(root, "scripts", "launch.mjs"), "check"]).status, 7);
  assert.ok(existsSync(join(root, "node_modules", ".cache", "fleetcast", "install.stamp")));
});

test("[R3] Ctrl-C for the whole group: the launcher passes nothing on and waits for the child's own end", async () => {
  const root = withStandIn(`
    let count = 0;
    process.on("SIGINT", () => { count++; if (count === 1) setTimeout(() => { console.log("signals " + count); process.exit(0); }, 400); });
    console.log("up");
    setInterval(() => {}, 1000);
  `);
  const child = spawn("node", [join(root, "scripts", "launch.mjs"), "check"], { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
    if (output.endsWith("up\n")) process.kill(-child.pid!, "SIGINT");
  });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  assert.equal(code, 0);
  assert.equal(output, "up\nsignals 1\n");
});

test("SIGTERM for the launcher alone reaches the child", async () => {
  const root = withStandIn(`process.on("SIGTERM", () => process.exit(0)); console.log("up"); setInterval(() => {}, 1000);`);
  const child = spawn("node", [join(root, "scripts", "launch.mjs"), "check"], { stdio: ["ignore", "pipe", "inherit"] });
  child.stdout.once("data", () => child.kill("SIGTERM"));
  assert.equal(await new Promise((resolve) => child.on("exit", resolve)), 0);
});
