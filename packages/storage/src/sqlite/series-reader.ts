import type { Database, Statement } from "bun:sqlite";
import type { SeriesRow } from "../journal.ts";
import { chartTime } from "./housekeeping.ts";

const minuteMs = 60_000;

/** Sums of one bucket, from readings or from roll-ups of them. */
interface Sums {
  readonly bucket: number;
  readonly readings: number;
  readonly temp_n: number;
  readonly temp_min: number | null;
  readonly temp_sum: number;
  readonly temp_max: number | null;
  readonly voltage_n: number;
  readonly voltage_min: number | null;
  readonly voltage_sum: number;
  readonly voltage_max: number | null;
  readonly door_n: number;
  readonly door_min: number | null;
  readonly door_sum: number;
  readonly door_max: number | null;
}

/**
 * A machine's series for a chart. Buckets lie on multiples of `bucketMs`.
 *
 * Readings that were rolled up (all up to `rolled_through`) are taken as whole minutes where the bucket is a minute or
 * longer; shorter buckets, and minutes that the range cuts, are read one by one along the machine's chain, entered at the
 * minute's newest reading. What was not rolled up yet is always read one by one.
 */
export class SeriesReader {
  readonly #vm: Statement<{ id: number; reading_top: number }, [string]>;
  readonly #rolledThrough: Statement<{ value: number }, []>;
  readonly #minutes: Statement<Sums, [number, number, number, number]>;
  readonly #entry: Statement<{ first: number | null; last: number | null }, [number, number, number]>;
  readonly #walk: Statement<Sums, [number, number, number, number, number, number]>;

  constructor(db: Database) {
    this.#vm = db.prepare("SELECT id, reading_top FROM vm WHERE vm_id = ?");
    this.#rolledThrough = db.prepare("SELECT value FROM meta WHERE key = 'rolled_through'");
    this.#minutes = db.prepare(`
      SELECT minute * ${minuteMs} / ?4 * ?4 AS bucket, sum(readings) AS readings, ${fields((field) => sumsOf(field, "sum"))}
      FROM minute WHERE vm = ?1 AND minute >= ?2 AND minute < ?3 GROUP BY bucket`);
    this.#entry = db.prepare(
      "SELECT min(first_reading) AS first, max(last_reading) AS last FROM minute WHERE vm = ? AND minute >= ? AND minute <= ?",
    );
    this.#walk = db.prepare(`
      WITH RECURSIVE chain (id, prev, received, t, temp_c, voltage_v, door_closed) AS (
        SELECT id, prev, at, ${chartTime}, temp_c, voltage_v, door_closed FROM reading WHERE id = ?1 AND id >= ?2
        UNION ALL
        SELECT reading.id, reading.prev, reading.at, ${chartTime}, reading.temp_c, reading.voltage_v, reading.door_closed
        FROM chain JOIN reading ON reading.id = chain.prev WHERE chain.prev >= ?2
      )
      SELECT t / ?5 * ?5 AS bucket, count(*) AS readings,
        count(temp_c) AS temp_n, min(temp_c) AS temp_min, total(temp_c) AS temp_sum, max(temp_c) AS temp_max,
        count(voltage_v) AS voltage_n, min(voltage_v) AS voltage_min, total(voltage_v) AS voltage_sum, max(voltage_v) AS voltage_max,
        count(door_closed) AS door_n, min(door_closed) AS door_min, total(door_closed) AS door_sum, max(door_closed) AS door_max
      FROM chain WHERE t >= ?3 AND t <= ?4 AND received <= ?6 GROUP BY bucket`);
  }

  /** Readings received after `receivedThroughMs` are left out: they reach a live chart as publications. */
  read(vmId: string, fromMs: number, toMs: number, bucketMs: number, receivedThroughMs = Number.MAX_SAFE_INTEGER): readonly SeriesRow[] {
    const vm = this.#vm.get(vmId);
    if (vm === null || toMs < fromMs) return [];
    const rolledThrough = this.#rolledThrough.get()?.value ?? 0;
    const buckets = new Map<number, Sums>();
    const add = (rows: readonly Sums[]): void => {
      for (const row of rows) buckets.set(row.bucket, merge(buckets.get(row.bucket), row));
    };
    add(this.#walk.all(vm.reading_top, rolledThrough + 1, fromMs, toMs, bucketMs, receivedThroughMs));
    const wholeFrom = bucketMs < minuteMs ? Number.POSITIVE_INFINITY : Math.ceil(fromMs / minuteMs);
    const wholeTo = bucketMs < minuteMs ? Number.POSITIVE_INFINITY : Math.floor((toMs + 1) / minuteMs);
    if (wholeFrom < wholeTo) {
      add(this.#minutes.all(vm.id, wholeFrom, wholeTo, bucketMs));
      add(this.#oneByOne(vm.id, fromMs, wholeFrom * minuteMs - 1, bucketMs, receivedThroughMs));
      add(this.#oneByOne(vm.id, wholeTo * minuteMs, toMs, bucketMs, receivedThroughMs));
    } else {
      add(this.#oneByOne(vm.id, fromMs, toMs, bucketMs, receivedThroughMs));
    }
    return [...buckets.values()].sort((one, other) => one.bucket - other.bucket).map(seriesRow);
  }

  /** Rolled-up readings of [fromMs, toMs], from the chain. */
  #oneByOne(vm: number, fromMs: number, toMs: number, bucketMs: number, receivedThroughMs: number): readonly Sums[] {
    if (toMs < fromMs) return [];
    const entry = this.#entry.get(vm, Math.floor(fromMs / minuteMs), Math.floor(toMs / minuteMs));
    if (entry === null || entry.first === null || entry.last === null) return [];
    return this.#walk.all(entry.last, entry.first, fromMs, toMs, bucketMs, receivedThroughMs);
  }
}

function fields(of: (field: string) => string): string {
  return ["temp", "voltage", "door"].map(of).join(", ");
}

function sumsOf(field: string, sum: string): string {
  return `${sum}(${field}_n) AS ${field}_n, min(${field}_min) AS ${field}_min, ${sum}(${field}_sum) AS ${field}_sum, max(${field}_max) AS ${field}_max`;
}

function merge(one: Sums | undefined, other: Sums): Sums {
  if (one === undefined) return other;
  return {
    bucket: one.bucket,
    readings: one.readings + other.readings,
    temp_n: one.temp_n + other.temp_n,
    temp_min: least(one.temp_min, other.temp_min),
    temp_sum: one.temp_sum + other.temp_sum,
    temp_max: greatest(one.temp_max, other.temp_max),
    voltage_n: one.voltage_n + other.voltage_n,
    voltage_min: least(one.voltage_min, other.voltage_min),
    voltage_sum: one.voltage_sum + other.voltage_sum,
    voltage_max: greatest(one.voltage_max, other.voltage_max),
    door_n: one.door_n + other.door_n,
    door_min: least(one.door_min, other.door_min),
    door_sum: one.door_sum + other.door_sum,
    door_max: greatest(one.door_max, other.door_max),
  };
}

function seriesRow(sums: Sums): SeriesRow {
  return {
    bucketMs: sums.bucket,
    count: sums.readings,
    tempMin: sums.temp_min,
    tempAvg: average(sums.temp_sum, sums.temp_n),
    tempMax: sums.temp_max,
    voltageMin: sums.voltage_min,
    voltageAvg: average(sums.voltage_sum, sums.voltage_n),
    voltageMax: sums.voltage_max,
    doorMin: sums.door_min,
    doorAvg: average(sums.door_sum, sums.door_n),
    doorMax: sums.door_max,
  };
}

function average(sum: number, count: number): number | null {
  return count === 0 ? null : sum / count;
}

function least(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.min(one, other);
}

function greatest(one: number | null, other: number | null): number | null {
  return one === null ? other : other === null ? one : Math.max(one, other);
}
