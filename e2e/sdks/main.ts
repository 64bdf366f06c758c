import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { inCi } from "../parts/find.ts";
import { failureText, page, pagePath, problemsOf, table } from "./driver/report.ts";
import { hasFailed, runScenarios } from "./driver/run.ts";
import type { Scenario } from "./driver/scenario.ts";
import { prepare, type SdkName } from "./driver/sdks.ts";
import { ways } from "./driver/ways.ts";

/** The stock SDKs of three languages against our server and a real Centrifugo, one script for all (e2e/sdks/README.md). */
const { values: flags } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    way: { type: "string", multiple: true },
    verbose: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    show: { type: "boolean", default: false },
    counts: { type: "string" },
  },
});

const scenarios = await loadScenarios();
if (flags.write) writeFileSync(pagePath, page(scenarios));
const started = performance.now();
const folder = mkdtempSync(join(tmpdir(), "fleetcast-sdks-"));
const counts = { passed: 0, failed: 0, skipped: 0 };
const missing = (why: string): void => {
  process.stderr.write(`${inCi ? "FAILED" : "SKIPPED"}: ${why}\n`);
  counts[inCi ? "failed" : "skipped"]++;
};

const chosenWays = ways.filter(({ name }) => flags.way?.some((word) => name.startsWith(word)) ?? true);
const commands = new Map<SdkName, readonly string[]>();
const names = [...new Set(chosenWays.map(({ sdk }) => sdk))];
for (const [index, prepared] of (await Promise.all(names.map((name) => prepare(name, folder)))).entries()) {
  if ("command" in prepared) commands.set(names[index]!, prepared.command);
  else missing(`the SDK of ${names[index]}: ${prepared.missing}`);
}
const real = findCentrifugo({ build: inCi });
if (!real.found) missing(`the comparison with a real Centrifugo: ${real.why}`);

const {
  runs,
  problems: aftermath,
  introductions,
} = await runScenarios({
  folder,
  centrifugo: real.found ? real.path : undefined,
  scenarios: scenarios.filter(({ id, text }) => flags.only?.some((word) => id === word || text.includes(word)) ?? true),
  ways: chosenWays.filter(({ sdk }) => commands.has(sdk)),
  commands,
  verbose: flags.verbose,
});

const problems = [...problemsOf(scenarios), ...aftermath];

process.stdout.write(`\n${table(runs, introductions)}\n`);
if (flags.show) for (const run of runs) process.stdout.write(`\n[${run.scenario.id}] ${run.way.name}\n${run.transcripts}`);
for (const run of runs.filter(hasFailed)) process.stdout.write(`\nFAILED ${failureText(run)}`);
for (const problem of problems) process.stdout.write(`\nFAILED ${problem}\n`);
for (const run of runs) counts[hasFailed(run) ? "failed" : "passed"]++;
counts.failed += problems.length;
const seconds = ((performance.now() - started) / 1_000).toFixed(1);
process.stdout.write(
  `\n${runs.length} sessions: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped in ${seconds} s\n`,
);
if (flags.counts !== undefined) writeFileSync(flags.counts, JSON.stringify(counts));
if (counts.failed === 0) rmSync(folder, { recursive: true, force: true });
else process.stdout.write(`configuration and logs of the servers: ${folder}\n`);
process.exit(counts.failed > 0 || runs.length === 0 ? 1 : 0);

async function loadScenarios(): Promise<Scenario[]> {
  const names = readdirSync(join(import.meta.dirname, "scenarios")).filter((name) => name.endsWith(".ts"));
  const modules = await Promise.all(names.sort().map((name) => import(`./scenarios/${name}`) as Promise<{ default: Scenario[] }>));
  return modules.flatMap((module) => module.default).sort((a, b) => Number(a.id.slice(3)) - Number(b.id.slice(3)));
}
