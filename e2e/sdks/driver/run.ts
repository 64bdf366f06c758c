import { aftermath } from "../../conformance/harness/aftermath.ts";
import { Backend } from "../../conformance/harness/backend.ts";
import type { SideName } from "../../conformance/harness/engines.ts";
import { differences } from "../../conformance/harness/transcript.ts";
import type { Introduction } from "./program.ts";
import { Program } from "./program.ts";
import type { Scenario } from "./scenario.ts";
import type { SdkName } from "./sdks.ts";
import { type Server, startServers } from "./servers.ts";
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
  const servers = await startServers(plan.folder, plan.centrifugo, backend.url);
  const programs = new Map<SdkName, Program>();
  try {
    for (const [name, command] of plan.commands) programs.set(name, await Program.started(command));
    const jobs: Job[] = plan.scenarios.flatMap((scenario) =>
      plan.ways.filter((way) => suits(scenario, way, programs.get(way.sdk)!.introduction)).map((way) => ({ scenario, way })),
    );
    const runs: Run[] = [];
    const work = async (queue: Job[]): Promise<void> => {
      for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
        const run = await runOne(job.scenario, job.way, programs.get(job.way.sdk)!, servers, backend);
        if (plan.verbose) process.stdout.write(`${hasFailed(run) ? "FAILS" : "ok   "} ${run.scenario.id} ${run.way.name}\n`);
        runs.push(run);
      }
    };
    const of = (pace: string): Job[] => jobs.filter(({ scenario }) => (scenario.options.pace ?? "light") === pace);
    const [light, heavy, restart] = [of("light"), of("heavy"), of("restart")];
    await Promise.all([
      ...Array.from({ length: heavyAtOnce }, () => work(heavy)),
      ...Array.from({ length: lightAtOnce }, () => work(light)),
    ]);
    // Last, and all at once: one restart is everybody's.
    for (const server of servers) server.expect(restart.length);
    await Promise.all(restart.map((job) => work([job])));
    const problems = (await Promise.all(servers.map(({ engine }) => (engine.name === "ours" ? aftermath(engine) : [])))).flat();
    return { runs, problems, introductions: new Map([...programs].map(([name, { introduction }]) => [name, introduction])) };
  } finally {
    await Promise.all([...programs.values()].map((program) => program.end()));
    await Promise.all(servers.map(({ engine }) => engine.end()));
    await backend.stop();
  }
}

export const hasFailed = (run: Run): boolean =>
  run.differences.length > 0 || [...run.failures.values()].some((failure) => failure !== undefined);

function suits({ options }: Scenario, way: Way, { can }: Introduction): boolean {
  return (options.needs ?? []).every((word) => can.includes(word)) && (options.ways?.(way) ?? true);
}

interface Job {
  readonly scenario: Scenario;
  readonly way: Way;
}

let runCount = 0;

async function runOne(scenario: Scenario, way: Way, program: Program, servers: readonly Server[], backend: Backend): Promise<Run> {
  const number = String(runCount++ % 10_000).padStart(4, "0");
  const on = scenario.options.on ?? "both";
  const sessions = servers
    .filter(({ file, engine }) => (on === "ours" ? file === "ours" : file === "shared" && (on === "both" || engine.name === "real")))
    .map((server) => new Session(server, way, program, `q${number}${server.engine.name[0]}`, backend));
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
    if (scenario.options.pace === "restart") await session.restarted();
    await session.end();
  }
}
