import type { Pending } from "./backlog.ts";
import { Fifo } from "./fifo.ts";
import type { LatestRule } from "./publisher-limits.ts";

/**
 * One channel's unsettled rows and what its first one is doing. `ready`: waits for a place in a request. `in flight`: in
 * one. `retrying`: refused for now, waits for its time. `held`: old telemetry that a row still to be read may replace.
 */
export type QueueState = "idle" | "ready" | "in flight" | "retrying" | "held";

export class ChannelQueue {
  readonly channel: string;
  readonly latest: LatestRule | undefined;
  state: QueueState = "idle";
  /** Refusals of the first row, one after the other. */
  refusals = 0;
  /** Rows left out before the first one (N4). */
  skipped = 0;
  readonly rows = new Fifo<Pending>();

  constructor(channel: string, latest: LatestRule | undefined) {
    this.channel = channel;
    this.latest = latest;
  }

  /** Whether the first row is older than its rule waits; false without a rule. */
  isStale(nowMs: number): boolean {
    const first = this.rows.first();
    return this.latest !== undefined && first !== undefined && nowMs - first.row.atMs > this.latest.ageMsMax;
  }

  /** Takes out all rows but the newest when the backlog is past its rule. Never while the first one is in flight. */
  takeSuperseded(nowMs: number): Pending[] {
    if (this.latest === undefined || this.rows.length < 2) return [];
    if (this.rows.length <= this.latest.rowsMax && !this.isStale(nowMs)) return [];
    const superseded: Pending[] = [];
    while (this.rows.length > 1) superseded.push(this.rows.shift()!);
    this.skipped += superseded.length;
    return superseded;
  }
}
