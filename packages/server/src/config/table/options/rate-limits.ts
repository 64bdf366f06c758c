import { duration, int } from "../option.ts";
import { live, under } from "../standing.ts";

const rate = (sentence: string) => int(0, { min: 1, max: 60_000_000 }, `${sentence} a minute; 0: as many as they like.`);

const commands = {
  commands_per_minute: rate("Commands of any kind"),
  subscribe_per_minute: rate("Subscribes"),
  publish_per_minute: rate("Publications"),
  history_per_minute: rate("History requests"),
  presence_per_minute: rate("Requests for presence and its numbers"),
  rpc_per_minute: rate("Calls by rpc"),
  refresh_per_minute: rate("Refreshes of connection and subscriptions"),
};

/**
 * Token buckets over what clients ask. Above a limit a command is answered with error 111. Only the embedded engine counts: a real
 * Centrifugo of the free edition has no such limits.
 */
export const rateLimitOptions = {
  ...live({
    ...under("push.rate_limits.connection", { ...commands }),
    ...under("push.rate_limits.user", { ...commands, connect_per_minute: rate("Connects of a user") }),
    "push.rate_limits.burst": duration(10_000, "For how long what was not used may be saved up and spent at once."),
    "push.rate_limits.refusals_per_minute": int(
      120,
      { min: 1, max: 60_000_000 },
      "Refused commands of a connection a minute; with more it is closed (3013).",
    ),
  }),
  "push.rate_limits.api_per_minute": rate("Requests to the server API (429)"),
} as const;
