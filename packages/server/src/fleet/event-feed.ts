import type { Clock } from "@fleetcast/engine";
import type { EventRow } from "@fleetcast/storage";
import type { Logger } from "../log.ts";
import type { PushEngine } from "../push/push-engine.ts";
import { Paced } from "./paced.ts";

export const eventFeedChannel = "feed:all";
/** At most four publications a second, however much happens. */
export const eventFeedIntervalMs = 250;
/** Events in one publication. */
export const eventFeedBatchMax = 100;
/** Bytes of one publication, except that a single event is never cut. */
export const eventFeedBatchBytesMax = 131_072;
/** What waits while the push engine is away or events come faster than they go; the oldest make room and are counted. */
export const eventFeedWaitingMax = 1_000;
export const eventFeedWaitingBytesMax = 4_194_304;

export interface EventFeedDependencies {
  readonly push: Pick<PushEngine, "publish">;
  readonly clock: Clock;
  readonly log: Logger;
}

const encoder = new TextEncoder();

/**
 * The channel `feed:all`: every event of the fleet that is in the store, in the order of the commits, as
 * `{"events":[FleetEvent, ...]}`, oldest first. A view, not the record: what had to be left out is told by `left_out`, and
 * `GET /v1/events` has it.
 */
export class EventFeed {
  readonly #dependencies: EventFeedDependencies;
  readonly #paced: Paced;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #leftOut = 0;
  #failing = false;

  constructor(dependencies: EventFeedDependencies) {
    this.#dependencies = dependencies;
    const more = (): boolean => this.#waiting.length > 0;
    this.#paced = new Paced({ clock: dependencies.clock, intervalMs: eventFeedIntervalMs, run: () => this.#publish(), more });
  }

  /** An event is in the store. */
  stored(event: EventRow): void {
    const bytes = eventBytes(event);
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#makeRoom();
    this.#paced.arm();
  }

  async stop(): Promise<void> {
    await this.#paced.stop();
  }

  #makeRoom(): void {
    let count = 0;
    while (this.#waiting.length - count > eventFeedWaitingMax || this.#waitingBytes > eventFeedWaitingBytesMax) {
      this.#waitingBytes -= this.#waiting[count]!.length;
      count++;
    }
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#leftOut += count;
  }

  async #publish(): Promise<void> {
    const { log, push } = this.#dependencies;
    const batch = this.#take();
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    try {
      await push.publish({ channel: eventFeedChannel, data: batchBytes(batch, leftOut) });
      if (this.#failing) log.info({ channel: eventFeedChannel }, "the feed of events is published again");
      this.#failing = false;
    } catch (cause) {
      this.#putBack(batch, leftOut);
      if (!this.#failing)
        log.warn({ channel: eventFeedChannel, cause: String(cause) }, "the feed of events cannot be published; events wait");
      this.#failing = true;
    }
  }

  #take(): Uint8Array[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#waiting.length && count < eventFeedBatchMax) {
      const length = this.#waiting[count]!.length;
      if (count > 0 && bytes + length > eventFeedBatchBytesMax) break;
      bytes += length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  #putBack(batch: readonly Uint8Array[], leftOut: number): void {
    this.#leftOut += leftOut;
    this.#waiting = [...batch, ...this.#waiting];
    for (const bytes of batch) this.#waitingBytes += bytes.length;
    this.#makeRoom();
  }
}

/** A `FleetEvent`; `data` is put in as it came. */
function eventBytes(event: EventRow): Uint8Array {
  const { atMs, deviceTs, eventId, severity, type, vmId } = event;
  const head = JSON.stringify({ event_id: eventId, vm_id: vmId, type, severity, ts: deviceTs, at_ms: atMs });
  return joined([encoder.encode(`${head.slice(0, -1)},"data":`), event.data, encoder.encode("}")]);
}

function batchBytes(batch: readonly Uint8Array[], leftOut: number): Uint8Array {
  const comma = encoder.encode(",");
  const events = batch.flatMap((bytes, index) => (index === 0 ? [bytes] : [comma, bytes]));
  const tail = leftOut === 0 ? "]}" : `],"left_out":${leftOut}}`;
  return joined([encoder.encode('{"events":['), ...events, encoder.encode(tail)]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
