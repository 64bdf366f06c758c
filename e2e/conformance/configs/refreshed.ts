import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

/** The application's backend says who connects, and at the end of a connection's time whether it may stay. */
export const refreshed = ({ backendUrl }: ConfigParts): ConfigFile => ({
  client: {
    proxy: {
      connect: { enabled: true, endpoint: `${backendUrl}/connect`, timeout: "700ms" },
      refresh: {
        enabled: true,
        endpoint: `${backendUrl}/refresh`,
        timeout: "700ms",
        include_connection_meta: true,
        http: { status_to_code_transforms: [{ status_code: 403, to_disconnect: { code: 4403, reason: "forbidden" } }] },
      },
    },
    expired_close_delay: "1s",
    presence_update_interval: "500ms",
  },
  channel: { namespaces: [{ name: "open", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true }] },
});
