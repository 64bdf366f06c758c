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
  /** Asks `SubscribePolicy` of that name; "" for none. The built-in policy is `fleetcast`. */
  readonly subscribeProxyName: string;
  /** Ours, `push.channels.<ns>`: kept by the journal instead of memory. */
  readonly journal: boolean;
  /** Ours: how far a returning client may recover, where that is more than the history shown. 0: as `historySize`. */
  readonly recoverySize: number;
  /** Ours: number of publications that `history` without a limit answers over HTTP (the document's section 6); 0: none. */
  readonly historyDefaultLimit: number;
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
  /** `version` of the connect reply. */
  readonly version: string;
  readonly nodeName: string;
}
