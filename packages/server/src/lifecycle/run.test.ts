import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

/** The process around the server when something of ours goes wrong: a line with the cause, and exit code 1. */
const folder = mkdtempSync(join(tmpdir(), "fleetcast-run-"));
const children: ChildProcess[] = [];
after(() => {
  for (const child of children) if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const source = (name: string): string => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)));

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** Runs a server whose `onReady` is the given text; `app` and `loaded` are in reach. */
async function running(
  name: string,
  onReady: string,
  config: Record<string, unknown> = {},
  stdout: "pipe" | number = "pipe",
): Promise<{ code: number | null; output: string }> {
  const script = join(folder, `${name}.ts`);
  writeFileSync(
    script,
    `import { loadConfig } from ${source("../config/load.ts")};
import { runServer } from ${source("./run.ts")};
const environment = ${JSON.stringify({ FLEETCAST_HTTP_SERVER_PORT: await freePort(), FLEETCAST_MQTT_PORT: await freePort(), ...config })};
const loaded = loadConfig({ flags: { dataDir: ${JSON.stringify(join(folder, name))} }, environment, folder: ${JSON.stringify(folder)} });
const onReady = async (app) => { ${onReady} };
await runServer({ loaded, logTo: loaded.config.log, hangup: () => loaded, onReady }).catch((refused) => {
  process.stderr.write(refused.message);
  process.exitCode = 2;
});
`,
  );
  const child = spawn(process.execPath, [script], { stdio: ["ignore", stdout, "pipe"] });
  children.push(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output += chunk.toString("utf8");
    });
  }
  return { code: await new Promise((resolve) => child.on("close", resolve)), output };
}

test("[F29] an exception that nobody catches is logged with its cause and ends the process with 1", async () => {
  const { code, output } = await running(
    "thrown",
    'setTimeout(() => { throw new Error("outer", { cause: new Error("the reason") }); }, 10); return undefined;',
  );
  assert.equal(code, 1, output);
  const line = JSON.parse(output.trim().split("\n").at(-1)!) as { level: string; cause: { message: string; cause: { message: string } } };
  assert.equal(line.level, "error");
  assert.equal(line.cause.message, "outer");
  assert.equal(line.cause.cause.message, "the reason");
});

test("[F29] a rejection that nobody handles ends the process with 1", async () => {
  const { code, output } = await running("rejected", 'void Promise.reject(new Error("nobody waits")); return undefined;');
  assert.equal(code, 1, output);
  assert.match(output, /a rejection was not handled.*nobody waits|nobody waits.*a rejection was not handled/);
});

test("[R3] an end that takes longer than shutdown.timeout is forced, with 1", async () => {
  const begin = performance.now();
  const { code, output } = await running(
    "stuck",
    'setTimeout(() => process.kill(process.pid, "SIGTERM"), 50); return { stop: () => new Promise(() => {}) };',
    { FLEETCAST_SHUTDOWN_TIMEOUT: "300ms" },
  );
  assert.equal(code, 1, output);
  assert.match(output, /longer than shutdown\.timeout/);
  assert.ok(performance.now() - begin < 10_000);
});

test("[H14] a field of a log line is one escaped line of at most 1 KiB, and named secrets are not shown", async () => {
  const { output } = await running(
    "fields",
    `const { createLogger } = await import(${source("./logger.ts")});
     const log = createLogger({ level: "info", file: "" });
     log.info({ name: "a\\r\\nb\\u001b[31m" + "x".repeat(5000), token: "geheim" }, "fields");
     log.flush();
     setTimeout(() => process.kill(process.pid, "SIGTERM"), 50);
     return undefined;`,
  );
  const line = output.split("\n").find((text) => text.includes('"msg":"fields"'))!;
  assert.ok(line.length < 1_300, String(line.length));
  assert.ok(!line.includes("geheim") && !line.includes("\u001b"), line);
  assert.match((JSON.parse(line) as { name: string }).name, /^a\r\nb/);
});

// What writes the log tries a full disk again and again while the process exits, for ever.
if (existsSync("/dev/full")) {
  test("[F30] a log on a full disk keeps neither an asked end nor a failure from ending the process", async () => {
    const full = openSync("/dev/full", "w");
    const asked = await running("full-asked", 'setTimeout(() => process.kill(process.pid, "SIGTERM"), 50); return undefined;', {}, full);
    assert.equal(asked.code, 0, asked.output);
    const failed = await running("full-failed", 'setTimeout(() => { throw new Error("x"); }, 50); return undefined;', {}, full);
    assert.equal(failed.code, 1, failed.output);
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    // A warning waits to be written when the start is refused.
    const config = { FLEETCAST_MQTT_PORT: String((taken.address() as { port: number }).port), FLEETCAST_NO_SUCH_KEY: "1" };
    const refused = await running("full-refused", "return undefined;", config, full);
    taken.close();
    assert.match(refused.output, /is taken by another program/);
    assert.equal(refused.code, 2);
    closeSync(full);
  });
}
