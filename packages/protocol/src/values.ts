/** A place in a channel's stream. `offset` counts publications from 1; `epoch` names the stream's life. */
export interface StreamPosition {
  readonly offset: number;
  readonly epoch: string;
}

/**
 * Who a connection is, as other subscribers see it (presence, join, leave, `info` of a publication).
 * `connInfo` and `chanInfo` are raw JSON bytes, absent when there is none; they are never re-encoded.
 */
export interface ClientInfo {
  readonly user: string;
  readonly client: string;
  readonly connInfo?: Uint8Array | undefined;
  readonly chanInfo?: Uint8Array | undefined;
}

/** Publication tags: what we add to a payload (`at`, `late`, `gap`) travels here, never inside `data` (journal rule L13). */
export type Tags = Readonly<Record<string, string>>;

/** A publication as history, recovery and live delivery carry it. `data` is the publisher's bytes, untouched. */
export interface Publication {
  readonly data: Uint8Array;
  /** Position inside the channel; 0 where the channel keeps no history. */
  readonly offset: number;
  readonly info?: ClientInfo | undefined;
  readonly tags?: Tags | undefined;
  /** The version given by the publisher, where one was given. */
  readonly version?: number | undefined;
  /** Map and shared poll: the key that this is about. */
  readonly key?: string | undefined;
  /** Map and shared poll: the key is gone; `data` is empty. */
  readonly removed?: boolean | undefined;
  /** `data` is a Fossil patch from the former publication to this one. */
  readonly delta?: boolean | undefined;
  /**
   * Towards a delta subscriber: the JSON protocol then carries `data` (a patch, or the whole payload) as a JSON string. The
   * Protobuf protocol carries bytes either way.
   */
  readonly dataAsText?: boolean | undefined;
}
