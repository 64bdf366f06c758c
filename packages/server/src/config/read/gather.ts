import { type Environment, variablePart } from "../environment.ts";
import { type Problem, shown, shownName } from "../problems.ts";
import { isListPath, type ListPath, listPaths, namedLists } from "../table/lists.ts";
import { pushChannelOptions } from "../table/options/namespace.ts";
import { centrifugoOptions, options, ownOptions } from "../table/options.ts";
import type { Tree } from "./file.ts";
import { flatten, isTree, sectionsOf } from "./flatten.ts";

/** A value as somebody wrote it, and where. */
export interface Raw {
  readonly value: unknown;
  readonly source: string;
}

/** Everything that was written, by place, before anything is judged. */
export interface Gathered {
  /** Keys of the table. */
  readonly values: Map<string, Raw>;
  /** A list may stand in the file and be added to by the environment. */
  readonly lists: Map<ListPath, Raw[]>;
  /** Options of single entries from the environment: `<NAME>_<OPTION>` behind the list's own name. */
  readonly listVariables: { readonly list: ListPath; readonly name: string; readonly raw: Raw }[];
  /** `push.channels`: namespace, option. */
  readonly pushChannels: Map<string, Map<string, Raw>>;
  readonly pushVariables: { readonly name: string; readonly raw: Raw }[];
  /** What no table knows. */
  readonly strays: { readonly path: string; readonly source: string }[];
  readonly strayVariables: string[];
  readonly problems: Problem[];
}

export function emptyGathered(): Gathered {
  return {
    values: new Map(),
    lists: new Map(),
    listVariables: [],
    pushChannels: new Map(),
    pushVariables: [],
    strays: [],
    strayVariables: [],
    problems: [],
  };
}

const pushChannels = "push.channels";
const known = { ...options, ...namedLists, [pushChannels]: true };
const sections = sectionsOf(Object.keys(known));

export function gatherFile(into: Gathered, { $schema: _forEditors, ...tree }: Tree, source: string): void {
  flatten(tree, known, sections, {
    value: (path, value) => {
      if (isListPath(path)) into.lists.set(path, [{ value, source }]);
      else if (path === pushChannels) gatherPushChannels(into, value, source);
      else into.values.set(path, { value, source });
    },
    unknown: (path) => into.strays.push({ path, source }),
    problem: (key, value, expected) => into.problems.push({ source, key, value, expected }),
  });
}

function gatherPushChannels(into: Gathered, tree: unknown, source: string): void {
  const refuse = (key: string, value: unknown): void => {
    into.problems.push({ source, key, value: shown(value, false), expected: "expected a section of keys" });
  };
  if (!isTree(tree)) {
    if (tree !== null) refuse(pushChannels, tree);
    return;
  }
  for (const [namespace, node] of Object.entries(tree)) {
    if (!isTree(node)) {
      refuse(`${pushChannels}.${shownName(namespace)}`, node);
      continue;
    }
    for (const [key, value] of Object.entries(node)) {
      const option = key.toLowerCase();
      if (Object.hasOwn(pushChannelOptions, option)) pushOption(into, namespace, option, { value, source });
      else into.strays.push({ path: `${pushChannels}.${namespace}.${option}`, source });
    }
  }
}

export function pushOption(into: Gathered, namespace: string, option: string, raw: Raw): void {
  const channel = into.pushChannels.get(namespace) ?? new Map<string, Raw>();
  channel.set(option, raw);
  into.pushChannels.set(namespace, channel);
}

/** Read by the tests, the launcher and Kubernetes; not ours to warn about. */
const foreignVariables = /^(FLEETCAST_(CONFIG|BUN)|CENTRIFUGO_(BIN|CONFIG|VAR_.*)|(FLEETCAST|CENTRIFUGO)(_[A-Z0-9_]+)?_(PORT|SERVICE_).*)$/;

const sharedPaths = pathsByVariable([...Object.keys(centrifugoOptions), ...listPaths]);
const ownPaths = pathsByVariable(Object.keys(ownOptions));

/**
 * `FLEETCAST_<PATH>` for every key, `CENTRIFUGO_<PATH>` for those that are Centrifugo's. An empty one is unset (K5).
 * The same key by both names with different values is a problem: nobody could say which was meant.
 */
export function gatherEnvironment(into: Gathered, environment: Environment): void {
  for (const [variable, value] of Object.entries(environment)) {
    const [prefix, name] = splitVariable(variable);
    if (prefix === undefined || value === undefined || value === "" || isServiceLink(name, value)) continue;
    const raw = { value, source: `environment ${variable}` };
    const place = placeOf(prefix, name);
    if (place === undefined) {
      if (!foreignVariables.test(variable)) into.strayVariables.push(variable);
      continue;
    }
    const twin = environment[`${prefix === "FLEETCAST" ? "CENTRIFUGO" : "FLEETCAST"}_${name}`] ?? "";
    if (place.shared && twin !== "") {
      // Said once, for the pair.
      if (twin !== value && prefix === "FLEETCAST") {
        into.problems.push({
          source: raw.source,
          key: place.path,
          expected: `CENTRIFUGO_${name} says something else; keep one of the two`,
        });
      }
      if (prefix === "CENTRIFUGO") continue;
    }
    place.put(into, raw);
  }
}

/**
 * Kubernetes tells each container where the services of its namespace are: one that is called `fleetcast-mqtt` makes
 * `FLEETCAST_MQTT_PORT=tcp://10.0.0.7:1883`, which is the name of a key of ours and not meant as one.
 */
function isServiceLink(name: string, value: string): boolean {
  return name.endsWith("_PORT") && /^(tcp|udp|sctp):\/\//.test(value);
}

/** What the command line says wins over everything. */
export function gatherFlags(into: Gathered, keys: Readonly<Record<string, string | boolean>>): void {
  for (const [path, value] of Object.entries(keys)) into.values.set(path, { value, source: "command line" });
}

interface Place {
  readonly path: string;
  /** Centrifugo has it, too: both prefixes name it. */
  readonly shared: boolean;
  readonly put: (into: Gathered, raw: Raw) => void;
}

function placeOf(prefix: "FLEETCAST" | "CENTRIFUGO", name: string): Place | undefined {
  const path = sharedPaths.get(name);
  if (path !== undefined && isListPath(path)) {
    return { path, shared: true, put: (into, raw) => into.lists.set(path, [...(into.lists.get(path) ?? []), raw]) };
  }
  if (path !== undefined) return { path, shared: true, put: (into, raw) => into.values.set(path, raw) };
  const own = prefix === "FLEETCAST" ? ownPaths.get(name) : undefined;
  if (own !== undefined) return { path: own, shared: false, put: (into, raw) => into.values.set(own, raw) };
  const list = listPaths.find((candidate) => name.startsWith(`${variablePart(candidate)}_`));
  if (list !== undefined) {
    const rest = name.slice(variablePart(list).length + 1);
    return { path: list, shared: true, put: (into, raw) => into.listVariables.push({ list, name: rest, raw }) };
  }
  const push = `${variablePart(pushChannels)}_`;
  if (prefix === "FLEETCAST" && name.startsWith(push)) {
    return { path: pushChannels, shared: false, put: (into, raw) => into.pushVariables.push({ name: name.slice(push.length), raw }) };
  }
  return undefined;
}

/** All names that the environment may have, for the nearest one to a misspelt name. */
export function knownVariables(): string[] {
  return [...ownPaths.keys(), ...sharedPaths.keys()].map((name) => `FLEETCAST_${name}`);
}

function splitVariable(variable: string): ["FLEETCAST" | "CENTRIFUGO" | undefined, string] {
  for (const prefix of ["FLEETCAST", "CENTRIFUGO"] as const) {
    if (variable.startsWith(`${prefix}_`)) return [prefix, variable.slice(prefix.length + 1)];
  }
  return [undefined, ""];
}

function pathsByVariable(paths: readonly string[]): ReadonlyMap<string, string> {
  return new Map(paths.map((path) => [variablePart(path), path]));
}
