import type { Proxies } from "@fleetcast/engine";
import type { ProxiesConfig, ProxyConfig } from "../config/config.ts";
import { Backend, type BackendPorts } from "./backend.ts";
import * as ask from "./questions.ts";

/**
 * The engine's questions, asked of the backends that the configuration names: for each kind its `default` and every named proxy.
 * A named proxy is one backend whatever is asked of it: its turns are shared.
 */
export function createProxies(config: ProxiesConfig, ports: BackendPorts): Proxies {
  // What nobody can ask is refused where a namespace asks it; here it is only left out.
  const named = config.named.filter(isWeb).map((proxy) => [proxy.name, new Backend(proxy, proxy.name, ports)] as const);
  const single = (proxy: ProxyConfig | undefined): Backend | undefined =>
    proxy === undefined || !isWeb(proxy) ? undefined : new Backend(proxy, defaultName, ports);
  const byName = <Ask>(proxy: ProxyConfig | undefined, make: (backend: Backend) => Ask): ReadonlyMap<string, Ask> => {
    const backend = single(proxy);
    const all = backend === undefined ? named : [...named, [defaultName, backend] as const];
    return new Map(all.map(([name, one]) => [name, make(one)]));
  };
  const connect = single(config.connect);
  const refresh = single(config.refresh);
  return {
    connect: connect === undefined ? undefined : ask.connectProxy(connect),
    refresh: refresh === undefined ? undefined : ask.refreshProxy(refresh),
    subscribe: byName(config.subscribe, ask.subscribeProxy),
    subRefresh: byName(config.subRefresh, ask.subRefreshProxy),
    publish: byName(config.publish, ask.publishProxy),
    rpc: byName(config.rpc, ask.rpcProxy),
    mapPublish: byName(config.mapPublish, ask.mapPublishProxy),
    mapRemove: byName(config.mapRemove, ask.mapRemoveProxy),
    sharedPollRefresh: byName(config.sharedPollRefresh, ask.sharedPollRefreshProxy),
  };
}

/** What the real server calls the proxy of a kind that has no name of its own. */
const defaultName = "default";

function isWeb({ endpoint }: ProxyConfig): boolean {
  return /^https?:\/\//.test(endpoint);
}
