import type { SeriesRing } from "./series-ring.ts";

/** Columns as uPlot takes them: seconds since 1970, and three lines in which `null` is a gap. */
export interface ChartColumns {
  readonly t: number[];
  readonly avg: (number | null)[];
  readonly min: (number | null)[];
  readonly max: (number | null)[];
}

/**
 * Cuts a ring to the time shown. Two samples further apart than `gapMs` are parted by a null between them: a line that
 * bridges silence would claim what nobody measured. One sample on each side of the window is kept so that lines reach its edge.
 */
export function chartColumns(ring: SeriesRing, fromMs: number, toMs: number, gapMs: number): ChartColumns {
  const columns: ChartColumns = { t: [], avg: [], min: [], max: [] };
  let first = 0;
  while (first < ring.length - 1 && ring.timeAt(first + 1) < fromMs) first++;
  let previous = Number.NaN;
  for (let i = first; i < ring.length; i++) {
    const t = ring.timeAt(i);
    if (t - previous > gapMs) {
      columns.t.push((previous + t) / 2_000);
      columns.avg.push(null);
      columns.min.push(null);
      columns.max.push(null);
    }
    columns.t.push(t / 1_000);
    columns.avg.push(ring.averageAt(i));
    columns.min.push(ring.minAt(i));
    columns.max.push(ring.maxAt(i));
    previous = t;
    if (t > toMs) break;
  }
  return columns;
}

export interface ChartSummary {
  readonly samples: number;
  readonly min: number;
  readonly max: number;
  readonly last: number;
  readonly lastMs: number;
}

/** What the chart says in words, for those who do not see it; null without a sample in the window. */
export function chartSummary(ring: SeriesRing, fromMs: number, toMs: number): ChartSummary | null {
  let samples = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let newest = -1;
  for (let i = 0; i < ring.length; i++) {
    const t = ring.timeAt(i);
    if (t < fromMs || t > toMs) continue;
    samples++;
    min = Math.min(min, ring.minAt(i));
    max = Math.max(max, ring.maxAt(i));
    newest = i;
  }
  return newest === -1 ? null : { samples, min, max, last: ring.averageAt(newest), lastMs: ring.timeAt(newest) };
}

const windowMsMin = 120_000;

/** The range asked for, but not from before the machine was first seen; two minutes at least. */
export function windowStart(nowMs: number, rangeMs: number, firstSeenMs: number | null): number {
  const start = nowMs - rangeMs;
  if (firstSeenMs === null || firstSeenMs <= start) return start;
  const shownMs = Math.max(windowMsMin, nowMs - firstSeenMs);
  // A little room before the first sample, which would else lie on the edge.
  return Math.max(start, nowMs - shownMs * 1.04);
}
