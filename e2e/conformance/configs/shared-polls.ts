import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

/** Signs which keys a user may follow; the one before it until an hour from now. */
export const POLL_SECRET = "the secret of the shared poll channels";
export const FORMER_POLL_SECRET = "the secret before it";

/** Rounds that never come while a rule runs: what the backend is asked is then only what a client caused. */
const never = "300s";

/** Values that the application's backend is asked for, without versions and with them. */
export const sharedPolls = ({ backendUrl }: ConfigParts): ConfigFile => {
  const poll = (name: string, options: ConfigFile, more: ConfigFile = {}): ConfigFile => ({
    name,
    subscription_type: "shared_poll",
    allow_subscribe_for_client: true,
    ...more,
    shared_poll: { refresh_interval: never, channel_shutdown_delay: "300ms", ...options },
  });
  const versioned = { mode: "versioned" };
  return {
    client: {
      presence_update_interval: "1s",
      expired_sub_close_delay: "1s",
      channel_limit: 3,
      subscribe_to_user_personal_channel: { enabled: false },
    },
    websocket: { message_size_limit: 1_000_000 },
    shared_poll: {
      hmac_secret_key: POLL_SECRET,
      hmac_previous_secret_key: FORMER_POLL_SECRET,
      hmac_previous_secret_key_valid_until: Math.floor(Date.UTC(2099, 0, 1) / 1_000),
    },
    channel: {
      proxy: {
        shared_poll_refresh: { endpoint: `${backendUrl}/values`, timeout: "700ms", http: { static_headers: { "X-Static": "static" } } },
        subscribe: { endpoint: `${backendUrl}/subscribe`, timeout: "700ms" },
      },
      without_namespace: { allow_subscribe_for_client: true },
      namespaces: [
        poll("plain", {}),
        poll("quick", { refresh_interval: "250ms" }),
        poll("batches", { refresh_interval: "600ms", refresh_batch_size: 2 }),
        poll("few", { ...versioned, max_keys_per_connection: 2 }),
        poll("ver", versioned),
        poll("verquick", { ...versioned, refresh_interval: "250ms" }),
        poll("set", { ...versioned, publish_enabled: true }),
        poll("setquick", { ...versioned, publish_enabled: true, refresh_interval: "250ms" }),
        poll("patched", versioned, { allowed_delta_types: ["fossil"] }),
        poll("patchquick", { ...versioned, refresh_interval: "250ms" }, { allowed_delta_types: ["fossil"] }),
        poll("plainpatched", { refresh_interval: "250ms" }, { allowed_delta_types: ["fossil"] }),
        poll("object", {}, { publication_data_format: "json_object" }),
        poll("setobject", { ...versioned, publish_enabled: true }, { publication_data_format: "json_object" }),
        poll("seen", {}, { presence: true, allow_presence_for_client: true, join_leave: true, force_push_join_leave: true }),
        poll("shut", {}, { allow_subscribe_for_client: false }),
        poll("asked", {}, { subscribe_proxy_enabled: true }),
        poll("ending", { track_expired_extra_delay: "1s", refresh_interval: "250ms" }),
        poll("own", { proxy_name: "own" }),
        poll(
          "streamlike",
          {},
          {
            history_size: 10,
            history_ttl: "300s",
            force_recovery: true,
            allow_publish_for_client: true,
            allow_history_for_client: true,
          },
        ),
        { name: "stream", allow_subscribe_for_client: true, allow_publish_for_client: true },
        { name: "map", subscription_type: "map", allow_subscribe_for_client: true, map: { mode: "recoverable", key_ttl: "300s" } },
      ],
    },
    proxies: [{ name: "own", endpoint: `${backendUrl}/own`, timeout: "300ms" }],
  };
};
