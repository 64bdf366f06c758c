import type { Environment } from "../environment.ts";
import { type Problem, shown } from "../problems.ts";
import type { Raw } from "../read/gather.ts";
import type { Option } from "../table/option.ts";
import { gatesOf, standingOf, type Table } from "../table/standing.ts";

/** What judging found, beside the values. */
export interface Findings {
  readonly environment: Environment;
  /** A real Centrifugo stands behind us: what it can do and we cannot is passed on to it. */
  readonly passesOn: boolean;
  readonly problems: Problem[];
  readonly warnings: string[];
  /** Keys that Centrifugo honours and we do not. */
  readonly refused: Problem[];
  /** Names that belong to nothing, each told whole; refused with --strict. */
  readonly strays: string[];
  /** Unknown keys, for the nearest name among `known`. */
  readonly unknown: { readonly path: string; readonly source: string; readonly known: readonly string[]; readonly above: string }[];
}

/**
 * Reads what was written for the keys of one table, and says of every key how it stands. `above` is the path of the table
 * itself, for messages.
 */
export function judgeTable(table: Table, written: ReadonlyMap<string, Raw>, above: string, findings: Findings): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.default;
  for (const [name, raw] of written) {
    const option = table[name];
    const key = `${above}${name}`;
    if (option === undefined) {
      findings.unknown.push({ path: name, source: raw.source, known: Object.keys(table), above });
      continue;
    }
    const read = option.parse(raw.value, findings.environment);
    if (read === undefined || "problem" in read) {
      findings.problems.push(wrongValue(key, raw, option, read?.problem ?? `expected ${option.expected}`));
      continue;
    }
    values[name] = read.value;
    if (read.warning !== undefined) findings.warnings.push(`${raw.source}: ${key}: ${read.warning}`);
  }
  for (const [name, raw] of written) if (name in table) judgeStanding(table, name, values, raw, above, findings);
  return values;
}

function judgeStanding(
  table: Table,
  name: string,
  values: Readonly<Record<string, unknown>>,
  raw: Raw,
  above: string,
  findings: Findings,
): void {
  const standing = standingOf(table, name);
  const option = table[name]!;
  if (standing === undefined || standing.kind === "part" || isSame(values[name], option.default)) return;
  // While its section is off, a key has no effect in Centrifugo either.
  if (gatesOf(table, name).some((gate) => values[gate] === false)) return;
  const key = `${above}${name}`;
  if (standing.kind === "unneeded") {
    if (!findings.passesOn) findings.warnings.push(`${raw.source}: ${key} has no effect in Fleetcast: ${standing.why}`);
  } else if (!findings.passesOn || standing.passedOn === undefined) {
    findings.refused.push(wrongValue(key, raw, option, `not honoured by Fleetcast: ${standing.remedy}`));
  } else if (!standing.passedOn.values.includes(values[name])) {
    findings.refused.push(wrongValue(key, raw, option, standing.passedOn.otherwise));
  }
}

export function wrongValue(key: string, raw: Raw, option: Pick<Option<unknown>, "kind">, expected: string): Problem {
  const isSecret = option.kind === "secret" || option.kind === "pem" || option.kind === "map";
  // An address may carry a password.
  const value = typeof raw.value === "string" ? raw.value.replace(/\/\/[^/@\s]*@/, "//(secret)@") : raw.value;
  return { source: raw.source, key, value: shown(value, isSecret), expected };
}

function isSame(value: unknown, initial: unknown): boolean {
  if (value instanceof Map) return value.size === 0;
  if (Array.isArray(value)) return JSON.stringify(value) === JSON.stringify(initial ?? []);
  return value === initial;
}
