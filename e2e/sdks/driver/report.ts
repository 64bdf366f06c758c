import type { Introduction } from "./program.ts";
import { hasFailed, type Run } from "./run.ts";
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
