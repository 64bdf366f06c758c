import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { executable } from "../harness/executable.ts";
import { bunPath, Fleetcast, root } from "../harness/fleetcast.ts";

/** What the document's examples (e2e/document) do not show of the single executable: its files, its neighbours, its commands. */
const started: Fleetcast[] = [];
after(async () => {
  for (const fleetcast of started) await fleetcast.remove();
});

async function prepared(options: Parameters<typeof Fleetcast.prepare>[0] = {}): Promise<Fleetcast> {
  const fleetcast = await Fleetcast.prepare({ executable: executable(), ...options });
  started.push(fleetcast);
  return fleetcast;
}

test("[EXE1] it serves the dashboard, the try page and the SDK from inside itself", async () => {
  const fleetcast = await prepared();
  assert.deepEqual(readdirSync(fleetcast.dataDir), [], "an empty folder");
  await fleetcast.start();
  const page = await (await fetch(`${fleetcast.base}/`)).text();
  const script = page.match(/src="(\/assets\/[^"]+\.js)"/)?.[1];
  assert.ok(script !== undefined, page);
  for (const path of [
    script,
    "/v1/try",
    "/v1/try/try.js",
    "/v1/try/try.css",
    "/v1/sdk/centrifuge.js",
    "/v1/explorer",
    "/v1/explorer/explorer.js",
    "/v1/explorer/swagger-ui.js",
  ]) {
    const answer = await fetch(`${fleetcast.base}${path}`);
    assert.equal(answer.status, 200, path);
    assert.ok((await answer.text()).length > 200, path);
  }
  assert.equal(await fleetcast.stop(), 0);
});

test("[EXE2] a bunfig.toml, a .env, a tsconfig.json and a package.json beside it change nothing", async () => {
  const fleetcast = await prepared();
  const planted = join(fleetcast.dataDir, "planted");
  writeFileSync(join(fleetcast.dataDir, "evil.ts"), `require("node:fs").writeFileSync(${JSON.stringify(planted)}, "");`);
  writeFileSync(join(fleetcast.dataDir, "bunfig.toml"), 'preload = ["./evil.ts"]\n[run]\npreload = ["./evil.ts"]\n');
  writeFileSync(join(fleetcast.dataDir, ".env"), "FLEETCAST_HTTP_API_KEY=planted\nFLEETCAST_DASHBOARD_ENABLED=false\n");
  writeFileSync(join(fleetcast.dataDir, "tsconfig.json"), "not even JSON");
  writeFileSync(join(fleetcast.dataDir, "package.json"), '{"type":"commonjs","imports":{"#a":"./evil.ts"}}');
  await fleetcast.start();
  assert.equal((await fetch(`${fleetcast.base}/`)).status, 200);
  assert.deepEqual(await fleetcast.api("info", {}).then((answer) => Object.keys(answer as object)), ["result"]);
  assert.equal(existsSync(planted), false);
  await fleetcast.stop();
});

test("[EXE3] its other commands work beside it, and a killed one starts again with what it had", async () => {
  const fleetcast = await prepared();
  await fleetcast.start();
  const added = await fleetcast.cli("user", "add", "ann", "--role", "viewer");
  assert.equal(added.code, 0, added.output);
  await fleetcast.kill();
  await fleetcast.start();
  const again = await fleetcast.cli("user", "add", "ann", "--role", "viewer");
  assert.notEqual(again.code, 0, "the user was lost");
  const version = await fleetcast.cli("gentoken", "-u", "ann");
  assert.match(version.stdout, /^ey/);
  await fleetcast.stop();
});

/** First bytes of the file formats, and where the processor stands in them. */
const formats: Record<string, (file: Buffer) => boolean> = {
  "linux-aarch64": (file) => file.readUInt32BE(0) === 0x7f454c46 && file.readUInt16LE(18) === 0xb7,
  "darwin-aarch64": (file) => file.readUInt32LE(0) === 0xfeedfacf && file.readUInt32LE(4) === 0x0100000c,
  "windows-x64": (file) => file.toString("latin1", 0, 2) === "MZ" && file.readUInt16LE(file.readUInt32LE(0x3c) + 4) === 0x8664,
};

for (const [target, isOf] of Object.entries(formats)) {
  test(`[EXE4] an executable for ${target} is built from the Bun of that platform, with everything inside`, () => {
    const file = join(dirname(executable()), `fleetcast-${target}${target.startsWith("windows") ? ".exe" : ""}`);
    const script = join(root, "scripts", "build-executable.ts");
    const build = spawnSync(bunPath, [script, "--target", target, "--outfile", file], { cwd: root, encoding: "utf8" });
    assert.equal(build.status, 0, `${build.stdout}${build.stderr}`);
    const bytes = readFileSync(file);
    assert.ok(isOf(bytes), "the file is of another platform");
    for (const inside of ["centrifuge.js", "try-client.css", "writer-worker"]) assert.ok(bytes.includes(inside), inside);
  });
}
