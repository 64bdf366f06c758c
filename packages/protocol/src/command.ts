/**
 * What a client says. One command is `{"id":1,"subscribe":{...}}` on the wire and a tagged value here; absent fields
 * have their zero value, `bytes` fields hold the very bytes of the frame (raw JSON in the JSON protocol).
 */
export interface ConnectRequest {
  readonly token: string;
  readonly data: Uint8Array | undefined;
  /** Channels with what the client knows of them; a Map because names are foreign. */
  readonly subs: ReadonlyMap<string, SubscribeRequest>;
  readonly name: string;
  readonly version: string;
  /** Headers a browser cannot set on its socket; forwarded to proxies by name (`emulated_headers`). */
  readonly headers: ReadonlyMap<string, string>;
}

/** One node of a tags filter (`tf`). Foreign and unjudged: `op`, `cmp` and the presence of the rest are checked at subscribe (107). */
export interface FilterNode {
  /** "" for a leaf, else `and`, `or`, `not`. */
  readonly op: string;
  readonly key: string;
  readonly cmp: string;
  readonly val: string;
  readonly vals: readonly string[];
  readonly nodes: readonly FilterNode[];
}

export interface SubscribeRequest {
  readonly channel: string;
  readonly token: string;
  readonly recover: boolean;
  readonly epoch: string;
  /** `offsetBeyondExact` where the client's number is not exact as a JavaScript number. */
  readonly offset: number;
  readonly data: Uint8Array | undefined;
  readonly positioned: boolean;
  readonly recoverable: boolean;
  readonly joinLeave: boolean;
  /** "" or "fossil"; anything else is a violation found at subscribe. */
  readonly delta: string;
  /** `tf`: only publications whose tags match are wanted. */
  readonly tagsFilter: FilterNode | undefined;
  /** The client wants error 112 when it cannot be recovered (bit 2 of `flag`). */
  readonly rejectUnrecovered: boolean;
  /** 0 stream, 1 map, 2 map_clients, 3 map_users, 4 shared_poll. */
  readonly type: number;
  /** Map subscriptions: 0 live, 1 stream, 2 state. */
  readonly phase: number;
  /** Map subscriptions: where the next page of the state begins; "" for the first. */
  readonly cursor: string;
  /** Map subscriptions: entries a page; 0 for the server's own size. */
  readonly limit: number;
  readonly asc: boolean;
}

export interface ChannelRequest {
  readonly channel: string;
}

export interface PublishRequest {
  readonly channel: string;
  readonly data: Uint8Array | undefined;
  /** 0 regular, 1 map. */
  readonly type: number;
  /** Map: the key that is set or removed. */
  readonly key: string;
  readonly removed: boolean;
}

export interface HistoryRequest {
  readonly channel: string;
  readonly limit: number;
  readonly since: { readonly offset: number; readonly epoch: string } | undefined;
  readonly reverse: boolean;
}

export interface RpcRequest {
  readonly data: Uint8Array | undefined;
  readonly method: string;
}

export interface SendRequest {
  readonly data: Uint8Array | undefined;
}

export interface RefreshRequest {
  readonly token: string;
}

export interface SubRefreshRequest {
  readonly channel: string;
  readonly token: string;
  /** 0 refresh, 1 track, 2 untrack. */
  readonly type: number;
  /** Shared poll: keys to follow, each batch with the signature that allows it. */
  readonly track: readonly TrackBatch[];
  readonly untrack: readonly string[];
}

export interface TrackBatch {
  readonly signature: string;
  /** `version` 0: the client has nothing of this key yet. May be `offsetBeyondExact`. */
  readonly items: readonly { readonly key: string; readonly version: number }[];
}

export type ClientCommand =
  | { readonly kind: "connect"; readonly id: number; readonly request: ConnectRequest }
  | { readonly kind: "subscribe"; readonly id: number; readonly request: SubscribeRequest }
  | { readonly kind: "unsubscribe"; readonly id: number; readonly request: ChannelRequest }
  | { readonly kind: "publish"; readonly id: number; readonly request: PublishRequest }
  | { readonly kind: "presence"; readonly id: number; readonly request: ChannelRequest }
  | { readonly kind: "presence_stats"; readonly id: number; readonly request: ChannelRequest }
  | { readonly kind: "history"; readonly id: number; readonly request: HistoryRequest }
  | { readonly kind: "rpc"; readonly id: number; readonly request: RpcRequest }
  | { readonly kind: "send"; readonly id: number; readonly request: SendRequest }
  | { readonly kind: "refresh"; readonly id: number; readonly request: RefreshRequest }
  | { readonly kind: "sub_refresh"; readonly id: number; readonly request: SubRefreshRequest }
  /** `{}`: the answer to a ping. Every command with id 0 and without a `send` is read as one. */
  | { readonly kind: "pong" };

/** Methods in the order in which the first one wins when a command names several (C7). */
export const methodsInOrder = [
  "connect",
  "subscribe",
  "unsubscribe",
  "publish",
  "presence",
  "presence_stats",
  "history",
  "rpc",
  "send",
  "refresh",
  "sub_refresh",
] as const;
export type Method = (typeof methodsInOrder)[number];
