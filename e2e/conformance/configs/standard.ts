import type { ConfigFile } from "../harness/rule.ts";

/**
 * What most groups run on: one namespace for each kind of permission, and timers short enough to wait for. A group that
 * needs something else has a file of its own here; equal ones share their servers.
 */
export const standard: ConfigFile = {
  client: {
    stale_close_delay: "1500ms",
    ping_interval: "20s",
    pong_timeout: "10s",
    expired_close_delay: "1s",
    expired_sub_close_delay: "1s",
    presence_update_interval: "1s",
    channel_position_check_delay: "1s",
  },
  channel: {
    without_namespace: { allow_subscribe_for_client: true },
    namespaces: [{ name: "open", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true }],
  },
};
