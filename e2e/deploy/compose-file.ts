import { readFileSync } from "node:fs";
import { parse } from "yaml";

/** The parts of a compose file that running its services needs. */
export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export interface ComposeService {
  readonly image: string;
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>;
}

/** Reads `KEY=value` lines, as compose reads `.env`. */
export function readVariables(file: string): Record<string, string> {
  const lines = readFileSync(file, "utf8").split("\n");
  return Object.fromEntries(lines.filter((line) => /^[A-Z]/.test(line)).map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

/**
 * A compose file with its anchors merged and its `${VARIABLE}`s filled in.
 * @throws Error for a variable that the file requires (`:?`) and nobody set
 */
export function readCompose(file: string, variables: Readonly<Record<string, string>>): ComposeFile {
  return filled(parse(readFileSync(file, "utf8"), { merge: true }), variables) as ComposeFile;
}

function filled(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") return text(value, variables);
  if (Array.isArray(value)) return value.map((item) => filled(item, variables));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item, variables)]));
}

function text(template: string, variables: Readonly<Record<string, string>>): string {
  return template.replace(/\$\$|\$\{(\w+)(?::([?-])([^}]*))?\}/g, (whole, name?: string, rule?: string, rest = "") => {
    if (name === undefined) return whole === "$$" ? "$" : whole;
    const value = variables[name];
    if (value !== undefined && value !== "") return value;
    if (rule === "-") return rest;
    throw new Error(`\${${name}} is not set: ${rest}`);
  });
}

export function dependencies(service: ComposeService): { readonly name: string; readonly toItsEnd: boolean }[] {
  const { depends_on: on = [] } = service;
  if (Array.isArray(on)) return on.map((name: string) => ({ name, toItsEnd: false }));
  return Object.entries(on as Readonly<Record<string, { readonly condition: string }>>).map(([name, { condition }]) => ({
    name,
    toItsEnd: condition === "service_completed_successfully",
  }));
}
