import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fleetcast, root } from "../harness/fleetcast.ts";
import { eventually, freePorts, OwnProcess } from "../harness/process.ts";
import { prometheus, promtool, requirePath, skipReason } from "../parts/find.ts";
import { keepBusy, scrape, sharedConfig, startBackend } from "./load.ts";

const shipped = join(root, "deploy", "prometheus");
const dashboards = join(root, "deploy", "grafana");

function runPromtool(args: readonly string[], options: { readonly cwd?: string; readonly input?: string } = {}) {
  const { status, stdout, stderr } = spawnSync(requirePath(promtool), [...args], { encoding: "utf8", ...options });
  return { status, output: `${stdout}${stderr}` };
}

test("the alerts and the scrape configuration that we ship are valid, and the alerts fire when they should", {
  skip: skipReason(promtool),
}, () => {
  for (const args of [
    ["check", "config", "prometheus.yml"],
    ["check", "rules", "alerts.yml"],
    ["test", "rules", "alerts.test.yml"],
  ]) {
    const { status, output } = runPromtool(args, { cwd: shipped });
    assert.equal(status, 0, output);
  }
});

interface Expression {
  readonly where: string;
  readonly expr: string;
}

function panelExpressions(): Expression[] {
  const found: Expression[] = [];
  for (const file of readdirSync(dashboards).filter((name) => name.endsWith(".json"))) {
    const { panels } = JSON.parse(readFileSync(join(dashboards, file), "utf8")) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    for (const { title, targets = [] } of panels) for (const { expr } of targets) found.push({ where: `${file}, ${title}`, expr });
  }
  return found;
}

/** What a Grafana puts in for its variables. */
function filledIn(expr: string): string {
  return expr.replaceAll("$__rate_interval", "10s").replaceAll("$instance", ".*");
}

/** Numbers that only some servers have: TLS of their own, a real Centrifugo behind them, readers that are slow. */
const withoutData = /fleetcast_certificate_expiry|fleetcast_push_settled_total|fleetcast_mqtt_refused_total/;

class Prometheus {
  readonly #base: string;
  readonly #process: OwnProcess;
  readonly #folder: string;

  private constructor(base: string, process: OwnProcess, folder: string) {
    this.#base = base;
    this.#process = process;
    this.#folder = folder;
  }

  /** With the files that we ship; only the target and the pace are the test's. */
  static async started(target: string): Promise<Prometheus> {
    const [port] = await freePorts(1);
    const folder = mkdtempSync(join(tmpdir(), "prometheus-e2e-"));
    cpSync(shipped, folder, { recursive: true });
    const config = join(folder, "prometheus.yml");
    writeFileSync(config, readFileSync(config, "utf8").replaceAll("15s", "1s").replace("127.0.0.1:8000", target));
    const listen = `127.0.0.1:${port}`;
    const process = new OwnProcess("prometheus", requirePath(prometheus), [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${listen}`,
    ]);
    await process.waitForHttp(`http://${listen}/-/ready`, 15_000);
    return new Prometheus(`http://${listen}`, process, folder);
  }

  async ask(path: string): Promise<{ status: string; error?: string; data: Record<string, unknown> }> {
    return (await (await fetch(`${this.#base}/api/v1/${path}`)).json()) as Awaited<ReturnType<Prometheus["ask"]>>;
  }

  /** How many series an expression has now. @throws Error where Prometheus cannot evaluate it */
  async seriesOf(expr: string): Promise<number> {
    const { status, error, data } = await this.ask(`query?query=${encodeURIComponent(expr)}`);
    if (status !== "success") throw new Error(error);
    return (data["result"] as readonly unknown[]).length;
  }

  async stop(): Promise<void> {
    await this.#process.end("SIGTERM");
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

test("a real Prometheus scrapes a server at work: every panel of every dashboard and every alert has what it asks for", {
  skip: skipReason(promtool, prometheus),
}, async () => {
  const backend = await startBackend();
  const fleetcast = await Fleetcast.started({ config: sharedConfig(backend.url) });
  const watching = await Prometheus.started(`127.0.0.1:${fleetcast.httpPort}`);
  const load = keepBusy(fleetcast);
  try {
    const expressions = panelExpressions();
    assert.ok(expressions.length > 70, `${expressions.length} expressions`);
    await eventually(
      "machines and clients in the numbers",
      20_000,
      async () => (await watching.seriesOf("sum(rate(fleetcast_push_lag_seconds_count[5s])) > 0")) > 0,
    );
    const empty = await eventually("data in every panel", 15_000, async () => {
      const without: Expression[] = [];
      for (const one of expressions) {
        if ((await watching.seriesOf(filledIn(one.expr))) === 0 && !withoutData.test(one.expr)) without.push(one);
      }
      if (without.length > 0) throw new Error(JSON.stringify(without));
      return without;
    });
    assert.deepEqual(empty, []);

    const { data } = await watching.ask("rules");
    const groups = data["groups"] as { rules: { name: string; health: string; lastError?: string; state: string }[] }[];
    const rules = groups.flatMap((group) => group.rules);
    assert.ok(rules.length > 20, `${rules.length} alerts`);
    for (const { name, health, lastError } of rules) assert.equal(health, "ok", `${name}: ${lastError}`);
    const critical = rules.filter(({ name, state }) => state === "firing" && name !== "FleetcastProxyErrors").map(({ name }) => name);
    assert.deepEqual(
      critical.filter((name) => /Down|NotReady|Store|Broker/.test(name)),
      [],
    );

    const { output } = runPromtool(["check", "metrics"], { input: await scrape(fleetcast.base) });
    const complaints = output.split("\n").filter((line) => line !== "" && !line.startsWith("centrifugo_"));
    assert.deepEqual(complaints, []);
  } finally {
    await load.stop();
    await watching.stop();
    backend.close();
    await fleetcast.remove();
  }
});
