import type { PublicationContext, StreamPosition, SubscribedContext, Subscription, SubscriptionOptions } from "centrifuge";
import type { Clock } from "./clock.ts";
import type { ConnectionModel } from "./connection-model.ts";

/** The part of the official client that is used here; a test gives its own. */
export interface LiveClient {
  newSubscription(channel: string, options?: Partial<SubscriptionOptions>): Subscription;
  removeSubscription(subscription: Subscription | null): void;
  startBatching(): void;
  stopBatching(): void;
}

/** How a subscription came to be: for the first time, with everything that was missed, or with a loss. */
export type Arrival = "fresh" | "recovered" | "lost";

export interface ChannelHandlers {
  publication?(context: PublicationContext): void;
  /** Called for every time the subscription is (re)established, before its recovered publications. */
  subscribed?(arrival: Arrival, subscription: Subscription): void;
  join?(info: { readonly client: string; readonly user: string; readonly connInfo?: unknown }): void;
  leave?(info: { readonly client: string; readonly user: string }): void;
  refused?(code: number, reason: string): void;
}

export interface ChannelWish {
  readonly channel: string;
  readonly options?: Partial<SubscriptionOptions>;
  /** Kept also when the tab has been hidden for long: alarms and receipts. */
  readonly pinned?: boolean;
}

export interface Lease {
  release(): void;
}

export interface ManagerTiming {
  /** Channels that may be held at once; the server allows 128. */
  readonly channelsMax: number;
  /** How long an unused subscription is kept, so that going back and forth costs nothing. */
  readonly lingerMs: number;
  readonly suspendAfterMs: number;
}

const defaultTiming: ManagerTiming = { channelsMax: 100, lingerMs: 5_000, suspendAfterMs: 300_000 };

interface Entry {
  readonly channel: string;
  readonly subscription: Subscription;
  readonly handlers: Set<ChannelHandlers>;
  pinned: boolean;
  usedMs: number;
  linger: number | null;
  /** True once subscribed: a later loss of position is then a gap, not a beginning. */
  known: boolean;
}

/**
 * All subscriptions of the tab, on its one client. Screens ask for a channel and let go of it; the manager shares a
 * subscription between them, keeps it 5 s after the last has left, and lets the least recently used go beyond its budget.
 * `unsubscribe` keeps the position, so what comes back later recovers; only evicted channels forget it.
 */
export class SubscriptionManager {
  readonly #client: LiveClient;
  readonly #model: ConnectionModel;
  readonly #clock: Clock;
  readonly #timing: ManagerTiming;
  readonly #lagOf: (context: PublicationContext) => number | null;
  readonly #entries = new Map<string, Entry>();
  #suspendTimer: number | null = null;
  #suspended = false;

  constructor(
    client: LiveClient,
    model: ConnectionModel,
    clock: Clock,
    lagOf: (context: PublicationContext) => number | null,
    timing: Partial<ManagerTiming> = {},
  ) {
    this.#client = client;
    this.#model = model;
    this.#clock = clock;
    this.#lagOf = lagOf;
    this.#timing = { ...defaultTiming, ...timing };
  }

  get size(): number {
    return this.#entries.size;
  }

  acquire(wish: ChannelWish, handlers: ChannelHandlers): Lease {
    const entry = this.#entries.get(wish.channel) ?? this.#open(wish);
    entry.handlers.add(handlers);
    entry.usedMs = this.#clock.now();
    if (wish.pinned === true) entry.pinned = true;
    if (entry.linger !== null) {
      this.#clock.clearTimeout(entry.linger);
      entry.linger = null;
    }
    if (entry.subscription.state === "subscribed") handlers.subscribed?.("fresh", entry.subscription);
    else if (!this.#suspended || entry.pinned) entry.subscription.subscribe();
    this.#evict();
    let held = true;
    return {
      release: () => {
        if (!held) return;
        held = false;
        entry.handlers.delete(handlers);
        entry.usedMs = this.#clock.now();
        if (entry.handlers.size === 0) entry.linger = this.#clock.setTimeout(() => this.#rest(entry), this.#timing.lingerMs);
      },
    };
  }

  /** Several channels at once, in one frame to the server. */
  batch(work: () => void): void {
    this.#client.startBatching();
    try {
      work();
    } finally {
      this.#client.stopBatching();
    }
  }

  /** A tab hidden for five minutes keeps only what is pinned; on return everything recovers from where it was. */
  visibilityChanged(hidden: boolean): void {
    if (this.#suspendTimer !== null) this.#clock.clearTimeout(this.#suspendTimer);
    this.#suspendTimer = null;
    if (hidden) this.#suspendTimer = this.#clock.setTimeout(() => this.#suspend(), this.#timing.suspendAfterMs);
    else if (this.#suspended) this.wake();
  }

  /** Subscribes again whatever is wanted and is not: after a long absence, or after the rights have changed. */
  wake(): void {
    this.#suspended = false;
    this.batch(() => {
      for (const entry of this.#entries.values()) {
        if (entry.handlers.size > 0 && entry.subscription.state === "unsubscribed") entry.subscription.subscribe();
      }
    });
  }

  stop(): void {
    if (this.#suspendTimer !== null) this.#clock.clearTimeout(this.#suspendTimer);
    for (const entry of [...this.#entries.values()]) this.#remove(entry);
  }

  #open(wish: ChannelWish): Entry {
    const subscription = this.#client.newSubscription(wish.channel, wish.options ?? {});
    const entry: Entry = {
      channel: wish.channel,
      subscription,
      handlers: new Set(),
      pinned: wish.pinned === true,
      usedMs: this.#clock.now(),
      linger: null,
      known: false,
    };
    this.#entries.set(wish.channel, entry);
    this.#listen(entry);
    return entry;
  }

  #listen(entry: Entry): void {
    const { channel, subscription } = entry;
    subscription.on("subscribing", (context) => {
      // A transport that closed is told to the subscriptions before the client: the model has to hear of the client first.
      if (context.code === 1) queueMicrotask(() => this.#model.channelSubscribing(channel));
      else this.#model.channelSubscribing(channel);
    });
    subscription.on("subscribed", (context) => this.#subscribed(entry, context));
    subscription.on("publication", (context) => {
      this.#model.publication(channel, context.offset ?? null, this.#lagOf(context));
      for (const handlers of [...entry.handlers]) handlers.publication?.(context);
    });
    subscription.on("join", (context) => {
      for (const handlers of [...entry.handlers]) handlers.join?.(context.info);
    });
    subscription.on("leave", (context) => {
      for (const handlers of [...entry.handlers]) handlers.leave?.(context.info);
    });
    subscription.on("unsubscribed", (context) => {
      // 0 is our own doing and 2 the client being thrown away; anything else is the server's refusal.
      if (context.code === 0 || context.code === 2) return;
      this.#model.channelRefused(channel, `${context.code} ${context.reason}`);
      for (const handlers of [...entry.handlers]) handlers.refused?.(context.code, context.reason);
    });
  }

  #subscribed(entry: Entry, context: SubscribedContext): void {
    const arrival = this.#arrivalOf(entry, context);
    entry.known = true;
    const position: StreamPosition | null = context.streamPosition ?? null;
    this.#model.channelSubscribed(entry.channel, position, arrival === "fresh" ? "no" : arrival);
    for (const handlers of [...entry.handlers]) handlers.subscribed?.(arrival, entry.subscription);
    // The client hands over what was recovered in this same task, before any microtask can run.
    if (arrival === "recovered") queueMicrotask(() => this.#model.recoveryDelivered(entry.channel));
  }

  #arrivalOf(entry: Entry, context: SubscribedContext): Arrival {
    if (!entry.known) return "fresh";
    if (context.wasRecovering) return context.recovered ? "recovered" : "lost";
    // Without a position there was nothing to recover from; what was missed meanwhile is lost all the same.
    return context.recoverable ? "lost" : "fresh";
  }

  /** Nobody has asked for 5 s: unsubscribe, but keep the object and with it the position. */
  #rest(entry: Entry): void {
    entry.linger = null;
    if (entry.handlers.size > 0) return;
    entry.subscription.unsubscribe();
    this.#model.channelRemoved(entry.channel);
  }

  #evict(): void {
    if (this.#entries.size <= this.#timing.channelsMax) return;
    const idle = [...this.#entries.values()].filter((entry) => entry.handlers.size === 0 && !entry.pinned);
    idle.sort((a, b) => a.usedMs - b.usedMs);
    for (const entry of idle) {
      if (this.#entries.size <= this.#timing.channelsMax) return;
      this.#remove(entry);
    }
  }

  #remove(entry: Entry): void {
    if (entry.linger !== null) this.#clock.clearTimeout(entry.linger);
    this.#entries.delete(entry.channel);
    this.#client.removeSubscription(entry.subscription);
    this.#model.channelRemoved(entry.channel);
  }

  #suspend(): void {
    this.#suspendTimer = null;
    this.#suspended = true;
    this.batch(() => {
      for (const entry of this.#entries.values()) {
        if (entry.pinned || entry.subscription.state === "unsubscribed") continue;
        entry.subscription.unsubscribe();
        this.#model.channelRemoved(entry.channel);
      }
    });
  }
}
