import type { TrackedKey } from "./poll-subscription.ts";

/** One key of a channel, while somebody follows it. Its value is not kept: the backend has it. */
export class PolledKey {
  readonly name: string;
  readonly followers = new Set<TrackedKey>();
  /** Of the value that was handed on last: the backend's own, or counted here. 0: none yet. */
  version = 0;
  /** Of that value, where changes are found by content. */
  hash = 0;
  /** Number of the oldest request whose answer still counts: what older ones bring is late. */
  countsFrom: number;
  /** Requests for it that are on their way. */
  asksUnderWay = 0;
  /** Somebody follows it who does not have the value: it is handed on once more, also unchanged. */
  isWantedAgain = false;
  /** It was published a moment ago: the next round need not ask. */
  isFresh = false;

  constructor(name: string, countsFrom: number) {
    this.name = name;
    this.countsFrom = countsFrom;
  }
}
