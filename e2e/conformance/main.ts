import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { inCi } from "../parts/find.ts";
import type { SideName } from "./harness/engines.ts";
import {
  type Counts,
  countsOf,
  failureText,
  hasFailed,
  isPending,
  page,
  pagesFolder,
  pendingLines,
  problemsOf,
  table,
} from "./harness/report.ts";
import type { Group, RuleFormat } from "./harness/rule.ts";
import { runGroups } from "./harness/run.ts";

/**
 * The conformance suite: every rule against our server and against a real Centrifugo with the same configuration file.
 * Without a real one ours runs alone, which is said; in CI that is a failure.
 */
const { values: flags } = parseArgs({
  options: {
    group: { type: "string", multiple: true },
    only: { type: "string", multiple: true },
    side: { type: "string" },
    format: { type: "string", multiple: true },
    write: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    counts: { type: "string" },
  },
});

const groups = await loadGroups();
if (flags.write) writePages(groups);
const chosen = groups
  .filter((group) => flags.group === undefined || flags.group.includes(group.name))
  .map((group) => ({
    ...group,
    rules: group.rules.filter(({ id, text }) => flags.only?.some((word) => `[${id}] ${text}`.includes(word)) ?? true),
  }))
  .filter((group) => group.rules.length > 0);
const real = findCentrifugo({ build: inCi });
if (!real.found) process.stderr.write(`COMPARISON SKIPPED, only our server is asked: ${real.why}\n`);

const folder = mkdtempSync(join(tmpdir(), "fleetcast-conformance-"));
const started = performance.now();
const { runs, problems: aftermath } = await runGroups(chosen, {
  folder,
  centrifugo: real.found ? real.path : undefined,
  sides: flags.side === undefined ? ["ours", "real"] : [flags.side as SideName],
  formats: (flags.format as RuleFormat[] | undefined) ?? ["json", "protobuf", "http"],
  verbose: flags.verbose,
});
const problems = [...problemsOf(groups), ...aftermath];

process.stdout.write(`\n${table(runs)}\n`);
if (flags.show) for (const run of runs) process.stdout.write(`\n[${run.rule.id}] ${run.format}\n${run.transcripts}`);
for (const run of runs) if (hasFailed(run) && !isPending(run)) process.stdout.write(`\nFAILED ${failureText(run)}`);
for (const line of pendingLines(runs)) process.stdout.write(`\n${line}\n`);
for (const problem of problems) process.stdout.write(`\nFAILED ${problem}\n`);

const counts = countsOf(runs);
counts.failed += problems.length + (inCi && !real.found ? 1 : 0);
if (!real.found && !inCi) counts.skipped++;
report(counts);
if (counts.failed === 0) rmSync(folder, { recursive: true, force: true });
else process.stdout.write(`configuration and logs of the servers: ${folder}\n`);
process.exit(counts.failed > 0 || runs.length === 0 ? 1 : 0);

async function loadGroups(): Promise<Group[]> {
  const folder = new URL("./groups/", import.meta.url);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .sort();
  const modules = await Promise.all(files.map((name) => import(new URL(name, folder).href) as Promise<{ default?: Group }>));
  return modules.flatMap((module) => (module.default === undefined ? [] : [module.default]));
}

function writePages(all: readonly Group[]): void {
  mkdirSync(pagesFolder, { recursive: true });
  const names = new Set(all.map((group) => `${group.name}.md`));
  for (const name of readdirSync(pagesFolder)) if (!names.has(name)) rmSync(join(pagesFolder, name));
  for (const group of all) writeFileSync(join(pagesFolder, `${group.name}.md`), page(group));
}

function report({ passed, failed, skipped, pending }: Counts): void {
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const ids = new Set(runs.map((run) => run.rule.id)).size;
  process.stdout.write(
    `\n${ids} rules, ${runs.length} runs: ${passed} passed, ${failed} failed, ${pending} pending, ${skipped} skipped in ${seconds} s\n`,
  );
  if (flags.counts !== undefined) writeFileSync(flags.counts, JSON.stringify({ passed, failed, skipped: skipped + pending }));
}
