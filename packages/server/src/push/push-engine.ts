import type { ConnectionIdentity, Engine, MapCalls, RefreshCall, SharedPollPublishCall, SubscribeCall } from "@fleetcast/engine";
import type { ClientInfo, Disconnect, Publication, StreamPosition, Tags } from "@fleetcast/protocol";
import type { CommittedBatch } from "@fleetcast/storage";

/**
 * The push engine as the rest of the server sees it. Two implementations: `embedded` (ours, in this process) and
 * `centrifugo` (a real Centrifugo v6, over its HTTP API). `/api`, `/v1` and everything above know only this.
 *
 * Expected refusals are `PushError` with the codes of the server API (102, 104, 107, 108, 112, 100); nothing else is thrown.
 */
export class PushError extends Error {
  override readonly name = "PushError";
  readonly code: number;
  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface PublishRequest {
  readonly channel: string;
  readonly data: Uint8Array;
  readonly tags?: Tags | undefined;
  readonly skipHistory?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly delta?: boolean | undefined;
  readonly version?: number | undefined;
  readonly versionEpoch?: string | undefined;
}

/** `queued`: stored, but the push is not done within `push.centrifugo.answer_timeout` (rule N5). */
export interface PublishResult {
  readonly position?: StreamPosition | undefined;
  readonly queued?: boolean | undefined;
}

export interface UserTarget {
  readonly user: string;
  readonly client?: string | undefined;
  readonly session?: string | undefined;
}

export interface PushEngine {
  readonly kind: "embedded" | "centrifugo";
  start(): Promise<void>;
  /** Takes what the journal committed, in commit order; returns at once. Delivery, order and resumption are the engine's. */
  offer(batch: CommittedBatch): void;
  publish(request: PublishRequest): Promise<PublishResult>;
  /** One transaction where the channels are journaled; one outcome per channel in order. */
  broadcast(channels: readonly string[], request: Omit<PublishRequest, "channel">): Promise<readonly (PublishResult | PushError)[]>;
  presence(channel: string): Promise<ReadonlyMap<string, ClientInfo>>;
  presenceStats(channel: string): Promise<{ readonly clients: number; readonly users: number }>;
  /** `limit` undefined: the newest 10 on `telemetry` and `events`, oldest of them first (the document's section 6), else none. */
  history(request: {
    readonly channel: string;
    readonly limit?: number | undefined;
    readonly since?: StreamPosition | undefined;
    readonly reverse?: boolean | undefined;
  }): Promise<{ readonly publications: readonly Publication[]; readonly top: StreamPosition }>;
  historyRemove(channel: string): Promise<void>;
  /** Map channels; every one of these calls is refused with 107 where the channel is of another type. */
  readonly maps: MapCalls;
  /** A new value of a shared poll's key. 107 for another type of channel, 108 where the namespace does not allow it. */
  sharedPollPublish(call: SharedPollPublishCall): Promise<void>;
  /** Error 100 where a matching connection has the channel already; the others are subscribed. */
  subscribe(target: UserTarget, call: SubscribeCall): Promise<void>;
  unsubscribe(target: UserTarget, channel: string): Promise<void>;
  refresh(target: UserTarget, call: RefreshCall): Promise<void>;
  disconnect(
    target: UserTarget,
    disconnect?: { readonly code: number; readonly reason: string },
    whitelist?: readonly string[],
  ): Promise<void>;
  /** At once, by what opened a connection; absent where the engine does not know it (a real Centrifugo). */
  readonly cut?: ((isMeant: (identity: ConnectionIdentity) => boolean, disconnect: Disconnect) => number) | undefined;
  /** Who is connected; absent where the engine has no list (a real Centrifugo of the free edition). */
  readonly connections?: Engine["connections"] | undefined;
  channels(pattern?: string): Promise<ReadonlyMap<string, { readonly clients: number }>>;
  /** Server API `info`: nodes as the wire shows them. */
  info(): Promise<readonly NodeInfo[]>;
  /** False while publications cannot be pushed (R4). */
  readonly healthy: boolean;
  /** Committed publications not yet pushed. */
  readonly lag: number;
  /** How rows ended, where another program pushes them. */
  readonly settled?: { readonly pushed: number; readonly parked: number; readonly skipped: number } | undefined;
  /** Drains what can be drained, disconnects everybody with 3001, within `limitMs`. */
  stop(limitMs: number): Promise<void>;
}

export interface NodeInfo {
  readonly uid: string;
  readonly name: string;
  readonly version: string;
  readonly num_clients: number;
  readonly num_users: number;
  readonly num_subs: number;
  readonly num_channels: number;
  readonly uptime: number;
}
