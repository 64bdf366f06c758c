import type { ClientInfo, Publication, StreamPosition, Tags } from "@fleetcast/protocol";
import type { CommittedPublication } from "../log.ts";

/**
 * The map port: where keys of a channel have their values, and where the changes of these values get their positions and
 * are read again. `MemoryMapLog` passes its contract suite (`testing/map-log-contract.ts`); rules: docs/spec/maps.md.
 */

/** What a channel's map keeps, and for how long; part of every call because it is the namespace's option, not the log's. */
export interface MapTerms {
  /** Changes have positions and can be caught up with. Without, they are delivered and forgotten (`ephemeral`). */
  readonly hasStream: boolean;
  /** A key that is not set again for this long is removed, and its subscribers are told. 0: never. */
  readonly keyTtlMs: number;
  /** Newest changes kept readable. */
  readonly streamSizeMax: number;
  /** Changes are forgotten this long after the LAST one. */
  readonly streamTtlMs: number;
  /** The channel is forgotten with its epoch this long after it was last written or read. 0: not while it holds keys. */
  readonly metaTtlMs: number;
  /** A key above this number is refused (`MapFull`). */
  readonly keysMax: number;
}

export type KeyMode = "" | "if_new" | "if_exists";

export interface MapPublish {
  readonly channel: string;
  readonly key: string;
  readonly data: Uint8Array;
  readonly terms: MapTerms;
  readonly info?: ClientInfo | undefined;
  readonly tags?: Tags | undefined;
  readonly keyMode?: KeyMode | undefined;
  /** With `if_new`: a key that is there lives on as if it were set again; nothing else happens (presence). */
  readonly refreshes?: boolean | undefined;
  /** A repeat within 5 minutes answers the first position and changes nothing. Scoped to the channel. */
  readonly idempotencyKey?: string | undefined;
  /** Skipped when at or below the key's version and the epoch is empty or equal. Needs a stream. */
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
  /** Compare and swap: only where this is the key's last change. Needs a stream. */
  readonly expected?: StreamPosition | undefined;
  /** Marked for delta subscribers. */
  readonly delta?: boolean | undefined;
}

export interface MapRemove {
  readonly channel: string;
  readonly key: string;
  readonly terms: MapTerms;
  /** Of the removal; absent: those of the value that is removed. */
  readonly tags?: Tags | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly expected?: StreamPosition | undefined;
}

export type MapSuppression = "idempotency" | "version" | "key_exists" | "key_not_found" | "position_mismatch";

export interface MapOutcome {
  /** Top of the channel after the call: offset 0 without a stream, epoch "" where the channel does not exist. */
  readonly position: StreamPosition;
  /** Why nothing was changed, or undefined when it was. */
  readonly suppressed?: MapSuppression | undefined;
  /** `position_mismatch` with a key that is there: what to swap against instead. */
  readonly current?: { readonly offset: number; readonly data: Uint8Array } | undefined;
}

/** A value, or a change of one. */
export interface MapPublication extends Publication {
  readonly key: string;
  /** When it was set, Unix milliseconds; never sent to clients. */
  readonly timeMs: number;
}

export interface MapStateRequest {
  readonly channel: string;
  readonly terms: MapTerms;
  /** Entries; 0: position only, negative: all. */
  readonly limit: number;
  /** Only keys behind this one; "" from the beginning. */
  readonly cursor: string;
  /** What a former page was read at: another epoch is `UnrecoverablePosition`. */
  readonly revision?: StreamPosition | undefined;
}

export interface MapStatePage {
  /** By key, in the order of their UTF-8 bytes. */
  readonly entries: readonly MapPublication[];
  /** Top of the stream at the read. */
  readonly top: StreamPosition;
  /** Where the next page begins; "" on the last one. */
  readonly cursor: string;
}

export interface MapStreamRequest {
  readonly channel: string;
  readonly terms: MapTerms;
  /** Exclusive start. Absent: from the oldest readable (or, with `reverse`, the newest). */
  readonly since?: StreamPosition | undefined;
  /** 0: position only; negative: everything readable. */
  readonly limit: number;
  readonly reverse: boolean;
}

export interface MapStreamPage {
  /** Trimmed changes are not in it: whoever needs all compares the first offset with `since`. */
  readonly changes: readonly MapPublication[];
  readonly top: StreamPosition;
}

export interface MapLog {
  /** @throws MapFull, MapNeedsStream */
  publish(request: MapPublish): Promise<MapOutcome>;
  /** @throws MapNeedsStream */
  remove(request: MapRemove): Promise<MapOutcome>;
  /** One listener: called with every committed batch, in commit order, before the call that made it resolves. */
  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void;
  /** The page is what the map held at the call. @throws UnrecoverablePosition */
  readState(request: MapStateRequest): Promise<MapStatePage>;
  /** One key, or undefined where it is not there. @throws UnrecoverablePosition */
  readKey(
    request: Pick<MapStateRequest, "channel" | "terms" | "revision"> & { readonly key: string },
  ): Promise<{ readonly entry: MapPublication | undefined; readonly top: StreamPosition }>;
  /** @throws UnrecoverablePosition when `since.epoch` is non-empty and not the channel's */
  readStream(request: MapStreamRequest): Promise<MapStreamPage>;
  top(channel: string, terms: MapTerms): Promise<StreamPosition>;
  stats(channel: string): Promise<{ readonly keys: number }>;
  /** Forgets keys, changes, epoch and idempotency keys. Nobody is told; the next change begins a new epoch. */
  clear(channel: string): Promise<void>;
}

/** The channel holds as many keys as it may. */
export class MapFull extends Error {
  override readonly name = "MapFull";
}

/** A version or an expected position on a channel that keeps none. */
export class MapNeedsStream extends Error {
  override readonly name = "MapNeedsStream";
}
