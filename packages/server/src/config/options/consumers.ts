import { bool, string } from "../option.ts";
import { refused } from "../standing.ts";

/** Each entry of `consumers`: queues that Centrifugo reads publications from. Fleetcast reads none. */
export const consumerOptions = {
  enabled: refused(
    bool(false, "Reads publications from a queue."),
    "let a small reader of that queue call the server API, with an idempotency_key for each message",
  ),
  type: string("", "Kind of the queue."),
} as const;
