import { sleep } from "../../e2e/harness/process.ts";
import { native } from "../build.ts";
import { load, median, tree } from "../run.ts";
import type { Extent, Group, Scenario } from "./scenarios.ts";
import { apiKey, type Files, type System, type SystemName, start, titles } from "./systems.ts";

/** What a driver measured and what follows from it, by name; every one is a plain number. */
export type Figures = Readonly<Record<string, number>>;

export interface Row {
  readonly scenario: Scenario;
  readonly system: SystemName;
  /** Medians over the rounds. */
  readonly figures: Figures;
}

/** The figure in which a group is compared, smaller is better. */
export const comparedBy: Readonly<Record<Group, string>> = {
  saturated: "cpuUsADelivery",
  paced: "cpuUsADelivery",
  channels: "cpuUsADelivery",
  idle: "kbAConnection",
  connects: "cpuUsAConnect",
  recoveries: "recoveredS",
};

const storms: readonly Group[] = ["connects", "recoveries", "idle"];

/**
 * Measures every scenario on every system, in turns: a round asks each system once, so that a slow minute of the machine
 * touches all of them.
 */
export async function measure(scenarios: readonly Scenario[], { rounds }: Extent, files: Files): Promise<readonly Row[]> {
  const standing = new Map<SystemName, System>();
  const total = scenarios.reduce((sum, { systems }) => sum + systems.length * rounds, 0);
  const startedAtMs = performance.now();
  let done = 0;
  const rows: Row[] = [];
  try {
    for (const scenario of scenarios) {
      const runs = new Map<SystemName, Figures[]>();
      for (let round = 1; round <= rounds; round++) {
        for (const name of scenario.systems) {
          const figures = await once(scenario, name, standing, files);
          runs.set(name, [...(runs.get(name) ?? []), figures]);
          done++;
          const leftS = Math.round((((performance.now() - startedAtMs) / done) * (total - done)) / 1_000);
          const compared = comparedBy[scenario.group];
          process.stderr.write(
            `[${done}/${total}, ${leftS} s left] ${scenario.group}, ${scenario.label}, ${scenario.format}, round ${round}, ${titles[name]}: ${figures[compared]?.toFixed(2)} ${compared}\n`,
          );
        }
      }
      for (const [system, all] of runs) rows.push({ scenario, system, figures: medians(all) });
    }
  } finally {
    for (const system of standing.values()) await system.stop();
  }
  return rows;
}

async function once(scenario: Scenario, name: SystemName, standing: Map<SystemName, System>, files: Files): Promise<Figures> {
  if (scenario.freshProcess) {
    const system = await start(name, files);
    try {
      // The first connections pay for what a process loads and compiles once.
      await run({ ...scenario, options: { ...scenario.options, count: 200, settle: 0 } }, name, system, files);
      await sleep(2_000);
      return await run(scenario, name, system, files);
    } finally {
      await system.stop();
    }
  }
  const system = standing.get(name) ?? (await start(name, files));
  standing.set(name, system);
  const figures = await run(scenario, name, system, files);
  // Thousands of cut connections are noticed now, and not while the next system is measured.
  await sleep(storms.includes(scenario.group) || scenario.clients > 1_000 ? 2_000 : 200);
  return figures;
}

async function run(scenario: Scenario, name: SystemName, system: System, files: Files): Promise<Figures> {
  const keepsHistory = scenario.group === "recoveries" || name === "journaled";
  const raw = await load<Record<string, number>>(native(scenario.driver), {
    port: system.port,
    "api-key": apiKey,
    tokens: files.tokens,
    prefix: `${keepsHistory ? "hist" : "mem"}:${scenario.group}-`,
    format: scenario.format,
    raw: name === "floor" ? "yes" : "no",
    pids: tree(system.pid),
    ...scenario.options,
  });
  return scenario.driver === "fanout-load" ? fanoutFigures(raw) : stormFigures(raw, scenario.clients);
}

const per = (value: number | undefined, count: number | undefined): number => (value ?? 0) / Math.max(1, count ?? 0);

function fanoutFigures(raw: Readonly<Record<string, number>>): Figures {
  return {
    cpuUsADelivery: per(raw["cpu_us"], raw["deliveries"]),
    deliveriesPerS: (raw["deliveries"] ?? 0) / (raw["seconds"] ?? 1),
    publicationsPerS: (raw["publications"] ?? 0) / (raw["seconds"] ?? 1),
    p50Ms: (raw["latency_p50_us"] ?? 0) / 1_000,
    p99Ms: (raw["latency_p99_us"] ?? 0) / 1_000,
    closed: raw["closed"] ?? 0,
  };
}

function stormFigures(raw: Readonly<Record<string, number>>, clients: number): Figures {
  return {
    kbAConnection: per((raw["rss_after_kb"] ?? 0) - (raw["rss_before_kb"] ?? 0), clients),
    cpuUsAConnect: per(raw["connect_cpu_us"], clients),
    connectsPerS: clients / (raw["connect_s"] ?? 1),
    recoveredS: raw["recovered_s"] ?? 0,
    recoveriesPerS: clients / (raw["recovered_s"] || 1),
    recoveredCpuS: (raw["recovered_cpu_us"] ?? 0) / 1e6,
  };
}

function medians(all: readonly Figures[]): Figures {
  return Object.fromEntries(Object.keys(all[0] ?? {}).map((name) => [name, median(all.map((figures) => figures[name] ?? 0))]));
}
