import type { Publication } from "@fleetcast/protocol";
import type { Delivery } from "../delivery.ts";
import { type DueItem, DueQueue } from "../due-queue.ts";
import type { HubChannel } from "../hub.ts";
import type { Clock } from "../ports.ts";

/** A channel that is paced. In the queue from a publication that was sent until its interval is over. */
export class Pace implements DueItem {
  readonly intervalMs: number;
  dueMs = 0;
  duePlace = -1;
  /** The newest publication since the last one that was sent. */
  waiting: Delivery | undefined;
  /** What delta subscribers have: a patch is made to it, not to what was skipped [PA5]. */
  sent: Publication | undefined;

  constructor(ratePerSMax: number) {
    this.intervalMs = 1_000 / ratePerSMax;
  }
}

/**
 * Stands between commits and the fan-out for the channels of paced namespaces. What is skipped is skipped here, once for all
 * subscribers; the publication that takes its place moves them over it.
 *
 *     published   1     2  3     4           5
 *     sent        1--------|3--------|4      5--------|
 */
export class Pacing {
  readonly #clock: Clock;
  readonly #offer: (delivery: Delivery) => void;
  readonly #due = new DueQueue<Pace>();
  #timerDueMs = Number.POSITIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  /** Publications that no subscriber was sent. */
  skippedCount = 0;

  constructor(clock: Clock, offer: (delivery: Delivery) => void) {
    this.#clock = clock;
    this.#offer = offer;
  }

  offer(delivery: Delivery): void {
    const { channel } = delivery;
    channel.pace ??= new Pace(channel.namespace.options.ratePerSMax);
    const { pace } = channel;
    if (pace.duePlace === -1) {
      this.#send(pace, delivery);
      return;
    }
    if (pace.waiting !== undefined) {
      this.skippedCount++;
      if (delivery.yieldsTo(pace.waiting)) return;
      delivery.supersede(pace.waiting);
    }
    pace.waiting = delivery;
  }

  /** The channel's pace is another one from now on: what waits goes out first. */
  forget(channel: HubChannel): void {
    const { pace } = channel;
    if (pace === undefined) return;
    channel.pace = undefined;
    if (pace.duePlace !== -1) this.#due.remove(pace);
    if (pace.waiting !== undefined) this.#offer(pace.waiting);
  }

  /** What waits is given up: subscribers recover it where they connect next. */
  stop(): void {
    this.#cancelTimer?.();
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    for (let pace = this.#due.first; pace !== undefined; pace = this.#due.first) this.#due.remove(pace);
  }

  #send(pace: Pace, delivery: Delivery): void {
    const { push } = delivery;
    if (push.kind === "publication" && push.publication.offset !== 0 && delivery.channel.deltaSubscribers > 0) {
      if (delivery.previous !== undefined && pace.sent !== undefined) delivery.previous = pace.sent;
      pace.sent = push.publication;
    }
    this.#due.set(pace, this.#clock.monotonicMs() + pace.intervalMs);
    this.#schedule();
    this.#offer(delivery);
  }

  #schedule(): void {
    const { first } = this.#due;
    if (first === undefined || first.dueMs >= this.#timerDueMs) return;
    this.#cancelTimer?.();
    this.#timerDueMs = first.dueMs;
    this.#cancelTimer = this.#clock.schedule(Math.max(0, first.dueMs - this.#clock.monotonicMs()), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    for (let pace = this.#due.first; pace !== undefined && pace.dueMs <= nowMs; pace = this.#due.first) {
      const { waiting } = pace;
      pace.waiting = undefined;
      this.#due.remove(pace);
      if (waiting !== undefined) this.#send(pace, waiting);
    }
    this.#schedule();
  }
}
