import type { Publication, StreamPosition } from "@fleetcast/protocol";
import type { Namespace } from "./channel/namespaces.ts";
import type { Connection } from "./connection/connection.ts";
import type { Subscription } from "./connection/subscription.ts";
import type { EngineMetrics } from "./metrics/engine-metrics.ts";
import type { Pace } from "./pacing/pacing.ts";

/** A channel while somebody is subscribed to it. */
export class HubChannel {
  readonly name: string;
  /** Another object after a reload. */
  namespace: Namespace;
  /** Dense, in no order: the fan-out runs over it by index. */
  readonly subscriptions: Subscription[] = [];
  /** Subscriptions that get join and leave pushes. */
  joinLeaveReceivers = 0;
  /** Subscriptions that may be sent patches. */
  deltaSubscribers = 0;
  /** Subscriptions with a tags filter. */
  filteredSubscriptions = 0;
  /** Only of a channel whose namespace is paced, from its first publication on. */
  pace: Pace | undefined;
  /** Position of the last publication handed to the fan-out since the channel is here; undefined before the first. */
  published: StreamPosition | undefined;
  publishedAtMs = 0;
  /** Last question for the stream's top, shared by the position checks of all subscribers. */
  topAsked: { readonly atMs: number; readonly isOfMap: boolean; readonly answer: Promise<StreamPosition> } | undefined;
  /** Subscriptions below this index have got the message that is being fanned out now; 0 between fan-outs. */
  cursor = 0;
  /** The last publication, where every one is published with delta and somebody is here who gets patches. */
  #former: { readonly publication: Publication; readonly epoch: string; readonly atMs: number } | undefined;

  constructor(name: string, namespace: Namespace) {
    this.name = name;
    this.namespace = namespace;
  }

  add(subscription: Subscription): void {
    subscription.index = this.subscriptions.length;
    this.subscriptions.push(subscription);
    if (subscription.terms.receivesJoinLeave) this.joinLeaveReceivers++;
    if (subscription.refined?.delta === true) this.deltaSubscribers++;
    if (subscription.refined?.filter !== undefined) this.filteredSubscriptions++;
  }

  /** Fills the hole so that a fan-out in progress neither misses nor repeats anybody. */
  remove(subscription: Subscription): void {
    let hole = subscription.index;
    if (hole < this.cursor) {
      this.cursor--;
      this.#move(this.cursor, hole);
      hole = this.cursor;
    }
    this.#move(this.subscriptions.length - 1, hole);
    this.subscriptions.pop();
    subscription.index = -1;
    if (subscription.terms.receivesJoinLeave) this.joinLeaveReceivers--;
    if (subscription.refined?.filter !== undefined) this.filteredSubscriptions--;
    if (subscription.refined?.delta === true && --this.deltaSubscribers === 0) this.forgetFormer();
  }

  /**
   * A publication of the channel's history goes to the fan-out. Answers the one before it, for patches: while history holds it, and
   * where all publications are made for patches. The log need not be asked for it, whoever published [DL9].
   */
  publish(publication: Publication, epoch: string, nowMs: number): Publication | undefined {
    this.published = { offset: publication.offset, epoch };
    this.publishedAtMs = nowMs;
    if (this.deltaSubscribers === 0 || !this.namespace.alwaysDelta) return undefined;
    const former = this.#former;
    this.#former = { publication, epoch, atMs: nowMs };
    if (former === undefined || former.epoch !== epoch || former.publication.offset !== publication.offset - 1) return undefined;
    return nowMs - former.atMs <= this.namespace.options.historyTtlMs ? former.publication : undefined;
  }

  /** A delta subscriber was brought up to this publication: the next one may be a patch to it. */
  recovered(publication: Publication, epoch: string, nowMs: number): void {
    if (this.namespace.alwaysDelta) this.#former ??= { publication, epoch, atMs: nowMs };
  }

  /** History holds it no longer. */
  forgetFormer(): void {
    this.#former = undefined;
  }

  #move(from: number, to: number): void {
    const moved = this.subscriptions[from];
    if (moved === undefined || from === to) return;
    this.subscriptions[to] = moved;
    moved.index = to;
  }
}

/** Who is here: open sockets, connections by user, subscriptions by channel. */
export class Hub {
  readonly #metrics: EngineMetrics;
  /** Every accepted socket until it is closed, authenticated or not. */
  readonly open = new Set<Connection>();
  readonly channels = new Map<string, HubChannel>();
  /** One connection stands for itself: most users have one, and a set costs more than a connection may. */
  readonly #users = new Map<string, Connection | Set<Connection>>();
  #connectionCount = 0;
  #subscriptionCount = 0;

  constructor(metrics: EngineMetrics) {
    this.#metrics = metrics;
  }

  get connectionCount(): number {
    return this.#connectionCount;
  }

  get userCount(): number {
    return this.#users.size;
  }

  get subscriptionCount(): number {
    return this.#subscriptionCount;
  }

  enter(connection: Connection, user: string): void {
    this.#connectionCount++;
    const there = this.#users.get(user);
    if (there === undefined) this.#users.set(user, connection);
    else if (there instanceof Set) there.add(connection);
    else this.#users.set(user, new Set([there, connection]));
  }

  leave(connection: Connection, user: string): void {
    const there = this.#users.get(user);
    if (there === undefined) return;
    if (there instanceof Set) {
      if (!there.delete(connection)) return;
      if (there.size === 0) this.#users.delete(user);
    } else {
      if (there !== connection) return;
      this.#users.delete(user);
    }
    this.#connectionCount--;
  }

  /** A copy: callers disconnect while they go through it. */
  connectionsOf(user: string): readonly Connection[] {
    const there = this.#users.get(user);
    if (there === undefined) return [];
    return there instanceof Set ? [...there] : [there];
  }

  channel(name: string, namespace: Namespace): HubChannel {
    let channel = this.channels.get(name);
    if (channel === undefined) {
      channel = new HubChannel(name, namespace);
      this.channels.set(name, channel);
    }
    return channel;
  }

  hasDeltaSubscriber(channel: string): boolean {
    return (this.channels.get(channel)?.deltaSubscribers ?? 0) > 0;
  }

  subscribe(subscription: Subscription): void {
    subscription.channel.add(subscription);
    this.#subscriptionCount++;
    this.#metrics.subscribed[named(subscription)]!++;
  }

  unsubscribe(subscription: Subscription): void {
    if (subscription.index === -1) return;
    const { channel } = subscription;
    channel.remove(subscription);
    this.#subscriptionCount--;
    this.#metrics.unsubscribed[named(subscription)]!++;
    if (channel.subscriptions.length === 0) this.channels.delete(channel.name);
  }
}

/** Does its client tell a name? As the subscription is counted. */
function named({ connection }: Subscription): 0 | 1 {
  return (connection.anyMember?.software.name ?? "") === "" ? 0 : 1;
}
