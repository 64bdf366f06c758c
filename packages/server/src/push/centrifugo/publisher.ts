import type { Chance, Clock } from "@fleetcast/engine";
import type { CommittedBatch, Journal, JournalRow } from "@fleetcast/storage";
import type { Logger } from "../../log.ts";
import { Backlog, type Pending } from "./backlog.ts";
import type { ItemOutcome } from "./batch-codec.ts";
import type { BatchSender, SendFailure } from "./batch-sender.ts";
import { ChannelQueue } from "./channel-queue.ts";
import { CursorKeeper } from "./cursor-keeper.ts";
import { Fifo } from "./fifo.ts";
import { isPowerOfTwo, Outage, retryDelayMs } from "./outage.ts";
import type { LatestRule, PublisherLimits } from "./publisher-limits.ts";

/** How a row ended: pushed, parked with its reason, or left out because a newer one says it all (N4). */
export type Settlement = ItemOutcome | { readonly kind: "skipped" };

export interface PublisherPorts {
  /** Under which the cursors are stored. */
  readonly name: string;
  readonly journal: Pick<Journal, "readFrom" | "loadCursors" | "saveCursors">;
  readonly send: BatchSender;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "random">;
  readonly log: Logger;
  readonly limits: PublisherLimits;
  /** N4: the rule of a channel whose backlog may shrink to its newest row; undefined: always in full. */
  readonly latestRule: (channel: string) => LatestRule | undefined;
  /** Age from which on a row is no longer worth a push when this publisher meets the journal for the first time. Milliseconds. */
  readonly historyTtlMs: (channel: string) => number;
  /** Told once for each row, after its cursor moved. */
  readonly onSettled: (row: JournalRow, settlement: Settlement) => void;
}

export interface PublisherStats {
  readonly pushed: number;
  readonly parked: number;
  readonly skipped: number;
}

/**
 * Carries committed publications to Centrifugo (design N2-N4, I6). Each channel's rows leave in commit order, at most one of
 * them on its way; channels share requests and never wait for one another. A row stays first in its channel until it is
 * pushed, parked or superseded, so that nothing overtakes it whatever fails in between.
 *
 * Rows come from the journal until the publisher has caught up, then as they are committed; when more are waiting than
 * memory should hold, new ones are read from the journal later:
 *
 *   read ......... page ... page ... page |  live offers ......  | read ... page | live ...
 *   offers      (noted by their id only)  ^ newest offered id read
 */
export class Publisher {
  readonly #ports: PublisherPorts;
  readonly #queues = new Map<string, ChannelQueue>();
  readonly #ready = new Fifo<ChannelQueue>();
  readonly #timers = new Set<() => void>();
  readonly #drained: (() => void)[] = [];
  #backlog = new Backlog(0);
  #cursors: CursorKeeper;
  /** Offsets pushed by an earlier run beyond its last id; of use until the first catch-up ends. */
  #pushedBefore: ReadonlyMap<string, number> = new Map();
  #meetsJournal = false;
  #behind = true;
  #reading = false;
  #offeredId = 0;
  #held = 0;
  #requests = 0;
  readonly #outage: Outage;
  #blocked = false;
  #batchRowsMax: number;
  #phase: "new" | "running" | "stopped" = "new";
  #pushed = 0;
  #parked = 0;
  #skipped = 0;

  constructor(ports: PublisherPorts) {
    this.#ports = ports;
    this.#outage = new Outage(ports);
    this.#batchRowsMax = ports.limits.batchRowsMax;
    const { journal, name, clock, log, limits } = ports;
    this.#cursors = new CursorKeeper({
      journal,
      name,
      clock,
      log,
      saveDelayMs: limits.saveDelayMs,
      settledThrough: () => this.#backlog.settledThrough,
    });
  }

  /** Goes on where the stored cursors end. Resolves when the reading has begun; the other side may be away. */
  async start(): Promise<void> {
    const stored = await this.#ports.journal.loadCursors(this.#ports.name);
    this.#backlog = new Backlog(stored.lastId);
    this.#pushedBefore = stored.channels;
    this.#meetsJournal = stored.lastId === 0 && stored.channels.size === 0;
    this.#phase = "running";
    void this.#read();
    this.#pulse();
  }

  /** Takes what the journal committed; returns at once. */
  offer(batch: CommittedBatch): void {
    const newest = batch[batch.length - 1];
    if (newest === undefined || this.#phase === "stopped") return;
    this.#offeredId = newest.id;
    if (this.#behind) return;
    const { memoryRowsMax, memoryBytesMax } = this.#ports.limits;
    if (this.#backlog.unsettled + batch.length > memoryRowsMax || this.#backlog.bytes > memoryBytesMax) {
      this.#behind = true;
      this.#ports.log.warn({ waiting: this.#backlog.unsettled }, "the push fell behind; what follows is read from the journal again");
      void this.#read();
      return;
    }
    for (const row of batch) this.#accept(row);
    this.#pump();
  }

  /** Rows committed and not yet pushed; while catching up, by their ids, and at least one until the end is seen. */
  get lag(): number {
    return this.#backlog.unsettled + (this.#behind ? Math.max(1, this.#offeredId - this.#backlog.acceptedId) : 0);
  }

  get healthy(): boolean {
    return this.#outage.healthy;
  }

  get stats(): PublisherStats {
    return { pushed: this.#pushed, parked: this.#parked, skipped: this.#skipped };
  }

  /** Whether a committed row is still to be settled. */
  isWaiting(channel: string, id: number): boolean {
    if (id > this.#backlog.acceptedId) return true;
    const first = this.#queues.get(channel)?.rows.first();
    return first !== undefined && first.row.id <= id;
  }

  /** Pushes what waits as long as the other side takes it, within `limitMs`; stores the cursors. */
  async stop(limitMs: number): Promise<void> {
    if (this.#phase === "running" && !this.#isDrained()) {
      await new Promise<void>((resolve) => {
        this.#drained.push(resolve);
        this.#later(limitMs, resolve);
      });
    }
    this.#phase = "stopped";
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#cursors.flush();
  }

  #isDrained(): boolean {
    if (this.#requests > 0) return false;
    return this.#outage.isOn || (this.#backlog.unsettled === 0 && !this.#behind);
  }

  // Taking in ------------------------------------------------------------------------------------------------------

  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#phase === "running" && this.#behind && this.#hasRoom()) {
      const page = await this.#readPage();
      if (page === undefined || this.#phase !== "running") break;
      for (const row of page) this.#accept(row);
      this.#pump();
      if (page.length === this.#ports.limits.readRowsMax) continue;
      if (this.#backlog.acceptedId >= this.#offeredId) this.#caughtUp();
      // The reader does not see yet what the writer has announced.
      else if (page.length === 0) await new Promise<void>((resolve) => this.#later(5, resolve));
    }
    this.#reading = false;
  }

  async #readPage(): Promise<readonly JournalRow[] | undefined> {
    try {
      return await this.#ports.journal.readFrom(this.#backlog.acceptedId, this.#ports.limits.readRowsMax);
    } catch (cause) {
      this.#ports.log.error({ cause }, "the journal could not be read for the push");
      this.#later(this.#ports.limits.retryDelayMsMax, () => void this.#read());
      return undefined;
    }
  }

  /** Room for one more page; held rows wait for the reading itself and do not count. */
  #hasRoom(): boolean {
    const { memoryRowsMax, memoryBytesMax } = this.#ports.limits;
    const moving = this.#backlog.unsettled - this.#held;
    return moving === 0 || (moving < memoryRowsMax / 2 && this.#backlog.bytes < memoryBytesMax);
  }

  #caughtUp(): void {
    this.#behind = false;
    this.#pushedBefore = new Map();
    this.#meetsJournal = false;
    for (const queue of this.#queues.values()) if (queue.state === "held") this.#makeReady(queue);
    this.#pump();
    this.#noticeDrained();
  }

  #accept(row: JournalRow): void {
    if (row.id <= this.#backlog.acceptedId) return;
    const tooOld = this.#meetsJournal && this.#ports.clock.wallMs() - row.atMs > this.#ports.historyTtlMs(row.channel);
    if (tooOld || (this.#pushedBefore.get(row.channel) ?? 0) >= row.offset) {
      this.#backlog.pass(row);
      return;
    }
    let queue = this.#queues.get(row.channel);
    if (queue === undefined) {
      queue = new ChannelQueue(row.channel, this.#ports.latestRule(row.channel));
      this.#queues.set(row.channel, queue);
    }
    queue.rows.push(this.#backlog.add(row));
    if (queue.state === "idle" || queue.state === "held") this.#makeReady(queue);
  }

  #makeReady(queue: ChannelQueue): void {
    if (queue.state === "held") this.#held -= 1;
    queue.state = "ready";
    this.#ready.push(queue);
  }

  // Sending --------------------------------------------------------------------------------------------------------

  #pump(): void {
    const requestsMax = this.#outage.isOn ? 1 : this.#ports.limits.requestsInFlightMax;
    while (this.#phase === "running" && !this.#blocked && this.#requests < requestsMax) {
      const batch = this.#takeBatch();
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  /** The first rows of ready channels, each channel once. */
  #takeBatch(): ChannelQueue[] {
    const batch: ChannelQueue[] = [];
    let bytes = 0;
    while (batch.length < this.#batchRowsMax && bytes < this.#ports.limits.batchBytesMax) {
      const queue = this.#takeReady();
      if (queue === undefined) break;
      queue.state = "in flight";
      batch.push(queue);
      bytes += queue.rows.first()!.row.data.length;
    }
    return batch;
  }

  #takeReady(): ChannelQueue | undefined {
    for (;;) {
      const queue = this.#ready.shift();
      if (queue === undefined) return undefined;
      const nowMs = this.#ports.clock.wallMs();
      for (const superseded of queue.takeSuperseded(nowMs)) this.#settle(superseded, { kind: "skipped" });
      if (!(this.#behind && queue.isStale(nowMs))) return queue;
      // A newer row of this channel may still be in the journal: this one goes when the reading ends, if none was.
      queue.state = "held";
      this.#held += 1;
    }
  }

  /** A silent Centrifugo may be a dead one: readiness must know before the next row does. */
  #pulse(): void {
    this.#tryEmpty();
    this.#later(this.#ports.limits.pulseEveryMs, () => this.#pulse());
  }

  #tryEmpty(): void {
    if (this.#requests === 0 && !this.#blocked) void this.#send([]);
  }

  async #send(batch: readonly ChannelQueue[]): Promise<void> {
    const startedMs = this.#ports.clock.monotonicMs();
    this.#requests += 1;
    const outcome = await this.#ports.send(batch.map((queue) => ({ row: queue.rows.first()!.row, skipped: queue.skipped })));
    this.#requests -= 1;
    if (this.#phase === "stopped") return;
    if (outcome.kind === "answered") this.#answered(batch, outcome.items);
    else this.#failed(batch, outcome, startedMs);
    this.#pump();
    this.#noticeDrained();
    if (this.#behind && this.#hasRoom()) void this.#read();
  }

  #answered(batch: readonly ChannelQueue[], items: readonly ItemOutcome[]): void {
    this.#outage.ended(this.#backlog.unsettled);
    this.#batchRowsMax = Math.min(this.#ports.limits.batchRowsMax, this.#batchRowsMax * 2);
    batch.forEach((queue, index) => {
      const item = items[index]!;
      if (item.kind === "refused" && !isPermanent(item.code)) this.#retryLater(queue, item);
      else this.#done(queue, item);
    });
  }

  #done(queue: ChannelQueue, item: ItemOutcome): void {
    const pending = queue.rows.shift()!;
    queue.refusals = 0;
    queue.skipped = 0;
    if (queue.rows.length > 0) this.#makeReady(queue);
    else this.#queues.delete(queue.channel);
    if (item.kind === "refused") {
      const { channel, offset, id } = pending.row;
      this.#ports.log.error(
        { channel, offset, id, code: item.code, reason: item.message },
        "a publication is parked: Centrifugo refuses it for good",
      );
    }
    this.#settle(pending, item);
  }

  #settle(pending: Pending, settlement: Settlement): void {
    const { row } = pending;
    this.#backlog.settle(pending);
    this.#cursors.moved(row.channel, row.offset);
    if (settlement.kind === "pushed") this.#pushed += 1;
    else if (settlement.kind === "refused") this.#parked += 1;
    else this.#skipped += 1;
    this.#ports.onSettled(row, settlement);
  }

  // Failing --------------------------------------------------------------------------------------------------------

  /** One row is refused for now: its channel waits, the others go on. */
  #retryLater(queue: ChannelQueue, refusal: { readonly code: number; readonly message: string }): void {
    queue.state = "retrying";
    queue.refusals += 1;
    if (isPowerOfTwo(queue.refusals)) {
      const { code, message } = refusal;
      this.#ports.log.warn({ channel: queue.channel, code, reason: message, times: queue.refusals }, "a publication is refused for now");
    }
    this.#later(retryDelayMs(this.#ports, queue.refusals), () => {
      this.#makeReady(queue);
      this.#pump();
    });
  }

  /** A whole request failed: its rows keep their places and versions, and everybody waits before the next attempt. */
  #failed(batch: readonly ChannelQueue[], failure: SendFailure, startedMs: number): void {
    if (failure.tooLarge && batch.length === 1) {
      this.#retryLater(batch[0]!, { code: 413, message: failure.reason });
      return;
    }
    if (failure.tooLarge) this.#batchRowsMax = Math.max(1, Math.floor(batch.length / 2));
    for (const queue of batch) this.#makeReady(queue);
    const delayMs = this.#outage.failed(failure, startedMs, this.#backlog.unsettled);
    if (this.#blocked) return;
    this.#blocked = true;
    this.#later(delayMs, () => {
      this.#blocked = false;
      this.#pump();
      this.#tryEmpty();
    });
  }

  #noticeDrained(): void {
    if (this.#drained.length > 0 && this.#isDrained()) for (const resolve of this.#drained.splice(0)) resolve();
  }

  #later(delayMs: number, task: () => void): void {
    const cancel = this.#ports.clock.schedule(delayMs, () => {
      this.#timers.delete(cancel);
      task();
    });
    this.#timers.add(cancel);
  }
}

/** 102 unknown channel, 107 bad request: the same row would be refused for ever. Everything else may pass later. */
function isPermanent(code: number): boolean {
  return code === 102 || code === 107;
}
