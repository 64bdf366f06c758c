import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../harness/fleetcast.ts";
import type { Group, Rule } from "./rule.ts";
import type { Run, Verdict } from "./run.ts";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  pending: number;
}

export const hasFailed = (run: Run): boolean => run.ours.kind === "fails" || run.real.kind === "fails" || run.differences.length > 0;

/** Marked as being worked on, and the real server at least does what the rule says. */
export const isPending = (run: Run): boolean => run.rule.options.pending !== undefined && run.real.kind !== "fails";

export function countsOf(runs: readonly Run[]): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const run of runs) {
    if (isPending(run)) counts.pending++;
    else if (hasFailed(run)) counts.failed++;
    else counts.passed++;
  }
  return counts;
}

/** `rule, ours, real`, one line a rule; formats that fare alike share it. */
export function table(runs: readonly Run[]): string {
  const rows = new Map<string, { readonly run: Run; readonly formats: string[] }>();
  for (const run of runs) {
    const key = `${run.rule.id}|${word(run, "ours")}|${word(run, "real")}`;
    const row = rows.get(key) ?? { run, formats: [] };
    row.formats.push(run.format);
    rows.set(key, row);
  }
  const lines = [...rows.values()].map(({ run, formats }) =>
    [
      run.rule.id.padEnd(9),
      [...new Set(formats)].join(" ").padEnd(13),
      word(run, "ours").padEnd(8),
      word(run, "real").padEnd(8),
      run.rule.text,
    ].join(" "),
  );
  return [["rule".padEnd(9), "format".padEnd(13), "ours".padEnd(8), "real".padEnd(8), "what"].join(" "), ...lines].join("\n");
}

function word(run: Run, side: "ours" | "real"): string {
  const verdict: Verdict = run[side];
  if (verdict.kind === "not run") return "-";
  if (verdict.kind === "fails" && side === "real") return "FAILS";
  if (hasFailed(run) && isPending(run)) return side === "ours" ? "pending" : "ok";
  if (verdict.kind === "fails") return "FAILS";
  if (run.differences.length > 0) return "differ";
  return side === "real" && run.rule.options.differs !== undefined ? "differs" : "ok";
}

export function failureText(run: Run): string {
  const lines = [`[${run.rule.id}] ${run.rule.text} (${run.group}, ${run.format})`];
  if (run.ours.kind === "fails") lines.push(`  ours: ${run.ours.why.replaceAll("\n", "\n    ")}`);
  if (run.real.kind === "fails") lines.push(`  real: ${run.real.why.replaceAll("\n", "\n    ")}`);
  for (const difference of run.differences) lines.push(`  both fulfil it, but ${difference}`);
  return `${lines.join("\n")}\n${run.transcripts}`;
}

/** What is still being worked on, one line a reason; and marks that have done their duty. */
export function pendingLines(runs: readonly Run[]): string[] {
  const waiting = new Map<string, Set<string>>();
  for (const run of runs.filter(isPending)) {
    const reason = hasFailed(run)
      ? `pending, ${run.rule.options.pending}`
      : `PENDING, BUT IT HOLDS (take the mark away), ${run.rule.options.pending}`;
    waiting.set(reason, (waiting.get(reason) ?? new Set()).add(run.rule.id));
  }
  return [...waiting].map(([reason, ids]) => `${reason}: ${[...ids].join(" ")}`);
}

export const pagesFolder = join(root, "docs", "spec", "conformance");

/** A group's page: its rules, and where the real server is known to do something else. */
export function page(group: Group): string {
  const row = (rule: Rule): string => {
    const { differs, pending } = rule.options;
    const note = differs !== undefined ? `differs: ${differs.deviation}` : pending !== undefined ? `pending: ${pending}` : "same";
    return `| ${rule.id} | ${cell(rule.text)} | ${rule.formats.join(", ")} | ${cell(note)} |`;
  };
  return `${[
    `# ${group.title}`,
    "",
    group.about,
    "",
    `Made from \`e2e/conformance/groups\` by its runner; every rule runs against our server and a real Centrifugo v6.9.6 with one configuration file.`,
    "",
    "| id | rule | in | real Centrifugo |",
    "|---|---|---|---|",
    ...group.rules.map(row),
  ].join("\n")}\n`;
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** What is wrong with the rules as they are written: ids, deviations, pages. */
export function problemsOf(groups: readonly Group[]): string[] {
  const problems: string[] = [];
  const spec = join(root, "docs", "spec");
  const texts = readdirSync(spec)
    .filter((name) => name.endsWith(".md"))
    .map((name) => readFileSync(join(spec, name), "utf8"));
  const deviations = readFileSync(join(spec, "deviations.md"), "utf8");
  const seen = new Set<string>();
  for (const { id, options } of groups.flatMap((group) => group.rules)) {
    if (seen.has(id)) problems.push(`${id} is there twice`);
    seen.add(id);
    const base = id.split(".")[0]!;
    if (!texts.some((text) => new RegExp(`\\b${base}\\b`).test(text))) problems.push(`${id}: no page of docs/spec knows ${base}`);
    if (options.differs !== undefined && !deviations.includes(options.differs.deviation)) {
      problems.push(`${id}: docs/spec/deviations.md has no line with "${options.differs.deviation}"`);
    }
  }
  for (const group of groups) {
    const file = join(pagesFolder, `${group.name}.md`);
    if (!existsSync(file) || readFileSync(file, "utf8") !== page(group))
      problems.push(`docs/spec/conformance/${group.name}.md is not current`);
  }
  return problems;
}
