import { type Environment, variableName } from "./environment.ts";
import type { Tree } from "./file.ts";
import { namespaceOptions, pushChannelOptions } from "./namespace-options.ts";
import { pathNotHonoured } from "./not-honoured.ts";
import { centrifugoOptions, options, ownOptions } from "./options.ts";
import { type Problem, shown } from "./problems.ts";

/** A value as somebody wrote it, and where. */
export interface Raw {
  readonly value: unknown;
  readonly source: string;
}

/** Everything that was written, by place, before anything is judged. */
export interface Gathered {
  /** Keys of the table, and `channel.without_namespace.*`. */
  readonly values: Map<string, Raw>;
  namespaces: Raw | undefined;
  /** Options of single namespaces from the environment: `<NAME>_<OPTION>` behind CHANNEL_NAMESPACES_. */
  readonly namespaceVariables: { readonly name: string; readonly raw: Raw }[];
  /** `push.channels`: namespace, option. */
  readonly pushChannels: Map<string, Map<string, Raw>>;
  readonly pushVariables: { readonly name: string; readonly raw: Raw }[];
  /** What no table knows. */
  readonly strays: { readonly path: string; readonly raw: Raw }[];
  readonly strayVariables: string[];
  readonly problems: Problem[];
}

export function emptyGathered(): Gathered {
  return {
    values: new Map(),
    namespaces: undefined,
    namespaceVariables: [],
    pushChannels: new Map(),
    pushVariables: [],
    strays: [],
    strayVariables: [],
    problems: [],
  };
}

const withoutNamespace = "channel.without_namespace";
const sections = new Set(
  [...Object.keys(options), `${withoutNamespace}.x`, "push.channels.x", "channel.namespaces"].flatMap((path) => {
    const parts = path.split(".");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
  }),
);

/** Keys are read without regard to case, as Centrifugo reads them; names of namespaces are not keys. */
export function gatherFile(into: Gathered, tree: Tree, source: string): void {
  const walk = (node: Tree, above: string): void => {
    for (const [key, value] of Object.entries(node)) {
      const path = above === "" ? key.toLowerCase() : `${above}.${key.toLowerCase()}`;
      const raw = { value, source };
      if (path === "channel.namespaces") into.namespaces = raw;
      else if (path === "push.channels" && isTree(value)) gatherPushChannels(into, value, source);
      else if (path in options || optionBehind(withoutNamespace, path) in namespaceOptions) into.values.set(path, raw);
      else if (isTree(value)) walk(value, path);
      else if (!sections.has(path)) into.strays.push({ path, raw });
      else if (value !== null)
        into.problems.push({ source, key: path, value: shown(value, false), expected: "expected a section of keys" });
    }
  };
  walk(tree, "");
}

function gatherPushChannels(into: Gathered, tree: Tree, source: string): void {
  for (const [namespace, node] of Object.entries(tree)) {
    if (!isTree(node)) {
      into.problems.push({ source, key: `push.channels.${namespace}`, value: shown(node, false), expected: "expected a section of keys" });
      continue;
    }
    for (const [option, value] of Object.entries(node)) {
      if (option in pushChannelOptions) pushOption(into, namespace, option, { value, source });
      else into.strays.push({ path: `push.channels.${namespace}.${option}`, raw: { value, source } });
    }
  }
}

export function pushOption(into: Gathered, namespace: string, option: string, raw: Raw): void {
  const channel = into.pushChannels.get(namespace) ?? new Map<string, Raw>();
  channel.set(option, raw);
  into.pushChannels.set(namespace, channel);
}

/** Read by the tests, the launcher and Kubernetes; not ours to warn about. */
const foreignVariables = /^(FLEETCAST_(CONFIG|BUN)|CENTRIFUGO_(BIN|CONFIG|VAR_.*)|(FLEETCAST|CENTRIFUGO)(_.*)?_(PORT|SERVICE)(_.*)?)$/;

/**
 * `FLEETCAST_<PATH>` for every key, `CENTRIFUGO_<PATH>` for those that are Centrifugo's. An empty one is unset (K5).
 * The same key by both names with different values is a problem: nobody could say which was meant.
 */
export function gatherEnvironment(into: Gathered, environment: Environment): void {
  const shared = pathsByVariable([
    ...Object.keys(centrifugoOptions),
    ...Object.keys(namespaceOptions).map((o) => `${withoutNamespace}.${o}`),
  ]);
  const own = pathsByVariable(Object.keys(ownOptions));
  for (const [variable, value] of Object.entries(environment)) {
    const [prefix, name] = splitVariable(variable);
    if (prefix === undefined || value === undefined || value === "") continue;
    const raw = { value, source: `environment ${variable}` };
    const path = shared.get(name) ?? (prefix === "FLEETCAST" ? own.get(name) : undefined);
    if (path !== undefined) {
      const twin = environment[variableName(path, prefix === "FLEETCAST" ? "CENTRIFUGO" : "FLEETCAST")];
      if (shared.has(name) && twin !== undefined && twin !== "" && twin !== value) {
        if (prefix === "FLEETCAST") {
          into.problems.push({
            source: `environment ${variable}`,
            key: path,
            expected: `${variableName(path, "CENTRIFUGO")} says something else; keep one of the two`,
          });
        }
        continue;
      }
      into.values.set(path, raw);
    } else if (name === "CHANNEL_NAMESPACES") into.namespaces = raw;
    else if (name.startsWith("CHANNEL_NAMESPACES_")) into.namespaceVariables.push({ name: name.slice("CHANNEL_NAMESPACES_".length), raw });
    else if (prefix === "FLEETCAST" && name.startsWith("PUSH_CHANNELS_"))
      into.pushVariables.push({ name: name.slice("PUSH_CHANNELS_".length), raw });
    else {
      const elsewhere = pathNotHonoured(name);
      if (elsewhere !== undefined) into.strays.push({ path: elsewhere, raw });
      else if (!foreignVariables.test(variable)) into.strayVariables.push(variable);
    }
  }
}

/** All names that the environment may have, for the nearest one to a misspelt name. */
export function knownVariables(): string[] {
  return Object.keys(options).map((path) => variableName(path));
}

function splitVariable(variable: string): ["FLEETCAST" | "CENTRIFUGO" | undefined, string] {
  for (const prefix of ["FLEETCAST", "CENTRIFUGO"] as const) {
    if (variable.startsWith(`${prefix}_`)) return [prefix, variable.slice(prefix.length + 1)];
  }
  return [undefined, ""];
}

function pathsByVariable(paths: readonly string[]): Map<string, string> {
  return new Map(paths.map((path) => [path.toUpperCase().replaceAll(".", "_"), path]));
}

function optionBehind(section: string, path: string): string {
  return path.startsWith(`${section}.`) ? path.slice(section.length + 1) : "";
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
