import type { ConfigFile } from "../harness/rule.ts";

const history = { history_size: 10, history_ttl: "300s" };

/**
 * What most groups run on: one namespace for each kind of permission, and timers short enough to wait for. A group that
 * needs something else has a file of its own here; equal ones share their servers.
 */
export const standard: ConfigFile = {
  client: {
    stale_close_delay: "8s",
    ping_interval: "20s",
    pong_timeout: "10s",
    expired_close_delay: "1s",
    expired_sub_close_delay: "1s",
    presence_update_interval: "1s",
    channel_position_check_delay: "1s",
    connect_include_server_time: true,
  },
  channel: {
    without_namespace: { allow_subscribe_for_client: true },
    namespaces: [
      // Everything but history, for users.
      {
        name: "open",
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        presence: true,
        allow_presence_for_client: true,
      },
      {
        name: "tagged",
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        ...history,
        force_recovery: true,
        allow_tags_filter: true,
        allow_history_for_client: true,
      },
      // Nothing at all.
      { name: "closed", presence: true, ...history },
      // Nothing even there.
      { name: "bare", allow_subscribe_for_client: true, allow_presence_for_client: true, allow_history_for_client: true },
      { name: "standing", allow_subscribe_for_client: true, force_positioning: true, allow_recovery: true },
      // Users and nobody alike.
      {
        name: "anon",
        allow_subscribe_for_client: true,
        allow_subscribe_for_anonymous: true,
        allow_publish_for_client: true,
        allow_publish_for_anonymous: true,
        presence: true,
        allow_presence_for_client: true,
        allow_presence_for_anonymous: true,
        ...history,
        allow_history_for_client: true,
        allow_history_for_anonymous: true,
      },
      // `for_anonymous` without the rule that it widens.
      { name: "lone", allow_subscribe_for_anonymous: true, allow_publish_for_anonymous: true },
      // Subscribers only.
      {
        name: "subs",
        allow_subscribe_for_client: true,
        allow_publish_for_subscriber: true,
        presence: true,
        allow_presence_for_subscriber: true,
        ...history,
        allow_history_for_subscriber: true,
      },
      { name: "hist", allow_subscribe_for_client: true, allow_publish_for_client: true, ...history, allow_history_for_client: true },
      { name: "rec", allow_subscribe_for_client: true, ...history, force_recovery: true, allow_history_for_client: true },
      { name: "pos", allow_subscribe_for_client: true, ...history, force_positioning: true },
      { name: "ask", allow_subscribe_for_client: true, ...history, allow_recovery: true, allow_positioning: true },
      { name: "plain", allow_subscribe_for_client: true, ...history },
      { name: "cache", allow_subscribe_for_client: true, ...history, force_recovery: true, force_recovery_mode: "cache" },
      { name: "jl", allow_subscribe_for_client: true, presence: true, join_leave: true, force_push_join_leave: true },
      { name: "emit", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true, join_leave: true },
      { name: "quiet", allow_subscribe_for_client: true, presence: true, allow_presence_for_client: true, force_push_join_leave: true },
      { name: "mine", allow_user_limited_channels: true, allow_publish_for_subscriber: true },
      { name: "minetoo", allow_user_limited_channels: true, allow_subscribe_for_client: true },
      {
        name: "re",
        allow_subscribe_for_client: true,
        allow_publish_for_client: true,
        channel_regex: "^[a-z]+-q[0-9]+[or]$",
        ...history,
        presence: true,
      },
      { name: "unanchored", allow_subscribe_for_client: true, channel_regex: "[x-z]{2}" },
      { name: "any", allow_subscribe_for_client: true, channel_regex: ".*" },
      { name: "named", allow_subscribe_for_client: true, channel_regex: "^(?P<kind>[a-z]+)[^/]*$" },
      { name: "json", allow_subscribe_for_client: true, allow_publish_for_client: true, publication_data_format: "json" },
      { name: "obj", allow_subscribe_for_client: true, allow_publish_for_client: true, publication_data_format: "json_object" },
      { name: "bin", allow_subscribe_for_client: true, allow_publish_for_client: true, publication_data_format: "binary", ...history },
      { name: "short", allow_subscribe_for_client: true, history_size: 10, history_ttl: "1s", force_recovery: true },
      {
        name: "small",
        allow_subscribe_for_client: true,
        history_size: 3,
        history_ttl: "300s",
        force_recovery: true,
        allow_history_for_client: true,
      },
    ],
  },
};
