import type { Connection } from "../connection/connection.ts";
import { Subscription, type SubscriptionTerms } from "../connection/subscription.ts";
import type { PollChannel } from "./poll-channel.ts";
import type { PolledKey } from "./polled-key.ts";

/** What one connection has of one key. */
export interface TrackedKey {
  readonly subscription: PollSubscription;
  readonly key: PolledKey;
  /** Of the value that the client has: what it claimed, then what it was sent. */
  version: number;
  /** It was sent a value, hence can be sent a patch to it. */
  hasBase: boolean;
  /** Monotonic time at which its signature expires; infinity for never. */
  readonly expiresAtMs: number;
}

/** A subscription that hears of the keys it follows, and of nothing else: it stands outside the hub. */
export class PollSubscription extends Subscription {
  readonly poll: PollChannel;
  /** Patches are welcome. */
  readonly delta: boolean;
  readonly keys = new Map<string, TrackedKey>();
  /** Not later than the first of their expiries. */
  nextExpiryMs = Number.POSITIVE_INFINITY;

  constructor(connection: Connection, poll: PollChannel, terms: SubscriptionTerms, delta: boolean) {
    super(connection, connection.outbox, poll.place, terms);
    this.poll = poll;
    this.delta = delta;
  }
}
