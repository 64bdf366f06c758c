import type { RpcOptions } from "@fleetcast/engine";
import type { ProxiesConfig } from "../config.ts";
import type { Gathered } from "../read/gather.ts";
import type { OptionValues } from "../table/options.ts";
import type { Findings } from "./judge.ts";
import type { EntryLists } from "./named-entries.ts";
import { useProxy } from "./proxies.ts";

/** Who answers which method. */
export function judgeRpc(
  gathered: Gathered,
  entries: EntryLists["rpc.namespaces"],
  values: OptionValues,
  proxies: ProxiesConfig,
  findings: Findings,
): RpcOptions {
  const use = (path: string, source: string, name: string, enabled: boolean): string => {
    useProxy(proxies, "rpc", { name, enabled, key: `${path}.proxy_name`, source }, findings);
    return enabled ? name : "";
  };
  const without = "rpc.without_namespace";
  return {
    namespaceBoundary: values["rpc.namespace_boundary"],
    withoutNamespaceProxyName: use(
      without,
      gathered.values.get(`${without}.proxy_name`)?.source ?? gathered.values.get(`${without}.proxy_enabled`)?.source ?? "defaults",
      values[`${without}.proxy_name`],
      values[`${without}.proxy_enabled`],
    ),
    namespaces: new Map(
      entries.map(({ name, path, source, values: judged }) => [name, use(path, source, judged.proxy_name, judged.proxy_enabled)]),
    ),
    pingMethod: values["rpc.ping.enabled"] ? values["rpc.ping.method"] : "",
  };
}
