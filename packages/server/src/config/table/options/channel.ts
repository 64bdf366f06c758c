import { bool, duration, int, oneOf, string } from "../option.ts";
import { live, partOf, under } from "../standing.ts";
import { proxyOptions } from "./proxy.ts";

const day = 86_400_000;

/** Channels and methods as a whole; what a namespace can be told is `namespace.ts`. */
export const channelOptions = {
  ...live({
    "channel.history_meta_ttl": duration(30 * day, "How long offset and epoch outlive a channel's publications.", { wholeSeconds: true }),
    "channel.max_length": int(255, { min: 1, max: 4_096 }, "Longest channel name, in bytes.", 4_096),
    "channel.publication_data_format": oneOf(
      "",
      ["", "json", "json_object", "binary"],
      "What `data` must be in namespaces that do not say.",
    ),
  }),
  "channel.private_prefix": string("$", "Channels that begin so need a subscription token."),
  "channel.namespace_boundary": string(":", "What ends the namespace in a channel's name."),
  "channel.user_boundary": string("#", "What begins the user ids in a channel's name."),
  "channel.user_separator": string(",", "What stands between two user ids there."),
  ...live({
    ...under("channel.proxy.subscribe", proxyOptions),
    ...under("channel.proxy.publish", proxyOptions),
    ...under("channel.proxy.sub_refresh", proxyOptions),
    ...under("channel.proxy.map_publish", proxyOptions),
    ...under("channel.proxy.map_remove", proxyOptions),
    ...under("channel.proxy.shared_poll_refresh", proxyOptions),
  }),
  ...partOf("subscribe_stream_proxy_enabled of a namespace", under("channel.proxy.subscribe_stream", proxyOptions)),

  ...live({
    ...under("rpc.proxy", proxyOptions),
    "rpc.without_namespace.proxy_enabled": bool(false, "Passes methods without a namespace to the backend."),
    "rpc.without_namespace.proxy_name": string("default", "Which one: `default` is rpc.proxy, others stand in `proxies`."),
    "rpc.ping.enabled": bool(false, "Answers one method ourselves, with nothing, so that a client can measure its way."),
    "rpc.ping.method": string("ping", "Name of that method."),
    "rpc.namespace_boundary": string(":", "What ends the namespace in a method's name."),
  }),
} as const;

/** Each entry of `rpc.namespaces`. */
export const rpcNamespaceOptions = {
  proxy_enabled: bool(false, "Passes the methods of this namespace to the backend."),
  proxy_name: string("default", "Which one: `default` is rpc.proxy, others stand in `proxies`."),
} as const;
