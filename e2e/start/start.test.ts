import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { root } from "../harness/fleetcast.ts";
import { eventually, freePorts } from "../harness/process.ts";
import { curl, mosquittoPub, program, skipReason } from "../parts/find.ts";

/**
 * The first command of the README on a fresh machine: an empty clone, only Node and npm, `npm start`. The terminal
 * signals the whole process group, and so do these tests.
 */
const git = program("git", "Debian package git");
const skip = skipReason(git, mosquittoPub, curl);
const folder = mkdtempSync(join(tmpdir(), "fleetcast-clone-"));
const clone = join(folder, "fleetcast");
let ports: number[] = [];
let firstOutput = "";

class Start {
  readonly child: ChildProcess;
  output = "";
  exitCode: Promise<number | null>;

  constructor(env: Record<string, string> = {}) {
    const clean = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(FLEETCAST|CENTRIFUGO)_/.test(name) && name !== "CI"),
    );
    this.child = spawn("npm", ["start"], {
      cwd: clone,
      detached: true,
      env: { ...clean, LANG: "C.UTF-8", FLEETCAST_HTTP_SERVER_PORT: String(ports[0]), FLEETCAST_MQTT_PORT: String(ports[1]), ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const keep = (chunk: Buffer): void => {
      this.output += chunk.toString("utf8");
    };
    this.child.stdout!.on("data", keep);
    this.child.stderr!.on("data", keep);
    this.exitCode = new Promise((resolve) => this.child.on("exit", resolve));
  }

  async ready(limitMs: number): Promise<number> {
    const begin = performance.now();
    await eventually("npm start is ready", limitMs, async () => {
      if (this.child.exitCode !== null) throw new Error(`npm start ended:\n${this.output}`);
      const answer = await fetch(`http://127.0.0.1:${ports[0]}/readyz`, { signal: AbortSignal.timeout(500) });
      return answer.ok;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output}`);
    });
    return performance.now() - begin;
  }

  /**
   * Ctrl-C. The shell that npm puts between itself and the launcher dies of the signal, so npm's own code may be that of a
   * signal; what counts is that the server drained and exited with 0, which its log's last line says.
   */
  async interrupt(): Promise<void> {
    process.kill(-this.child.pid!, "SIGINT");
    const code = await this.exitCode;
    assert.ok(code === 0 || code === null || code === 130, `exit code ${code}:\n${this.output}`);
    const log = readFileSync(join(clone, "fleetcast-data", "fleetcast.log"), "utf8")
      .trim()
      .split("\n");
    assert.match(log.at(-1) ?? "", /"msg":"stopped"/);
  }
}

interface Fleet {
  readonly rows: readonly { readonly vm_id: string; readonly state: string }[];
}

async function fleet(password: string): Promise<Fleet> {
  const base = `http://127.0.0.1:${ports[0]}`;
  const login = await fetch(`${base}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "admin", password }),
  });
  assert.equal(login.status, 200, await login.clone().text());
  const cookie = (login.headers.get("set-cookie") ?? "").split(";")[0]!;
  return (await (await fetch(`${base}/v1/fleet?scope=all`, { headers: { cookie } })).json()) as Fleet;
}

before(async () => {
  if (skip !== false) return;
  ports = await freePorts(2);
  const cloned = spawnSync("git", ["clone", "--quiet", "--depth", "1", `file://${root}`, clone], { encoding: "utf8" });
  assert.equal(cloned.status, 0, cloned.stderr);
});

after(() => rmSync(folder, { recursive: true, force: true }));

const password = (): string => firstOutput.match(/password[^\n]*?[:：]\s*(\S+)/i)?.[1] ?? "";

test("npm start in an empty clone brings up the whole system and a demo fleet of 20", { skip }, async () => {
  const start = new Start();
  try {
    await start.ready(180_000);
    await eventually("the banner is whole", 20_000, () => /ready/i.test(start.output) && start.output.includes("/v1/try"));
    firstOutput = start.output;
    assert.notEqual(password(), "", start.output);
    await eventually("20 machines are online", 20_000, async () => {
      const rows = (await fleet(password())).rows;
      return rows.length === 20 && rows.every((row) => row.state === "online");
    });
    const page = await fetch(`http://127.0.0.1:${ports[0]}/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<div id="root">/);
    for (const path of ["/v1/try", "/v1/sdk/centrifuge.js", "/health"])
      assert.equal((await fetch(`http://127.0.0.1:${ports[0]}${path}`)).status, 200, path);

    const snippet = start.output.match(/^\s*(mosquitto_pub [^\n]*(?:\\\n[^\n]*)*)/m)?.[1] ?? "";
    assert.match(snippet, /-u VM-SH-021/, start.output);
    const published = spawnSync("sh", ["-c", snippet], { encoding: "utf8", timeout: 15_000 });
    assert.equal(published.status, 0, `${snippet}\n${published.stderr}`);
    await eventually("the new machine is in the fleet", 10_000, async () =>
      (await fleet(password())).rows.some((row) => row.vm_id === "VM-SH-021"),
    );

    for (const match of start.output.matchAll(/^\s*(curl [^\n]*(?:\\\n[^\n]*)*)/gm)) {
      const called = spawnSync("sh", ["-c", match[1]!], { encoding: "utf8", timeout: 15_000 });
      assert.match(called.stdout, /"result"/, match[1]);
    }
  } finally {
    await start.interrupt();
  }
});

test("a second start is ready within 5 s, makes no network call, and finds its data again", { skip }, async () => {
  const start = new Start({ npm_config_registry: "http://127.0.0.1:9/", npm_config_offline: "true" });
  try {
    const tookMs = await start.ready(20_000);
    assert.ok(tookMs < 5_000, `ready after ${Math.round(tookMs)} ms`);
    assert.ok(
      (await fleet(password())).rows.some((row) => row.vm_id === "VM-SH-021"),
      "the machine of the first start",
    );
    assert.ok(!start.output.includes(password()), "the password is shown once");
    await eventually(
      "it says where the secrets lie",
      5_000,
      () => /secrets\.json/.test(start.output) && /user password/.test(start.output),
    );
  } finally {
    await start.interrupt();
  }
});

test("a taken port is one clear line that names the key and the variable, and exit code 2", { skip }, async () => {
  const { createServer } = await import("node:net");
  const server = createServer().listen(ports[1], "127.0.0.1");
  const start = new Start();
  const code = await start.exitCode;
  server.close();
  assert.equal(code, 2, start.output);
  assert.match(start.output, /mqtt\.port/);
  assert.match(start.output, /FLEETCAST_MQTT_PORT/);
});
