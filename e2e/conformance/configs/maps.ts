import type { ConfigFile, ConfigParts } from "../harness/rule.ts";

const pages = { min_page_size: 2, default_page_size: 2, max_page_size: 4 };
const persistent = { mode: "persistent", ...pages };
const recoverable = { mode: "recoverable", key_ttl: "60s", stream_size: 10, ...pages };
const ephemeral = { mode: "ephemeral", key_ttl: "60s", ...pages };
const change = { allow_publish_for_client: true, allow_remove_for_client: true };
const map = { subscription_type: "map", allow_subscribe_for_client: true };
const deltas = { allowed_delta_types: ["fossil"], delta_publish: true };

/** Maps of every mode, with pages of two to four keys; what is theirs alone stands in namespaces of its own. */
export const maps = ({ backendUrl }: ConfigParts): ConfigFile => {
  const proxy = (path: string): ConfigFile => ({ endpoint: `${backendUrl}${path}`, timeout: "700ms" });
  return {
    client: {
      expired_sub_close_delay: "1s",
      presence_update_interval: "1s",
      channel_position_check_delay: "1s",
      channel_limit: 12,
      allow_anonymous_connect_without_token: true,
    },
    channel: {
      proxy: {
        subscribe: proxy("/subscribe"),
        map_publish: proxy("/map_publish"),
        map_remove: proxy("/map_remove"),
      },
      without_namespace: { allow_subscribe_for_client: true },
      namespaces: [
        { name: "per", ...map, map: { ...persistent, ...change } },
        { name: "rec", ...map, map: recoverable },
        { name: "eph", ...map, map: { ...ephemeral, ...change } },
        { name: "wide", ...map, map: { ...persistent, max_page_size: 2, live_transition_max_publication_limit: 8 } },
        { name: "brief", ...map, map: { ...recoverable, key_ttl: "1s" } },
        { name: "briefeph", ...map, map: { ...ephemeral, key_ttl: "1s" } },
        { name: "forgets", ...map, map: { ...persistent, stream_ttl: "1s" } },
        { name: "trims", ...map, map: { ...persistent, stream_size: 2 } },
        { name: "late", ...map, map: { ...persistent, subscribe_catch_up_timeout: "500ms" } },
        { name: "closed", subscription_type: "map", map: persistent },
        { name: "anon", ...map, allow_subscribe_for_anonymous: true, map: { ...persistent, ...change, allow_publish_for_anonymous: true } },
        {
          name: "subs",
          ...map,
          map: { ...persistent, allow_publish_for_subscriber: true, allow_remove_for_subscriber: true },
        },
        { name: "re", ...map, channel_regex: "^[a-z]+-q[0-9]+[or]$", map: { ...persistent, ...change } },
        { name: "obj", ...map, publication_data_format: "json_object", map: { ...persistent, ...change } },
        { name: "bin", ...map, publication_data_format: "binary", map: { ...persistent, ...change } },
        {
          name: "cid",
          ...map,
          allow_subscribe_for_anonymous: true,
          map: { ...persistent, ...change, client_key: "client_id", remove_client_on_unsubscribe: true },
        },
        {
          name: "uid",
          ...map,
          allow_subscribe_for_anonymous: true,
          map: { ...persistent, ...change, client_key: "user_id", allow_publish_for_anonymous: true },
        },
        { name: "plain", ...map, allow_publish_for_client: true, map: persistent },
        {
          name: "jl",
          ...map,
          presence: true,
          allow_presence_for_client: true,
          join_leave: true,
          force_push_join_leave: true,
          map: persistent,
        },
        { name: "delta", ...map, ...deltas, map: { ...persistent, ...change, max_page_size: 8 } },
        { name: "deltaasked", ...map, allowed_delta_types: ["fossil"], map: persistent },
        { name: "deltaeph", ...map, ...deltas, map: ephemeral },
        { name: "tf", ...map, allow_tags_filter: true, map: { ...persistent, max_page_size: 8 } },
        { name: "tfeph", ...map, allow_tags_filter: true, map: ephemeral },
        { name: "tfdelta", ...map, ...deltas, allow_tags_filter: true, map: persistent },
        { name: "who", ...map, subscription_type: "map_clients", map: { ...recoverable, key_ttl: "3s" } },
        { name: "users", ...map, subscription_type: "map_users", map: { ...ephemeral, key_ttl: "3s" } },
        {
          name: "game",
          allow_subscribe_for_client: true,
          allow_subscribe_for_anonymous: true,
          map_clients_presence_channel_prefix: "who:",
          map_users_presence_channel_prefix: "users:",
        },
        { name: "board", ...map, map: persistent, map_clients_presence_channel_prefix: "who:" },
        { name: "asked", subscription_type: "map", subscribe_proxy_enabled: true, map: persistent },
        { name: "written", ...map, map: { ...persistent, publish_proxy_enabled: true, remove_proxy_enabled: true } },
        { name: "odd", allow_subscribe_for_client: true, map: change },
        {
          name: "open",
          allow_subscribe_for_client: true,
          allow_publish_for_client: true,
          history_size: 10,
          history_ttl: "300s",
        },
      ],
    },
  };
};

/** The same without anything that happens by itself meanwhile, and with more that clients may change. */
export const mapSessions = (parts: ConfigParts): ConfigFile => {
  const { namespaces, ...channel } = maps(parts)["channel"];
  const open = ["wide", "rec", "tf"];
  const widened = namespaces.map((one: ConfigFile) => (open.includes(one["name"]) ? { ...one, map: { ...one["map"], ...change } } : one));
  return { client: { channel_limit: 12 }, channel: { ...channel, namespaces: widened } };
};
