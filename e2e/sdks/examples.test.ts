import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Fleetcast, root } from "../harness/fleetcast.ts";
import { OwnProcess } from "../harness/process.ts";
import { inCi } from "../parts/find.ts";
import { buildGo, type Prepared, prepare, type SdkName } from "./driver/sdks.ts";

/**
 * The page about the SDKs is run, not believed: each example is cut out of it and connects to a Fleetcast without
 * configuration, as its reader would; and lives on when that Fleetcast is killed and started again.
 */
const folder = mkdtempSync(join(tmpdir(), "fleetcast-examples-"));
const page = readFileSync(join(root, "docs", "sdks.md"), "utf8");
const translation = readFileSync(join(root, "docs", "sdks.zh-CN.md"), "utf8");
const block = (text: string, language: string): string => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(text)?.[1] ?? "";

const examples: Record<SdkName, { readonly version: RegExp; command(source: string, prepared: Prepared): Promise<string[]> }> = {
  js: {
    version: /centrifuge@(\S+) ws/,
    command: async (source) => {
      const file = join(folder, "telemetry.mjs");
      writeFileSync(file, source);
      symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
      return ["node", file];
    },
  },
  go: {
    version: /centrifuge-go@v(\S+)/,
    command: async (source) => {
      for (const name of ["go.mod", "go.sum"]) cpSync(join(import.meta.dirname, "go", name), join(folder, name));
      writeFileSync(join(folder, "main.go"), source);
      const built = await buildGo(folder, join(folder, "telemetry-go"));
      if ("missing" in built) throw new Error(built.missing);
      return [...built.command];
    },
  },
  python: {
    version: /centrifuge-python==(\S+)/,
    command: async (source, prepared) => {
      if ("missing" in prepared) throw new Error(prepared.missing);
      const file = join(folder, "telemetry.py");
      writeFileSync(file, source);
      return [prepared.command[0]!, file];
    },
  },
};

let server: Fleetcast;
let token: string;
before(async () => {
  server = await Fleetcast.started();
  const made = await server.cli("gentoken", "-u", "ann");
  assert.equal(made.code, 0, made.output);
  token = made.stdout.trim();
});
after(async () => {
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

const pinned: Record<SdkName, string> = {
  js: JSON.parse(readFileSync(join(root, "e2e", "package.json"), "utf8")).dependencies.centrifuge,
  go: /centrifuge-go v(\S+)/.exec(readFileSync(join(import.meta.dirname, "go", "go.mod"), "utf8"))![1]!,
  python: /centrifuge-python==(\S+)/.exec(readFileSync(join(import.meta.dirname, "python", "requirements.txt"), "utf8"))![1]!,
};

for (const name of ["js", "go", "python"] as const) {
  const prepared = await prepare(name, folder);
  const missing = "missing" in prepared ? prepared.missing : undefined;
  if (missing !== undefined && !inCi) process.stderr.write(`SKIPPED: the example of ${name}: ${missing}\n`);

  test(`[P2] the example of ${name}: what the machine says, also over a Fleetcast that is killed`, {
    skip: !inCi && missing !== undefined,
  }, async () => {
    const source = block(page, name);
    assert.ok(source.includes("localhost:8000"), "the page has the example");
    assert.equal(block(translation, name), source, "both languages have the same example");
    for (const text of [page, translation]) {
      assert.equal(examples[name].version.exec(text)?.[1], pinned[name], "the version to install is the one that is tested");
      assert.ok(text.includes(`| ${pinned[name]} |`), "the table names it, too");
    }
    const command = await examples[name].command(source.replace("localhost:8000", `localhost:${server.httpPort}`), prepared);
    const example = new OwnProcess(name, command[0]!, command.slice(1), { cwd: folder, env: { TOKEN: token } });
    const channel = "telemetry:VM-SH-001";
    // The first is published until somebody reads it: nothing tells when the example has subscribed.
    const first = Date.now();
    const asking = setInterval(() => void server.api("publish", { channel, data: { voltage: first } }), 100);
    await example.waitForOutput(new RegExp(`\\d+ .*${first}`), 20_000).finally(() => clearInterval(asking));
    await server.kill();
    await server.start();
    await server.api("publish", { channel, data: { voltage: 221.5, message: "实时电压波动" } });
    await example.waitForOutput(/back, nothing was missed/, 30_000);
    await example.waitForOutput(/\d+ .*221\.5.*实时电压波动/, 10_000);
    assert.doesNotMatch(example.output, /something was missed|for good/);
    await example.end("SIGKILL");
  });
}
