import type { ErrorReply } from "./error-code.ts";
import type { ClientInfo, Publication } from "./values.ts";

/** What the server answers. Zero values are left out on the wire, except where centrifugo's JSON keeps them. */
export interface ConnectResult {
  readonly client: string;
  readonly version: string;
  readonly expires?: boolean | undefined;
  /** Seconds. */
  readonly ttl?: number | undefined;
  readonly data?: Uint8Array | undefined;
  readonly subs?: ReadonlyMap<string, SubscribeResult> | undefined;
  /** Seconds between pings; 0 when there are none. */
  readonly ping: number;
  readonly pong: boolean;
  /** Where `/emulation` finds this connection; only of transports that have one. */
  readonly session?: string | undefined;
  readonly node?: string | undefined;
  /** Server time, Unix milliseconds. */
  readonly time?: number | undefined;
}

export interface SubscribeResult {
  readonly expires?: boolean | undefined;
  readonly ttl?: number | undefined;
  readonly recoverable?: boolean | undefined;
  readonly epoch?: string | undefined;
  readonly publications?: readonly Publication[] | undefined;
  readonly recovered?: boolean | undefined;
  readonly offset?: number | undefined;
  readonly positioned?: boolean | undefined;
  readonly data?: Uint8Array | undefined;
  readonly wasRecovering?: boolean | undefined;
  /** Delta compression was granted. */
  readonly delta?: boolean | undefined;
  /** 1 for map subscriptions of every kind, 4 for shared poll; absent for streams. */
  readonly type?: number | undefined;
  /** Map: 2 state, 1 stream; absent in the live reply. */
  readonly phase?: number | undefined;
  /** Map: where the next page begins; absent on the last. */
  readonly cursor?: string | undefined;
  /** Map: one page of entries. */
  readonly state?: readonly Publication[] | undefined;
}

export interface PresenceResult {
  readonly presence: ReadonlyMap<string, ClientInfo>;
}

export interface PresenceStatsResult {
  readonly numClients: number;
  readonly numUsers: number;
}

export interface HistoryResult {
  readonly publications: readonly Publication[];
  readonly epoch: string;
  readonly offset: number;
}

export interface RefreshResult {
  readonly expires?: boolean | undefined;
  readonly ttl?: number | undefined;
}

export interface SubRefreshResult extends RefreshResult {
  /** Shared poll: what is known of the keys that were asked for, where the client's versions are older. */
  readonly items?: readonly Publication[] | undefined;
}

export type Reply =
  | { readonly kind: "error"; readonly id: number; readonly error: ErrorReply }
  | { readonly kind: "connect"; readonly id: number; readonly result: ConnectResult }
  | { readonly kind: "subscribe"; readonly id: number; readonly result: SubscribeResult }
  | { readonly kind: "unsubscribe"; readonly id: number }
  | { readonly kind: "publish"; readonly id: number }
  | { readonly kind: "presence"; readonly id: number; readonly result: PresenceResult }
  | { readonly kind: "presence_stats"; readonly id: number; readonly result: PresenceStatsResult }
  | { readonly kind: "rpc"; readonly id: number; readonly data: Uint8Array | undefined }
  | { readonly kind: "history"; readonly id: number; readonly result: HistoryResult }
  | { readonly kind: "refresh"; readonly id: number; readonly result: RefreshResult }
  | { readonly kind: "sub_refresh"; readonly id: number; readonly result: SubRefreshResult };
