import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aftermath } from "../../conformance/harness/aftermath.ts";
import { Backend } from "../../conformance/harness/backend.ts";
import { type RunningEngine, type SideName, startOurs, startReal } from "../../conformance/harness/engines.ts";
import { differences } from "../../conformance/harness/transcript.ts";
import { ours, shared } from "../config.ts";
import type { Introduction } from "./program.ts";
import { Program } from "./program.ts";
import type { Scenario } from "./scenario.ts";
import type { SdkName } from "./sdks.ts";
import { Session } from "./session.ts";
import type { Way } from "./ways.ts";

export interface Run {
  readonly scenario: Scenario;
  readonly way: Way;
  /** By server: undefined where it held, else why not. */
  readonly failures: ReadonlyMap<SideName, string | undefined>;
  readonly differences: readonly string[];
  readonly transcripts: string;
}

export interface Plan {
  readonly folder: string;
  readonly centrifugo: string | undefined;
  readonly scenarios: readonly Scenario[];
  readonly ways: readonly Way[];
  readonly commands: ReadonlyMap<SdkName, readonly string[]>;
  readonly verbose: boolean;
}

export interface Outcome {
  readonly runs: readonly Run[];
  readonly problems: readonly string[];
  readonly introductions: ReadonlyMap<SdkName, Introduction>;
}

/** Most of a scenario is waiting; what bounds it is what two cores can take. */
const lightAtOnce = 10;
const heavyAtOnce = 2;
const limitMs = 30_000;

export async function runScenarios(plan: Plan): Promise<Outcome> {
  const backend = await Backend.started();
  const engines = await startEngines(plan, backend.url);
  const programs = new Map<SdkName, Program>();
  try {
    for (const [name, command] of plan.commands) programs.set(name, await Program.started(command));
    const jobs: Job[] = plan.scenarios.flatMap((scenario) =>
      plan.ways.filter((way) => suits(scenario, way, programs.get(way.sdk)!.introduction)).map((way) => ({ scenario, way })),
    );
    const runs: Run[] = [];
    const work = async (queue: Job[]): Promise<void> => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        const run = await runOne(job.scenario, job.way, programs.get(job.way.sdk)!, engines, backend);
        if (plan.verbose) process.stdout.write(`${hasFailed(run) ? "FAILS" : "ok   "} ${run.scenario.id} ${run.way.name}\n`);
        runs.push(run);
      }
    };
    const isHeavy = ({ scenario }: Job) => scenario.options.heavy === true;
    const [heavy, light] = [jobs.filter(isHeavy), jobs.filter((job) => !isHeavy(job))];
    await Promise.all([
      ...Array.from({ length: heavyAtOnce }, () => work(heavy)),
      ...Array.from({ length: lightAtOnce }, () => work(light)),
    ]);
    const problems = (
      await Promise.all(engines.filter(({ engine }) => engine.name === "ours").map(({ engine }) => aftermath(engine)))
    ).flat();
    return { runs, problems, introductions: new Map([...programs].map(([name, { introduction }]) => [name, introduction])) };
  } finally {
    await Promise.all([...programs.values()].map((program) => program.end()));
    await Promise.all(engines.map(({ engine }) => engine.end()));
    await backend.stop();
  }
}

export const hasFailed = (run: Run): boolean =>
  run.differences.length > 0 || [...run.failures.values()].some((failure) => failure !== undefined);

function suits({ options }: Scenario, way: Way, { can }: Introduction): boolean {
  return (options.needs ?? []).every((word) => can.includes(word)) && (options.ways?.(way) ?? true);
}

/** `shared` says which file it was started with. */
interface Started {
  readonly file: "shared" | "ours";
  readonly engine: RunningEngine;
}

async function startEngines(plan: Plan, backendUrl: string): Promise<Started[]> {
  const written = (name: string, config: unknown): { folder: string; configFile: string } => {
    const folder = join(plan.folder, name);
    mkdirSync(folder, { recursive: true });
    const configFile = join(folder, "config.json");
    writeFileSync(configFile, JSON.stringify(config, undefined, 2));
    return { folder, configFile };
  };
  const both = written("shared", shared(backendUrl));
  const engines = await Promise.all([
    startOurs(both),
    startOurs(written("ours", ours)),
    ...(plan.centrifugo === undefined ? [] : [startReal(both, plan.centrifugo)]),
  ]);
  return engines.map((engine, index) => ({ file: index === 1 ? "ours" : "shared", engine }));
}

interface Job {
  readonly scenario: Scenario;
  readonly way: Way;
}

let runCount = 0;

async function runOne(scenario: Scenario, way: Way, program: Program, engines: readonly Started[], backend: Backend): Promise<Run> {
  const number = String(runCount++ % 10_000).padStart(4, "0");
  const on = scenario.options.on ?? "both";
  const sessions = engines
    .filter(({ file, engine }) => (on === "ours" ? file === "ours" : file === "shared" && (on === "both" || engine.name === "real")))
    .map(({ engine }) => new Session(engine, way, program, `q${number}${engine.name[0]}`, backend));
  const failures = await Promise.all(sessions.map((session) => failureOf(session, scenario)));
  const [left, right] = sessions;
  const comparable = right !== undefined && left !== undefined && failures.every((failure) => failure === undefined);
  return {
    scenario,
    way,
    failures: new Map(sessions.map((session, index) => [session.name, failures[index]])),
    differences: comparable ? differences(left.transcript, right.transcript, scenario.options.compare ?? "in order") : [],
    transcripts: sessions.map((session) => `  --- ${session.name}\n${session.transcript}`).join(""),
  };
}

async function failureOf(session: Session, scenario: Scenario): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = scenario.options.limitMs ?? limitMs;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${limit} ms`)), limit);
    });
    await Promise.race([scenario.body(session), late]);
    await session.settle();
    return undefined;
  } catch (error) {
    await session.settle().catch(() => {});
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    clearTimeout(timer);
    await session.end();
  }
}
