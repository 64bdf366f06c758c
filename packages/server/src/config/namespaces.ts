import { type ChannelOptions, defaultChannelOptions } from "@fleetcast/engine";
import { RE2JS } from "re2js";
import { defaultNamespaces, journaledNamespaces } from "./default-namespaces.ts";
import { type Gathered, pushOption, type Raw } from "./gather.ts";
import { type NamespaceValues, namespaceOptions, type PushChannelValues, pushChannelOptions } from "./namespace-options.ts";
import { namespaceStanding } from "./not-honoured.ts";
import type { Option } from "./option.ts";
import type { OptionValues } from "./options.ts";
import { type Problem, shown } from "./problems.ts";

/** What judging the namespaces found beside the options themselves. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: string[];
  /** Keys that Centrifugo honours and we do not yet. */
  readonly refused: string[];
  /** Unknown keys, for the nearest name. */
  readonly unknown: { readonly path: string; readonly source: string }[];
}

interface Written {
  readonly name: string;
  readonly source: string;
  /** Prefix of its keys in messages. */
  readonly path: string;
  readonly options: Map<string, Raw>;
}

const nameRule = /^[-a-zA-Z0-9_.]{2,}$/;
const namesOfObjects = new Set(["__proto__", "constructor", "prototype"]);

/** All namespaces of this configuration and the options of channels without one. */
export function judgeNamespaces(
  gathered: Gathered,
  values: OptionValues,
  findings: Findings,
): { readonly withoutNamespace: ChannelOptions; readonly namespaces: ReadonlyMap<string, ChannelOptions> } {
  const written = writtenNamespaces(gathered, findings);
  const names = new Set(written.map((namespace) => namespace.name));
  if (values["mqtt.enabled"]) for (const name of defaultNamespaces.keys()) names.add(name);
  assignPushVariables(gathered, names, findings);
  for (const name of gathered.pushChannels.keys()) {
    if (!names.has(name)) findings.warnings.push(`push.channels.${name}: there is no namespace "${name}"`);
  }
  const namespaces = new Map<string, ChannelOptions>();
  for (const namespace of written) {
    const judged = judgeOptions<NamespaceValues>(namespaceOptions, namespace.options, namespace.path, findings);
    namespaces.set(namespace.name, channelOptions(namespace.name, namespace.path, namespace.source, judged, gathered, values, findings));
  }
  for (const name of names) {
    const preset = defaultNamespaces.get(name);
    if (namespaces.has(name) || preset === undefined) continue;
    const judged = { ...judgeOptions<NamespaceValues>(namespaceOptions, new Map(), "", findings), ...preset.options };
    namespaces.set(name, channelOptions(name, `namespace ${name}`, "defaults", judged, gathered, values, findings));
  }
  return { withoutNamespace: judgeWithoutNamespace(gathered, values, findings), namespaces };
}

function judgeWithoutNamespace(gathered: Gathered, values: OptionValues, findings: Findings): ChannelOptions {
  const path = "channel.without_namespace";
  const raw = new Map<string, Raw>();
  for (const [key, value] of gathered.values) if (key.startsWith(`${path}.`)) raw.set(key.slice(path.length + 1), value);
  const judged = judgeOptions<NamespaceValues>(namespaceOptions, raw, path, findings);
  const source = [...raw.values()][0]?.source ?? "defaults";
  return channelOptions("", path, source, judged, gathered, values, findings);
}

/** `channel.namespaces` as written: a list of objects; in the environment JSON, or names separated by spaces. */
function writtenNamespaces(gathered: Gathered, findings: Findings): Written[] {
  const raw = gathered.namespaces;
  if (raw === undefined || raw.value === null) return [];
  const refuse = (key: string, value: unknown, expected: string): void => {
    findings.problems.push({ source: raw.source, key, value: shown(value, false), expected });
  };
  const entries = namespaceEntries(raw.value);
  if (entries === undefined) {
    refuse("channel.namespaces", raw.value, "expected a list of namespaces, each with a name");
    return [];
  }
  const found: Written[] = [];
  for (const [index, entry] of entries.entries()) {
    const path = `channel.namespaces[${index}]`;
    if (typeof entry !== "object" || entry === null || Array.isArray(entry)) {
      refuse(path, entry, "expected a namespace with a name");
      continue;
    }
    const { name, ...rest } = Object.fromEntries(Object.entries(entry).map(([key, value]) => [key.toLowerCase(), value]));
    if (typeof name !== "string" || !nameRule.test(name) || namesOfObjects.has(name)) {
      refuse(`${path}.name`, name, "expected 2 or more letters, digits, -, _ or .");
      continue;
    }
    if (found.some((other) => other.name === name)) {
      refuse(`${path}.name`, name, "this namespace stands there twice");
      continue;
    }
    found.push({
      name,
      source: raw.source,
      path: `${path} (${name})`,
      options: new Map(Object.entries(rest).map(([key, value]) => [key, { value, source: raw.source }])),
    });
  }
  assignNamespaceVariables(gathered, found, findings);
  return found;
}

function namespaceEntries(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value;
  if (typeof value !== "string") return undefined;
  if (!value.trimStart().startsWith("[")) return value.split(/\s+/).map((name) => ({ name }));
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function assignNamespaceVariables(gathered: Gathered, found: readonly Written[], findings: Findings): void {
  for (const { name, raw } of gathered.namespaceVariables) {
    const namespace = found.find((candidate) => name.startsWith(`${variablePart(candidate.name)}_`));
    const option = namespace === undefined ? "" : name.slice(namespace.name.length + 1).toLowerCase();
    if (namespace === undefined) findings.warnings.push(`${raw.source}: there is no such namespace`);
    else namespace.options.set(option, raw);
  }
}

function assignPushVariables(gathered: Gathered, names: ReadonlySet<string>, findings: Findings): void {
  for (const { name, raw } of gathered.pushVariables) {
    const namespace = [...names].find((candidate) => name.startsWith(`${variablePart(candidate)}_`));
    const option = namespace === undefined ? "" : name.slice(namespace.length + 1).toLowerCase();
    if (namespace === undefined || !(option in pushChannelOptions)) findings.warnings.push(`${raw.source}: unknown name`);
    else pushOption(gathered, namespace, option, raw);
  }
}

const variablePart = (name: string): string => name.toUpperCase().replaceAll(/[.-]/g, "_");

/** Reads the options that a table declares; every other one is judged by what Centrifugo knows. */
function judgeOptions<V>(
  table: Readonly<Record<string, Option<unknown>>>,
  raw: ReadonlyMap<string, Raw>,
  path: string,
  findings: Findings,
): V {
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) values[name] = option.default;
  for (const [name, { value, source }] of raw) {
    const option = table[name];
    const key = `${path}.${name}`;
    if (option === undefined) {
      const standing = namespaceStanding(name, value);
      if (standing === "refused") findings.refused.push(`${key} (${source})`);
      if (standing === "unknown") findings.unknown.push({ path: key, source });
      continue;
    }
    const read = option.parse(value);
    if (read === undefined) findings.problems.push({ source, key, value: shown(value, false), expected: `expected ${option.expected}` });
    else values[name] = read.value;
    if (read?.warning !== undefined) findings.warnings.push(`${source}: ${key}: ${read.warning}`);
  }
  return values as V;
}

function channelOptions(
  name: string,
  path: string,
  source: string,
  judged: NamespaceValues,
  gathered: Gathered,
  values: OptionValues,
  findings: Findings,
): ChannelOptions {
  const refuse = (option: string, expected: string): void => {
    findings.problems.push({ source, key: `${path}.${option}`, expected });
  };
  const push: PushChannelValues = {
    ...judgeOptions<PushChannelValues>(pushChannelOptions, new Map(), "", findings),
    ...pushDefaults(name, judged, values),
    ...judgedPush(gathered.pushChannels.get(name), name, findings),
  };
  const hasHistory = judged.history_size > 0 && judged.history_ttl > 0;
  if (judged.history_size > 0 !== judged.history_ttl > 0) refuse("history_size", "history needs both history_size and history_ttl");
  if (judged.force_recovery && !hasHistory) refuse("force_recovery", "recovery needs history_size and history_ttl");
  if (push.journal && !hasHistory && name !== "") refuse("journal", `push.channels.${name}.journal needs history_size and history_ttl`);
  if (!push.journal && values["mqtt.enabled"] && journaledNamespaces.includes(name)) {
    refuse("journal", `what devices say goes through the journal: push.channels.${name}.journal cannot be false while mqtt.enabled`);
  }
  const metaTtlMs = judged.history_meta_ttl || values["channel.history_meta_ttl"];
  if (judged.history_ttl > metaTtlMs) refuse("history_ttl", "must not be longer than history_meta_ttl");
  if (judged.subscribe_proxy_enabled && judged.subscribe_proxy_name !== "fleetcast") {
    findings.refused.push(`${path}.subscribe_proxy_enabled (${source}): only the built-in policy "fleetcast" is there`);
  }
  if (judged.channel_regex !== "" && !isRegex(judged.channel_regex)) refuse("channel_regex", "expected a regular expression in RE2 syntax");
  return Object.freeze({
    ...defaultChannelOptions,
    presence: judged.presence,
    joinLeave: judged.join_leave,
    forcePushJoinLeave: judged.force_push_join_leave,
    historySize: judged.history_size,
    historyTtlMs: judged.history_ttl,
    historyMetaTtlMs: metaTtlMs,
    forcePositioning: judged.force_positioning,
    allowPositioning: judged.allow_positioning,
    forceRecovery: judged.force_recovery,
    allowRecovery: judged.allow_recovery,
    forceRecoveryMode: judged.force_recovery_mode,
    allowSubscribeForClient: judged.allow_subscribe_for_client,
    allowSubscribeForAnonymous: judged.allow_subscribe_for_anonymous,
    allowPublishForClient: judged.allow_publish_for_client,
    allowPublishForSubscriber: judged.allow_publish_for_subscriber,
    allowPublishForAnonymous: judged.allow_publish_for_anonymous,
    allowPresenceForClient: judged.allow_presence_for_client,
    allowPresenceForSubscriber: judged.allow_presence_for_subscriber,
    allowPresenceForAnonymous: judged.allow_presence_for_anonymous,
    allowHistoryForClient: judged.allow_history_for_client,
    allowHistoryForSubscriber: judged.allow_history_for_subscriber,
    allowHistoryForAnonymous: judged.allow_history_for_anonymous,
    allowUserLimitedChannels: judged.allow_user_limited_channels,
    channelRegex: judged.channel_regex,
    publicationDataFormat: judged.publication_data_format || values["channel.publication_data_format"],
    subscribeProxyName: judged.subscribe_proxy_enabled ? judged.subscribe_proxy_name : "",
    subRefreshProxyName: judged.subscribe_proxy_enabled ? judged.subscribe_proxy_name : "",
    journal: push.journal,
    recoverySize: push.recovery_size,
    historyDefaultLimit: push.history_default_limit,
  });
}

function pushDefaults(name: string, judged: NamespaceValues, values: OptionValues): Partial<PushChannelValues> {
  if (!values["mqtt.enabled"]) return {};
  const preset = defaultNamespaces.get(name);
  // A namespace of the same name that the file defines keeps the journal, and no more recovery than it asks for.
  const asWritten = judged.history_size !== preset?.options.history_size;
  return { ...preset?.push, ...(asWritten ? { recovery_size: 0 } : {}) };
}

function judgedPush(raw: ReadonlyMap<string, Raw> | undefined, name: string, findings: Findings): Partial<PushChannelValues> {
  if (raw === undefined) return {};
  const all = judgeOptions<PushChannelValues>(pushChannelOptions, raw, `push.channels.${name}`, findings);
  return Object.fromEntries(Object.entries(all).filter(([option]) => raw.has(option)));
}

function isRegex(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
