import type { HistoryWindow, Log } from "../log.ts";
import type { MapLog } from "../map/map-log.ts";
import { type MapNamespace, mapTermsOf, mapWireType } from "../map/map-namespace.ts";
import type { ChannelOptions, EngineOptions } from "../options.ts";
import type { TrackVerifier } from "../ports.ts";
import type { Proxies, PublishProxy, SubRefreshProxy, SubscribeProxy } from "../proxies.ts";
import { type PollNamespace, pollTermsOf } from "../shared-poll/poll-namespace.ts";

/** A namespace with everything that is worked out once: its log, its windows, its name rule, its proxies. */
export interface Namespace {
  readonly name: string;
  readonly options: ChannelOptions;
  readonly log: Log;
  readonly hasHistory: boolean;
  /** What `history` shows. */
  readonly historyWindow: HistoryWindow;
  /** What is kept, and how far a returning client may be recovered: never less than the history shown. */
  readonly recoveryWindow: HistoryWindow;
  readonly subscribeProxy: SubscribeProxy | undefined;
  readonly subRefreshProxy: SubRefreshProxy | undefined;
  readonly publishProxy: PublishProxy | undefined;
  /** Every publication is one for patches, so that the hub keeps the last [DL9]. A publish proxy says it of each by itself. */
  readonly alwaysDelta: boolean;
  /** Channels of this namespace are maps; undefined where they are not. */
  readonly map: MapNamespace | undefined;
  /** Channels of this namespace are shared polls; undefined where they are not. */
  readonly poll: PollNamespace | undefined;
  /** Subscribers appear in `<prefix><channel>`, a map of connections or of users; "" for none. Undefined where both are "". */
  readonly mapPresence: { readonly clientsPrefix: string; readonly usersPrefix: string } | undefined;
  /** `channel_regex` on the part behind the boundary; without one a name must be ASCII. */
  readonly nameRule: ((rest: string) => boolean) | undefined;
}

export interface NamespacePorts {
  readonly memoryLog: Log;
  readonly journalLog?: Log | undefined;
  readonly mapLog?: MapLog | undefined;
  readonly proxies: Proxies;
  readonly trackVerifier?: TrackVerifier | undefined;
  readonly compileRegex?: ((source: string) => (text: string) => boolean) | undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is ASCII, whole.
const ascii = /^[\x00-\x7f]*$/;

/** Which namespace a channel belongs to, and what its name says about who may have it. */
export class Namespaces {
  readonly #options: EngineOptions;
  readonly #byName = new Map<string, Namespace>();
  readonly #without: Namespace;

  /** @throws Error where the options ask for something the ports do not bring. */
  constructor(options: EngineOptions, ports: NamespacePorts) {
    this.#options = options;
    this.#without = namespaceOf("", options.withoutNamespace, ports);
    for (const [name, channelOptions] of options.namespaces) this.#byName.set(name, namespaceOf(name, channelOptions, ports));
    for (const namespace of [this.#without, ...this.#byName.values()]) this.#checkMapPresence(namespace);
  }

  /** The namespace of a channel, or undefined when its prefix names none (error 102). */
  of(channel: string): Namespace | undefined {
    const boundary = this.#boundary(channel);
    const name = boundary === -1 ? "" : channel.slice(this.isPrivate(channel) ? this.#options.privatePrefix.length : 0, boundary);
    // A name that begins with the boundary names no namespace either.
    return name === "" ? this.#without : this.#byName.get(name);
  }

  /** Not one from before a reload. */
  isCurrent(namespace: Namespace): boolean {
    return (namespace.name === "" ? this.#without : this.#byName.get(namespace.name)) === namespace;
  }

  /** `$...`: only with a token. */
  isPrivate(channel: string): boolean {
    return this.#options.privatePrefix !== "" && channel.startsWith(this.#options.privatePrefix);
  }

  isValidName(namespace: Namespace, channel: string): boolean {
    if (namespace.nameRule === undefined) return ascii.test(channel);
    const boundary = this.#boundary(channel);
    return namespace.nameRule(boundary === -1 ? channel : channel.slice(boundary + this.#options.namespaceBoundary.length));
  }

  /** `...#user,other`: the users a channel is limited to, or undefined when it is limited to none. */
  limitedTo(namespace: Namespace, channel: string): readonly string[] | undefined {
    if (!namespace.options.allowUserLimitedChannels) return undefined;
    const at = channel.lastIndexOf(this.#options.userBoundary);
    if (at === -1) return undefined;
    return channel.slice(at + this.#options.userBoundary.length).split(this.#options.userSeparator);
  }

  /** Presence that is published into no map would be lost without a word. */
  #checkMapPresence({ name, mapPresence }: Namespace): void {
    const check = (prefix: string, type: string) => {
      if (prefix === "" || this.of(prefix)?.options.subscriptionType === type) return;
      throw new Error(`namespace "${name}": the presence prefix "${prefix}" leads to no namespace of subscription_type ${type}`);
    };
    check(mapPresence?.clientsPrefix ?? "", "map_clients");
    check(mapPresence?.usersPrefix ?? "", "map_users");
  }

  #boundary(channel: string): number {
    return channel.indexOf(this.#options.namespaceBoundary, this.isPrivate(channel) ? this.#options.privatePrefix.length : 0);
  }
}

/** Positions, keys and subscriptions of the one mean the same in the other, its successor after a reload. */
export function isSameKind(one: Namespace, other: Namespace): boolean {
  return (
    one.log === other.log &&
    one.options.subscriptionType === other.options.subscriptionType &&
    one.options.map.mode === other.options.map.mode &&
    one.poll?.isVersioned === other.poll?.isVersioned
  );
}

function namespaceOf(name: string, options: ChannelOptions, ports: NamespacePorts): Namespace {
  const log = options.journal ? ports.journalLog : ports.memoryLog;
  if (log === undefined) throw new Error(`namespace "${name}" is journaled, but no journal was handed in`);
  const proxy: FindProxy = (kind, proxies, proxyName) => {
    const found = proxies.get(proxyName);
    if (proxyName === "" || found !== undefined) return found;
    throw new Error(`namespace "${name}" asks the ${kind} proxy "${proxyName}", which was not handed in`);
  };
  if (options.channelRegex !== "" && ports.compileRegex === undefined) {
    throw new Error(`namespace "${name}" has a channel_regex, but nothing to compile it with was handed in`);
  }
  const times = { ttlMs: options.historyTtlMs, metaTtlMs: options.historyMetaTtlMs };
  const keeps = options.historyTtlMs > 0;
  return {
    name,
    options,
    log,
    hasHistory: keeps && options.historySize > 0,
    historyWindow: { sizeMax: keeps ? options.historySize : 0, ...times },
    recoveryWindow: { sizeMax: keeps ? Math.max(options.historySize, options.recoverySize) : 0, ...times },
    subscribeProxy: proxy("subscribe", ports.proxies.subscribe, options.subscribeProxyName),
    subRefreshProxy: proxy("sub_refresh", ports.proxies.subRefresh, options.subRefreshProxyName),
    publishProxy: proxy("publish", ports.proxies.publish, options.publishProxyName),
    alwaysDelta: options.deltaPublish && (options.publishProxyName === "" || options.journal),
    map: mapNamespaceOf(name, options, ports, proxy),
    poll: pollNamespaceOf(name, options, ports, proxy),
    mapPresence: mapPresenceOf(options),
    nameRule: options.channelRegex === "" ? undefined : ports.compileRegex?.(options.channelRegex),
  };
}

type FindProxy = <P>(kind: string, proxies: ReadonlyMap<string, P>, proxyName: string) => P | undefined;

function mapNamespaceOf(name: string, options: ChannelOptions, ports: NamespacePorts, proxy: FindProxy): MapNamespace | undefined {
  const wireType = mapWireType(options.subscriptionType);
  if (wireType === undefined) return undefined;
  const terms = mapTermsOf(name, options);
  const { map, journal, slowReaders, ratePerSMax } = options;
  if (ports.mapLog === undefined) throw new Error(`namespace "${name}" is a map, but no map log was handed in`);
  if (journal) throw new Error(`namespace "${name}" is a map, which no journal keeps`);
  if (slowReaders !== "close") throw new Error(`namespace "${name}" is a map: its slow readers are closed, not ${slowReaders}`);
  if (ratePerSMax > 0) throw new Error(`namespace "${name}" is a map, which has no rate limit`);
  return {
    wireType,
    log: ports.mapLog,
    terms,
    transitionChangesMax: map.liveTransitionPublicationsMax > 0 ? map.liveTransitionPublicationsMax : map.maxPageSize,
    publishProxy: proxy("map_publish", ports.proxies.mapPublish, map.publishProxyName),
    removeProxy: proxy("map_remove", ports.proxies.mapRemove, map.removeProxyName),
  };
}

function pollNamespaceOf(name: string, options: ChannelOptions, ports: NamespacePorts, proxy: FindProxy): PollNamespace | undefined {
  if (options.subscriptionType !== "shared_poll") return undefined;
  const { journal, slowReaders, ratePerSMax, sharedPoll } = options;
  const refresh = proxy("shared_poll_refresh", ports.proxies.sharedPollRefresh, sharedPoll.proxyName);
  if (refresh === undefined) throw new Error(`namespace "${name}" is a shared poll, but names no proxy that could be asked`);
  if (ports.trackVerifier === undefined) throw new Error(`namespace "${name}" is a shared poll, but no track verifier was handed in`);
  if (journal) throw new Error(`namespace "${name}" is a shared poll, which no journal keeps`);
  if (slowReaders !== "close") throw new Error(`namespace "${name}" is a shared poll: its slow readers are closed, not ${slowReaders}`);
  if (ratePerSMax > 0) throw new Error(`namespace "${name}" is a shared poll, which has no rate limit`);
  const terms = pollTermsOf(sharedPoll);
  if (terms.publishEnabled && !terms.isVersioned) throw new Error(`namespace "${name}": publications into a shared poll need versions`);
  return { refresh, ...terms };
}

function mapPresenceOf(options: ChannelOptions): Namespace["mapPresence"] {
  const { mapClientsPresenceChannelPrefix: clientsPrefix, mapUsersPresenceChannelPrefix: usersPrefix } = options;
  return clientsPrefix === "" && usersPrefix === "" ? undefined : { clientsPrefix, usersPrefix };
}
