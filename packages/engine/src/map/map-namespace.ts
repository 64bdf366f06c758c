import type { ChannelOptions, MapOptions, SubscriptionType } from "../options.ts";
import type { MapPublishProxy, MapRemoveProxy } from "../proxies.ts";
import type { MapLog, MapTerms } from "./map-log.ts";

/** A namespace whose channels are maps, with everything that is worked out once. */
export interface MapNamespace {
  /** `type` of the subscribe command that its channels accept. */
  readonly wireType: number;
  readonly log: MapLog;
  readonly terms: MapTerms;
  /** Changes read at most when a subscriber goes live; more are error 112. */
  readonly transitionChangesMax: number;
  readonly publishProxy: MapPublishProxy | undefined;
  readonly removeProxy: MapRemoveProxy | undefined;
}

/** Types of the subscribe command that are maps. */
const wireTypes: ReadonlyMap<SubscriptionType, number> = new Map([
  ["map", 1],
  ["map_clients", 2],
  ["map_users", 3],
]);

export function isMapType(wireType: number): boolean {
  return wireType >= 1 && wireType <= 3;
}

/** Undefined where the subscription type is none of a map. */
export function mapWireType(type: SubscriptionType): number | undefined {
  return wireTypes.get(type);
}

const streamSizeDefault = 100;
const streamTtlMsDefault = 60_000;
/** Without a meta ttl of its own a channel outlives its changes ten times. */
const metaTtlFactor = 10;

/** @throws Error where the options contradict each other. */
export function mapTermsOf(name: string, { subscriptionType, map }: Pick<ChannelOptions, "subscriptionType" | "map">): MapTerms {
  const refuse = (why: string): never => {
    throw new Error(`namespace "${name}": ${why}`);
  };
  const { mode, keyTtlMs, streamSize, streamTtlMs, metaTtlMs, keysMax } = map;
  if (mode === "") return refuse(`map.mode is required where subscription_type is ${subscriptionType}`);
  const hasStream = mode !== "ephemeral";
  if (keyTtlMs < 0 || streamSize < 0 || streamTtlMs < 0 || metaTtlMs < 0) refuse("times and sizes of a map must not be negative");
  if (keysMax < 1) refuse("a map must be allowed to hold a key");
  if (mode === "persistent" && keyTtlMs > 0) refuse("map.key_ttl must not be set where map.mode is persistent");
  if (mode === "persistent" && subscriptionType !== "map")
    refuse(`map.mode must not be persistent where subscription_type is ${subscriptionType}`);
  if (mode !== "persistent" && keyTtlMs === 0) refuse(`map.key_ttl is required where map.mode is ${mode}`);
  if (!hasStream) {
    if (streamSize > 0 || streamTtlMs > 0 || metaTtlMs > 0)
      refuse("stream_size, stream_ttl and meta_ttl need map.mode recoverable or persistent");
    return { hasStream, keyTtlMs, streamSizeMax: 0, streamTtlMs: 0, metaTtlMs: 0, keysMax };
  }
  const ttlMs = streamTtlMs > 0 ? streamTtlMs : streamTtlMsDefault;
  if (mode === "persistent" && metaTtlMs > 0) refuse("map.meta_ttl must not be set where map.mode is persistent");
  if (metaTtlMs > 0 && metaTtlMs < Math.max(ttlMs, keyTtlMs))
    refuse("map.meta_ttl must not be shorter than map.stream_ttl and map.key_ttl");
  return {
    hasStream,
    keyTtlMs,
    streamSizeMax: streamSize > 0 ? streamSize : streamSizeDefault,
    streamTtlMs: ttlMs,
    metaTtlMs: mode === "persistent" || metaTtlMs > 0 ? metaTtlMs : Math.max(metaTtlFactor * ttlMs, keyTtlMs),
    keysMax,
  };
}

/** Entries of one page: what the client wishes, within the namespace's bounds. */
export function pageSizeOf({ defaultPageSize, minPageSize, maxPageSize }: MapOptions, wished: number): number {
  return Math.min(Math.max(wished > 0 ? wished : defaultPageSize, minPageSize), maxPageSize);
}
