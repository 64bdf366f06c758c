import type { Series, SeriesColumn, SeriesField } from "@fleetcast/protocol";
import type { FleetQueries, SeriesRow } from "@fleetcast/storage";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Widths a person can read off an axis. */
const niceBucketsMs: readonly number[] = [
  second,
  2 * second,
  5 * second,
  10 * second,
  15 * second,
  30 * second,
  minute,
  2 * minute,
  5 * minute,
  10 * minute,
  15 * minute,
  30 * minute,
  hour,
  2 * hour,
  3 * hour,
  6 * hour,
  12 * hour,
  day,
];

/** The smallest readable width with which [fromMs, toMs] has at most `pointsMax` buckets; whole days beyond the list. */
export function bucketFor(fromMs: number, toMs: number, pointsMax: number): number {
  const fits = (bucketMs: number): boolean => Math.floor(toMs / bucketMs) - Math.floor(fromMs / bucketMs) + 1 <= pointsMax;
  const nice = niceBucketsMs.find(fits);
  if (nice !== undefined) return nice;
  let days = Math.max(1, Math.ceil((toMs - fromMs) / pointsMax / day));
  while (!fits(days * day)) days++;
  return days * day;
}

/** How far a reading may lie from its receive time on a chart (the mark `late`). */
const skewMsMax = day;

export interface SeriesRequest {
  readonly fromMs: number;
  readonly toMs: number;
  /** Everything received up to here is in the store. */
  readonly storedThroughMs: number;
  readonly fields: readonly SeriesField[];
  readonly pointsMax: number;
}

/**
 * A chart's history. Readings stand at the machine's own time, and a machine's clock may be ahead of ours: at the live end,
 * what was received already but stands in the future is read too, because its live publication is dropped by whoever joins
 * the two.
 */
export async function readSeries(queries: Pick<FleetQueries, "series">, vmId: string, request: SeriesRequest): Promise<Series> {
  const { fields, fromMs, pointsMax, storedThroughMs, toMs } = request;
  const live = toMs >= storedThroughMs;
  const completeMs = live ? storedThroughMs : toMs;
  const readToMs = live ? completeMs + skewMsMax : toMs;
  let bucketMs = bucketFor(fromMs, Math.max(fromMs, completeMs), pointsMax);
  let rows: readonly SeriesRow[] = [];
  if (completeMs >= fromMs) {
    rows = await queries.series(vmId, fromMs, readToMs, bucketMs, storedThroughMs);
    if (rows.length > pointsMax) {
      bucketMs = bucketFor(fromMs, rows.at(-1)!.bucketMs, pointsMax);
      rows = await queries.series(vmId, fromMs, readToMs, bucketMs, storedThroughMs);
    }
  }
  return seriesOf(rows, fields, { from_ms: fromMs, to_ms: completeMs, bucket_ms: bucketMs });
}

const pick: Readonly<Record<SeriesField, (row: SeriesRow) => readonly [number | null, number | null, number | null]>> = {
  temp_c: (row) => [row.tempMin, row.tempAvg, row.tempMax],
  voltage_v: (row) => [row.voltageMin, row.voltageAvg, row.voltageMax],
  door_closed: (row) => [row.doorMin, row.doorAvg, row.doorMax],
};

/** Columns of equal length; a bucket without a value of this field is left out. */
export function seriesOf(rows: readonly SeriesRow[], fields: readonly SeriesField[], range: Omit<Series, "fields">): Series {
  const columns: Partial<Record<SeriesField, SeriesColumn>> = {};
  for (const field of fields) {
    const column = { t_ms: [] as number[], min: [] as number[], avg: [] as number[], max: [] as number[] };
    for (const row of rows) {
      const [min, avg, max] = pick[field](row);
      if (min === null || avg === null || max === null) continue;
      column.t_ms.push(row.bucketMs);
      column.min.push(min);
      column.avg.push(avg);
      column.max.push(max);
    }
    columns[field] = column;
  }
  return { ...range, fields: columns };
}
