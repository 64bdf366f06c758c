import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

const transforms = [
  { status_code: 404, to_error: { code: 1404, message: "not there", temporary: true } },
  { status_code: 403, to_disconnect: { code: 4403, reason: "forbidden" } },
];

/** The application's backend decides: who connects, subscribes and publishes, and what a method answers. */
export const proxied = ({ backendUrl }: ConfigParts): ConfigFile => {
  const proxy = (path: string, more: ConfigFile = {}): ConfigFile => ({
    endpoint: `${backendUrl}${path}`,
    timeout: "700ms",
    ...more,
    http: { static_headers: { "X-Static": "static", "X-A": "static" }, status_to_code_transforms: transforms },
  });
  return {
    client: {
      proxy: {
        connect: {
          enabled: true,
          ...proxy("/connect", { http_headers: ["X-Http", "X-A", "Host", "X-Both"], emulated_headers: ["x-emulated", "X-Both"] }),
        },
      },
      expired_sub_close_delay: "1s",
      presence_update_interval: "1s",
      channel_limit: 20,
      queue_max_size: 4_000_000,
    },
    websocket: { message_size_limit: 1_000_000 },
    channel: {
      proxy: {
        subscribe: proxy("/subscribe", { include_connection_meta: true }),
        publish: proxy("/publish"),
        sub_refresh: proxy("/sub_refresh"),
      },
      without_namespace: { presence: true, allow_presence_for_client: true },
      namespaces: [
        {
          name: "asked",
          subscribe_proxy_enabled: true,
          presence: true,
          allow_presence_for_client: true,
          history_size: 10,
          history_ttl: "300s",
          allow_history_for_client: true,
          allow_user_limited_channels: true,
          join_leave: true,
        },
        { name: "renewed", subscribe_proxy_enabled: true, sub_refresh_proxy_enabled: true },
        {
          name: "written",
          publish_proxy_enabled: true,
          allow_subscribe_for_client: true,
          publication_data_format: "json_object",
          history_size: 10,
          history_ttl: "300s",
          allow_history_for_client: true,
        },
        { name: "own", subscribe_proxy_enabled: true, subscribe_proxy_name: "own", publish_proxy_enabled: true, publish_proxy_name: "own" },
        { name: "open", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true },
      ],
    },
    rpc: {
      proxy: proxy("/rpc"),
      without_namespace: { proxy_enabled: true },
      namespaces: [{ name: "own", proxy_enabled: true, proxy_name: "own" }, { name: "nobody" }],
    },
    proxies: [{ name: "own", ...proxy("/own", { binary_encoding: true, include_connection_meta: true, timeout: "300ms" }) }],
  };
};
