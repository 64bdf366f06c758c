/** One thing wrong with the configuration: where it stands, what it says, what would be right. */
export interface Problem {
  /** A file's path, `environment FLEETCAST_...` or a flag. */
  readonly source: string;
  readonly key: string;
  /** As shown; secrets are replaced before. Absent where the key alone is the problem. */
  readonly value?: string | undefined;
  readonly expected: string;
}

/** The start is refused: every problem at once, exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(describe).join("\n"));
    this.problems = problems;
  }
}

export function describe(problem: Problem): string {
  const value = problem.value === undefined ? "" : ` = ${problem.value}`;
  const key = problem.key === "" ? "" : `${problem.key}${value}: `;
  return `${problem.source}: ${key}${problem.expected}`;
}

/** A value for an error text: short, on one line, never a secret. */
export function shown(value: unknown, secret: boolean): string {
  if (secret) return "(secret)";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** A key that somebody made up, for an error text: on one line, and not longer than a line. */
export function shownName(name: string): string {
  const text = /^[\x20-\x7e]*$/.test(name)
    ? name
    : JSON.stringify(name)
        .slice(1, -1)
        .replaceAll(/[^\x20-\x7e]/g, "?");
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
