import type { Publication, StreamPosition } from "@fleetcast/protocol";
import {
  type AppendResult,
  type CommittedPublication,
  type HistoryWindow,
  type Log,
  type LogAppend,
  type ReadRequest,
  type ReadResult,
  UnrecoverablePosition,
} from "../log.ts";
import type { Chance, Clock } from "../ports.ts";
import { IdempotencyKeys, idempotencyKeyTtlMs } from "./idempotency-keys.ts";
import { PublicationWindow } from "./publication-window.ts";

/** A stream that was only asked for: whoever can subscribe could otherwise fill the memory with names for 30 days. */
const emptyStreamTtlMs = 600_000;
const sweepEveryMsMin = 1_000;
/** A longer delay than this would not fit into the timers of every runtime. */
const sweepEveryMsMax = 86_400_000;

const noPosition: StreamPosition = { offset: 0, epoch: "" };

/**
 * The log in memory: the reference for every other one. It behaves as Centrifugo's memory engine does: a stream is born
 * with its first publication or its first read, forgets publications `ttlMs` after the last one, and forgets its epoch
 * `metaTtlMs` after the last publication or read. A restart forgets everything.
 */
export class MemoryLog implements Log {
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #streams = new Map<string, Stream>();
  readonly #idempotencyKeys = new IdempotencyKeys();
  #listener: (batch: readonly CommittedPublication[]) => void = () => {};
  #cancelSweep: (() => void) | undefined;
  #sweepDueMs = Number.POSITIVE_INFINITY;

  constructor(ports: { readonly clock: Clock; readonly chance: Chance }) {
    this.#clock = ports.clock;
    this.#chance = ports.chance;
  }

  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void {
    this.#listener = listener;
  }

  append(items: readonly LogAppend[]): Promise<readonly AppendResult[]> {
    const committed: CommittedPublication[] = [];
    const results = items.map((item) => this.#appendOne(item, committed));
    if (committed.length > 0) this.#listener(committed);
    return Promise.resolve(results);
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    const stream = this.#touch(request.channel, request.window);
    const since = request.since;
    if (since !== undefined && since.epoch !== "" && since.epoch !== stream.epoch) {
      throw new UnrecoverablePosition(`epoch ${since.epoch} is not the stream's`);
    }
    const top = { offset: stream.top, epoch: stream.epoch };
    if (request.limit === 0) return { publications: [], top };
    return { publications: stream.isExpired(request.window.ttlMs, this.#clock.monotonicMs()) ? [] : stream.select(request), top };
  }

  async top(channel: string, window: HistoryWindow): Promise<StreamPosition> {
    const stream = this.#touch(channel, window);
    return { offset: stream.top, epoch: stream.epoch };
  }

  async remove(channel: string, _window: HistoryWindow): Promise<void> {
    this.#streams.get(channel)?.forget();
  }

  /** Streams and idempotency keys held, for the debug state (P7). */
  get size(): { readonly streams: number; readonly idempotencyKeys: number } {
    return { streams: this.#streams.size, idempotencyKeys: this.#idempotencyKeys.size };
  }

  /** Cancels the sweep timer. Nothing else needs an end. */
  close(): void {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    this.#sweepDueMs = Number.POSITIVE_INFINITY;
  }

  #appendOne(item: LogAppend, committed: CommittedPublication[]): AppendResult {
    const nowMs = this.#clock.monotonicMs();
    const { channel, idempotencyKey } = item;
    if (idempotencyKey === undefined) return this.#store(item, nowMs, committed);
    const first = this.#idempotencyKeys.find(channel, idempotencyKey, nowMs);
    if (first !== undefined) return { position: first, suppressed: "idempotency" };
    const result = this.#store(item, nowMs, committed);
    // Nothing was appended that a repeat could mean.
    if (result.suppressed !== undefined) return result;
    this.#idempotencyKeys.remember(channel, idempotencyKey, result.position, nowMs);
    this.#sweepAt(nowMs + idempotencyKeyTtlMs);
    return result;
  }

  #store(item: LogAppend, nowMs: number, committed: CommittedPublication[]): AppendResult {
    const { channel, window } = item;
    const keepsHistory = window.sizeMax > 0 && window.ttlMs > 0 && item.skipHistory !== true;
    if (!keepsHistory) {
      committed.push({ channel, publication: publicationOf(item, 0), epoch: "" });
      return { position: noPosition };
    }
    const stream = this.#stream(channel, window, nowMs);
    if (item.version !== undefined && item.version > 0) {
      const sameLife = item.versionEpoch === undefined || item.versionEpoch === "" || item.versionEpoch === stream.versionEpoch;
      if (sameLife && item.version <= stream.version) {
        return { position: { offset: stream.top, epoch: stream.epoch }, suppressed: "version" };
      }
    }
    // Every publication says anew how far the versions are, one without a version too.
    stream.version = item.version ?? 0;
    stream.versionEpoch = item.versionEpoch ?? "";
    if (stream.isExpired(window.ttlMs, nowMs)) stream.forget();
    const previous = item.delta === true ? stream.newest() : undefined;
    const publication = publicationOf(item, stream.top + 1);
    stream.push(publication, window, nowMs);
    this.#sweepAt(stream.dueMs);
    committed.push({ channel, publication, epoch: stream.epoch, ...(previous === undefined ? {} : { previous }) });
    return { position: { offset: stream.top, epoch: stream.epoch } };
  }

  #touch(channel: string, window: HistoryWindow): Stream {
    const stream = this.#stream(channel, window, this.#clock.monotonicMs());
    this.#sweepAt(stream.dueMs);
    return stream;
  }

  #stream(channel: string, window: HistoryWindow, nowMs: number): Stream {
    let stream = this.#streams.get(channel);
    if (stream?.isForgotten(nowMs)) stream = undefined;
    if (stream === undefined) {
      stream = new Stream(this.#chance.epoch());
      this.#streams.set(channel, stream);
    }
    stream.touchedMs = nowMs;
    stream.metaTtlMs = window.metaTtlMs;
    return stream;
  }

  /** One timer while anything is held that time takes away, set to the earliest of its times; none at rest. */
  #sweepAt(dueMs: number): void {
    if (dueMs >= this.#sweepDueMs) return;
    this.#cancelSweep?.();
    this.#sweepDueMs = dueMs;
    const delayMs = Math.max(sweepEveryMsMin, dueMs - this.#clock.monotonicMs() + 1);
    this.#cancelSweep = this.#clock.schedule(Math.min(delayMs, sweepEveryMsMax), () => {
      this.#cancelSweep = undefined;
      this.#sweepDueMs = Number.POSITIVE_INFINITY;
      this.#sweepAt(this.#sweep(this.#clock.monotonicMs()));
    });
  }

  /** Answers when there is something to take away next. */
  #sweep(nowMs: number): number {
    let nextDueMs = this.#idempotencyKeys.sweep(nowMs);
    for (const [channel, stream] of this.#streams) {
      if (stream.isForgotten(nowMs)) {
        this.#streams.delete(channel);
        continue;
      }
      if (stream.isExpired(stream.ttlMs, nowMs)) stream.forget();
      nextDueMs = Math.min(nextDueMs, stream.dueMs);
    }
    return nextDueMs;
  }
}

class Stream {
  readonly epoch: string;
  top = 0;
  version = 0;
  versionEpoch = "";
  ttlMs = 0;
  metaTtlMs = 0;
  /** Monotonic time of the last publication. */
  lastMs = 0;
  /** Monotonic time of the last publication or read. */
  touchedMs = 0;
  readonly #kept = new PublicationWindow();

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  push(publication: Publication, window: HistoryWindow, nowMs: number): void {
    this.#kept.push(publication, window.sizeMax);
    this.top = publication.offset;
    this.lastMs = nowMs;
    this.ttlMs = window.ttlMs;
  }

  select({ window, since, limit, reverse, upTo }: ReadRequest): readonly Publication[] {
    const oldest = window.sizeMax > 0 ? this.#kept.oldestOffset(window.sizeMax) : undefined;
    if (oldest === undefined) return [];
    const count = limit < 0 ? Number.POSITIVE_INFINITY : limit;
    const last = Math.min(this.top, upTo ?? this.top);
    if (reverse) {
      if (since !== undefined && since.offset > this.top + 1) return []; // [LOG7]
      const newest = Math.min(last, (since?.offset ?? Number.POSITIVE_INFINITY) - 1);
      return this.#kept.range(Math.max(oldest, newest - count + 1), newest).reverse();
    }
    const first = Math.max(oldest, (since?.offset ?? 0) + 1);
    return this.#kept.range(first, Math.min(last, first + count - 1));
  }

  newest(): Publication | undefined {
    return this.#kept.newest;
  }

  isExpired(ttlMs: number, nowMs: number): boolean {
    return nowMs - this.lastMs > ttlMs;
  }

  /** When time next takes something away from this stream. */
  get dueMs(): number {
    if (this.newest() !== undefined) return this.lastMs + this.ttlMs;
    return this.touchedMs + this.#keptMs;
  }

  isForgotten(nowMs: number): boolean {
    return nowMs - this.touchedMs > this.#keptMs;
  }

  /** How long offset and epoch outlive the last touch. */
  get #keptMs(): number {
    const metaTtlMs = this.metaTtlMs > 0 ? this.metaTtlMs : Number.POSITIVE_INFINITY;
    return this.top === 0 ? Math.min(metaTtlMs, emptyStreamTtlMs) : metaTtlMs;
  }

  forget(): void {
    this.#kept.clear();
  }
}

function publicationOf(item: LogAppend, offset: number): Publication {
  return {
    data: item.data,
    offset,
    ...(item.info === undefined ? {} : { info: item.info }),
    ...(item.tags === undefined ? {} : { tags: item.tags }),
    ...(item.version === undefined || item.version === 0 ? {} : { version: item.version }),
  };
}
