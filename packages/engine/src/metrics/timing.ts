import { Histogram } from "./histogram.ts";
import { RecentTimes } from "./recent-times.ts";

/** Seconds. They hold all the bounds by which the real server times commands, so that its heat maps show ours. */
export const durationBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** How long something took: as a histogram for sums over nodes, and as quantiles of the last minutes for a quick look. */
export class Timing {
  readonly histogram = new Histogram(durationBounds);
  readonly recent = new RecentTimes();

  observe(durationMs: number, nowMs: number): void {
    const seconds = durationMs / 1_000;
    this.histogram.observe(seconds);
    this.recent.observe(seconds, nowMs);
  }
}
