import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { executable } from "../harness/executable.ts";
import { root } from "../harness/fleetcast.ts";
import { mosquittoPublish } from "../harness/mosquitto-pub.ts";
import { freePorts, OwnProcess } from "../harness/process.ts";
import { asRoot, mosquittoPub, requirePath, skipReason, strace, systemdAnalyze } from "../parts/find.ts";

const skip = skipReason(systemdAnalyze, strace, mosquittoPub, asRoot);
const folder = mkdtempSync(join(tmpdir(), "fleetcast-systemd-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The unit with the executable where it lies now. */
function unit(): string {
  const file = join(folder, "fleetcast.service");
  const text = readFileSync(join(root, "deploy", "systemd", "fleetcast.service"), "utf8");
  writeFileSync(file, text.replaceAll("/usr/local/bin/fleetcast", executable()));
  return file;
}

function analyzed(...args: readonly string[]): string {
  const result = spawnSync(requirePath(systemdAnalyze), args, { encoding: "utf8" });
  assert.equal(result.status, 0, `${args.join(" ")}: ${result.stdout}${result.stderr}`);
  return `${result.stdout}${result.stderr}`;
}

test("[PK1] systemd finds nothing to say about the unit, and its exposure is at most 1.5 of 10", { skip }, () => {
  assert.equal(analyzed("verify", unit()).trim(), "");
  analyzed("security", "--offline=true", "--threshold=15", unit());
});

/** System calls by name that the unit's filters leave. */
function allowedCalls(): ReadonlySet<string> {
  const members = (set: string): string[] =>
    analyzed("syscall-filter", set)
      .split("\n")
      .filter((line) => /^ {4}[@a-z]/.test(line))
      .flatMap((line) => (line.trim().startsWith("@") ? members(line.trim()) : [line.trim()]));
  const lines = readFileSync(unit(), "utf8").match(/^SystemCallFilter=.*$/gm) ?? [];
  const sets = lines.map((line) => line.slice("SystemCallFilter=".length));
  const denied = new Set(sets.filter((set) => set.startsWith("~")).flatMap((set) => set.slice(1).split(" ").flatMap(members)));
  const allowed = sets.filter((set) => !set.startsWith("~")).flatMap((set) => set.split(" ").flatMap(members));
  return new Set(allowed.filter((call) => !denied.has(call)));
}

test("[PK2] a day in short makes no system call that the unit forbids, as another user than root", { skip, timeout: 60_000 }, async () => {
  const data = join(folder, "data");
  const calls = join(folder, "calls");
  // The folders of the tests are root's; the user below must reach them.
  for (const reached of [folder, join(executable(), "..")]) chmodSync(reached, 0o755);
  const [http, mqtt] = (await freePorts(2)) as [number, number];
  spawnSync("install", ["-d", "-o", "65532", "-g", "65532", "-m", "0700", data]);
  const own = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", executable(), "serve", "--data-dir", data];
  const server = new OwnProcess("fleetcast", requirePath(strace), ["-f", "-qq", "-e", "trace=all", "-o", calls, ...own], {
    cwd: data,
    env: { FLEETCAST_HTTP_SERVER_PORT: String(http), FLEETCAST_MQTT_PORT: String(mqtt), FLEETCAST_CONFIG: "" },
  });
  await server.waitForHttp(`http://127.0.0.1:${http}/readyz`, 30_000);
  mosquittoPublish(mqtt, "VM-1", "vm/VM-1/events", '{"id":"VM-1","type":"door","severity":"info","ts":"2026-01-26T14:50:00Z","data":{}}');
  for (const path of ["/", "/v1/try", "/health"]) assert.equal((await fetch(`http://127.0.0.1:${http}${path}`)).status, 200, path);
  const socket = new WebSocket(`ws://127.0.0.1:${http}/connection/websocket`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.close();
  // strace passes signals on to nobody: the server is its child.
  const pid = (JSON.parse(readFileSync(join(data, "running.json"), "utf8")) as { pid: number }).pid;
  process.kill(pid, "SIGHUP");
  await server.waitForOutput(/the configuration is as it was/, 10_000);
  process.kill(pid, "SIGTERM");
  assert.equal(await server.exited, 0, server.output);
  assert.ok(existsSync(join(data, "journal.db")));
  // As root of nothing: strace itself and setpriv come first, what the executable does begins at its execve.
  const lines = readFileSync(calls, "utf8").split("\n");
  const begin = lines.findIndex((line) => line.includes(`execve("${executable()}"`));
  assert.ok(begin > 0);
  const allowed = allowedCalls();
  const used = new Set(lines.slice(begin).flatMap((line) => line.match(/^\d+ +([a-z_0-9]+)\(/)?.[1] ?? []));
  assert.ok(used.size > 30, `only ${used.size} calls seen`);
  assert.deepEqual(
    [...used].filter((call) => !allowed.has(call)),
    [],
  );
});
