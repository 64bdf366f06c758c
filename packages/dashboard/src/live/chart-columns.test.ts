import { expect, test } from "vitest";
import { openWindows } from "../screens/machine/chart-options.ts";
import { chartColumns, chartSummary, windowStart } from "./chart-columns.ts";
import { SeriesRing } from "./series-ring.ts";

function ringOf(samples: readonly [number, number][]): SeriesRing {
  const ring = new SeriesRing(100);
  for (const [t, value] of samples) ring.push(t, value - 1, value, value + 1);
  return ring;
}

test("a silence is a gap, never a bridge", () => {
  const ring = ringOf([
    [1_000, 1],
    [2_000, 2],
    [9_000, 3],
  ]);
  const columns = chartColumns(ring, 0, 10_000, 3_000);
  expect(columns.t).toEqual([1, 2, 5.5, 9]);
  expect(columns.avg).toEqual([1, 2, null, 3]);
  expect(columns.min).toEqual([0, 1, null, 2]);
});

test("the window keeps one sample on each side, so that lines reach its edges", () => {
  const ring = ringOf(Array.from({ length: 10 }, (_, i) => [i * 1_000, i]));
  expect(chartColumns(ring, 3_500, 6_500, 5_000).t).toEqual([3, 4, 5, 6, 7]);
});

test("nothing is nothing", () => {
  expect(chartColumns(new SeriesRing(5), 0, 1, 1).t).toEqual([]);
  expect(chartSummary(new SeriesRing(5), 0, 1)).toBeNull();
});

test("the summary counts the window only", () => {
  const ring = ringOf([
    [0, 100],
    [1_000, 1],
    [2_000, 5],
  ]);
  expect(chartSummary(ring, 500, 3_000)).toEqual({ samples: 2, min: 0, max: 6, last: 5, lastMs: 2_000 });
});

test("the door was open from the first open sample to the next closed one", () => {
  const door = new SeriesRing(10);
  for (const [t, closed] of [
    [0, 1],
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 0],
  ] as const) {
    door.push(t, closed, closed, closed);
  }
  expect(openWindows(door)).toEqual([
    [1, 3],
    [4, 4],
  ]);
});

test("a window does not begin long before the machine was first seen, and is two minutes at least", () => {
  const now = 10_000_000;
  expect(windowStart(now, 900_000, null)).toBe(now - 900_000);
  expect(windowStart(now, 900_000, now - 5_000_000)).toBe(now - 900_000);
  expect(windowStart(now, 900_000, now - 300_000)).toBe(now - 312_000);
  expect(windowStart(now, 900_000, now - 5_000)).toBe(now - 124_800);
});
