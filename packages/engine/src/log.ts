import type { ClientInfo, Publication, StreamPosition, Tags } from "@fleetcast/protocol";

/**
 * The log port: where publications of a channel get their positions and from where they are read again.
 * `MemoryLog` (here) and `JournalLog` (storage) pass one contract suite; a namespace picks one, and a connection
 * never knows which it has.
 */

/** How much of a channel's stream may be read; part of every call because it is the namespace's option, not the log's. */
export interface HistoryWindow {
  /** Newest publications kept readable; 0 means the channel keeps no history. */
  readonly sizeMax: number;
  /** Publications older than this since the channel's LAST publication are unreadable. Milliseconds. */
  readonly ttlMs: number;
  /** How long position and epoch outlive the publications. Milliseconds. The journal keeps them for ever. */
  readonly metaTtlMs: number;
}

export interface LogAppend {
  readonly channel: string;
  readonly data: Uint8Array;
  readonly window: HistoryWindow;
  readonly info?: ClientInfo | undefined;
  readonly tags?: Tags | undefined;
  /** Repeats within 5 minutes answer the first position and append nothing. Scoped to the channel. */
  readonly idempotencyKey?: string | undefined;
  /** Skipped when at or below the stored version and the epoch is empty or equal. */
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
  /** Delivered, but given no position and not stored. */
  readonly skipHistory?: boolean | undefined;
  /** Marked for delta subscribers. */
  readonly delta?: boolean | undefined;
}

export interface AppendResult {
  /** Position after the append; `{offset: 0, epoch: ""}` where the channel keeps no history. */
  readonly position: StreamPosition;
  /** Why nothing was appended, or undefined when it was. */
  readonly suppressed?: "idempotency" | "version" | undefined;
}

/** One publication in commit order, as the hub receives it. */
export interface CommittedPublication {
  readonly channel: string;
  readonly publication: Publication;
  /** Epoch of the channel's stream; "" where it keeps no history. */
  readonly epoch: string;
  /** The publication before it, for delta subscribers; only where `delta` was asked for and history holds one. */
  readonly previous?: Publication | undefined;
}

export interface ReadRequest {
  readonly channel: string;
  readonly window: HistoryWindow;
  /** Exclusive start. Absent: from the oldest readable (or, with `reverse`, the newest). */
  readonly since?: StreamPosition | undefined;
  /** 0: position only; negative: everything readable. */
  readonly limit: number;
  readonly reverse: boolean;
  /** Never read above this offset (journal rule L9). */
  readonly upTo?: number | undefined;
}

export interface ReadResult {
  readonly publications: readonly Publication[];
  /** Top of the stream at the read. */
  readonly top: StreamPosition;
}

/** `unrecoverable`: the epoch in `since` is not the stream's (client error 112). */
export class UnrecoverablePosition extends Error {
  override readonly name = "UnrecoverablePosition";
}

export interface Log {
  /** All or nothing, in order; resolves when the appends are durable by the log's own promise. */
  append(items: readonly LogAppend[]): Promise<readonly AppendResult[]>;
  /** One listener: called with every committed batch, in commit order, before `append` resolves. */
  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void;
  /** @throws UnrecoverablePosition when `since.epoch` is non-empty and not the stream's epoch. */
  read(request: ReadRequest): Promise<ReadResult>;
  top(channel: string, window: HistoryWindow): Promise<StreamPosition>;
  /** Makes publications up to the current top unreadable; offset and epoch stay. */
  remove(channel: string, window: HistoryWindow): Promise<void>;
}
