import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

/** The application's backend decides what is set and removed in maps. */
export const proxiedMaps = ({ backendUrl }: ConfigParts): ConfigFile => ({
  channel: {
    proxy: {
      map_publish: { endpoint: `${backendUrl}/map_publish`, timeout: "700ms", include_connection_meta: true },
      map_remove: { endpoint: `${backendUrl}/map_remove`, timeout: "700ms" },
    },
    namespaces: [
      {
        name: "board",
        subscription_type: "map",
        allow_subscribe_for_client: true,
        map: { mode: "recoverable", key_ttl: "300s", publish_proxy_enabled: true, remove_proxy_enabled: true },
      },
    ],
  },
});
