import type { Disconnect, StreamPosition } from "@fleetcast/protocol";
import type { AppendResult, Log, LogAppend, ReadResult } from "./log.ts";
import type { MapLog } from "./map/map-log.ts";
import type { MapCalls } from "./map/server-calls.ts";
import type { OnDelivered } from "./metrics/delivery-watch.ts";
import type { EngineMetrics } from "./metrics/engine-metrics.ts";
import type { EngineOptions } from "./options.ts";
import type {
  Admit,
  Chance,
  Clock,
  ConnectionIdentity,
  OptionOverride,
  PresenceMap,
  Socket,
  TokenVerifier,
  TrackVerifier,
} from "./ports.ts";
import type { Proxies } from "./proxies.ts";
import { EngineRefusal } from "./refusal.ts";
import type { SharedPollPublishCall } from "./shared-poll/shared-polls.ts";
import type { EngineTrace } from "./trace.ts";
import type { TransportInfo } from "./transport.ts";

export { EngineRefusal };

/** What `createEngine` is handed. */
export interface EnginePorts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly verifier: TokenVerifier;
  /** Namespaces without `journal`. */
  readonly memoryLog: Log;
  /** Namespaces with `journal`; absent where none has it. */
  readonly journalLog?: Log | undefined;
  /** Needed only where a namespace is a map. */
  readonly mapLog?: MapLog | undefined;
  /** Whom the engine asks: the built-in policy, the operator's backends. */
  readonly proxies: Proxies;
  /** Needed only where a namespace is of type shared_poll. */
  readonly trackVerifier?: TrackVerifier | undefined;
  /** Absent, or not active: nobody looks. */
  readonly trace?: EngineTrace | undefined;
  /** Asked of every connection, whoever vouched for it; absent: nobody is shut out. */
  readonly admit?: Admit | undefined;
  /**
   * Compiles `channel_regex` (Go RE2 syntax) into an unanchored match in linear time; needed only where a namespace has
   * one (D27: the runtime's own RegExp backtracks).
   */
  readonly compileRegex?: ((source: string) => (text: string) => boolean) | undefined;
  /** Our own mistakes (a throw inside a handler): logged with its cause, the connection gets 3004. */
  readonly report: (message: string, cause: unknown) => void;
  /** Times of commands and sizes of frames are wanted (`Engine.metrics`); counts are always there. */
  readonly isMeasured?: boolean | undefined;
  /** Told of each publication when its last subscriber's socket was handed it; absent, nothing is remembered for it. */
  readonly onDelivered?: OnDelivered | undefined;
}

/** What a reload may bring anew; absent: as before. */
export type ReloadablePorts = Partial<Pick<EnginePorts, "verifier" | "trackVerifier" | "proxies">>;

/** What the runtime tells a connection about its socket. Calls arrive one after another. */
export interface ConnectionInput {
  message(frame: string | Uint8Array): void;
  /** The socket's buffer is empty again. */
  drained(): void;
  /** The peer took nothing of what the socket holds for longer than its transport allows (3009). */
  writeTimedOut(): void;
  closed(): void;
}

export interface ConnectionTarget {
  readonly user: string;
  readonly client?: string | undefined;
  readonly session?: string | undefined;
}

/** A server-side subscription for all connections of a target. */
export interface SubscribeCall {
  readonly channel: string;
  /** `chan_info` and `data` of the push, raw. */
  readonly info?: Uint8Array | undefined;
  readonly data?: Uint8Array | undefined;
  /** Unix seconds; absent: it does not expire. */
  readonly expireAtS?: number | undefined;
  /** From where the client is to be brought up to date, where the subscription is one that recovers. */
  readonly recoverSince?: StreamPosition | undefined;
  readonly override?: OptionOverride | undefined;
}

/** A new expiry for all connections of a target. */
export interface RefreshCall {
  /** They end (3005). */
  readonly expired?: boolean | undefined;
  /** Unix seconds; absent: they do not expire any more. */
  readonly expireAtS?: number | undefined;
  /** Replaces `conn_info` where it is given. */
  readonly info?: Uint8Array | undefined;
}

/** A connection, as an operator may see it: nothing of it is a secret. */
export interface ConnectionInfo {
  readonly client: string;
  readonly user: string;
  readonly transport: TransportInfo["transport"];
  readonly protocol: TransportInfo["protocol"];
  readonly remoteAddress: string;
  /** What the client says of itself. */
  readonly name: string;
  readonly version: string;
  /** Unix milliseconds of its connect. */
  readonly connectedAtMs: number;
  /** Bytes that wait for it. */
  readonly queuedBytes: number;
  readonly channels: readonly string[];
}

export interface ConnectionPage {
  /** By connection id, ascending. */
  readonly connections: readonly ConnectionInfo[];
  /** What to ask the next page after; undefined on the last. */
  readonly next: string | undefined;
}

/** The engine as the server uses it. No sockets, SQL, clock or environment inside. Throws `EngineRefusal` for expected refusals. */
export interface Engine {
  readonly options: EngineOptions;
  readonly nodeId: string;
  accept(socket: Socket, transport: TransportInfo): ConnectionInput;
  /**
   * Commands of an emulated connection, found by its session: a frame of that connection's format. Resolves when they were
   * worked on, or at once where nobody has that session. Frames are worked on beside each other.
   */
  emulate(session: string, frame: string | Uint8Array): Promise<void>;
  /** The window is filled in from the namespace. Resolves after the log's own promise (journal: commit). */
  publish(item: Omit<LogAppend, "window">): Promise<AppendResult>;
  /** One `append` per log; results in order; an unknown namespace refuses only its own channel. */
  broadcast(items: readonly Omit<LogAppend, "window">[]): Promise<readonly (AppendResult | EngineRefusal)[]>;
  presence(channel: string): PresenceMap;
  presenceStats(channel: string): { readonly clients: number; readonly users: number };
  /** `limit` undefined: the newest `historyDefaultLimit` of the namespace, oldest of them first. */
  history(request: {
    readonly channel: string;
    readonly limit?: number | undefined;
    readonly since?: StreamPosition | undefined;
    readonly reverse?: boolean | undefined;
  }): Promise<ReadResult>;
  historyRemove(channel: string): Promise<void>;
  /** What the server API says to map channels. */
  readonly maps: MapCalls;
  /** A new value of a shared poll's key, said before the backend is asked. */
  sharedPollPublish(call: SharedPollPublishCall): Promise<void>;
  /**
   * @throws EngineRefusal 100 where a connection of the target has the channel already, is being subscribed to it, or could not be
   * (an expiry that is past, a log that fails); the others are subscribed. One at its channel limit is closed (3505).
   */
  subscribe(target: ConnectionTarget, call: SubscribeCall): Promise<void>;
  /** Pushes the end to every connection of the target, subscribed or not; a subscribe that is being worked on is waited for. */
  unsubscribe(target: ConnectionTarget, channel: string): Promise<void>;
  refresh(target: ConnectionTarget, call: RefreshCall): Promise<void>;
  disconnect(target: ConnectionTarget, code: number, reason: string, whitelist: readonly string[]): void;
  /** At once, whatever is still to be delivered; answers how many connections ended. */
  cut(isMeant: (identity: ConnectionIdentity) => boolean, disconnect: Disconnect): number;
  channels(): ReadonlyMap<string, number>;
  /** Of one user, on one channel, or all; `limit` connections after that id. */
  connections(page: {
    readonly user?: string | undefined;
    /** Those that are subscribed to it. */
    readonly channel?: string | undefined;
    readonly after?: string | undefined;
    readonly limit: number;
  }): ConnectionPage;
  /** Authenticated connections, as `stats` counts them; cheap enough to ask before each upgrade. */
  readonly connectionCount: number;
  stats(): EngineStats;
  /** What was counted since the start; live, to be read and not to be changed. */
  readonly metrics: EngineMetrics;
  /**
   * Takes new options while connections live on: channel options at once, also for who is subscribed; subscriptions of a namespace
   * that is gone end (2000), those of one that is now of another kind begin anew (2500, or 3010).
   * @throws Error, and nothing has changed, where the options ask for something that was not handed in, contradict themselves, or
   * change what connections were told when they connected.
   */
  reload(options: EngineOptions, ports: ReloadablePorts): void;
  /** Refuses new sockets, disconnects everybody with 3001, resolves when all are gone or after `limitMs`. */
  stop(limitMs: number): Promise<void>;
}

export interface EngineStats {
  readonly connections: number;
  readonly users: number;
  readonly subscriptions: number;
  readonly channels: number;
  /** Shared polls that are remembered, and the keys in them that somebody follows. */
  readonly sharedPollChannels: number;
  readonly sharedPollKeys: number;
  readonly queuedBytes: number;
  readonly slowDisconnects: number;
  readonly droppedFrames: number;
  readonly deliveries: number;
  /** Publications that pacing, or a blocked reader under `latest`, replaced by a newer one. */
  readonly skippedPublications: number;
  /** How often a subscription was taken out of live delivery to catch up. */
  readonly catchUps: number;
  readonly uptimeS: number;
}
