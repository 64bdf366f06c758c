import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aftermath } from "./aftermath.ts";
import { Backend } from "./backend.ts";
import { pause } from "./client.ts";
import { type RunningEngine, type SideName, startOurs, startReal } from "./engines.ts";
import { TOKEN_SECRET } from "./jwt.ts";
import type { Body, ConfigFile, Group, Rule, RuleFormat } from "./rule.ts";
import { API_KEY, formats, Side } from "./side.ts";
import { differences } from "./transcript.ts";

export type Verdict =
  | { readonly kind: "holds" }
  | { readonly kind: "fails"; readonly why: string }
  /** No real server to ask. */
  | { readonly kind: "not run" };

/** One rule in one format. */
export interface Run {
  readonly group: string;
  readonly rule: Rule;
  readonly format: RuleFormat;
  readonly ours: Verdict;
  readonly real: Verdict;
  /** What the two servers said differently although both fulfil the rule. */
  readonly differences: readonly string[];
  /** Both transcripts, kept for what failed. */
  readonly transcripts: string;
}

export interface RunOptions {
  readonly folder: string;
  /** Path of the real Centrifugo; without it ours runs alone. */
  readonly centrifugo: string | undefined;
  readonly sides: readonly SideName[];
  readonly formats: readonly RuleFormat[];
  readonly verbose: boolean;
}

const runsAtOnce = 6;
const stagesAtOnce = 2;
const limitMs = 20_000;

export interface Outcome {
  readonly runs: readonly Run[];
  /** What our servers left behind when their rules were over. */
  readonly problems: readonly string[];
}

/** Every rule of these groups. Groups with one configuration share its servers; configurations run side by side. */
export async function runGroups(groups: readonly Group[], options: RunOptions): Promise<Outcome> {
  const backend = await Backend.started();
  const stages = new Map<string, Group[]>();
  for (const group of groups) {
    const text = configText(group, backend.url);
    stages.set(text, [...(stages.get(text) ?? []), group]);
  }
  try {
    const all = await mapLimited([...stages], stagesAtOnce, ([config, sharing]) => runStage(config, sharing, backend, options));
    return { runs: all.flatMap(({ runs }) => runs), problems: all.flatMap(({ problems }) => problems) };
  } finally {
    await backend.stop();
  }
}

/** What every group's file says, beneath what its own says. */
function configText(group: Group, backendUrl: string): string {
  const own = typeof group.config === "function" ? group.config({ backendUrl }) : group.config;
  const base: ConfigFile = {
    http_api: { key: API_KEY },
    client: { token: { hmac_secret_key: TOKEN_SECRET }, allowed_origins: ["http://localhost:3000"] },
    health: { enabled: true },
    usage_stats: { disabled: true },
    log: { level: "info" },
  };
  return JSON.stringify(merged(base, own), undefined, 2);
}

function merged(under: ConfigFile, over: ConfigFile): ConfigFile {
  const isObject = (value: unknown): value is ConfigFile => typeof value === "object" && value !== null && !Array.isArray(value);
  const result = { ...under };
  for (const [key, value] of Object.entries(over))
    result[key] = isObject(value) && isObject(under[key]) ? merged(under[key], value) : value;
  return result;
}

async function runStage(config: string, groups: readonly Group[], backend: Backend, options: RunOptions): Promise<Outcome> {
  const folder = join(
    options.folder,
    groups
      .map((group) => group.name)
      .join("+")
      .slice(0, 100),
  );
  mkdirSync(folder, { recursive: true });
  const configFile = join(folder, "config.json");
  writeFileSync(configFile, config);
  const jobs = groups.flatMap((group) =>
    group.rules.flatMap((rule) =>
      rule.formats.filter((format) => options.formats.includes(format)).map((format) => ({ group: group.name, rule, format })),
    ),
  );
  const started = await startEngines(folder, configFile, options).catch((error: unknown) => String(error));
  if (typeof started === "string") return { runs: jobs.map((job) => notStarted(job, started)), problems: [] };
  const one = async ({ group, rule, format }: (typeof jobs)[number]): Promise<Run> => {
    const run = await runRule(group, rule, format, started, backend);
    if (options.verbose)
      process.stdout.write(`${run.ours.kind === "fails" || run.real.kind === "fails" ? "FAILS" : "ok   "} ${rule.id} ${format}\n`);
    return run;
  };
  try {
    const together = await mapLimited(
      jobs.filter(({ rule }) => rule.options.alone !== true),
      runsAtOnce,
      one,
    );
    const alone = await mapLimited(
      jobs.filter(({ rule }) => rule.options.alone === true),
      1,
      one,
    );
    const ours = started.find((engine) => engine.name === "ours");
    const names = groups.map((group) => group.name).join(", ");
    const apiPrefix: string = JSON.parse(config).http_api.handler_prefix ?? "/api";
    const problems = ours === undefined ? [] : (await aftermath(ours, apiPrefix)).map((problem) => `${names}: ${problem}`);
    return { runs: [...together, ...alone], problems };
  } finally {
    await Promise.all(started.map((engine) => engine.end()));
  }
}

/** A server that refuses the file fails every rule that wanted it. */
function notStarted(job: { readonly group: string; readonly rule: Rule; readonly format: RuleFormat }, why: string): Run {
  const options = { ...job.rule.options };
  delete (options as { pending?: string }).pending;
  return {
    ...job,
    rule: { ...job.rule, options },
    ours: { kind: "fails", why },
    real: { kind: "not run" },
    differences: [],
    transcripts: "",
  };
}

async function startEngines(folder: string, configFile: string, options: RunOptions): Promise<RunningEngine[]> {
  const starts: Promise<RunningEngine>[] = [];
  if (options.sides.includes("ours")) starts.push(startOurs({ folder, configFile }));
  if (options.sides.includes("real") && options.centrifugo !== undefined)
    starts.push(startReal({ folder, configFile }, options.centrifugo));
  return Promise.all(starts);
}

let runCount = 0;

async function runRule(group: string, rule: Rule, format: RuleFormat, engines: readonly RunningEngine[], backend: Backend): Promise<Run> {
  const number = String(runCount++ % 10_000).padStart(4, "0");
  const sides = engines.map(
    (engine) => new Side(engine, formats[format === "http" ? "json" : format], `q${number}${engine.name[0]}`, backend),
  );
  const verdicts = await Promise.all(sides.map((side) => judge(side, bodyFor(rule, side.name), rule.options.limitMs ?? limitMs)));
  const of = (name: SideName): Verdict => verdicts[sides.findIndex((side) => side.name === name)] ?? { kind: "not run" };
  const [ours, real] = [sides.find((side) => side.name === "ours"), sides.find((side) => side.name === "real")];
  const bothHold = verdicts.length === 2 && verdicts.every((verdict) => verdict.kind === "holds");
  const compared = bothHold && rule.options.differs === undefined && ours !== undefined && real !== undefined;
  return {
    group,
    rule,
    format,
    ours: of("ours"),
    real: of("real"),
    differences: compared ? differences(ours.transcript, real.transcript, rule.options.compare ?? "in order") : [],
    transcripts: sides.map((side) => `  --- ${side.name}\n${side.transcript}`).join(""),
  };
}

function bodyFor(rule: Rule, name: SideName): Body {
  return name === "real" && rule.options.differs !== undefined ? rule.options.differs.real : rule.body;
}

async function judge(side: Side, body: Body, limit: number): Promise<Verdict> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done within ${limit} ms`)), limit);
    });
    await Promise.race([body(side), late]);
    await side.settle();
    return { kind: "holds" };
  } catch (error) {
    return {
      kind: "fails",
      why: error instanceof Error ? withoutHarness(error.stack ?? error.message) : String(error),
    };
  } finally {
    clearTimeout(timer);
    await Promise.race([side.end(), pause(2_000)]);
  }
}

/** What happened and where in the rule; the way to it through this file says nothing. */
function withoutHarness(stack: string): string {
  const lines = stack.split("\n").filter((line) => !/\(native:|processTicks|conformance\/harness\/run\.ts/.test(line));
  return lines.slice(0, 20).join("\n");
}

async function mapLimited<T, R>(items: readonly T[], limit: number, one: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await one(items[i]!);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
