import type { ConfigFile } from "../harness/rule.ts";

/** Everything that happens by itself happens within seconds, and little may wait for a slow reader. */
export const timers: ConfigFile = {
  client: {
    ping_interval: "1s",
    pong_timeout: "500ms",
    stale_close_delay: "1s",
    presence_update_interval: "1s",
    queue_max_size: 262_144,
  },
  channel: {
    namespaces: [
      { name: "open", allow_subscribe_for_client: true, allow_publish_for_client: true, presence: true, allow_presence_for_client: true },
    ],
  },
};
