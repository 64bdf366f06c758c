import { TOKEN_SECRET } from "../conformance/harness/jwt.ts";
import { API_KEY } from "../conformance/harness/side.ts";

export const POLL_SECRET = "the-secret-that-signs-keys-of-polls";

type ConfigFile = Record<string, unknown>;

const history = { history_size: 100, history_ttl: "300s" };
const base: ConfigFile = {
  http_api: { key: API_KEY },
  health: { enabled: true },
  usage_stats: { disabled: true },
  log: { level: "info" },
};
const client: ConfigFile = {
  token: { hmac_secret_key: TOKEN_SECRET },
  allowed_origins: ["http://localhost:3000"],
  // A connection or subscription that was not refreshed ends within a test, and not before a busy machine has asked.
  expired_close_delay: "3s",
  expired_sub_close_delay: "3s",
  presence_update_interval: "1s",
  channel_position_check_delay: "1s",
};

/** What both servers are started with: one namespace for each thing that the scenarios try. */
export const shared = (backendUrl: string): ConfigFile => ({
  ...base,
  client: {
    ...client,
    ping_interval: "6s",
    pong_timeout: "4s",
    // Who comes without a token is asked for at the backend.
    proxy: { connect: { enabled: true, endpoint: `${backendUrl}/connect`, timeout: "2s" } },
  },
  // Whoever offers it gets it: Protobuf in JavaScript and Go, everybody in Python.
  websocket: { compression: true, decompressed_message_size_limit: 65_536 },
  http_stream: { enabled: true },
  sse: { enabled: true },
  rpc: {
    proxy: { endpoint: `${backendUrl}/rpc`, timeout: "2s" },
    without_namespace: { proxy_enabled: true },
  },
  shared_poll: { hmac_secret_key: POLL_SECRET },
  channel: {
    proxy: {
      shared_poll_refresh: { endpoint: `${backendUrl}/poll`, timeout: "2s" },
      subscribe: { endpoint: `${backendUrl}/subscribe`, timeout: "2s" },
      publish: { endpoint: `${backendUrl}/publish`, timeout: "2s" },
    },
    namespaces: [
      { name: "open", allow_subscribe_for_client: true, allow_publish_for_client: true },
      { name: "closed", ...history },
      {
        name: "kept",
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        ...history,
        force_recovery: true,
        allow_history_for_subscriber: true,
      },
      { name: "guarded", subscribe_proxy_enabled: true, publish_proxy_enabled: true, ...history, force_recovery: true },
      { name: "asked", allow_subscribe_for_client: true, ...history, allow_recovery: true, allow_positioning: true },
      { name: "latest", allow_subscribe_for_client: true, ...history, force_recovery: true, force_recovery_mode: "cache" },
      { name: "room", allow_subscribe_for_client: true, presence: true, allow_presence_for_subscriber: true, join_leave: true },
      {
        name: "delta",
        allow_subscribe_for_client: true,
        ...history,
        force_recovery: true,
        allowed_delta_types: ["fossil"],
        delta_publish: true,
      },
      { name: "tagged", allow_subscribe_for_client: true, ...history, force_recovery: true, allow_tags_filter: true },
      {
        name: "map",
        subscription_type: "map",
        allow_subscribe_for_client: true,
        allowed_delta_types: ["fossil"],
        delta_publish: true,
        map: {
          mode: "persistent",
          min_page_size: 2,
          default_page_size: 2,
          max_page_size: 4,
          allow_publish_for_client: true,
          allow_remove_for_client: true,
        },
      },
      { name: "who", subscription_type: "map_clients", allow_subscribe_for_client: true, map: { mode: "recoverable", key_ttl: "30s" } },
      {
        name: "poll",
        subscription_type: "shared_poll",
        allow_subscribe_for_client: true,
        shared_poll: { refresh_interval: "300ms" },
      },
      { name: "game", allow_subscribe_for_client: true, map_clients_presence_channel_prefix: "who:" },
    ],
  },
});

/** What only ours has: paced channels, and readers that may be slow. */
export const ours: ConfigFile = {
  ...base,
  // Whoever takes nothing for `write_timeout` is closed under every policy.
  websocket: { write_timeout: "60s" },
  http_stream: { enabled: true },
  sse: { enabled: true },
  client,
  channel: {
    namespaces: ["paced", "catch", "newest", "strict"].map((name) => ({
      name,
      allow_subscribe_for_client: true,
      history_size: 3_000,
      history_ttl: "300s",
      force_recovery: true,
    })),
  },
  push: { channels: { paced: { max_rate: 5 }, catch: { slow_readers: "catch_up" }, newest: { slow_readers: "latest" } } },
};
