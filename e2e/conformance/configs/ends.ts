import type { ConfigFile } from "../harness/rule.ts";

/** Streams that are forgotten as a whole within seconds. Its servers are ended by a rule, so no other group may use it. */
export const ends: ConfigFile = {
  client: { presence_update_interval: "30s", channel_position_check_delay: "60s" },
  shutdown: { timeout: "10s" },
  channel: {
    namespaces: [
      { name: "open", allow_subscribe_for_client: true },
      {
        name: "fleeting",
        allow_subscribe_for_client: true,
        history_size: 10,
        history_ttl: "1s",
        history_meta_ttl: "2s",
        force_positioning: true,
        force_recovery: true,
      },
    ],
  },
};
