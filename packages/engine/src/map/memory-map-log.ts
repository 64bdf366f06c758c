import type { StreamPosition } from "@fleetcast/protocol";
import { DueQueue } from "../due-queue.ts";
import { IdempotencyKeys, idempotencyKeyTtlMs } from "../history/idempotency-keys.ts";
import { type CommittedPublication, UnrecoverablePosition } from "../log.ts";
import type { Chance, Clock } from "../ports.ts";
import { MapChannel } from "./map-channel.ts";
import {
  MapFull,
  type MapLog,
  MapNeedsStream,
  type MapOutcome,
  type MapPublication,
  type MapPublish,
  type MapRemove,
  type MapStatePage,
  type MapStateRequest,
  type MapStreamPage,
  type MapStreamRequest,
  type MapTerms,
} from "./map-log.ts";

/** Timers are not set nearer than this: deadlines are this much late at most. */
const sweepEveryMsMin = 100;
/** A longer delay than this would not fit into the timers of every runtime. */
const sweepEveryMsMax = 86_400_000;
/** Keys and channels that expire in one go; the rest follows once the sockets were served. */
const expiredPerSliceMax = 1_000;

const nowhere: StreamPosition = { offset: 0, epoch: "" };

/**
 * Maps in memory: the reference for every other map log. It behaves as Centrifugo's memory map broker does, but for what
 * docs/spec/deviations.md names. A restart forgets everything.
 */
export class MemoryMapLog implements MapLog {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #channels = new Map<string, MapChannel>();
  readonly #due = new DueQueue<MapChannel>();
  readonly #idempotencyKeys = new IdempotencyKeys();
  #idempotencyDueMs = Number.POSITIVE_INFINITY;
  #listener: (batch: readonly CommittedPublication[]) => void = () => {};
  #cancelSweep: (() => void) | undefined;
  #sweepDueMs = Number.POSITIVE_INFINITY;
  #sweepsSoon = false;
  #isClosed = false;

  constructor(ports: { readonly clock: Clock; readonly chance: Chance }) {
    this.#clock = ports.clock;
    this.#chance = ports.chance;
  }

  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void {
    this.#listener = listener;
  }

  async publish(request: MapPublish): Promise<MapOutcome> {
    const { channel: name, key, terms } = request;
    if (!terms.hasStream && ((request.version ?? 0) > 0 || request.expected !== undefined)) throw new MapNeedsStream(name);
    return this.#once(request, (nowMs) => {
      const channel = this.#touch(name, terms, nowMs);
      const suppressed = channel.suppressionOf(request);
      if (suppressed === "key_exists" && request.refreshes === true) channel.refresh(key, nowMs);
      if (suppressed !== undefined) return outcomeOf(channel, key, suppressed);
      if (channel.get(key) === undefined && channel.keyCount >= terms.keysMax) throw new MapFull(`${name} holds ${terms.keysMax} keys`);
      this.#commit(channel, channel.set(request, this.#clock.wallMs(), nowMs), nowMs);
      return { position: channel.position };
    });
  }

  async remove(request: MapRemove): Promise<MapOutcome> {
    const { channel: name, key, terms, expected } = request;
    if (!terms.hasStream && expected !== undefined) throw new MapNeedsStream(name);
    return this.#once(request, (nowMs) => {
      const channel = this.#find(name, nowMs);
      if (channel === undefined) return { position: nowhere, suppressed: expected === undefined ? "key_not_found" : "position_mismatch" };
      channel.touch(terms, nowMs);
      if (channel.misses(key, expected)) return outcomeOf(channel, key, "position_mismatch");
      const removal = channel.remove(request, this.#clock.wallMs(), nowMs);
      if (removal === undefined) return outcomeOf(channel, key, "key_not_found");
      this.#commit(channel, removal, nowMs);
      return { position: channel.position };
    });
  }

  async readState({ channel: name, terms, limit, cursor, revision }: MapStateRequest): Promise<MapStatePage> {
    const channel = this.#read(name, terms, revision);
    return { ...(limit === 0 ? { entries: [], cursor: "" } : channel.page(cursor, limit)), top: channel.position };
  }

  async readKey({ channel: name, terms, revision, key }: Parameters<MapLog["readKey"]>[0]): ReturnType<MapLog["readKey"]> {
    const channel = this.#read(name, terms, revision);
    const entry: MapPublication | undefined = channel.get(key);
    return { entry, top: channel.position };
  }

  async readStream({ channel: name, terms, ...range }: MapStreamRequest): Promise<MapStreamPage> {
    const nowMs = this.#clock.monotonicMs();
    const channel = this.#touch(name, terms, nowMs);
    const { since } = range;
    if (since !== undefined && since.epoch !== "" && since.epoch !== channel.epoch) throw otherEpoch(since.epoch);
    return { changes: channel.changes(range, nowMs), top: channel.position };
  }

  async top(channel: string, terms: MapTerms): Promise<StreamPosition> {
    return this.#touch(channel, terms, this.#clock.monotonicMs()).position;
  }

  async stats(channel: string): Promise<{ readonly keys: number }> {
    return { keys: this.#channels.get(channel)?.keyCount ?? 0 };
  }

  async clear(name: string): Promise<void> {
    const channel = this.#channels.get(name);
    if (channel !== undefined) this.#drop(channel);
    this.#idempotencyKeys.forget(name);
  }

  /** Channels and idempotency keys held, for the debug state (P7). */
  get size(): { readonly channels: number; readonly keys: number; readonly idempotencyKeys: number } {
    let keys = 0;
    for (const channel of this.#channels.values()) keys += channel.keyCount;
    return { channels: this.#channels.size, keys, idempotencyKeys: this.#idempotencyKeys.size };
  }

  /** Cancels the sweep timer. Nothing else needs an end. */
  close(): void {
    this.#isClosed = true;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #once({ channel, idempotencyKey }: MapPublish | MapRemove, change: (nowMs: number) => MapOutcome): MapOutcome {
    const nowMs = this.#clock.monotonicMs();
    if (idempotencyKey === undefined) return change(nowMs);
    const first = this.#idempotencyKeys.find(channel, idempotencyKey, nowMs);
    if (first !== undefined) return { position: first, suppressed: "idempotency" };
    const outcome = change(nowMs);
    if (outcome.suppressed === undefined) {
      this.#idempotencyKeys.remember(channel, idempotencyKey, outcome.position, nowMs);
      this.#idempotencyDueMs = Math.min(this.#idempotencyDueMs, nowMs + idempotencyKeyTtlMs + 1);
      this.#sweepAt(this.#idempotencyDueMs);
    }
    return outcome;
  }

  #commit(channel: MapChannel, committed: CommittedPublication, nowMs: number): void {
    this.#await(channel, channel.age(nowMs));
    this.#listener([committed]);
  }

  /** @throws UnrecoverablePosition where a former page was read in another epoch. */
  #read(name: string, terms: MapTerms, revision: StreamPosition | undefined): MapChannel {
    const nowMs = this.#clock.monotonicMs();
    const isNew = this.#find(name, nowMs) === undefined;
    const channel = this.#touch(name, terms, nowMs);
    // Nothing was read from a channel that is only now made, unless an epoch says so.
    const fits = revision === undefined || revision.epoch === channel.epoch || (isNew && revision.epoch === "");
    if (!fits) throw otherEpoch(revision.epoch);
    return channel;
  }

  #find(name: string, nowMs: number): MapChannel | undefined {
    const channel = this.#channels.get(name);
    if (channel?.isForgotten(nowMs) !== true) return channel;
    this.#drop(channel);
    return undefined;
  }

  #touch(name: string, terms: MapTerms, nowMs: number): MapChannel {
    let channel = this.#find(name, nowMs);
    if (channel === undefined) {
      channel = new MapChannel(name, this.#chance.epoch(), terms);
      this.#channels.set(name, channel);
    }
    channel.touch(terms, nowMs);
    if (channel.duePlace === -1) this.#await(channel, channel.age(nowMs));
    return channel;
  }

  #drop(channel: MapChannel): void {
    this.#channels.delete(channel.name);
    this.#due.remove(channel);
  }

  /** A deadline that only moved back is found out when its time comes. */
  #await(channel: MapChannel, dueMs: number): void {
    if (channel.duePlace !== -1 && dueMs >= channel.dueMs) return;
    this.#due.set(channel, dueMs);
    this.#sweepAt(dueMs);
  }

  /** One timer while anything is held that time takes away, set to the earliest of its times; none at rest. */
  #sweepAt(dueMs: number): void {
    if (dueMs >= this.#sweepDueMs || this.#sweepsSoon || this.#isClosed) return;
    this.#cancelSweep?.();
    this.#sweepDueMs = dueMs;
    const delayMs = Math.max(sweepEveryMsMin, dueMs - this.#clock.monotonicMs());
    this.#cancelSweep = this.#clock.schedule(Math.min(delayMs, sweepEveryMsMax), () => {
      this.#cancelSweep = undefined;
      this.#sweepDueMs = Number.POSITIVE_INFINITY;
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#idempotencyDueMs <= nowMs) this.#idempotencyDueMs = this.#idempotencyKeys.sweep(nowMs) + 1;
    let left = expiredPerSliceMax;
    for (let channel = this.#due.first; channel !== undefined && channel.dueMs <= nowMs && left > 0; channel = this.#due.first) {
      const removals = channel.expire(left, this.#clock.wallMs(), nowMs);
      left -= Math.max(1, removals.length);
      if (channel.isForgotten(nowMs)) this.#drop(channel);
      else this.#due.set(channel, channel.age(nowMs));
      if (removals.length > 0) this.#listener(removals);
    }
    const nextMs = Math.min(this.#due.first?.dueMs ?? Number.POSITIVE_INFINITY, this.#idempotencyDueMs);
    if (left > 0) this.#sweepAt(nextMs);
    else this.#sweepSoon();
  }

  #sweepSoon(): void {
    this.#sweepsSoon = true;
    this.#clock.soon(() => {
      this.#sweepsSoon = false;
      if (!this.#isClosed) this.#sweep();
    });
  }
}

function outcomeOf(channel: MapChannel, key: string, suppressed: MapOutcome["suppressed"]): MapOutcome {
  const there = suppressed === "position_mismatch" ? channel.get(key) : undefined;
  return {
    position: channel.position,
    suppressed,
    ...(there === undefined ? {} : { current: { offset: there.offset, data: there.data } }),
  };
}

function otherEpoch(epoch: string): UnrecoverablePosition {
  return new UnrecoverablePosition(`epoch ${epoch} is not the channel's`);
}
