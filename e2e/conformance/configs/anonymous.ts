import type { ConfigFile } from "../harness/rule.ts";

/** Nobody may come in without a token, but not with one that names nobody; and every user has two connections at most. */
export const anonymous: ConfigFile = {
  client: {
    allow_anonymous_connect_without_token: true,
    disallow_anonymous_connection_tokens: true,
    user_connection_limit: 2,
    channel_limit: 4,
    history_max_publication_limit: 5,
    recovery_max_publication_limit: 3,
    stale_close_delay: "1s",
    presence_update_interval: "1s",
  },
  websocket: { message_size_limit: 4_096 },
  channel: {
    max_length: 40,
    without_namespace: { allow_subscribe_for_client: true, allow_subscribe_for_anonymous: true },
    namespaces: [
      { name: "users", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true },
      {
        name: "all",
        allow_subscribe_for_client: true,
        allow_subscribe_for_anonymous: true,
        history_size: 20,
        history_ttl: "300s",
        force_recovery: true,
        allow_history_for_client: true,
        allow_history_for_anonymous: true,
      },
    ],
  },
};
