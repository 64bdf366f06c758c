import type { JoinContext, PublicationContext, SubscribedContext, Subscription, SubscriptionOptions } from "centrifuge";
import type { LiveClient } from "../src/live/subscription-manager.ts";

type Listener = (context: never) => void;

/** A subscription of which the test says what the server answers. */
export class FakeSubscription {
  readonly channel: string;
  readonly options: Partial<SubscriptionOptions>;
  state: "unsubscribed" | "subscribing" | "subscribed" = "unsubscribed";
  presenceAnswer: { clients: Record<string, { client: string; user: string; connInfo?: unknown }> } = { clients: {} };
  historyAnswer: PublicationContext[] = [];
  readonly #listeners = new Map<string, Listener[]>();

  constructor(channel: string, options: Partial<SubscriptionOptions>) {
    this.channel = channel;
    this.options = options;
  }

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
  }

  subscribe(): void {
    if (this.state !== "unsubscribed") return;
    this.state = "subscribing";
    this.emit("subscribing", { channel: this.channel, code: 0, reason: "" });
  }

  unsubscribe(): void {
    if (this.state === "unsubscribed") return;
    this.state = "unsubscribed";
    this.emit("unsubscribed", { channel: this.channel, code: 0, reason: "unsubscribe called" });
  }

  /** As the official client does it: the event first, then, in the same task, what was recovered. */
  answer(context: Partial<SubscribedContext> = {}, recovered: readonly Partial<PublicationContext>[] = []): void {
    this.state = "subscribed";
    this.emit("subscribed", {
      channel: this.channel,
      recoverable: true,
      positioned: true,
      wasRecovering: false,
      recovered: false,
      hasRecoveredPublications: recovered.length > 0,
      ...context,
    });
    for (const publication of recovered) this.publish(publication);
  }

  lose(): void {
    this.state = "subscribing";
    this.emit("subscribing", { channel: this.channel, code: 1, reason: "transport closed" });
  }

  refuse(code: number, reason: string): void {
    this.state = "unsubscribed";
    this.emit("unsubscribed", { channel: this.channel, code, reason });
  }

  publish(publication: Partial<PublicationContext>): void {
    this.emit("publication", { channel: this.channel, data: {}, ...publication });
  }

  join(info: JoinContext["info"]): void {
    this.emit("join", { channel: this.channel, info });
  }

  leave(info: JoinContext["info"]): void {
    this.emit("leave", { channel: this.channel, info });
  }

  presence(): Promise<FakeSubscription["presenceAnswer"]> {
    return Promise.resolve(this.presenceAnswer);
  }

  history(): Promise<{ publications: PublicationContext[]; offset: number; epoch: string }> {
    return Promise.resolve({ publications: this.historyAnswer, offset: 0, epoch: "e" });
  }

  emit(event: string, context: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(context as never);
  }
}

export class FakeClient implements LiveClient {
  readonly subscriptions = new Map<string, FakeSubscription>();
  readonly removed: string[] = [];
  batches = 0;

  newSubscription(channel: string, options: Partial<SubscriptionOptions> = {}): Subscription {
    if (this.subscriptions.has(channel)) throw new Error(`${channel} is subscribed already`);
    const subscription = new FakeSubscription(channel, options);
    this.subscriptions.set(channel, subscription);
    return subscription as unknown as Subscription;
  }

  removeSubscription(subscription: Subscription | null): void {
    if (subscription === null) return;
    this.removed.push(subscription.channel);
    subscription.unsubscribe();
    this.subscriptions.delete(subscription.channel);
  }

  startBatching(): void {
    this.batches++;
  }

  stopBatching(): void {}

  get(channel: string): FakeSubscription {
    const subscription = this.subscriptions.get(channel);
    if (subscription === undefined) throw new Error(`${channel} is not subscribed`);
    return subscription;
  }
}
