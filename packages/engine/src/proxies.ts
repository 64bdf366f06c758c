import type { OptionOverride, ServerSubscription } from "./ports.ts";
import type { TransportInfo } from "./transport.ts";

/**
 * The questions that the engine asks somebody else: the operator's backend over HTTP, or Fleetcast's own policy. One function
 * each; a configuration picks them by name for each namespace (`<type>_proxy_name`). Rules: docs/spec/proxies.md.
 *
 * A proxy that throws has not answered: the client gets error 100 (temporary), and only the two refreshes give 60 s more (A3).
 */

/** An answer came, and a part of it cannot be used (bad base64, an impossible code): here the refreshes do not wait for a better one. */
export class ProxyAnswerUnusable extends Error {
  override readonly name = "ProxyAnswerUnusable";
}

export type ProxyAnswer<Result> =
  /** `result` undefined: the answer had none, which each proxy reads in its own way. */
  | { readonly kind: "result"; readonly result: Result | undefined }
  | { readonly kind: "error"; readonly code: number; readonly message: string; readonly temporary: boolean }
  | { readonly kind: "disconnect"; readonly code: number; readonly reason: string };

/** About which connection it is asked. */
export interface ProxyCaller {
  readonly client: string;
  /** "" for an anonymous user, and before connect. */
  readonly user: string;
  readonly transport: TransportInfo;
  /** `headers` of the connect command; a backend sees those that its proxy lists under `emulated_headers`. */
  readonly emulatedHeaders: ReadonlyMap<string, string>;
  /** Raw JSON of the token or the connect proxy. */
  readonly meta: Uint8Array | undefined;
}

export type ConnectProxy = (
  caller: ProxyCaller,
  request: { readonly data: Uint8Array | undefined; readonly name: string; readonly version: string; readonly channels: readonly string[] },
) => Promise<ProxyAnswer<ConnectProxyResult>>;
export interface ConnectProxyResult {
  readonly user: string;
  /** Unix seconds; undefined: never. */
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
  readonly data: Uint8Array | undefined;
  readonly channels: readonly string[];
  readonly subs: ReadonlyMap<string, ProxiedSubscription>;
  readonly meta: Uint8Array | undefined;
}
export interface ProxiedSubscription extends ServerSubscription {
  readonly cacheRecover: boolean;
}

export type RefreshProxy = (caller: ProxyCaller) => Promise<ProxyAnswer<RefreshProxyResult>>;
export interface RefreshProxyResult {
  readonly expired: boolean;
  /** Unix seconds; undefined ends the connection. */
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
  readonly meta: Uint8Array | undefined;
}

export type SubscribeProxy = (
  caller: ProxyCaller,
  request: { readonly channel: string; readonly token: string; readonly data: Uint8Array | undefined },
) => Promise<ProxyAnswer<SubscribeProxyResult>> | ProxyAnswer<SubscribeProxyResult>;
export interface SubscribeProxyResult {
  readonly expireAtS?: number | undefined;
  readonly info?: Uint8Array | undefined;
  readonly data?: Uint8Array | undefined;
  readonly override?: OptionOverride | undefined;
}

/** Asked at a presence tick, once, after a subscription expired. */
export type SubRefreshProxy = (caller: ProxyCaller, request: { readonly channel: string }) => Promise<ProxyAnswer<SubRefreshProxyResult>>;
export interface SubRefreshProxyResult {
  readonly expired: boolean;
  /** Unix seconds; undefined: no expiry any more. */
  readonly expireAtS: number | undefined;
  readonly info: Uint8Array | undefined;
}

export type PublishProxy = (
  caller: ProxyCaller,
  request: { readonly channel: string; readonly data: Uint8Array },
) => Promise<ProxyAnswer<PublishProxyResult>>;
export interface PublishProxyResult {
  /** Replaces what the client said. */
  readonly data: Uint8Array | undefined;
  readonly skipHistory: boolean;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly idempotencyKey: string;
  readonly delta: boolean;
  readonly version: number;
  readonly versionEpoch: string;
}

export type RpcProxy = (
  caller: ProxyCaller,
  request: { readonly method: string; readonly data: Uint8Array | undefined },
) => Promise<ProxyAnswer<{ readonly data: Uint8Array | undefined }>>;

export type MapPublishProxy = (
  caller: ProxyCaller,
  request: { readonly channel: string; readonly key: string; readonly data: Uint8Array },
) => Promise<ProxyAnswer<MapPublishProxyResult>>;
export interface MapPublishProxyResult {
  /** "": the client's key. */
  readonly key: string;
  readonly data: Uint8Array | undefined;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly keyMode: "" | "if_new" | "if_exists";
  readonly idempotencyKey: string;
  readonly delta: boolean;
  readonly version: number;
  readonly versionEpoch: string;
}

export type MapRemoveProxy = (
  caller: ProxyCaller,
  request: { readonly channel: string; readonly key: string },
) => Promise<ProxyAnswer<MapRemoveProxyResult>>;
export interface MapRemoveProxyResult {
  readonly key: string;
  readonly tags: Readonly<Record<string, string>> | undefined;
  readonly idempotencyKey: string;
}

/** Asked by the engine for all followers of a channel at once, hence about no connection. */
export type SharedPollRefreshProxy = (request: {
  readonly channel: string;
  readonly items: readonly { readonly key: string; readonly version: number }[];
}) => Promise<ProxyAnswer<SharedPollRefreshResult>>;
export interface SharedPollRefreshResult {
  readonly items: readonly SharedPollItem[];
  /** Versioned mode: a new one means that all versions begin anew. */
  readonly epoch: string;
}
export interface SharedPollItem {
  readonly key: string;
  readonly data: Uint8Array | undefined;
  readonly version: number;
  readonly removed: boolean;
  /** What a delta is made against; only of versioned mode. */
  readonly previousData: Uint8Array | undefined;
}

/** By name: `default` and each of `proxies[]`; `fleetcast` is the built-in policy. */
export interface Proxies {
  readonly connect: ConnectProxy | undefined;
  readonly refresh: RefreshProxy | undefined;
  readonly subscribe: ReadonlyMap<string, SubscribeProxy>;
  readonly subRefresh: ReadonlyMap<string, SubRefreshProxy>;
  readonly publish: ReadonlyMap<string, PublishProxy>;
  readonly rpc: ReadonlyMap<string, RpcProxy>;
  readonly mapPublish: ReadonlyMap<string, MapPublishProxy>;
  readonly mapRemove: ReadonlyMap<string, MapRemoveProxy>;
  readonly sharedPollRefresh: ReadonlyMap<string, SharedPollRefreshProxy>;
}

/** Nobody is asked. */
export const noProxies: Proxies = {
  connect: undefined,
  refresh: undefined,
  subscribe: new Map(),
  subRefresh: new Map(),
  publish: new Map(),
  rpc: new Map(),
  mapPublish: new Map(),
  mapRemove: new Map(),
  sharedPollRefresh: new Map(),
};
