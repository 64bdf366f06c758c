import type { FilterNode, Publication, StreamPosition, Tags } from "@fleetcast/protocol";
import type { Delivery } from "../delivery.ts";
import type { ChannelOptions } from "../options.ts";
import type { CatchUp } from "../slow-readers/catch-up.ts";
import { TagsFilter } from "../tags-filter/tags-filter.ts";

/** No publication that a patch could be applied to. */
export const noBase = -1;
/** Comparisons that cost about as much as a delivery. */
const leavesPerDelivery = 16;

export interface RefinementWish {
  /** The client understands Fossil deltas. */
  readonly delta: boolean;
  readonly tagsFilter: FilterNode | undefined;
}

/**
 * What makes a subscription get something else than every publication as it is. Most have none, and pay nothing for it: the
 * fan-out then takes its short way.
 */
export class Refinement {
  /** Publications come as patches where that is possible. */
  readonly delta: boolean;
  readonly filter: TagsFilter | undefined;
  /** Deliveries that one look at the filter weighs as much as, for the slices of the fan-out. */
  readonly weight: number;
  readonly whenSlow: ChannelOptions["slowReaders"];
  /** A map: each publication is about a key, and the client has what the key held before. */
  readonly byKey: boolean;
  /**
   * Offset of the last publication the client was sent, `noBase` before the first: what a patch has to be made from. By key:
   * what a patch is made from has to be behind it.
   */
  base = noBase;
  /** `latest`: the newest publication that the blocked socket was not given. */
  waiting: Delivery | undefined;
  /** `catch_up`: out of live delivery. */
  behind: CatchUp | undefined;
  /** Without positions: where a catch-up ended. What is still on its way from before that was sent. */
  passed: StreamPosition | undefined;

  constructor(delta: boolean, filter: TagsFilter | undefined, whenSlow: ChannelOptions["slowReaders"], byKey = false) {
    this.delta = delta;
    this.filter = filter;
    this.weight = filter === undefined ? 0 : Math.floor(filter.leafCount / leavesPerDelivery);
    this.whenSlow = whenSlow;
    this.byKey = byKey;
  }

  wants(tags: Tags | undefined): boolean {
    return this.filter === undefined || this.filter.isMatch(tags);
  }

  /** What a patch to this publication may be made from: what the key held before, where the client was sent it. */
  baseOf(previous: Publication | undefined): number {
    if (!this.byKey) return this.base;
    return previous !== undefined && previous.offset > this.base && this.wants(previous.tags) ? previous.offset : noBase;
  }

  /** A patch is made only where the position vouches for what the client has [DL7]. */
  haveSent(offset: number, isPositioned: boolean): void {
    if (!this.byKey) this.base = isPositioned && offset !== 0 ? offset : noBase;
  }

  /** Was this one read from history already? */
  hasPassed({ offset, epoch }: Delivery): boolean {
    return offset !== 0 && this.passed !== undefined && offset <= this.passed.offset && epoch === this.passed.epoch;
  }
}

/** Undefined where there is nothing to refine; "refused" for a filter that is not allowed or not well formed (107). */
export function refinementOf(options: ChannelOptions, wish: RefinementWish): Refinement | "refused" | undefined {
  const delta = wish.delta && options.allowedDeltaTypes.includes("fossil");
  // Where publications are skipped anyway there is nothing to catch up with [SR9].
  const whenSlow = options.slowReaders === "catch_up" && options.ratePerSMax > 0 ? "latest" : options.slowReaders;
  if (wish.tagsFilter === undefined) return delta || whenSlow !== "close" ? new Refinement(delta, undefined, whenSlow) : undefined;
  const filter = options.allowTagsFilter ? TagsFilter.of(wish.tagsFilter) : undefined;
  return filter === undefined ? "refused" : new Refinement(delta, filter, whenSlow);
}
