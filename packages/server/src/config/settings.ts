import type { RpcOptions } from "@fleetcast/engine";
import { closest, distance } from "fastest-levenshtein";
import type { ProxiesConfig } from "./config.ts";
import type { Environment } from "./environment.ts";
import { type Findings, judgeTable } from "./judge/judge.ts";
import { type EntryLists, readLists } from "./judge/named-entries.ts";
import { type Channels, judgeNamespaces } from "./judge/namespaces.ts";
import { judgeProxies } from "./judge/proxies.ts";
import { judgeRpc } from "./judge/rpc.ts";
import { insecurePaths, judgeTogether } from "./judge/together.ts";
import { type ListenerTls, readListenerTls } from "./listener-tls.ts";
import { ConfigError, shownName } from "./problems.ts";
import { findFile, readFile } from "./read/file.ts";
import { emptyGathered, type Gathered, gatherEnvironment, gatherFile, gatherFlags, knownVariables, type Raw } from "./read/gather.ts";
import { needsOwnTokenKey } from "./secrets.ts";
import { type OptionValues, options } from "./table/options.ts";

/** Where a start looks for its settings. Flags win over environment, environment over file, file over defaults. */
export interface Sources {
  readonly flags: {
    /** "" for no file at all, whatever lies in the working folder. */
    readonly config?: string | undefined;
    readonly dataDir?: string | undefined;
    /** Keys of the table that the command line says (`table/flags.ts`). */
    readonly keys?: Readonly<Record<string, string | boolean>> | undefined;
  };
  readonly environment: Environment;
  /** The working folder: relative paths are relative to it. */
  readonly folder: string;
  /** Unknown keys refuse the start instead of warning. */
  readonly strict?: boolean | undefined;
}

/** Everything that was set, checked; secrets that nobody set are still empty. */
export interface Settings extends Channels, ListenerTls {
  /** The file's path, or "defaults". */
  readonly source: string;
  readonly values: OptionValues;
  /** Keys that somebody set, as opposed to defaults. */
  readonly set: ReadonlySet<string>;
  /** What was written, as it was written. */
  readonly written: Written;
  readonly proxies: ProxiesConfig;
  readonly rpc: RpcOptions;
  readonly warnings: readonly string[];
}

/** For what prints a configuration again. */
export interface Written {
  readonly values: ReadonlyMap<string, Raw>;
  readonly lists: EntryLists;
  readonly pushChannels: ReadonlyMap<string, ReadonlyMap<string, Raw>>;
}

/** @throws ConfigError with every problem at once. */
export function readSettings(sources: Sources): Settings {
  const gathered = emptyGathered();
  const file = findFile(sources.flags.config, sources.environment["FLEETCAST_CONFIG"], sources.folder);
  if (file !== undefined) gatherFile(gathered, readFile(file, sources.folder), file);
  gatherEnvironment(gathered, sources.environment);
  gatherFlags(gathered, sources.flags.keys ?? {});
  if (sources.flags.dataDir !== undefined) gathered.values.set("data_dir", { value: sources.flags.dataDir, source: "--data-dir" });

  const findings: Findings = {
    environment: sources.environment,
    passesOn: gathered.values.get("push.engine")?.value === "centrifugo",
    problems: gathered.problems,
    warnings: [],
    refused: [],
    strays: [],
    unknown: [],
  };
  const values = judgeValues(gathered, findings);
  const lists = readLists(gathered, findings);
  const proxies = judgeProxies(gathered, lists.proxies, values, sources.folder, findings);
  const channels = judgeNamespaces(gathered, lists["channel.namespaces"], values, proxies, findings);
  const rpc = judgeRpc(gathered, lists["rpc.namespaces"], values, proxies, findings);
  const listenerTls = readListenerTls(values, {
    folder: sources.folder,
    sourceOf: (path) => gathered.values.get(path)?.source ?? "defaults",
    problems: findings.problems,
    warnings: findings.warnings,
  });
  judgeTogether(values, channels, gathered, findings.problems);

  const unknown = unknownNames(gathered, findings);
  findings.problems.push(...findings.refused);
  if (sources.strict === true) for (const text of unknown) findings.problems.push({ source: "--strict", key: "", expected: text });
  if (findings.problems.length > 0) throw new ConfigError(findings.problems);
  return {
    source: file ?? "defaults",
    values,
    set: new Set(gathered.values.keys()),
    written: { values: gathered.values, lists, pushChannels: gathered.pushChannels },
    ...channels,
    proxies,
    rpc,
    ...listenerTls,
    warnings: [...findings.warnings, ...unknown, ...warningsOf(values)],
  };
}

function judgeValues(gathered: Gathered, findings: Findings): OptionValues {
  const values = judgeTable(options, gathered.values, "", findings);
  // What ends TLS on this machine speaks for the world: its connections come from this machine, its devices do not.
  const isSaid = (gathered.values.get("mqtt.open_on_loopback")?.value ?? null) !== null;
  if (values["server.tls_in_front"] === true && !isSaid) values["mqtt.open_on_loopback"] = false;
  return values as OptionValues;
}

/** Keys and variables that nobody knows, each with the nearest name that somebody does. */
function unknownNames(gathered: Gathered, findings: Findings): string[] {
  const ofTable = gathered.strays.map(({ path, source }) => ({ path, source, known: Object.keys(options), above: "" }));
  const keys = [...ofTable, ...findings.unknown].map(({ path, source, known, above }) => {
    const nearest = nearestOf(path, known);
    return `${source}: unknown key ${above}${shownName(path)}${nearest === undefined ? "" : `; ${above}${nearest} was meant?`}`;
  });
  const variables = gathered.strayVariables.map((variable) => {
    const nearest = nearestOf(variable, knownVariables());
    return `environment: unknown name ${shownName(variable)}${nearest === undefined ? "" : `; ${nearest} was meant?`}`;
  });
  return [...keys, ...variables, ...findings.strays];
}

/** The nearest known name, where one is near enough to be meant. */
function nearestOf(name: string, known: readonly string[]): string | undefined {
  if (name.length > 200) return undefined;
  const nearest = closest(name, known);
  return distance(name, nearest) <= Math.max(2, Math.floor(name.length / 4)) ? nearest : undefined;
}

const insecureMeans: Readonly<Record<(typeof insecurePaths)[number], string>> = {
  "client.insecure": "lets everybody connect, read and publish",
  "client.insecure_skip_token_signature_verify": "believes every token",
  "http_api.insecure": "answers /api without a key",
  "admin.insecure": "lets everybody administer",
};

/** What clients' tokens and signatures are made with. */
const hmacSecrets = [
  "client.token.hmac_secret_key",
  "client.token.hmac_previous_secret_key",
  "client.subscription_token.hmac_secret_key",
  "client.subscription_token.hmac_previous_secret_key",
  "shared_poll.hmac_secret_key",
  "shared_poll.hmac_previous_secret_key",
] as const;

function warningsOf(values: OptionValues): string[] {
  const warnings: string[] = [];
  for (const path of hmacSecrets) {
    const length = Buffer.byteLength(values[path]);
    if (length > 0 && length < 32) warnings.push(`${path} is shorter than 32 bytes; a longer one is harder to guess`);
  }
  if (values["client.allowed_origins"]?.includes("*") === true) warnings.push("client.allowed_origins lets every page of the web connect");
  for (const path of insecurePaths) if (values[path]) warnings.push(`${path} ${insecureMeans[path]}`);
  if (values["server.tls_in_front"] && values["mqtt.open_on_loopback"] && values["mqtt.broker"] === "embedded") {
    warnings.push("mqtt.open_on_loopback lets every device in that comes through a proxy on this machine");
  }
  if (values["push.engine"] === "centrifugo" && needsOwnTokenKey(values)) {
    warnings.push(
      "people of the dashboard get no live data: Centrifugo verifies tokens with keys that only your backend has; push.engine embedded has a key of its own for them",
    );
  }
  return warnings;
}
