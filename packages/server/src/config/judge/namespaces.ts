import type { ChannelOptions } from "@fleetcast/engine";
import type { ProxiesConfig } from "../config.ts";
import { variablePart } from "../environment.ts";
import { shownName } from "../problems.ts";
import { type Gathered, pushOption, type Raw } from "../read/gather.ts";
import { type NamespaceValues, namespaceOptions, type PushChannelValues, pushChannelOptions } from "../table/options/namespace.ts";
import type { OptionValues } from "../table/options.ts";
import { slice } from "../table/slice.ts";
import { channelOptionsOf } from "./channel-options.ts";
import { defaultNamespaces, journaledNamespaces } from "./default-namespaces.ts";
import { type Findings, judgeTable } from "./judge.ts";
import type { EntryLists } from "./named-entries.ts";
import { checkNamespace } from "./namespace-rules.ts";
import { useProxy } from "./proxies.ts";

export interface Channels {
  readonly withoutNamespace: ChannelOptions;
  readonly namespaces: ReadonlyMap<string, ChannelOptions>;
}

/** A namespace as it was written, or as Fleetcast brings it along. */
interface Described {
  readonly name: string;
  readonly path: string;
  readonly source: string;
  readonly values: NamespaceValues;
}

const noneWritten: ReadonlyMap<string, Raw> = new Map();

/** All namespaces of this configuration and the options of channels without one. */
export function judgeNamespaces(
  gathered: Gathered,
  entries: EntryLists["channel.namespaces"],
  values: OptionValues,
  proxies: ProxiesConfig,
  findings: Findings,
): Channels {
  const described = describedNamespaces(entries, values, findings);
  const names = described.map((namespace) => namespace.name);
  assignPushVariables(gathered, names, findings);
  for (const name of gathered.pushChannels.keys()) {
    if (!names.includes(name)) findings.strays.push(`push.channels.${shownName(name)}: there is no such namespace`);
  }
  const judge = (namespace: Described): ChannelOptions => {
    const push = pushValues(namespace, gathered, values, findings);
    const options = Object.freeze(channelOptionsOf(namespace.values, push, values));
    const refuse = (option: string, expected: string): void => {
      findings.problems.push({ source: namespace.source, key: `${namespace.path}.${option}`, expected });
    };
    checkNamespace(namespace.values, options, refuse);
    checkJournal(namespace.name, options, values, refuse);
    if (options.subscriptionType === "shared_poll" && values["shared_poll.hmac_secret_key"] === "") {
      refuse("subscription_type", "shared_poll needs shared_poll.hmac_secret_key");
    }
    useProxies(namespace, proxies, findings);
    return options;
  };
  const withoutNamespace = judge(withoutNamespaceOf(gathered, values));
  const namespaces = new Map(described.map((namespace) => [namespace.name, judge(namespace)]));
  for (const namespace of [withoutNamespaceOf(gathered, values), ...described]) {
    checkPresencePrefixes(namespace, { withoutNamespace, namespaces }, values, findings);
  }
  return { withoutNamespace, namespaces };
}

function describedNamespaces(written: EntryLists["channel.namespaces"], values: OptionValues, findings: Findings): readonly Described[] {
  if (!values["mqtt.enabled"]) return written;
  const missing = [...defaultNamespaces].filter(([name]) => !written.some((namespace) => namespace.name === name));
  const brought = missing.map(([name, preset]): Described => {
    const byDefault = judgeTable(namespaceOptions, noneWritten, "", findings) as NamespaceValues;
    return { name, path: `namespace ${name}`, source: "defaults", values: { ...byDefault, ...preset.options } };
  });
  return [...written, ...brought];
}

function withoutNamespaceOf(gathered: Gathered, values: OptionValues): Described {
  const path = "channel.without_namespace";
  const source = [...gathered.values].find(([key]) => key.startsWith(`${path}.`))?.[1].source ?? "defaults";
  return { name: "", path, source, values: slice(values, path, namespaceOptions) };
}

function checkJournal(
  name: string,
  options: ChannelOptions,
  values: OptionValues,
  refuse: (option: string, expected: string) => void,
): void {
  const hasHistory = options.historySize > 0 && options.historyTtlMs > 0;
  if (options.journal && !hasHistory) refuse("journal", `push.channels.${name}.journal needs history_size and history_ttl`);
  if (!options.journal && values["mqtt.enabled"] && journaledNamespaces.includes(name)) {
    refuse("journal", `what devices say goes through the journal: push.channels.${name}.journal cannot be false while mqtt.enabled`);
  }
  if (options.slowReaders === "catch_up" && !hasHistory) {
    refuse("slow_readers", `push.channels.${name}.slow_readers catch_up needs history_size and history_ttl`);
  }
  if (options.subscriptionType !== "stream") checkOnlyForStreams(name, options, refuse);
}

function checkOnlyForStreams(name: string, options: ChannelOptions, refuse: (option: string, expected: string) => void): void {
  const refuseIf = (isUsed: boolean, option: string) => {
    if (isUsed) refuse(option, `push.channels.${name}.${option} is for streams, not for ${options.subscriptionType}`);
  };
  refuseIf(options.journal, "journal");
  refuseIf(options.slowReaders !== "close", "slow_readers");
  refuseIf(options.ratePerSMax > 0, "max_rate");
}

function useProxies({ values: judged, path, source }: Described, proxies: ProxiesConfig, findings: Findings): void {
  const use = (kind: Parameters<typeof useProxy>[1], option: string, name: string, enabled: boolean): void => {
    if (name !== "") useProxy(proxies, kind, { name, enabled, key: `${path}.${option}`, source }, findings);
  };
  use("subscribe", "subscribe_proxy_name", judged.subscribe_proxy_name, judged.subscribe_proxy_enabled);
  use("publish", "publish_proxy_name", judged.publish_proxy_name, judged.publish_proxy_enabled);
  use("subRefresh", "sub_refresh_proxy_name", judged.sub_refresh_proxy_name, judged.sub_refresh_proxy_enabled);
  use("mapPublish", "map.publish_proxy_name", judged["map.publish_proxy_name"], judged["map.publish_proxy_enabled"]);
  use("mapRemove", "map.remove_proxy_name", judged["map.remove_proxy_name"], judged["map.remove_proxy_enabled"]);
  if (judged.subscription_type === "shared_poll") {
    use("sharedPollRefresh", "shared_poll.proxy_name", judged["shared_poll.proxy_name"] || "default", true);
  }
}

/** A prefix must lead to a namespace that holds subscribers, else everything written there would fail later. */
function checkPresencePrefixes(
  { name: own, values: judged, path, source }: Described,
  channels: Channels,
  values: OptionValues,
  findings: Findings,
): void {
  for (const type of ["map_clients", "map_users"] as const) {
    const key = `${type}_presence_channel_prefix` as const;
    const prefix = judged[key];
    if (prefix === "") continue;
    const end = prefix.indexOf(values["channel.namespace_boundary"]);
    if (end < 0 && own !== "") {
      const expected = `must begin with a namespace and "${values["channel.namespace_boundary"]}"`;
      findings.problems.push({ source, key: `${path}.${key}`, value: JSON.stringify(prefix), expected });
      continue;
    }
    const name = end < 0 ? "" : prefix.slice(0, end);
    const target = name === "" ? channels.withoutNamespace : channels.namespaces.get(name);
    if (target?.subscriptionType === type) continue;
    const expected = target === undefined ? `there is no namespace "${name}"` : `namespace "${name}" must have subscription_type ${type}`;
    findings.problems.push({ source, key: `${path}.${key}`, value: JSON.stringify(prefix), expected });
  }
}

function assignPushVariables(gathered: Gathered, names: readonly string[], findings: Findings): void {
  for (const { name, raw } of gathered.pushVariables) {
    const namespace = names.find((candidate) => name.startsWith(`${variablePart(candidate)}_`));
    const option = namespace === undefined ? "" : name.slice(namespace.length + 1).toLowerCase();
    if (namespace === undefined || !Object.hasOwn(pushChannelOptions, option)) findings.strays.push(`${raw.source}: unknown name`);
    else pushOption(gathered, namespace, option, raw);
  }
}

function pushValues({ name, values: judged }: Described, gathered: Gathered, values: OptionValues, findings: Findings): PushChannelValues {
  const written = gathered.pushChannels.get(name) ?? noneWritten;
  const all = judgeTable(pushChannelOptions, written, `push.channels.${name}.`, findings) as PushChannelValues;
  if (!values["mqtt.enabled"]) return all;
  const preset = defaultNamespaces.get(name);
  // A namespace of the same name that the file defines keeps the journal, and no more recovery than it asks for.
  const brought = judged.history_size === preset?.options.history_size ? preset.push : { ...preset?.push, recovery_size: 0 };
  return { ...all, ...Object.fromEntries(Object.entries(brought).filter(([option]) => !written.has(option))) };
}
