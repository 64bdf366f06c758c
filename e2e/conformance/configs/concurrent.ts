import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

/** Three commands of a connection are worked on at a time, and a backend that may be slow decides about some of them. */
export const concurrent = ({ backendUrl }: ConfigParts): ConfigFile => ({
  client: { concurrency: 3, channel_limit: 4 },
  channel: {
    proxy: { subscribe: { endpoint: `${backendUrl}/subscribe`, timeout: "20s" } },
    namespaces: [
      { name: "asked", subscribe_proxy_enabled: true },
      { name: "open", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true },
    ],
  },
  rpc: { proxy: { endpoint: `${backendUrl}/rpc`, timeout: "20s" }, without_namespace: { proxy_enabled: true } },
});
