import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../harness/fleetcast.ts";
import type { Introduction } from "./program.ts";
import { hasFailed, type Run } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import type { SdkName } from "./sdks.ts";

/** One line a scenario: by which ways it was done, and what of them failed. */
export function table(runs: readonly Run[], introductions: ReadonlyMap<SdkName, Introduction>): string {
  const rows = new Map<string, Run[]>();
  for (const run of runs) rows.set(run.scenario.id, [...(rows.get(run.scenario.id) ?? []), run]);
  const lines = [...rows.values()].map((of) => {
    const failed = of.filter(hasFailed);
    const verdict = failed.length === 0 ? `${of.length} ok` : `FAILS by ${failed.map(({ way }) => way.name).join(", ")}`;
    const { id, text, options } = of[0]!.scenario;
    return { id, line: `${id.padEnd(7)}${(options.on ?? "both").padEnd(6)}${verdict.padEnd(7)} ${text}` };
  });
  lines.sort((a, b) => Number(a.id.slice(3)) - Number(b.id.slice(3)));
  const sdks = [...introductions.values()].map(({ sdk, version }) => `${sdk} ${version}`).join(", ");
  return [sdks, ...lines.map(({ line }) => line)].join("\n");
}

export function failureText(run: Run): string {
  const lines = [`[${run.scenario.id}] ${run.scenario.text} (${run.way.name})`];
  for (const [name, why] of run.failures) if (why !== undefined) lines.push(`  ${name}: ${why.replaceAll("\n", "\n    ")}`);
  for (const difference of run.differences) lines.push(`  both did it, but ${difference}`);
  return `${lines.join("\n")}\n${run.transcripts}`;
}

export const pagePath = join(root, "docs", "spec", "sdks.md");

/** The scenarios as rules with ids. */
export function page(scenarios: readonly Scenario[]): string {
  const where = { both: "Fleetcast and Centrifugo", ours: "Fleetcast", real: "Centrifugo" };
  const rows = scenarios.map(
    ({ id, text, options }) => `| ${id} | ${text} | ${where[options.on ?? "both"]} | ${(options.needs ?? []).join(", ")} |`,
  );
  return `${[
    "# What the stock SDKs see",
    "",
    "Made from `e2e/sdks/scenarios` by its runner (`--write`). The stock SDKs of JavaScript, Go and Python do each of these by every transport and in every",
    "format that they have, as far as they have what it needs; on both servers with one configuration file, and then both transcripts are equal.",
    "Which SDKs in which versions: [../sdks.md](../sdks.md).",
    "",
    "| id | what | on | needs |",
    "|---|---|---|---|",
    ...rows,
  ].join("\n")}\n`;
}

/** What is wrong with the scenarios as they are written. */
export function problemsOf(scenarios: readonly Scenario[]): string[] {
  const ids = scenarios.map(({ id }) => id);
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is there twice`);
  const written = existsSync(pagePath) ? readFileSync(pagePath, "utf8") : "";
  return written === page(scenarios) ? twice : [...twice, "docs/spec/sdks.md is not what the scenarios say (--write makes it)"];
}
