import type { Series, SeriesField } from "@fleetcast/protocol";
import { SeriesRing } from "./series-ring.ts";

/** One live publication as the charts take it. */
export interface LivePoint {
  /** When the server received it. */
  readonly atMs: number;
  /** Where the chart places it. */
  readonly tMs: number;
  /** Position in the channel; null where the channel keeps none. */
  readonly offset: number | null;
  /** True for a machine's own telemetry: it is stored, so a series that reaches past it already has it. */
  readonly device: boolean;
  readonly values: Partial<Record<SeriesField, number>>;
}

export const seriesFields: readonly SeriesField[] = ["temp_c", "voltage_v", "door_closed"];
const samplesMax = 3_600;
const bufferedPointsMax = 3_600;

type Phase =
  | { readonly name: "loading"; readonly buffer: LivePoint[]; lostUpToMs: number | null }
  | { readonly name: "live"; readonly completeToMs: number; readonly bucketMs: number };

interface Bucket {
  index: number;
  count: number;
  sum: number;
  min: number;
  max: number;
}

/**
 * Joins a machine's stored series to what arrives live, so that nothing is lost and nothing is drawn twice.
 *
 *     subscribe ──── buffer ──── buffer ─────────────┐
 *          └ ask for the series ─────── answer(to_ms)┴ drop buffered `at` <= to_ms, append the rest, then live
 *
 * Subscribing first loses nothing; `to_ms` says which of the buffered readings the series already holds. A publication that
 * is not a machine's reading (the document's section 5.1) is in no series and is therefore never dropped by time.
 * After a loss of position call `restart`: the old picture stays until the new series has come.
 */
export class MachineTimeline {
  readonly #rings: Record<SeriesField, SeriesRing>;
  readonly #buckets: Partial<Record<SeriesField, Bucket>> = {};
  #phase: Phase = { name: "loading", buffer: [], lostUpToMs: null };
  #lastOffset = -1;
  #version = 0;

  constructor(capacity: number = samplesMax) {
    this.#rings = { temp_c: new SeriesRing(capacity), voltage_v: new SeriesRing(capacity), door_closed: new SeriesRing(capacity) };
  }

  get phase(): "loading" | "live" {
    return this.#phase.name;
  }

  /** Grows with every change of what would be drawn. */
  get version(): number {
    return this.#version;
  }

  ring(field: SeriesField): SeriesRing {
    return this.#rings[field];
  }

  push(point: LivePoint): void {
    if (point.offset !== null) {
      if (point.offset <= this.#lastOffset) return;
      this.#lastOffset = point.offset;
    }
    if (this.#phase.name === "live") {
      this.#append(point);
      return;
    }
    this.#phase.buffer.push(point);
    if (this.#phase.buffer.length > bufferedPointsMax) {
      const lost = this.#phase.buffer.shift()!;
      this.#phase.lostUpToMs = Math.max(this.#phase.lostUpToMs ?? 0, lost.atMs);
    }
  }

  /**
   * Takes the series that was asked for after subscribing. Answers `again` when so much arrived meanwhile that the buffer
   * let go of a reading which this series does not hold: the caller asks once more.
   */
  load(series: Series): "joined" | "again" {
    if (this.#phase.name === "loading" && this.#phase.lostUpToMs !== null && this.#phase.lostUpToMs > series.to_ms) {
      this.#phase.lostUpToMs = null;
      return "again";
    }
    const buffered = this.#phase.name === "loading" ? this.#phase.buffer : [];
    for (const field of seriesFields) this.#fill(field, series);
    this.#phase = { name: "live", completeToMs: series.to_ms, bucketMs: Math.max(1, series.bucket_ms) };
    for (const point of buffered) this.#append(point);
    this.#version++;
    return "joined";
  }

  /** Buffers again until the next `load`. With `newPositions` the channel's offsets began anew or jumped. */
  restart(newPositions: boolean): void {
    if (newPositions) this.#lastOffset = -1;
    if (this.#phase.name === "live") this.#phase = { name: "loading", buffer: [], lostUpToMs: null };
  }

  #fill(field: SeriesField, series: Series): void {
    const ring = this.#rings[field];
    ring.clear();
    delete this.#buckets[field];
    const column = series.fields[field];
    if (column === undefined) return;
    for (let i = 0; i < column.t_ms.length; i++) {
      const avg = column.avg[i] ?? Number.NaN;
      ring.push(column.t_ms[i]!, column.min[i] ?? avg, avg, column.max[i] ?? avg);
    }
  }

  #append(point: LivePoint): void {
    if (this.#phase.name !== "live") return;
    if (point.device && point.atMs <= this.#phase.completeToMs) return;
    for (const field of seriesFields) {
      const value = point.values[field];
      if (value !== undefined) this.#appendValue(field, point.tMs, value, this.#phase.completeToMs, this.#phase.bucketMs);
    }
    this.#version++;
  }

  /** Live readings gather into buckets as wide as the series', so that the ring never runs short of the range shown. */
  #appendValue(field: SeriesField, tMs: number, value: number, originMs: number, bucketMs: number): void {
    const ring = this.#rings[field];
    const index = Math.floor((tMs - originMs) / bucketMs);
    const open = this.#buckets[field];
    if (open !== undefined && open.index === index) {
      open.count++;
      open.sum += value;
      open.min = Math.min(open.min, value);
      open.max = Math.max(open.max, value);
      ring.amendLast(open.min, open.sum / open.count, open.max);
      return;
    }
    const newest = ring.length === 0 ? Number.NEGATIVE_INFINITY : ring.timeAt(ring.length - 1);
    ring.push(tMs, value, value, value);
    if (tMs >= newest) this.#buckets[field] = { index, count: 1, sum: value, min: value, max: value };
  }
}
