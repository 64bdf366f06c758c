import type { Namespace } from "../channel/namespaces.ts";
import type { Subscription, SubscriptionTerms } from "../connection/subscription.ts";
import type { TagsFilter } from "../tags-filter/tags-filter.ts";
import type { MapNamespace } from "./map-namespace.ts";

/** Phases of a map subscription as requests and replies name them. */
export const mapPhases = { live: 0, stream: 1, state: 2 } as const;

/**
 * A map subscription that is still being paged in: first the state, then the changes since its first page, then live.
 * Permission was asked for once, by the request that made it; it ends by going live, by an error, or with its connection.
 */
export class CatchUp {
  readonly channel: string;
  /** These two are other objects after a reload. */
  namespace: Namespace;
  map: MapNamespace;
  readonly terms: SubscriptionTerms;
  readonly startedAtMs: number;
  /** Which values and changes are wanted, as the first request said. */
  readonly filter: TagsFilter | undefined;
  /** Of the map at the first request; "" before its answer. */
  epoch = "";
  /** Top of the changes when the first page of the state was read: whatever came later is caught up with from here. */
  offset: number | undefined;
  /** Top of the changes when the first of them were asked for. */
  streamTop: number | undefined;
  /** A request is being worked on; another one meanwhile is error 113. */
  isBusy = false;
  /** Its place in the hub, where everything is held: with a stream while it goes live, without one from the first page on. */
  subscription: Subscription | undefined;

  constructor(
    channel: string,
    namespace: Namespace,
    map: MapNamespace,
    terms: SubscriptionTerms,
    filter: TagsFilter | undefined,
    startedAtMs: number,
  ) {
    this.channel = channel;
    this.namespace = namespace;
    this.map = map;
    this.terms = terms;
    this.filter = filter;
    this.startedAtMs = startedAtMs;
  }

  isOverdue(nowMs: number): boolean {
    const timeoutMs = this.namespace.options.map.subscribeCatchUpTimeoutMs;
    return timeoutMs >= 0 && nowMs - this.startedAtMs > timeoutMs;
  }
}
