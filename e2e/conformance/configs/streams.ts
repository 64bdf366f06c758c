import type { ConfigFile } from "../harness/rule.ts";

const open = { allow_subscribe_for_client: true, allow_publish_for_client: true };
const history = { ...open, history_size: 10, history_ttl: "300s" };
const recovering = { ...history, force_recovery: true };
const deltas = { allowed_delta_types: ["fossil"], delta_publish: true };

/** Everything that a subscription to a stream may be besides plain. The position check has its usual delay: no rule waits for it. */
export const streams: ConfigFile = {
  client: { presence_update_interval: "1s" },
  channel: {
    namespaces: [
      { name: "rec", ...recovering, allow_history_for_client: true },
      { name: "pos", ...history, force_positioning: true },
      { name: "ask", ...history, allow_recovery: true, allow_positioning: true },
      { name: "off", ...history },
      { name: "bare", ...open },
      { name: "small", ...recovering, history_size: 3 },
      { name: "large", ...recovering, history_size: 400 },
      { name: "short", ...recovering, history_ttl: "1s" },
      { name: "brief", ...recovering, history_ttl: "1s", history_meta_ttl: "2s" },
      { name: "delta", ...recovering, ...deltas },
      { name: "deltaasked", ...recovering, allowed_delta_types: ["fossil"] },
      { name: "deltaloose", ...history, ...deltas },
      { name: "deltaout", ...recovering, delta_publish: true },
      { name: "deltashort", ...recovering, ...deltas, history_ttl: "1s" },
      { name: "tf", ...recovering, allow_tags_filter: true },
      { name: "tfloose", ...open, allow_tags_filter: true },
      { name: "tfdelta", ...recovering, ...deltas, allow_tags_filter: true },
      { name: "cache", ...recovering, force_recovery_mode: "cache", allow_tags_filter: true },
      { name: "cachedelta", ...recovering, ...deltas, force_recovery_mode: "cache", auto_cache_recover: true },
      { name: "auto", ...recovering, force_recovery_mode: "cache", auto_cache_recover: true },
    ],
  },
};
