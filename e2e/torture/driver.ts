import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "../checker/check.ts";
import type { DeviceLine, FaultLine, Policy, SubscriberLine, Violation } from "../checker/ledger.ts";
import { NodeClient } from "../harness/node-client.ts";
import { eventually, sleep } from "../harness/process.ts";
import type { Stack } from "../harness/stack.ts";
import { bearerToken } from "../harness/tokens.ts";
import { dumpStore } from "./dump.ts";

export interface KillRun {
  readonly cycles: number;
  readonly seed: number;
  readonly machines?: number;
  readonly perSecond?: number;
  readonly subscribers?: number;
  /** Which process the n-th cycle kills. */
  readonly victim: (cycle: number) => "fleetcast" | "centrifugo";
  readonly policy: Policy;
  readonly progress?: (line: string) => void;
}

export interface KillResult {
  readonly violations: readonly Violation[];
  readonly cycles: number;
  readonly sent: number;
  readonly acked: number;
  readonly stored: number;
  readonly delivered: number;
  /** How often a subscriber was told `recovered: false`. */
  readonly told: number;
  readonly readyMs: readonly number[];
  /** Where the ledgers are kept when something was found; "" otherwise. */
  readonly kept: string;
}

/**
 * Cycles of `kill -9` at a random instant under QoS 1 load: official MQTT and Centrifugo clients in processes of their
 * own write ledgers, the victim is killed and started again, and the checker decides over all of it at the end.
 */
export async function runKillCycles(stack: Stack, run: KillRun): Promise<KillResult> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-ledgers-"));
  const random = mulberry32(run.seed);
  const prefix = "VM-K-";
  const machines = run.machines ?? 10;
  const channels = Array.from({ length: machines }, (_, i) => `telemetry:${prefix}${String(i + 1).padStart(3, "0")}`);
  const subscribers = new NodeClient("subscribers.mjs", {
    url: stack.websocket,
    ledger: join(folder, "subscribers.jsonl"),
    count: run.subscribers ?? 3,
    channels,
    token: await bearerToken({ sub: "checker" }),
  });
  const devices: NodeClient[] = [];
  try {
    await subscribers.waitFor(/ready/, 20_000);
    devices.push(
      new NodeClient("devices.mjs", {
        url: `mqtt://127.0.0.1:${stack.mqttPort}`,
        ledger: join(folder, "devices.jsonl"),
        count: machines,
        perSecond: run.perSecond ?? 20,
        prefix,
      }),
    );
    await devices[0]!.waitFor(/started/, 10_000);
    const readyMs = await killCycles(stack, run, random, join(folder, "faults.jsonl"));
    devices[0]!.say("stop");
    await devices[0]!.waitFor(/drained/, 60_000);
    await quiet(join(folder, "subscribers.jsonl"));
    subscribers.say("stop");
    await subscribers.waitFor(/stopped/, 10_000);
    const exit = await stack.fleetcast.stop();
    if (exit !== 0) throw new Error(`exit code ${exit} at SIGTERM:\n${stack.fleetcast.process.output.slice(-3_000)}`);
    return decide(folder, stack.fleetcast.dataDir, run, readyMs);
  } finally {
    await subscribers.end();
    for (const client of devices) await client.end();
  }
}

async function killCycles(stack: Stack, run: KillRun, random: () => number, faults: string): Promise<number[]> {
  const readyMs: number[] = [];
  for (let cycle = 1; cycle <= run.cycles; cycle++) {
    await sleep(150 + random() * 900);
    const victim = run.victim(cycle);
    appendFileSync(faults, `${JSON.stringify({ t: "fault", fault: `kill-${victim}`, cycle, mono: performance.now() })}\n`);
    if (victim === "fleetcast") {
      await stack.fleetcast.kill();
      readyMs.push(await stack.fleetcast.start());
    } else {
      await stack.centrifugo!.kill();
      await sleep(random() * 300);
      await stack.centrifugo!.start();
    }
    if (cycle % 10 === 0) run.progress?.(`${cycle} of ${run.cycles} kills`);
  }
  return readyMs;
}

/** Waits until the subscribers wrote nothing new for two seconds. */
async function quiet(file: string): Promise<void> {
  let size = -1;
  let since = performance.now();
  await eventually("the subscribers fall silent", 60_000, () => {
    const now = statSync(file).size;
    if (now !== size) {
      size = now;
      since = performance.now();
    }
    return performance.now() - since > 2_000;
  });
}

function lines<T>(file: string): T[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as T);
  } catch {
    return [];
  }
}

function decide(folder: string, dataDir: string, run: KillRun, readyMs: readonly number[]): KillResult {
  const devices = lines<DeviceLine>(join(folder, "devices.jsonl"));
  const subscribers = lines<SubscriberLine>(join(folder, "subscribers.jsonl"));
  const faults = lines<FaultLine>(join(folder, "faults.jsonl"));
  const dump = dumpStore(dataDir);
  const violations = check({ devices, subscribers, faults }, dump, run.policy);
  if (violations.length === 0) rmSync(folder, { recursive: true, force: true });
  return {
    violations,
    cycles: run.cycles,
    sent: devices.filter((line) => line.t === "sent").length,
    acked: devices.filter((line) => line.t === "acked").length,
    stored: dump.publications.length,
    delivered: subscribers.filter((line) => line.t === "pub").length,
    told: subscribers.filter((line) => line.t === "subscribed" && line.wasRecovering && !line.recovered).length,
    readyMs,
    kept: violations.length === 0 ? "" : folder,
  };
}

/** A small seeded generator: a failing run repeats with its seed. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function report(result: KillResult): string {
  const ready = [...result.readyMs].sort((a, b) => a - b);
  const at = (share: number): string =>
    ready.length === 0 ? "-" : `${Math.round(ready[Math.min(ready.length - 1, Math.floor(ready.length * share))]!)} ms`;
  const head = `${result.cycles} kills: ${result.sent} sent, ${result.acked} acknowledged, ${result.stored} stored, ${result.delivered} delivered, told ${result.told} times; ready after p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`;
  const kinds = new Map<string, number>();
  for (const violation of result.violations)
    kinds.set(`${violation.invariant} ${violation.what}`, (kinds.get(`${violation.invariant} ${violation.what}`) ?? 0) + 1);
  const found = [...kinds].map(([kind, count]) => `  ${count} x ${kind}`).join("\n");
  if (result.violations.length === 0) return `${head}; 0 violations`;
  const first = JSON.stringify(result.violations[0], undefined, 2);
  return `${head}; ${result.violations.length} violations\n${found}\nfirst: ${first}\nledgers kept in ${result.kept}`;
}
