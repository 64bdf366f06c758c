import type { FleetEvent } from "@fleetcast/protocol";
import type { FlushLoop } from "./flush-loop.ts";
import { Signal } from "./signal.ts";

/** A line of the feed: an event, or a divider that says from when to when events may be missing. */
export type FeedItem =
  | { readonly kind: "event"; readonly id: string; readonly event: FleetEvent }
  | { readonly kind: "message"; readonly id: string; readonly vmId: string; readonly text: string; readonly atMs: number }
  | { readonly kind: "gap"; readonly id: string; readonly fromMs: number; readonly toMs: number };

/**
 * Events newest first, at most `itemsMax`, each once however often it is told: the same event comes from history, from the
 * machine's channel and from the fleet's feed.
 */
export class EventFeed {
  readonly itemsMax: number;
  readonly #loop: FlushLoop;
  readonly #signal = new Signal();
  readonly subscribe = this.#signal.subscribe;
  readonly #ids = new Set<string>();
  #items: FeedItem[] = [];
  #view: readonly FeedItem[] = [];
  #trimmed = false;
  #dirty = false;
  #remove: () => void = () => {};

  constructor(loop: FlushLoop, itemsMax: number = 2_000) {
    this.#loop = loop;
    this.itemsMax = itemsMax;
  }

  /** From here on listeners hear of what was added, at each flush. */
  open(): void {
    this.#remove();
    this.#remove = this.#loop.add(() => this.#flush());
    this.#loop.mark("batched");
  }

  /** As of the last flush; the array is never changed afterwards. */
  get items(): readonly FeedItem[] {
    return this.#view;
  }

  /** True once older items had to go: the screen says that it shows the latest ones only. */
  get trimmed(): boolean {
    return this.#trimmed;
  }

  /** True when it was not there yet. */
  add(item: FeedItem): boolean {
    if (this.#ids.has(item.id)) return false;
    this.#ids.add(item.id);
    let at = 0;
    while (at < this.#items.length && timeOf(this.#items[at]!) > timeOf(item)) at++;
    this.#items.splice(at, 0, item);
    while (this.#items.length > this.itemsMax) {
      const oldest = this.#items.pop()!;
      this.#ids.delete(oldest.id);
      this.#trimmed = true;
    }
    this.#dirty = true;
    this.#loop.mark("batched");
    return true;
  }

  addEvent(event: FleetEvent): boolean {
    return this.add({ kind: "event", id: event.event_id, event });
  }

  close(): void {
    this.#remove();
  }

  #flush(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    this.#view = [...this.#items];
    this.#signal.emit();
  }
}

export function timeOf(item: FeedItem): number {
  switch (item.kind) {
    case "event":
      return item.event.at_ms;
    case "message":
      return item.atMs;
    case "gap":
      return item.toMs;
  }
}
