import type { ChannelOptions } from "@fleetcast/engine";
import { RE2JS } from "re2js";
import type { NamespaceValues } from "../table/options/namespace.ts";

/** A rule that two or more options of one namespace break together (K4). */
export type Refuse = (option: string, expected: string) => void;

/** What only the options of one namespace together can get wrong; the rules are Centrifugo's. */
export function checkNamespace(judged: NamespaceValues, options: ChannelOptions, refuse: Refuse): void {
  checkHistory(judged, options, refuse);
  checkMap(judged, options, refuse);
  checkPages(judged, refuse);
  if (judged.channel_regex !== "" && !isRegex(judged.channel_regex)) refuse("channel_regex", "expected a regular expression in RE2 syntax");
  for (const type of judged.allowed_delta_types ?? []) {
    if (type !== "fossil") refuse("allowed_delta_types", `"${type}" is no delta type; there is "fossil"`);
  }
  const isPlain = !judged.subscribe_proxy_enabled && !judged.publish_proxy_enabled && !judged.sub_refresh_proxy_enabled;
  if (judged.subscribe_stream_proxy_enabled && !isPlain) {
    refuse("subscribe_stream_proxy_enabled", "excludes the proxies for subscribe, publish and sub_refresh");
  }
  if (judged.subscription_type === "shared_poll" && judged["shared_poll.publish_enabled"] && judged["shared_poll.mode"] !== "versioned") {
    refuse("shared_poll.publish_enabled", "needs shared_poll.mode versioned");
  }
}

function checkHistory(judged: NamespaceValues, options: ChannelOptions, refuse: Refuse): void {
  const hasHistory = judged.history_size > 0 && judged.history_ttl > 0;
  if (judged.history_size > 0 !== judged.history_ttl > 0) refuse("history_size", "history needs both history_size and history_ttl");
  if (judged.force_recovery && !hasHistory) refuse("force_recovery", "recovery needs history_size and history_ttl");
  if (judged.history_ttl > options.historyMetaTtlMs) refuse("history_ttl", "must not be longer than history_meta_ttl");
  if (judged.auto_cache_recover && (!judged.force_recovery || judged.force_recovery_mode !== "cache")) {
    refuse("auto_cache_recover", "needs force_recovery, and force_recovery_mode cache");
  }
}

function checkMap(judged: NamespaceValues, { map }: ChannelOptions, refuse: Refuse): void {
  const isMap = ["map", "map_clients", "map_users"].includes(judged.subscription_type);
  if (isMap && map.mode === "") refuse("map.mode", "a map needs a mode: ephemeral, recoverable or persistent");
  if (map.removeClientOnUnsubscribe && !isMap) refuse("map.remove_client_on_unsubscribe", "needs a subscription_type that is a map");
  if (map.clientKey !== "" && map.publishProxyName !== "")
    refuse("map.client_key", "excludes map.publish_proxy_enabled: one of them gives the key");
  if (map.clientKey !== "" && map.removeProxyName !== "")
    refuse("map.client_key", "excludes map.remove_proxy_enabled: one of them gives the key");
  switch (map.mode) {
    case "":
      return;
    case "ephemeral":
      if (map.keyTtlMs === 0) refuse("map.key_ttl", "map.mode ephemeral needs it");
      for (const option of ["map.stream_size", "map.stream_ttl", "map.meta_ttl"] as const) {
        if (judged[option] !== 0) refuse(option, "map.mode ephemeral keeps no changes");
      }
      return;
    case "recoverable":
      if (map.keyTtlMs === 0) refuse("map.key_ttl", "map.mode recoverable needs it");
      if (map.metaTtlMs < map.streamTtlMs) refuse("map.meta_ttl", "must not be shorter than map.stream_ttl");
      if (map.metaTtlMs < map.keyTtlMs) refuse("map.meta_ttl", "must not be shorter than map.key_ttl");
      return;
    case "persistent":
      if (map.keyTtlMs !== 0) refuse("map.key_ttl", "map.mode persistent keeps keys for ever");
      if (map.metaTtlMs !== 0) refuse("map.meta_ttl", "map.mode persistent keeps it for ever");
      if (isMap && judged.subscription_type !== "map") {
        refuse("map.mode", `persistent would keep subscribers for ever; ${judged.subscription_type} needs ephemeral or recoverable`);
      }
  }
}

/** Only sizes that were written are compared: an empty one gives way. */
function checkPages(judged: NamespaceValues, refuse: Refuse): void {
  const inOrder = (small: "min" | "default", large: "default" | "max"): void => {
    const [less, more] = [judged[`map.${small}_page_size`], judged[`map.${large}_page_size`]];
    if (less > 0 && more > 0 && less > more) refuse(`map.${small}_page_size`, `must not be larger than map.${large}_page_size`);
  };
  inOrder("min", "default");
  inOrder("min", "max");
  inOrder("default", "max");
}

export function isRegex(pattern: string): boolean {
  try {
    RE2JS.compile(pattern);
    return true;
  } catch {
    return false;
  }
}
