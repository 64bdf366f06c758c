import type { StreamPosition } from "@fleetcast/protocol";
import type { AppendResult, CommittedPublication, HistoryWindow, Log, LogAppend, ReadRequest, ReadResult } from "../src/log.ts";

/**
 * A log around a log whose answers and announcements a test can hold up: reads that take long (`holdReads`), commits
 * that are readable but not yet announced (`holdCommits`: a journal on another thread), reads of an old snapshot
 * (`staleReads`), and failures.
 */
export class GatedLog implements Log {
  readonly inner: Log;
  readonly #reads: (() => void)[] = [];
  readonly #commits: (readonly CommittedPublication[])[] = [];
  #listener: (batch: readonly CommittedPublication[]) => void = () => {};
  #holdsReads = false;
  #holdsCommits = false;
  #failure: Error | undefined;
  #stale: Map<string, Promise<StreamPosition>> | undefined;
  /** Sees every commit at once, held up or not. */
  onCommit: (batch: readonly CommittedPublication[]) => void = () => {};
  /** Reads and tops asked for. */
  questionCount = 0;

  constructor(inner: Log) {
    this.inner = inner;
    inner.onCommitted((batch) => {
      this.onCommit(batch);
      if (this.#holdsCommits) this.#commits.push(batch);
      else this.#listener(batch);
    });
  }

  holdReads(): void {
    this.#holdsReads = true;
  }

  releaseReads(): void {
    this.#holdsReads = false;
    for (const release of this.#reads.splice(0)) release();
  }

  holdCommits(): void {
    this.#holdsCommits = true;
  }

  releaseCommits(): void {
    this.#holdsCommits = false;
    for (const batch of this.#commits.splice(0)) this.#listener(batch);
  }

  /** From now on the channel's top and publications are those of this moment. */
  async freeze(channel: string, window: HistoryWindow): Promise<void> {
    this.#stale ??= new Map();
    this.#stale.set(channel, Promise.resolve(await this.inner.top(channel, window)));
  }

  failWith(error: Error | undefined): void {
    this.#failure = error;
  }

  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void {
    this.#listener = listener;
  }

  async append(items: readonly LogAppend[]): Promise<readonly AppendResult[]> {
    if (this.#failure !== undefined) throw this.#failure;
    return this.inner.append(items);
  }

  /** Loses what is announced next for good: committed, readable, never fanned out. */
  loseHeldCommits(): void {
    this.#commits.length = 0;
    this.#holdsCommits = false;
  }

  async read(request: ReadRequest): Promise<ReadResult> {
    await this.#gate();
    const stale = await this.#stale?.get(request.channel);
    if (stale === undefined) return this.inner.read(request);
    const read = await this.inner.read({ ...request, upTo: Math.min(stale.offset, request.upTo ?? stale.offset) });
    return { publications: read.publications, top: stale };
  }

  async top(channel: string, window: HistoryWindow): Promise<StreamPosition> {
    await this.#gate();
    return (await this.#stale?.get(channel)) ?? this.inner.top(channel, window);
  }

  remove(channel: string, window: HistoryWindow): Promise<void> {
    return this.inner.remove(channel, window);
  }

  async #gate(): Promise<void> {
    this.questionCount++;
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#holdsReads) await new Promise<void>((resolve) => this.#reads.push(resolve));
  }
}
