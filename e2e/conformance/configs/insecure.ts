import type { ConfigFile } from "../harness/rule.ts";

/** The mode for development: everybody may connect and do what no rule speaks about. */
export const insecure: ConfigFile = {
  client: { insecure: true },
  channel: {
    namespaces: [
      { name: "bare" },
      { name: "full", presence: true, history_size: 10, history_ttl: "300s", allow_user_limited_channels: true },
      { name: "re", channel_regex: "^[a-z]+-q[0-9]+[or]$" },
    ],
  },
};
