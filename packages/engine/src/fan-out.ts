import type { Outbox, OutboxSchedule, WaitingMessage } from "./connection/outbox.ts";
import type { Refinement } from "./connection/refinement.ts";
import type { Subscription } from "./connection/subscription.ts";
import type { Delivery } from "./delivery.ts";
import type { DeliveryWatch } from "./metrics/delivery-watch.ts";
import type { EngineMetrics } from "./metrics/engine-metrics.ts";
import type { Clock } from "./ports.ts";

/** How long one slice of fan-out and flushing may hold the event loop. */
export const sliceMsMax = 2;
/** Deliveries on their way at which publishers are held back, and the number at which they go on. */
const waitingMessagesMax = 65_536;
const waitingMessagesLow = waitingMessagesMax / 4;
/** The done part of a list is cut off from this length on. */
const listTrimMin = 4_096;
const deliveriesPerLook = 64;
const flushesPerLook = 8;

/** Runs in turn with deliveries. False: not done, once more in the next slice. */
type Step = (() => void) | ((untilMs: number) => boolean);

/** What can go wrong for one subscriber; the connection decides what it means. */
export interface DeliveryProblems {
  /** The next publication is not the one after the last (2500, or 3010 for server-side subscriptions). */
  onGap(subscription: Subscription): void;
  /** The payload cannot be carried by this connection's format (3506). */
  onInappropriate(subscription: Subscription): void;
  /** More is held for a subscription that is being recovered than a connection may queue (3008). */
  onHeldTooMuch(subscription: Subscription): void;
  /** A reader that may catch up does not keep up: out of live delivery, from this delivery on. */
  onBehind(subscription: Subscription, refined: Refinement, delivery: Delivery): void;
  /** Our own mistake, in a delivery or in what runs in turn with them. */
  onFailure(cause: unknown, subscription: Subscription | undefined): void;
}

/**
 * Brings pushes to outboxes and outboxes to sockets, in slices of about 2 ms: a channel with 19,000 subscribers must not
 * keep a publisher, a ping or an acknowledgement waiting. Deliveries run in one order for all channels, which is the
 * order of commits; each slice spends half of its time at most on them, so that sockets are served under any load.
 */
export class FanOut implements OutboxSchedule {
  readonly #clock: Clock;
  readonly #problems: DeliveryProblems;
  readonly #queueBytesMax: number;
  readonly #metrics: EngineMetrics;
  /** Only where somebody wants to know how long it takes to the sockets. */
  readonly #watch: DeliveryWatch | undefined;
  /** In the order of commits; a function among them runs in its turn, again in the next slice where it answers false. */
  #deliveries: (Delivery | Step)[] = [];
  #nextDelivery = 0;
  /** What filters cost since the last delivery, counted in deliveries: a slice looks at the clock the sooner. */
  #filterCost = 0;
  #expected = 0;
  #awake: Outbox[] = [];
  #nextAwake = 0;
  /** Outboxes that were flushed and are cut off from the list. */
  #flushedBefore = 0;
  #scheduled = false;
  #admitted: (() => void)[] = [];
  /** Messages appended to outboxes since the start. */
  deliveryCount = 0;
  /** Publications that a blocked reader was not sent because a newer one took their place. */
  skippedCount = 0;
  waitingMessages = 0;
  readonly firsts: (WaitingMessage | undefined)[] = [];

  constructor(clock: Clock, problems: DeliveryProblems, queueBytesMax: number, metrics: EngineMetrics, watch?: DeliveryWatch) {
    this.#clock = clock;
    this.#problems = problems;
    this.#queueBytesMax = queueBytesMax;
    this.#metrics = metrics;
    this.#watch = watch;
  }

  /** Takes a push for all subscribers of its channel; returns at once. */
  offer(delivery: Delivery): void {
    if (delivery.subscribers === 0) return;
    if (this.#watch !== undefined) delivery.offeredAtMs = this.#clock.monotonicMs();
    this.#deliveries.push(delivery);
    this.#expected += delivery.subscribers;
    this.#schedule();
  }

  wake(outbox: Outbox): void {
    this.#awake.push(outbox);
    this.#schedule();
  }

  /** Runs `act` once everything offered so far is in the outboxes, and before anything offered later; at once when it is. */
  inTurn(act: () => void): void {
    if (this.#nextDelivery === this.#deliveries.length) act();
    else this.#deliveries.push(act);
  }

  /** The same for work that may be long: called until it answers true, each time with the time at which it has to stop. */
  inSlices(step: (untilMs: number) => boolean): void {
    this.#deliveries.push(step);
    this.#schedule();
  }

  /** Resolves when everything offered so far is in the outboxes; undefined when it is already. */
  settled(): Promise<void> | undefined {
    if (this.#nextDelivery === this.#deliveries.length) return undefined;
    return new Promise((resolve) => this.inTurn(resolve));
  }

  /**
   * Publishers are answered before their fan-out ends, so something must hold them back when sockets cannot follow.
   * Ask again after each wait: `for (let wait = admission(); wait !== undefined; wait = admission()) await wait`.
   */
  admission(): Promise<void> | undefined {
    if (this.waitingMessages + this.#expected < waitingMessagesMax) return undefined;
    return new Promise((resolve) => this.#admitted.push(resolve));
  }

  /** What was kept back for a blocked reader. */
  sendWaiting(subscription: Subscription, refined: Refinement): void {
    const { waiting } = refined;
    refined.waiting = undefined;
    if (waiting !== undefined) this.#send(subscription, refined, waiting);
  }

  /** One delivery to one subscriber, now. */
  deliver(subscription: Subscription, delivery: Delivery): void {
    const { refined } = subscription;
    if (refined === undefined || delivery.push.kind !== "publication") this.#deliverPlain(subscription, delivery);
    else this.#deliverRefined(subscription, refined, delivery);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.#slice();
    });
  }

  #slice(): void {
    const startMs = this.#clock.monotonicMs();
    this.#runDeliveries(startMs + sliceMsMax / 2);
    this.#runFlushes(startMs + sliceMsMax);
    if (this.#nextDelivery < this.#deliveries.length || this.#nextAwake < this.#awake.length) this.#schedule();
    if (this.#admitted.length > 0 && this.waitingMessages + this.#expected <= waitingMessagesLow) this.#admit();
  }

  #runDeliveries(untilMs: number): void {
    while (this.#nextDelivery < this.#deliveries.length) {
      const delivery = this.#deliveries[this.#nextDelivery];
      if (delivery === undefined) break;
      if (typeof delivery === "function") {
        if (!this.#runInTurn(delivery, untilMs)) break;
        this.#nextDelivery++;
      } else {
        if (!this.#runDelivery(delivery, untilMs)) break;
        this.#expected -= delivery.subscribers;
        this.#watch?.fannedOut(delivery, this.#flushedBefore + this.#awake.length);
        this.#nextDelivery++;
      }
      if (this.#clock.monotonicMs() >= untilMs) break;
    }
    // What is done must not be kept by a list that never ends under load.
    if (this.#nextDelivery < this.#deliveries.length && this.#nextDelivery < listTrimMin) return;
    this.#deliveries = this.#deliveries.slice(this.#nextDelivery);
    this.#nextDelivery = 0;
  }

  /** Answers false where the step is to go on in the next slice. */
  #runInTurn(step: Step, untilMs: number): boolean {
    try {
      return step(untilMs) !== false;
    } catch (cause) {
      this.#problems.onFailure(cause, undefined);
      return true;
    }
  }

  /** Answers false when time was up before the end. A mistake of ours costs one subscriber, never the others. */
  #runDelivery(delivery: Delivery, untilMs: number): boolean {
    for (;;) {
      try {
        return this.#deliverToAll(delivery, untilMs);
      } catch (cause) {
        const { cursor, subscriptions } = delivery.channel;
        if (cursor === 0) delivery.giveUp();
        this.#problems.onFailure(cause, cursor === 0 ? undefined : subscriptions[cursor - 1]);
      }
    }
  }

  #deliverToAll(delivery: Delivery, untilMs: number): boolean {
    if (delivery.isGivenUp) return true;
    const { channel } = delivery;
    const { subscriptions } = channel;
    // Most are a publication in time for a subscriber without wishes: that way is the short one.
    const isOrdinary = delivery.push.kind === "publication" && untilMs <= delivery.lateAtMs;
    let untilLook = deliveriesPerLook;
    // The cursor moves before the delivery: one that ends its own subscription then finds itself behind it (HubChannel.remove).
    while (channel.cursor < subscriptions.length) {
      const subscription = subscriptions[channel.cursor++];
      if (subscription === undefined) continue;
      if (isOrdinary && subscription.refined === undefined) this.#deliverPlain(subscription, delivery);
      else {
        this.#deliverOther(subscription, delivery, isOrdinary);
        untilLook -= this.#filterCost;
        this.#filterCost = 0;
      }
      if (--untilLook <= 0) {
        untilLook = deliveriesPerLook;
        if (this.#clock.monotonicMs() >= untilMs && channel.cursor < subscriptions.length) return false;
      }
    }
    channel.cursor = 0;
    return true;
  }

  #deliverOther(subscription: Subscription, delivery: Delivery, isInTime: boolean): void {
    const { refined, terms } = subscription;
    if (delivery.push.kind !== "publication") {
      if (terms.receivesJoinLeave && subscription !== delivery.except) this.#deliverPlain(subscription, delivery);
    } else if (!isInTime && subscription.live && terms.positioned) this.#problems.onGap(subscription);
    else if (refined === undefined) this.#deliverPlain(subscription, delivery);
    else this.#deliverRefined(subscription, refined, delivery);
  }

  #deliverPlain(subscription: Subscription, delivery: Delivery): void {
    const message = delivery.message(subscription.outbox.codec);
    if (message === undefined) {
      this.#problems.onInappropriate(subscription);
      return;
    }
    if (!subscription.live) {
      this.#hold(subscription, delivery);
      return;
    }
    if (!this.#isNext(subscription, delivery)) return;
    this.deliveryCount++;
    this.#metrics.said(delivery.frameType, subscription.outbox.codec.index, message);
    subscription.outbox.pushShared(message);
  }

  #deliverRefined(subscription: Subscription, refined: Refinement, delivery: Delivery): void {
    if (!subscription.live) {
      this.#hold(subscription, delivery);
      return;
    }
    if (refined.behind !== undefined) {
      refined.behind.meet(delivery);
      return;
    }
    const { outbox } = subscription;
    const isBlocked = refined.whenSlow !== "close" && outbox.isBlocked;
    // What has no position could not be found again in history.
    if (isBlocked && refined.whenSlow === "catch_up" && delivery.offset !== 0 && outbox.queuedBytes >= this.#queueBytesMax / 2) {
      this.#problems.onBehind(subscription, refined, delivery);
      return;
    }
    const { offset } = subscription;
    if (refined.hasPassed(delivery) || !this.#isNext(subscription, delivery)) return;
    const wanted = refined.filter === undefined ? delivery : this.#wanted(refined, delivery, subscription.terms.positioned ? offset : 0);
    if (wanted === undefined) {
      this.#metrics.filtered++;
      return;
    }
    if (isBlocked && refined.whenSlow === "latest") {
      if (refined.waiting !== undefined) this.skippedCount++;
      if (refined.waiting === undefined || !wanted.yieldsTo(refined.waiting)) refined.waiting = wanted;
    } else this.#send(subscription, refined, wanted);
  }

  /** The newest of what this delivery stands for that the filter lets through, and that the subscriber does not have. */
  #wanted(refined: Refinement, delivery: Delivery, hasOffset: number): Delivery | undefined {
    this.#filterCost += refined.weight;
    if (delivery.push.kind !== "publication" || refined.wants(delivery.push.publication.tags)) return delivery;
    for (let at = (delivery.skipped?.length ?? 0) - 1; at >= 0; at--) {
      const older = delivery.skipped?.[at];
      if (older === undefined || older.push.kind !== "publication") continue;
      if (older.push.publication.offset !== 0 && older.push.publication.offset <= hasOffset) return undefined;
      this.#filterCost += refined.weight;
      if (refined.wants(older.push.publication.tags)) return older;
    }
    return undefined;
  }

  #send(subscription: Subscription, refined: Refinement, delivery: Delivery): void {
    const { outbox, terms } = subscription;
    const message = refined.delta ? delivery.deltaMessage(outbox.codec, refined.baseOf(delivery.previous)) : delivery.message(outbox.codec);
    if (message === undefined) {
      this.#problems.onInappropriate(subscription);
      return;
    }
    refined.haveSent(delivery.offset, terms.positioned);
    this.deliveryCount++;
    this.#metrics.said(delivery.frameType, outbox.codec.index, message);
    outbox.pushShared(message);
  }

  /** Is this what comes after what the subscriber has? A positioned one then moves on; it is told of a gap. */
  #isNext(subscription: Subscription, delivery: Delivery): boolean {
    const { offset } = delivery;
    if (offset === 0 || !subscription.terms.positioned) return true;
    const sameEpoch = subscription.epoch === delivery.epoch || subscription.epoch === "";
    if (sameEpoch && offset <= subscription.offset) return false;
    if (!sameEpoch || delivery.first > subscription.offset + 1) {
      this.#problems.onGap(subscription);
      return false;
    }
    subscription.offset = offset;
    subscription.epoch = delivery.epoch;
    return true;
  }

  #hold(subscription: Subscription, delivery: Delivery): void {
    subscription.held ??= [];
    subscription.held.push(delivery);
    subscription.heldBytes += delivery.sizeBytes;
    if (subscription.heldBytes > this.#queueBytesMax) this.#problems.onHeldTooMuch(subscription);
  }

  #runFlushes(untilMs: number): void {
    let untilLook = flushesPerLook;
    while (this.#nextAwake < this.#awake.length) {
      this.#awake[this.#nextAwake++]?.flush();
      if (--untilLook === 0) {
        untilLook = flushesPerLook;
        if (this.#clock.monotonicMs() >= untilMs) break;
      }
    }
    this.#watch?.flushed(this.#flushedBefore + this.#nextAwake, this.#clock.monotonicMs());
    const isEmpty = this.#nextAwake === this.#awake.length;
    if (!isEmpty && this.#nextAwake < listTrimMin) return;
    this.#flushedBefore += this.#nextAwake;
    this.#awake = this.#awake.slice(this.#nextAwake);
    this.#nextAwake = 0;
    if (!isEmpty) return;
    this.firsts.length = 0;
  }

  #admit(): void {
    for (const resolve of this.#admitted.splice(0)) resolve();
  }
}
