import type { ProxiesConfig, ProxyConfig } from "../config.ts";
import type { Gathered } from "../read/gather.ts";
import type { ValueOf } from "../table/option.ts";
import { proxyOptions } from "../table/options/proxy.ts";
import { tlsOptions } from "../table/options/tls.ts";
import type { OptionValues } from "../table/options.ts";
import { slice } from "../table/slice.ts";
import type { Findings } from "./judge.ts";
import type { EntryLists } from "./named-entries.ts";
import { readTls } from "./pem.ts";

/** The name of the built-in policy among proxies; no entry of `proxies` can have it. */
export const policyName = "fleetcast";
export const defaultName = "default";

export type ProxyKind = "subscribe" | "publish" | "subRefresh" | "mapPublish" | "mapRemove" | "sharedPollRefresh" | "rpc";

/** Where the proxy called `default` of each kind stands. */
export const defaultProxyPath = {
  subscribe: "channel.proxy.subscribe",
  publish: "channel.proxy.publish",
  subRefresh: "channel.proxy.sub_refresh",
  mapPublish: "channel.proxy.map_publish",
  mapRemove: "channel.proxy.map_remove",
  sharedPollRefresh: "channel.proxy.shared_poll_refresh",
  rpc: "rpc.proxy",
} as const satisfies Readonly<Record<ProxyKind, string>>;

type ProxyValues = { readonly [K in keyof typeof proxyOptions]: ValueOf<(typeof proxyOptions)[K]> };

/**
 * All proxies that the configuration describes. Whether one that is used can be used is asked with `useProxy`: Centrifugo
 * accepts a proxy that nobody uses whatever it says.
 */
export function judgeProxies(
  gathered: Gathered,
  entries: EntryLists["proxies"],
  values: OptionValues,
  folder: string,
  findings: Findings,
): ProxiesConfig {
  const sourceOf = (path: string): string => gathered.values.get(`${path}.endpoint`)?.source ?? "defaults";
  const read = (name: string, path: string, source: string, written: ProxyValues): ProxyConfig | undefined => {
    if (written.endpoint === "") return undefined;
    return {
      name,
      endpoint: written.endpoint,
      timeoutMs: written.timeout,
      httpHeaders: lowerCase(written.http_headers),
      emulatedHeaders: lowerCase(written.emulated_headers),
      staticHeaders: written["http.static_headers"],
      statusTransforms: written["http.status_to_code_transforms"],
      tls: readTls(slice(written, "http.tls", tlsOptions), `${path}.http.tls`, source, folder, findings),
      binaryEncoding: written.binary_encoding,
      includeConnectionMeta: written.include_connection_meta,
    };
  };
  const byDefault = (path: (typeof defaultProxyPath)[ProxyKind]): ProxyConfig | undefined =>
    read(defaultName, path, sourceOf(path), slice(values, path, proxyOptions));
  const ofClient = (kind: "connect" | "refresh"): ProxyConfig | undefined => {
    const path = `client.proxy.${kind}` as const;
    if (!values[`${path}.enabled`]) return undefined;
    const proxy = read(kind, path, sourceOf(path), slice(values, path, proxyOptions));
    checkEndpoint(proxy, path, gathered.values.get(`${path}.enabled`)?.source ?? "defaults", findings);
    return proxy;
  };
  return {
    connect: ofClient("connect"),
    refresh: ofClient("refresh"),
    subscribe: byDefault(defaultProxyPath.subscribe),
    publish: byDefault(defaultProxyPath.publish),
    subRefresh: byDefault(defaultProxyPath.subRefresh),
    mapPublish: byDefault(defaultProxyPath.mapPublish),
    mapRemove: byDefault(defaultProxyPath.mapRemove),
    sharedPollRefresh: byDefault(defaultProxyPath.sharedPollRefresh),
    rpc: byDefault(defaultProxyPath.rpc),
    named: namedProxies(entries, read, findings),
  };
}

function namedProxies(
  entries: EntryLists["proxies"],
  read: (name: string, path: string, source: string, values: ProxyValues) => ProxyConfig | undefined,
  findings: Findings,
): ProxyConfig[] {
  const named: ProxyConfig[] = [];
  for (const { name, path, source, values } of entries) {
    const refuse = (key: string, expected: string): void => {
      findings.problems.push({ source, key: `${path}.${key}`, expected });
    };
    if (name === defaultName) refuse("name", `"${defaultName}" is the name of those in channel.proxy and rpc.proxy`);
    if (name === policyName) refuse("name", `"${policyName}" is the name of the built-in policy; give the proxy another name`);
    const proxy = read(name, path, source, values);
    if (proxy === undefined) refuse("endpoint", "a proxy needs an endpoint");
    else named.push(proxy);
  }
  return named;
}

/** A namespace uses a proxy: it must be there and must be one that we can ask. */
export function useProxy(
  proxies: ProxiesConfig,
  kind: ProxyKind,
  use: { readonly name: string; readonly enabled: boolean; readonly key: string; readonly source: string },
  findings: Findings,
): void {
  if (use.name === policyName && (kind === "subscribe" || kind === "subRefresh")) return;
  if (use.name === defaultName) {
    if (use.enabled) checkEndpoint(proxies[kind], defaultProxyPath[kind], use.source, findings);
    return;
  }
  const proxy = proxies.named.find((one) => one.name === use.name);
  if (proxy === undefined)
    findings.problems.push({ source: use.source, key: use.key, expected: `there is no proxy "${use.name}" in proxies` });
  else if (use.enabled) checkEndpoint(proxy, `proxies (${use.name})`, use.source, findings);
}

function checkEndpoint(proxy: ProxyConfig | undefined, path: string, source: string, findings: Findings): void {
  const key = `${path}.endpoint`;
  const say = (list: Findings["problems"], expected: string): void => {
    // Two namespaces may use one proxy.
    if (!list.some((other) => other.key === key && other.expected === expected)) list.push({ source, key, expected });
  };
  if (proxy === undefined) say(findings.problems, "a proxy that is used needs an endpoint");
  else if (!/^https?:\/\//.test(proxy.endpoint)) {
    if (findings.passesOn) return;
    say(
      findings.refused,
      "not honoured by Fleetcast: a gRPC endpoint; offer the same answers as JSON over HTTP and name it http://... or https://...",
    );
  } else if (!URL.canParse(proxy.endpoint)) say(findings.problems, "is not an address");
}

function lowerCase(names: readonly string[] | undefined): readonly string[] {
  return (names ?? []).map((name) => name.toLowerCase());
}
