import { disconnects, type EncodedMessage } from "@fleetcast/protocol";
import { fitsFormat } from "../channel/data-format.ts";
import type { Namespace } from "../channel/namespaces.ts";
import { endSubscription } from "../connection/unsubscribing.ts";
import type { EngineContext } from "../context.ts";
import { HubChannel } from "../hub.ts";
import { frameTypeOfPush } from "../metrics/frame-types.ts";
import { ProxyAnswerUnusable, type SharedPollItem, type SharedPollRefreshResult } from "../proxies.ts";
import { contentHash } from "./content-hash.ts";
import { PollDelivery, removalPush } from "./poll-delivery.ts";
import type { PollNamespace } from "./poll-namespace.ts";
import { PollRounds } from "./poll-rounds.ts";
import type { PollSubscription, TrackedKey } from "./poll-subscription.ts";
import { PolledKey } from "./polled-key.ts";

/** Followers that are served between two looks at the clock. */
const followersPerLook = 64;
const noData = new Uint8Array();
const publicationFrame = frameTypeOfPush("publication");

/** A key that a client is allowed to follow, with what it says that it has of it. */
export interface TrackWish {
  readonly key: string;
  readonly version: number;
  /** Monotonic time; infinity for never. */
  readonly expiresAtMs: number;
}

export interface PollPublication {
  readonly key: string;
  readonly version: number;
  readonly data: Uint8Array;
  readonly epoch?: string | undefined;
}

/** What a request asked for: each key with the version that the backend was told. */
export type AskedVersions = ReadonlyMap<PolledKey, number>;

/**
 * One shared poll channel while anybody is subscribed to it: who follows which key, what the backend said of each key, and who
 * is told. What the backend says is handed on in the order in which it was said of each key.
 */
export class PollChannel {
  /** Stands for the channel in its subscriptions; it is not in the hub. */
  readonly place: HubChannel;
  readonly #context: EngineContext;
  readonly #forget: (channel: PollChannel) => void;
  readonly #rounds: PollRounds;
  readonly #subscriptions = new Set<PollSubscription>();
  readonly #keys = new Map<string, PolledKey>();
  /** Versions of a backend that gives none: one row of numbers for all keys. */
  #versionCounter = 0;
  readonly #hashSeed: number;
  #namespace: PollNamespace;
  /** Versions are only compared within one. A versioned channel has none until the backend names one. */
  #epoch: string;
  /** The newest request when the epoch changed: what older ones bring of another epoch is of a former one. */
  #asksAtEpoch = 0;
  /** Requests so far: tells of two answers which question was asked later. */
  #asks = 0;
  #cancelIdle: (() => void) | undefined;

  constructor(context: EngineContext, name: string, namespace: Namespace, poll: PollNamespace, forget: (channel: PollChannel) => void) {
    this.#context = context;
    this.place = new HubChannel(name, namespace);
    this.#namespace = poll;
    this.#forget = forget;
    this.#epoch = poll.isVersioned ? "" : context.ports.chance.epoch();
    this.#hashSeed = Math.floor(context.ports.chance.random() * 2 ** 32);
    this.#rounds = new PollRounds(context, this);
  }

  get name(): string {
    return this.place.name;
  }

  get terms(): PollNamespace {
    return this.#namespace;
  }

  get epoch(): string {
    return this.#epoch;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  get subscriptions(): Iterable<PollSubscription> {
    return this.#subscriptions;
  }

  /** Another configuration of the same kind. */
  move(namespace: Namespace, poll: PollNamespace): void {
    const isOtherInterval = poll.intervalMs !== this.#namespace.intervalMs;
    this.place.namespace = namespace;
    this.#namespace = poll;
    if (isOtherInterval) this.#rounds.retime();
  }

  enter(subscription: PollSubscription): void {
    this.#subscriptions.add(subscription);
  }

  leave(subscription: PollSubscription): void {
    this.#subscriptions.delete(subscription);
    for (const tracked of subscription.keys.values()) this.#dismiss(tracked);
    subscription.keys.clear();
    if (this.#keys.size === 0) this.#idle();
  }

  /** From now on the client is told of these keys. Who has not their value gets it as soon as the backend can say it. */
  follow(subscription: PollSubscription, wishes: Iterable<TrackWish>): void {
    for (const { key: name, version, expiresAtMs } of wishes) {
      const former = subscription.keys.get(name);
      const known = this.#keys.get(name);
      const key = known ?? new PolledKey(name, this.#asks + 1);
      if (known === undefined) this.#keys.set(name, key);
      former?.key.followers.delete(former);
      // A number that was never given here is one of another life of the channel.
      const claimed = !this.#namespace.isVersioned && version > this.#versionCounter ? 0 : version;
      const tracked: TrackedKey = { subscription, key, version: claimed, hasBase: false, expiresAtMs };
      subscription.keys.set(name, tracked);
      subscription.nextExpiryMs = Math.min(subscription.nextExpiryMs, expiresAtMs);
      key.followers.add(tracked);
      if (known === undefined ? claimed === 0 : claimed === 0 || key.version > claimed) this.#want(key);
    }
    if (this.#keys.size === 0) return;
    this.#cancelIdle?.();
    this.#cancelIdle = undefined;
    this.#rounds.start();
    this.#rounds.askWanted();
  }

  unfollow(subscription: PollSubscription, names: Iterable<string>): void {
    for (const name of names) {
      const tracked = subscription.keys.get(name);
      if (tracked === undefined) continue;
      subscription.keys.delete(name);
      this.#dismiss(tracked);
    }
    if (this.#keys.size === 0) this.#idle();
  }

  /** Keys whose signature has expired a while ago are followed no longer; the client, who renews signatures, is not told. */
  expireKeys(subscription: PollSubscription, nowMs: number): void {
    const { expiredKeyDelayMs } = this.#namespace;
    if (nowMs <= subscription.nextExpiryMs + expiredKeyDelayMs) return;
    const expired: string[] = [];
    subscription.nextExpiryMs = Number.POSITIVE_INFINITY;
    for (const [name, { expiresAtMs }] of subscription.keys) {
      if (nowMs > expiresAtMs + expiredKeyDelayMs) expired.push(name);
      else subscription.nextExpiryMs = Math.min(subscription.nextExpiryMs, expiresAtMs);
    }
    this.unfollow(subscription, expired);
  }

  isFollowed(key: PolledKey): boolean {
    return this.#keys.get(key.name) === key;
  }

  /** What a round asks for, by name; what was published since the last one is left out. */
  keysOfRound(): PolledKey[] {
    const keys: PolledKey[] = [];
    for (const key of this.#keys.values()) {
      if (key.isFresh) key.isFresh = false;
      else keys.push(key);
    }
    return keys.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The number of a request that begins now. */
  nextAsk(): number {
    return ++this.#asks;
  }

  /** The version that a backend is told: 0 where it is to answer with the value, whether that has changed or not. */
  toldVersion(key: PolledKey): number {
    return this.#namespace.isVersioned && !key.isWantedAgain ? key.version : 0;
  }

  /**
   * A backend answered; `ask` and `asked` are what it was asked.
   * @throws ProxyAnswerUnusable where a value is not of the namespace's format: then nothing of the answer counts
   */
  answered(ask: number, asked: AskedVersions, { items, epoch }: SharedPollRefreshResult): void {
    this.#refuseUnfit(items);
    if (this.#namespace.isVersioned && epoch !== "" && epoch !== this.#epoch) {
      if (ask <= this.#asksAtEpoch) return;
      this.#takeEpoch(epoch);
    }
    const removed: PolledKey[] = [];
    for (const item of items) {
      const key = this.#keys.get(item.key);
      if (key === undefined) continue;
      if (item.removed) {
        if (ask >= key.countsFrom) removed.push(key);
      } else if (this.#namespace.isVersioned || item.version > 0) {
        this.#takeVersioned(key, item, asked.get(key));
        // Versions say by themselves which value is newer; a removal has none.
        key.countsFrom = Math.max(key.countsFrom, ask);
      } else if (ask >= key.countsFrom) this.#takeUnversioned(key, item, ask);
    }
    for (const key of removed) this.#remove(key);
  }

  /** The server API says a value before any round could. */
  publish({ key: name, version, data, epoch = "" }: PollPublication): void {
    if (epoch !== "" && epoch !== this.#epoch) this.#takeEpoch(epoch);
    const key = this.#keys.get(name);
    if (key === undefined || version <= key.version) return;
    key.version = version;
    key.isFresh = true;
    key.isWantedAgain = false;
    key.countsFrom = this.#asks + 1;
    this.#offer(key, new PollDelivery(this.name, name, { version, data, epoch }));
  }

  /** Nothing is asked any more. */
  stop(): void {
    this.#cancelIdle?.();
    this.#rounds.stop();
  }

  /** An item without data may be one that has not changed: it is not looked at. */
  #refuseUnfit(items: readonly SharedPollItem[]): void {
    const { publicationDataFormat } = this.place.namespace.options;
    const unfit = items.find(({ removed, data = noData }) => !removed && data.length > 0 && !fitsFormat(publicationDataFormat, data));
    if (unfit !== undefined) throw new ProxyAnswerUnusable(`the value of ${unfit.key} is not of the format ${publicationDataFormat}`);
  }

  #want(key: PolledKey): void {
    if (key.version === 0) {
      // Whoever asks for it already asks for all.
      if (key.asksUnderWay === 0) this.#rounds.want(key);
    } else if (!key.isWantedAgain) this.#rounds.want(key);
    if (key.version > 0) key.isWantedAgain = true;
  }

  #takeUnversioned(key: PolledKey, item: SharedPollItem, ask: number): void {
    const data = item.data ?? noData;
    const hash = contentHash(data, this.#hashSeed);
    const isChanged = key.version === 0 || hash !== key.hash;
    key.countsFrom = ask;
    if (!isChanged && !key.isWantedAgain) return;
    key.isWantedAgain = false;
    if (isChanged) {
      key.hash = hash;
      key.version = ++this.#versionCounter;
    }
    this.#offer(key, new PollDelivery(this.name, key.name, { version: key.version, data }));
  }

  #takeVersioned(key: PolledKey, { version, data = noData, previousData }: SharedPollItem, told: number | undefined): void {
    if (version <= key.version) {
      // The value is only sure to stand in the answer where the backend was told that we have none.
      const isWhole = told === 0 && version === key.version && version > 0;
      if (!key.isWantedAgain || !isWhole) return;
      key.isWantedAgain = false;
      this.#offer(key, new PollDelivery(this.name, key.name, { version, data }));
      return;
    }
    // What came before is the value of the version that the backend was told.
    const isBase = previousData !== undefined && previousData.length > 0 && told !== undefined && told > 0 && told === key.version;
    const base = isBase ? { data: previousData, version: told } : undefined;
    key.version = version;
    key.isWantedAgain = false;
    this.#versionCounter = Math.max(this.#versionCounter, version);
    this.#offer(key, new PollDelivery(this.name, key.name, { version, data, base }));
  }

  /** The key is gone: its followers are told and follow it no longer. Who follows it anew begins with nothing. */
  #remove(key: PolledKey): void {
    if (!this.isFollowed(key)) return;
    this.#drop(key);
    const push = removalPush(this.name, key.name);
    const messages: (EncodedMessage | undefined)[] = [];
    this.#serve(key, (tracked) => {
      const { subscription } = tracked;
      if (subscription.keys.get(key.name) !== tracked) return;
      subscription.keys.delete(key.name);
      const { codec } = subscription.outbox;
      messages[codec.index] ??= codec.push(push);
      this.#say(subscription, messages[codec.index]);
    });
    if (this.#keys.size === 0) this.#idle();
  }

  #offer(key: PolledKey, delivery: PollDelivery): void {
    this.#serve(key, (tracked) => {
      if (delivery.version <= tracked.version) return;
      const message = delivery.messageFor(tracked.subscription.outbox.codec, tracked);
      tracked.version = delivery.version;
      tracked.hasBase = true;
      this.#say(tracked.subscription, message);
    });
  }

  #say({ connection, outbox }: PollSubscription, message: EncodedMessage | undefined): void {
    if (message === undefined) {
      connection.disconnect(disconnects.inappropriateProtocol);
      return;
    }
    this.#context.fanOut.deliveryCount++;
    this.#context.metrics.said(publicationFrame, outbox.codec.index, message);
    outbox.pushShared(message);
  }

  /** In turn with all other deliveries, and in slices: a key may have as many followers as a channel has subscribers. */
  #serve(key: PolledKey, serve: (tracked: TrackedKey) => void): void {
    const { fanOut, ports } = this.#context;
    const followers = key.followers.values();
    fanOut.inSlices((untilMs) => {
      let untilLook = followersPerLook;
      for (let next = followers.next(); next.done !== true; next = followers.next()) {
        const tracked = next.value;
        try {
          serve(tracked);
        } catch (cause) {
          tracked.subscription.connection.fail("delivery", cause);
        }
        if (--untilLook > 0) continue;
        untilLook = followersPerLook;
        if (ports.clock.monotonicMs() >= untilMs) return false;
      }
      return true;
    });
  }

  /**
   * Versions begin anew: whoever is subscribed is told to begin anew, too (2500). An answer that names no epoch says nothing
   * about it.
   */
  #takeEpoch(epoch: string): void {
    this.#epoch = epoch;
    this.#asksAtEpoch = this.#asks;
    // Those without keys, too: what they track later is of an epoch that they have to know, or they could not tell it from the next.
    const outdated = [...this.#subscriptions];
    for (const subscription of outdated) subscription.keys.clear();
    for (const key of this.#keys.values()) {
      key.followers.clear();
      this.#drop(key);
    }
    this.#idle();
    this.#endAll(outdated);
  }

  #endAll(subscriptions: readonly PollSubscription[]): void {
    const { fanOut, ports } = this.#context;
    let next = 0;
    fanOut.inSlices((untilMs) => {
      while (next < subscriptions.length) {
        const subscription = subscriptions[next++];
        if (subscription !== undefined && this.#subscriptions.has(subscription)) endSubscription(subscription, "insufficientState");
        if (ports.clock.monotonicMs() >= untilMs) return next === subscriptions.length;
      }
      return true;
    });
  }

  #dismiss(tracked: TrackedKey): void {
    const { key } = tracked;
    key.followers.delete(tracked);
    if (key.followers.size === 0 && this.isFollowed(key)) this.#drop(key);
  }

  #drop(key: PolledKey): void {
    this.#keys.delete(key.name);
    this.#rounds.unwant(key);
  }

  /** No key is followed. The rounds go on for a moment, and where nobody is subscribed either, the channel is forgotten after it. */
  #idle(): void {
    if (this.#cancelIdle !== undefined) return;
    this.#cancelIdle = this.#context.ports.clock.schedule(this.#namespace.shutdownDelayMs, () => {
      this.#cancelIdle = undefined;
      this.#rounds.stop();
      if (this.#subscriptions.size === 0) this.#forget(this);
    });
  }
}
