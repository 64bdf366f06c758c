import type { Delivery } from "../delivery.ts";

/** Told when the last subscriber's socket was handed a publication, or took its place in a queue. Monotonic milliseconds. */
export type OnDelivered = (channel: string, offset: number, offeredAtMs: number, deliveredAtMs: number) => void;

/** What is done of a list is cut off from this length on. */
const trimMin = 1_024;

/**
 * Notices when what a publication woke has been flushed: outboxes are flushed in the order in which they woke, so it is enough to
 * remember how many had woken when its fan-out ended.
 */
export class DeliveryWatch {
  readonly #onDelivered: OnDelivered;
  #waiting: { readonly delivery: Delivery; readonly wakes: number }[] = [];
  #next = 0;

  constructor(onDelivered: OnDelivered) {
    this.#onDelivered = onDelivered;
  }

  /** Its fan-out is over; `wakes`: outboxes that woke so far. */
  fannedOut(delivery: Delivery, wakes: number): void {
    if (delivery.push.kind === "publication") this.#waiting.push({ delivery, wakes });
  }

  /** So many outboxes were flushed so far. */
  flushed(flushes: number, nowMs: number): void {
    for (let first = this.#waiting[this.#next]; first !== undefined && first.wakes <= flushes; first = this.#waiting[this.#next]) {
      this.#next++;
      const { channel, offset, offeredAtMs } = first.delivery;
      this.#onDelivered(channel.name, offset, offeredAtMs, nowMs);
    }
    if (this.#next < this.#waiting.length && this.#next < trimMin) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
