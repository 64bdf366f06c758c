import type { CommittedPublication } from "../src/log.ts";
import type { MapLog } from "../src/map/map-log.ts";

/**
 * A map log around a map log whose answers and announcements a test can hold up: what is read is what the map held at the
 * question, the answer comes when the test says so; a change may be readable before it is announced, or be lost on the way.
 */
export class GatedMapLog implements MapLog {
  readonly inner: MapLog;
  readonly #reads: (() => void)[] = [];
  readonly #commits: (readonly CommittedPublication[])[] = [];
  #listener: (batch: readonly CommittedPublication[]) => void = () => {};
  #holdsReads = false;
  #holdsCommits = false;
  #failure: Error | undefined;

  constructor(inner: MapLog) {
    this.inner = inner;
    inner.onCommitted((batch) => {
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

  /** Loses what was held for good: readable, never fanned out. */
  loseHeldCommits(): void {
    this.#commits.length = 0;
    this.#holdsCommits = false;
  }

  failWith(error: Error | undefined): void {
    this.#failure = error;
  }

  onCommitted(listener: (batch: readonly CommittedPublication[]) => void): void {
    this.#listener = listener;
  }

  publish(request: Parameters<MapLog["publish"]>[0]): ReturnType<MapLog["publish"]> {
    return this.#failure === undefined ? this.inner.publish(request) : Promise.reject(this.#failure);
  }

  remove(request: Parameters<MapLog["remove"]>[0]): ReturnType<MapLog["remove"]> {
    return this.#failure === undefined ? this.inner.remove(request) : Promise.reject(this.#failure);
  }

  readState(request: Parameters<MapLog["readState"]>[0]): ReturnType<MapLog["readState"]> {
    return this.#later(this.inner.readState(request));
  }

  readKey(request: Parameters<MapLog["readKey"]>[0]): ReturnType<MapLog["readKey"]> {
    return this.#later(this.inner.readKey(request));
  }

  readStream(request: Parameters<MapLog["readStream"]>[0]): ReturnType<MapLog["readStream"]> {
    return this.#later(this.inner.readStream(request));
  }

  top(channel: string, terms: Parameters<MapLog["top"]>[1]): ReturnType<MapLog["top"]> {
    return this.#later(this.inner.top(channel, terms));
  }

  stats(channel: string): ReturnType<MapLog["stats"]> {
    return this.inner.stats(channel);
  }

  clear(channel: string): Promise<void> {
    return this.inner.clear(channel);
  }

  async #later<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const settled = answer.then(
      (value) => () => value,
      (cause: unknown) => () => {
        throw cause;
      },
    );
    if (this.#holdsReads) await new Promise<void>((resolve) => this.#reads.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
    return (await settled)();
  }
}
