import type { ConfigFile } from "../harness/rule.ts";

/** Every user has its own channel, and one connection; a header may vouch for users; rpc answers its ping and nothing else. */
export const personal: ConfigFile = {
  client: {
    subscribe_to_user_personal_channel: { enabled: true, personal_channel_namespace: "own", single_connection: true },
    user_id_http_header: "X-User-Id",
    user_connection_limit: 2,
    channel_limit: 3,
    concurrency: 4,
  },
  rpc: { ping: { enabled: true } },
  channel: {
    namespaces: [
      { name: "own", presence: true, history_size: 10, history_ttl: "300s", force_recovery: true },
      {
        name: "open",
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        presence: true,
        allow_presence_for_client: true,
        join_leave: true,
        force_push_join_leave: true,
      },
    ],
  },
};
