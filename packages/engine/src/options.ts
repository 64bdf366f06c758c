import type { RateLimits } from "./rate-limits/rate-limits.ts";
/**
 * What the engine can be told. Names are Centrifugo v6's configuration keys in camelCase; units stand in the names.
 * The server's config table fills this; defaults are Centrifugo's.
 */

/** Options of one namespace (`channel.namespaces[]`) or of channels without one (`channel.without_namespace`). */
export interface ChannelOptions {
  readonly presence: boolean;
  readonly joinLeave: boolean;
  readonly forcePushJoinLeave: boolean;
  readonly historySize: number;
  readonly historyTtlMs: number;
  readonly historyMetaTtlMs: number;
  readonly forcePositioning: boolean;
  readonly allowPositioning: boolean;
  readonly forceRecovery: boolean;
  readonly allowRecovery: boolean;
  readonly forceRecoveryMode: "" | "stream" | "cache";
  /** Cache mode: the latest publication comes with every subscribe, asked for or not. */
  readonly autoCacheRecover: boolean;
  readonly allowedDeltaTypes: readonly "fossil"[];
  /** Every publication is published as with `delta: true`. */
  readonly deltaPublish: boolean;
  readonly allowTagsFilter: boolean;
  readonly allowSubscribeForClient: boolean;
  readonly allowSubscribeForAnonymous: boolean;
  readonly allowPublishForClient: boolean;
  readonly allowPublishForSubscriber: boolean;
  readonly allowPublishForAnonymous: boolean;
  readonly allowPresenceForClient: boolean;
  readonly allowPresenceForSubscriber: boolean;
  readonly allowPresenceForAnonymous: boolean;
  readonly allowHistoryForClient: boolean;
  readonly allowHistoryForSubscriber: boolean;
  readonly allowHistoryForAnonymous: boolean;
  readonly allowUserLimitedChannels: boolean;
  /** Go RE2 syntax, matched unanchored; "" for none. */
  readonly channelRegex: string;
  readonly publicationDataFormat: "" | "json" | "json_object" | "binary";
  /** Names of proxies (`Proxies`), "" for none. The built-in policy is `fleetcast`. */
  readonly subscribeProxyName: string;
  readonly subRefreshProxyName: string;
  readonly publishProxyName: string;
  readonly subscriptionType: SubscriptionType;
  /** Subscribers of this namespace appear in `<prefix><channel>`, a channel of type map_clients, by connection. "" for none. */
  readonly mapClientsPresenceChannelPrefix: string;
  /** The same by user, in a channel of type map_users. */
  readonly mapUsersPresenceChannelPrefix: string;
  readonly map: MapOptions;
  readonly sharedPoll: SharedPollChannelOptions;
  /** Ours, `push.channels.<ns>`: kept by the journal instead of memory. */
  readonly journal: boolean;
  /** Ours: how far a returning client may recover, where that is more than the history shown. 0: as `historySize`. */
  readonly recoverySize: number;
  /** Ours: number of publications that `history` without a limit answers over HTTP (the document's section 6); 0: none. */
  readonly historyDefaultLimit: number;
  /** Ours: what happens to a subscriber that does not read as fast as is published (invariant P6). */
  readonly slowReaders: "close" | "catch_up" | "latest";
  /** Ours: publications a second that a subscriber is sent at most, newest wins; 0: all. */
  readonly ratePerSMax: number;
}

export type SubscriptionType = "stream" | "map" | "map_clients" | "map_users" | "shared_poll";

/** `channel.namespaces[].map`: a keyed state with a stream of its changes. */
export interface MapOptions {
  readonly mode: "" | "ephemeral" | "recoverable" | "persistent";
  readonly keyTtlMs: number;
  /** Changes kept for catching up. */
  readonly streamSize: number;
  readonly streamTtlMs: number;
  /** 0: for ever. */
  readonly metaTtlMs: number;
  readonly removeClientOnUnsubscribe: boolean;
  /** Forces the key of what a client sets: its connection id or its user id. */
  readonly clientKey: "" | "client_id" | "user_id";
  readonly allowPublishForClient: boolean;
  readonly allowPublishForSubscriber: boolean;
  readonly allowPublishForAnonymous: boolean;
  readonly allowRemoveForClient: boolean;
  readonly allowRemoveForSubscriber: boolean;
  readonly allowRemoveForAnonymous: boolean;
  readonly publishProxyName: string;
  readonly removeProxyName: string;
  readonly defaultPageSize: number;
  readonly minPageSize: number;
  readonly maxPageSize: number;
  /** Changes that a subscriber may be behind when it goes live, else error 112. 0: as `maxPageSize`. */
  readonly liveTransitionPublicationsMax: number;
  /** How long a subscriber may take for all its pages; a later request ends the connection (3008). Negative: for ever. */
  readonly subscribeCatchUpTimeoutMs: number;
  /** Ours: keys that one channel may hold; setting another is error 106. */
  readonly keysMax: number;
}

/** `channel.namespaces[].shared_poll`: keys whose values the engine fetches for all their followers at once. */
export interface SharedPollChannelOptions {
  readonly proxyName: string;
  readonly refreshIntervalMs: number;
  readonly refreshBatchSize: number;
  readonly keysPerConnectionMax: number;
  readonly mode: "versionless" | "versioned";
  /** How long a channel without followers is still polled. */
  readonly channelShutdownDelayMs: number;
  readonly trackExpiredExtraDelayMs: number;
  readonly publishEnabled: boolean;
}

export interface EngineOptions {
  readonly withoutNamespace: ChannelOptions;
  readonly namespaces: ReadonlyMap<string, ChannelOptions>;
  readonly namespaceBoundary: string;
  readonly privatePrefix: string;
  readonly userBoundary: string;
  readonly userSeparator: string;
  readonly channelLengthBytesMax: number;
  readonly allowAnonymousConnectWithoutToken: boolean;
  readonly disallowAnonymousConnectionTokens: boolean;
  readonly insecure: boolean;
  readonly connectIncludeServerTime: boolean;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly staleCloseDelayMs: number;
  readonly expiredCloseDelayMs: number;
  readonly expiredSubCloseDelayMs: number;
  readonly presenceUpdateIntervalMs: number;
  readonly channelPositionCheckDelayMs: number;
  readonly channelLimit: number;
  readonly userConnectionLimit: number;
  readonly queueBytesMax: number;
  readonly historyPublicationsMax: number;
  readonly recoveryPublicationsMax: number;
  /** Commands of one connection worked on at the same time; 0 and 1: one after another, in the order of the wire. */
  readonly concurrency: number;
  /** A committed publication that reaches a subscriber with positions later than this counts as lost; 0: never. */
  readonly channelPositionTimeLagMsMax: number;
  /** `client.subscribe_to_user_personal_channel`; absent: off. */
  readonly personalChannel: { readonly namespace: string; readonly singleConnection: boolean } | undefined;
  /** Connect errors by code, as the disconnects that one-way transports say instead; absent: the protocol's own mapping. */
  readonly connectErrorDisconnects: ReadonlyMap<number, { readonly code: number; readonly reason: string }> | undefined;
  readonly rpc: RpcOptions;
  /** Absent: nobody's commands are counted. */
  readonly rateLimits?: RateLimits | undefined;
  /** Backends asked at once for shared poll channels. */
  readonly sharedPollConcurrency: number;
  /** `version` of the connect reply. */
  readonly version: string;
  readonly nodeName: string;
}

/** `rpc.*`: who answers which method. Namespace of a method: the text before the first boundary. */
export interface RpcOptions {
  readonly namespaceBoundary: string;
  /** Proxy of methods without a namespace; "" for none. */
  readonly withoutNamespaceProxyName: string;
  /** Proxy by namespace; "" where the namespace is known but nobody answers. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** A method answered by the engine itself with nothing; "" for none. */
  readonly pingMethod: string;
}

/** A namespace with everything closed and nothing kept: Centrifugo's defaults. */
export const defaultChannelOptions: ChannelOptions = {
  presence: false,
  joinLeave: false,
  forcePushJoinLeave: false,
  historySize: 0,
  historyTtlMs: 0,
  historyMetaTtlMs: 2_592_000_000,
  forcePositioning: false,
  allowPositioning: false,
  forceRecovery: false,
  allowRecovery: false,
  forceRecoveryMode: "",
  autoCacheRecover: false,
  allowedDeltaTypes: [],
  deltaPublish: false,
  allowTagsFilter: false,
  allowSubscribeForClient: false,
  allowSubscribeForAnonymous: false,
  allowPublishForClient: false,
  allowPublishForSubscriber: false,
  allowPublishForAnonymous: false,
  allowPresenceForClient: false,
  allowPresenceForSubscriber: false,
  allowPresenceForAnonymous: false,
  allowHistoryForClient: false,
  allowHistoryForSubscriber: false,
  allowHistoryForAnonymous: false,
  allowUserLimitedChannels: false,
  channelRegex: "",
  publicationDataFormat: "",
  subscribeProxyName: "",
  subRefreshProxyName: "",
  publishProxyName: "",
  subscriptionType: "stream",
  mapClientsPresenceChannelPrefix: "",
  mapUsersPresenceChannelPrefix: "",
  map: {
    mode: "",
    keyTtlMs: 0,
    streamSize: 0,
    streamTtlMs: 0,
    metaTtlMs: 0,
    removeClientOnUnsubscribe: false,
    clientKey: "",
    allowPublishForClient: false,
    allowPublishForSubscriber: false,
    allowPublishForAnonymous: false,
    allowRemoveForClient: false,
    allowRemoveForSubscriber: false,
    allowRemoveForAnonymous: false,
    publishProxyName: "",
    removeProxyName: "",
    defaultPageSize: 100,
    minPageSize: 100,
    maxPageSize: 1_000,
    liveTransitionPublicationsMax: 0,
    subscribeCatchUpTimeoutMs: 5_000,
    keysMax: 1_000_000,
  },
  sharedPoll: {
    proxyName: "",
    refreshIntervalMs: 10_000,
    refreshBatchSize: 1_000,
    keysPerConnectionMax: 5_000,
    mode: "versionless",
    channelShutdownDelayMs: 1_000,
    trackExpiredExtraDelayMs: 25_000,
    publishEnabled: false,
  },
  journal: false,
  recoverySize: 0,
  historyDefaultLimit: 0,
  slowReaders: "close",
  ratePerSMax: 0,
};

/** No method is answered. */
export const noRpc: RpcOptions = { namespaceBoundary: ":", withoutNamespaceProxyName: "", namespaces: new Map(), pingMethod: "" };
