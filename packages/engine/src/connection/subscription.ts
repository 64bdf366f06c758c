import type { Delivery } from "../delivery.ts";
import type { HubChannel } from "../hub.ts";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";
import type { Refinement } from "./refinement.ts";

/** What a subscription was granted: the namespace's options after token, proxy and the client's own wishes. */
export interface SubscriptionTerms {
  /** Tracks offsets: a gap is noticed and told. */
  readonly positioned: boolean;
  /** Missed publications are sent to a client that returns. */
  readonly recoverable: boolean;
  /** `map`: a map subscription, which is brought up to date in pages (`map/paging.ts`). */
  readonly recoveryMode: "stream" | "cache" | "map";
  /** Cache mode: the latest publication comes with the subscribe, whether it was asked for or not. */
  readonly autoCacheRecover: boolean;
  readonly present: boolean;
  readonly emitsJoinLeave: boolean;
  readonly receivesJoinLeave: boolean;
  /** `chan_info`, raw. */
  readonly info: Uint8Array | undefined;
  /** `data` of the subscribe result, raw. */
  readonly data: Uint8Array | undefined;
  readonly expireAtS: number | undefined;
  /** The client renews by `sub_refresh`; otherwise the sub_refresh proxy is asked. */
  readonly clientSideRefresh: boolean;
  /** Made by us, not by a subscribe command: a problem ends the connection, not the subscription. */
  readonly serverSide: boolean;
  /** Named by the connection token, hence compared at refresh. */
  readonly fromToken: boolean;
}

/** One connection on one channel. */
export class Subscription {
  readonly connection: Connection;
  readonly outbox: Outbox;
  readonly channel: HubChannel;
  terms: SubscriptionTerms;
  /** Place in the channel's list; -1 when not in the hub. */
  index = -1;
  /** False while the client does not have its subscribe reply yet; deliveries wait in `held` meanwhile (L9). */
  live = false;
  held: Delivery[] | undefined;
  heldBytes = 0;
  /** Offset of the last publication the client has, where `terms.positioned`. */
  offset = 0;
  epoch = "";
  positionCheckedAtMs = 0;
  /** Monotonic time of expiry; infinity for none. Told by `terms.expireAtS`, moved by refreshes. */
  expiresAtMs = Number.POSITIVE_INFINITY;
  info: Uint8Array | undefined;
  /** Undefined for a subscriber that gets every publication as it is: the short way of the fan-out. */
  refined: Refinement | undefined;

  constructor(connection: Connection, outbox: Outbox, channel: HubChannel, terms: SubscriptionTerms) {
    this.connection = connection;
    this.outbox = outbox;
    this.channel = channel;
    this.terms = terms;
    this.info = terms.info;
  }
}
