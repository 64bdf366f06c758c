import type { FilterNode, Tags } from "@fleetcast/protocol";
import type { ChannelOptions } from "../options.ts";
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
  /** Offset of the last publication the client was sent, `noBase` before the first: what a patch has to be made from. */
  base = noBase;

  constructor(delta: boolean, filter: TagsFilter | undefined) {
    this.delta = delta;
    this.filter = filter;
    this.weight = filter === undefined ? 0 : Math.floor(filter.leafCount / leavesPerDelivery);
  }

  wants(tags: Tags | undefined): boolean {
    return this.filter === undefined || this.filter.isMatch(tags);
  }
}

/** Undefined where there is nothing to refine; "refused" for a filter that is not allowed or not well formed (107). */
export function refinementOf(options: ChannelOptions, wish: RefinementWish): Refinement | "refused" | undefined {
  const delta = wish.delta && options.allowedDeltaTypes.includes("fossil");
  if (wish.tagsFilter === undefined) return delta ? new Refinement(delta, undefined) : undefined;
  const filter = options.allowTagsFilter ? TagsFilter.of(wish.tagsFilter) : undefined;
  return filter === undefined ? "refused" : new Refinement(delta, filter);
}
