import { join } from "node:path";
import { type Chance, type Clock, Histogram, UnrecoverablePosition } from "@fleetcast/engine";
import type { StreamPosition } from "@fleetcast/protocol";
import type {
  CommittedBatch,
  FleetQueries,
  Journal,
  JournalEntry,
  JournalOutcome,
  JournalReadRequest,
  JournalRow,
  JournalStats,
} from "../journal.ts";
import { CheckpointLink } from "./checkpoint-link.ts";
import { fleetQueries } from "./fleet-queries.ts";
import type { Keep } from "./housekeeping.ts";
import { bytesOf, JournalBatch } from "./journal-batch.ts";
import { type Answer, ReaderLink } from "./reader-link.ts";
import type { ReaderQuestion } from "./reader-protocol.ts";
import { databaseName } from "./store-file.ts";
import { StoreRefused } from "./store-refused.ts";
import { WriterLink } from "./writer-link.ts";
import type { SpentBuffers, WriterAnswer } from "./writer-protocol.ts";

/** Structured lines for the operator; the server's logger fits. */
export interface StoreLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

export interface SqliteJournalOptions {
  /** Folder of the store; made where it is missing. One process at a time. */
  readonly dir: string;
  readonly clock: Pick<Clock, "wallMs" | "monotonicMs" | "schedule">;
  /** Epoch of a new store, or of one that is not the one we left. */
  readonly chance: Pick<Chance, "epoch">;
  /** Readings, and publications outside every window. Default 7 days. */
  readonly keepTelemetryMs?: number | undefined;
  /** Events and finished commands. Default 180 days. */
  readonly keepEventsMs?: number | undefined;
  /** One-minute roll-ups for charts. Default 30 days. */
  readonly keepMinutesMs?: number | undefined;
  /** Newest dead letters kept. Default 10,000. */
  readonly keepDeadLettersMax?: number | undefined;
  /** Newest publications of each channel kept whatever their age: the largest window of any namespace. Default 300. */
  readonly windowMax?: number | undefined;
  /**
   * Least time from the start of one commit to the start of the next while entries keep coming, so that a steady stream of
   * single messages shares commits (L3). Whoever comes after a pause of this length is committed at once. Default 0: none.
   */
  readonly commitSpacingMs?: number | undefined;
  /** Saves what is readable of a damaged file, instead of refusing it. */
  readonly recover?: boolean | undefined;
  readonly log?: StoreLog | undefined;
}

const commitSecondsBounds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const dayMs = 86_400_000;
const tidyEveryMs = 1_000;
/** Waits between repeats of a batch that met a locked file or a full disk; healed at most this long after the cause. */
const retryDelayMsMin = 20;
const retryDelayMsMax = 1_000;

/** Opens the store. @throws StoreRefused, with nothing changed, when it cannot be used as it is. */
export async function openSqliteJournal(options: SqliteJournalOptions): Promise<Journal> {
  const journal = new SqliteJournal(options);
  await journal.open();
  return journal;
}

type Opened = WriterAnswer & { readonly kind: "opened" };

/** What the writer is doing. `waiting`: the batch failed for a passing reason and is repeated after a delay. */
type Phase = "opening" | "idle" | "committing" | "waiting" | "tidying" | "closing" | "failed" | "closed";

/** The journal on this side: forms batches, keeps one of them under way, and tells who waited (L3). */
class SqliteJournal implements Journal {
  readonly fleet: FleetQueries;
  readonly #options: SqliteJournalOptions;
  readonly #writer: WriterLink;
  readonly #reader: ReaderLink;
  readonly #checkpoints: CheckpointLink;
  #phase: Phase = "opening";
  #settleOpen: { readonly resolve: (opened: Opened) => void; readonly reject: (cause: Error) => void } | undefined;
  /** Oldest first; only the last one is open for more. */
  readonly #queue: JournalBatch[] = [];
  #underWay: JournalBatch | undefined;
  #flushIsDue = false;
  #commitStartedMs = Number.NEGATIVE_INFINITY;
  #paceIsDue = false;
  #backlogEntries = 0;
  #backlogBytes = 0;
  #healthy = true;
  readonly counters = { entries: 0, failures: 0, commitSeconds: new Histogram(commitSecondsBounds) };
  /** When the batch that is under way was handed over, its repeats counted in. */
  #handedOverMs = 0;
  #retryDelayMs = retryDelayMsMin;
  #tidyIsDue = false;
  #cancelTimer: () => void = () => {};
  #cancelRetry: () => void = () => {};
  /** Buffers that came back from the writer: one pair for the next batch, one for the next outcomes. */
  #spentBatch: SpentBuffers | undefined;
  #spentOutcomes: SpentBuffers | undefined;
  #onCommitted: (batch: CommittedBatch) => void = () => {};
  #onFatal: (cause: Error) => void = () => {};
  #closed: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined;

  constructor(options: SqliteJournalOptions) {
    this.#options = options;
    this.#reader = new ReaderLink(
      (message) => options.log?.error({ dir: options.dir }, message),
      (cause) => this.#fail(cause),
    );
    this.#checkpoints = new CheckpointLink((cause) => this.#fail(cause));
    this.#writer = new WriterLink(
      (answer) => this.#onAnswer(answer),
      (cause) => this.#fail(cause),
    );
    this.fleet = fleetQueries((query, values) => this.#value({ kind: "fleet", query, values }));
  }

  async open(): Promise<void> {
    const { dir, recover, chance, log } = this.#options;
    this.#writer.send({ kind: "open", dir, recover: recover ?? false, freshEpoch: chance.epoch(), keep: keepOf(this.#options) });
    const opened = await new Promise<Opened>((resolve, reject) => {
      this.#settleOpen = { resolve, reject };
    });
    for (const notice of opened.notices) log?.warn({ dir }, notice);
    const path = join(dir, databaseName);
    this.#checkpoints.open(path);
    await this.#reader.open(path, opened.epoch);
  }

  get backlog(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#backlogEntries, bytes: this.#backlogBytes };
  }

  get healthy(): boolean {
    return this.#healthy;
  }

  onCommitted(listener: (batch: CommittedBatch) => void): void {
    this.#onCommitted = listener;
  }

  onFatal(listener: (cause: Error) => void): void {
    this.#onFatal = listener;
  }

  append(entry: JournalEntry, done: (outcome: JournalOutcome) => void): void {
    const bytes = bytesOf(entry);
    this.#put(1, bytes, (batch) => batch.addEntry(entry, bytes, done));
  }

  appendAll(entries: readonly JournalEntry[], done: (outcomes: readonly JournalOutcome[]) => void): void {
    const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
    this.#put(entries.length, bytes, (batch) => batch.addGroup(entries, bytes, done));
  }

  remove(channel: string): Promise<void> {
    return new Promise((resolve) => this.#put(1, 0, (batch) => batch.addRemove(channel, resolve)));
  }

  saveCursors(name: string, lastId: number, channels: ReadonlyMap<string, number>): Promise<void> {
    return new Promise((resolve) => this.#put(1, 0, (batch) => batch.addCursors(name, lastId, channels, resolve)));
  }

  async read(request: JournalReadRequest): Promise<{ readonly rows: readonly JournalRow[]; readonly top: StreamPosition }> {
    const answer = await this.#ask({ kind: "read", request });
    if (answer.kind === "unrecoverable") throw new UnrecoverablePosition(`the stream's epoch is ${answer.epoch}`);
    if (answer.kind !== "rows" || answer.top === undefined) throw new Error(`the reader answered a read with ${answer.kind}`);
    return { rows: answer.rows, top: answer.top };
  }

  top(channel: string): Promise<StreamPosition> {
    return this.#value({ kind: "top", channel });
  }

  async readFrom(afterId: number, limit: number): Promise<readonly JournalRow[]> {
    const answer = await this.#ask({ kind: "readFrom", afterId, limit });
    if (answer.kind !== "rows") throw new Error(`the reader answered rows with ${answer.kind}`);
    return answer.rows;
  }

  async loadCursors(name: string): Promise<{ readonly lastId: number; readonly channels: ReadonlyMap<string, number> }> {
    const found = await this.#value<{ lastId: number; channels: [string, number][] }>({ kind: "cursors", publisher: name });
    return { lastId: found.lastId, channels: new Map(found.channels) };
  }

  stats(): Promise<JournalStats> {
    return this.#value({ kind: "stats" });
  }

  close(): Promise<void> {
    if (this.#closed === undefined) {
      let resolve = (): void => {};
      const promise = new Promise<void>((settle) => {
        resolve = settle;
      });
      this.#closed = { promise, resolve };
      if (this.#phase === "failed") void this.#end();
      else this.#next();
    }
    return this.#closed.promise;
  }

  #put(entries: number, bytes: number, add: (batch: JournalBatch) => void): void {
    if (this.#closed !== undefined) throw new Error("the journal is closed");
    // After a lasting failure nothing is acknowledged any more: the entry is as lost as it was before it came.
    if (this.#phase === "failed") return;
    let batch = this.#queue.at(-1);
    if (batch === undefined || !batch.hasRoomFor(entries, bytes)) {
      batch = new JournalBatch(this.#spentBatch);
      this.#spentBatch = undefined;
      this.#queue.push(batch);
    }
    const { entries: entriesBefore, bytes: bytesBefore } = batch;
    add(batch);
    this.#backlogEntries += batch.entries - entriesBefore;
    this.#backlogBytes += batch.bytes - bytesBefore;
    if (this.#phase === "idle" && !this.#flushIsDue) {
      this.#flushIsDue = true;
      // Not a timer: what this tick brings goes together.
      queueMicrotask(() => {
        this.#flushIsDue = false;
        this.#next();
      });
    }
  }

  /** Decides what the writer does next; called whenever it may be free. */
  #next(): void {
    if (this.#phase !== "idle") return;
    const batch = this.#queue[0];
    if (this.#tidyIsDue && (batch === undefined || this.#closed === undefined)) {
      this.#tidyIsDue = false;
      this.#phase = "tidying";
      this.#writer.send({ kind: "tidy", nowMs: this.#options.clock.wallMs() });
    } else if (batch !== undefined && batch.units > 0) {
      if (this.#waitsForMore()) return;
      this.#queue.shift();
      this.#underWay = batch;
      this.#phase = "committing";
      this.#handedOverMs = this.#options.clock.monotonicMs();
      const recycled = this.#spentOutcomes;
      this.#spentOutcomes = undefined;
      this.#writer.send({ kind: "batch", units: batch.units, tape: batch.seal(), recycled });
    } else if (this.#closed !== undefined) {
      this.#phase = "closing";
      this.#writer.send({ kind: "close" });
    }
  }

  /** True while the former commit began too short a time ago; a full batch and the end never wait. */
  #waitsForMore(): boolean {
    const { clock, commitSpacingMs = 0 } = this.#options;
    if (commitSpacingMs === 0) return false;
    const nowMs = clock.monotonicMs();
    const restMs = this.#commitStartedMs + commitSpacingMs - nowMs;
    if (restMs <= 0 || this.#queue.length > 1 || this.#closed !== undefined) {
      this.#commitStartedMs = nowMs;
      return false;
    }
    if (!this.#paceIsDue) {
      this.#paceIsDue = true;
      clock.schedule(restMs, () => {
        this.#paceIsDue = false;
        this.#next();
      });
    }
    return true;
  }

  #onAnswer(answer: WriterAnswer): void {
    // The reader found damage while a batch was under way: nothing is acknowledged any more, not even this one.
    if (this.#phase === "failed") return;
    switch (answer.kind) {
      case "opened":
        this.#phase = "idle";
        this.#tidyLater();
        this.#settleOpen?.resolve(answer);
        return;
      case "refused":
        void this.#end().then(() => this.#settleOpen?.reject(new StoreRefused(answer.path, answer.why)));
        return;
      case "committed":
        this.#settle(answer);
        return;
      case "transient":
        this.#repeatLater(answer.why);
        return;
      case "fatal":
        this.#fail(new Error(`the store cannot be written any more: ${answer.why}`));
        return;
      case "tidied":
        this.#phase = "idle";
        if (answer.more) this.#tidySoon();
        this.#next();
        return;
      case "closed":
        void this.#end();
        return;
      case "notice":
        this.#options.log?.warn({ dir: this.#options.dir }, answer.message);
        return;
    }
  }

  /** The writer starts on the next batch before this one is delivered: both sides work at once. */
  #settle(answer: WriterAnswer & { readonly kind: "committed" }): void {
    const batch = this.#underWay!;
    this.#underWay = undefined;
    this.#phase = "idle";
    this.#spentBatch = answer.spent;
    this.counters.entries += batch.entries;
    this.counters.commitSeconds.observe((this.#options.clock.monotonicMs() - this.#handedOverMs) / 1_000);
    this.#backlogEntries -= batch.entries;
    this.#backlogBytes -= batch.bytes;
    this.#retryDelayMs = retryDelayMsMin;
    if (!this.#healthy) {
      this.#healthy = true;
      this.#options.log?.info({ dir: this.#options.dir }, "the store commits again");
    }
    const { committed, calls } = batch.settle(answer.outcomes);
    this.#spentOutcomes = { numbers: answer.outcomes.numbers, bytes: answer.outcomes.bytes };
    this.#next();
    this.#checkpoints.offer(answer.waitingPages);
    if (committed.length > 0) guarded(() => this.#onCommitted(committed));
    for (const call of calls) guarded(call);
  }

  #repeatLater(why: string): void {
    this.counters.failures++;
    if (this.#healthy) this.#options.log?.error({ dir: this.#options.dir, why }, "the store cannot commit; the batch is repeated");
    this.#healthy = false;
    this.#phase = "waiting";
    this.#cancelRetry = this.#options.clock.schedule(this.#retryDelayMs, () => {
      this.#phase = "committing";
      this.#writer.send({ kind: "retry" });
    });
    this.#retryDelayMs = Math.min(this.#retryDelayMs * 2, retryDelayMsMax);
  }

  #fail(cause: Error): void {
    if (this.#phase === "failed" || this.#phase === "closed") return;
    this.#phase = "failed";
    this.#healthy = false;
    this.#cancelTimer();
    this.#cancelRetry();
    this.#options.log?.error({ dir: this.#options.dir, cause: cause.message }, "the store failed for good");
    this.#settleOpen?.reject(cause);
    this.#onFatal(cause);
    if (this.#closed !== undefined) void this.#end();
  }

  #tidyLater(): void {
    this.#cancelTimer = this.#options.clock.schedule(tidyEveryMs, () => {
      this.#tidySoon();
      this.#next();
      this.#tidyLater();
    });
  }

  #tidySoon(): void {
    if (this.#closed === undefined) this.#tidyIsDue = true;
  }

  async #end(): Promise<void> {
    this.#phase = "closed";
    this.#cancelTimer();
    this.#cancelRetry();
    await Promise.all([this.#writer.end(), this.#reader.close(), this.#checkpoints.end()]);
    this.#closed?.resolve();
  }

  async #ask(question: ReaderQuestion): Promise<Exclude<Answer, { readonly kind: "failed" }>> {
    const answer = await this.#reader.ask(question);
    if (answer.kind !== "failed") return answer;
    const cause = new Error(`the store could not be read: ${answer.why}`);
    if (answer.lasting) this.#fail(cause);
    throw cause;
  }

  async #value<Value>(question: ReaderQuestion): Promise<Value> {
    const answer = await this.#ask(question);
    if (answer.kind !== "value") throw new Error(`the reader answered a value with ${answer.kind}`);
    return answer.value as Value;
  }
}

function keepOf(options: SqliteJournalOptions): Keep {
  return {
    telemetryMs: options.keepTelemetryMs ?? 7 * dayMs,
    eventsMs: options.keepEventsMs ?? 180 * dayMs,
    minutesMs: options.keepMinutesMs ?? 30 * dayMs,
    deadLettersMax: options.keepDeadLettersMax ?? 10_000,
    windowMax: options.windowMax ?? 300,
  };
}

/** A listener that throws is its owner's bug and surfaces as one, but what was committed is still told to everybody else. */
function guarded(call: () => void): void {
  try {
    call();
  } catch (cause) {
    queueMicrotask(() => {
      throw cause;
    });
  }
}
