import { expect, test } from "vitest";
import { SeriesRing } from "./series-ring.ts";

function times(ring: SeriesRing): number[] {
  return Array.from({ length: ring.length }, (_, i) => ring.timeAt(i));
}

test("it keeps the newest samples and never grows", () => {
  const ring = new SeriesRing(3);
  for (let t = 1; t <= 7; t++) ring.push(t, t, t * 10, t);
  expect(times(ring)).toEqual([5, 6, 7]);
  expect(ring.averageAt(0)).toBe(50);
  expect(ring.length).toBe(3);
});

test("a sample that belongs earlier is put where it belongs", () => {
  const ring = new SeriesRing(5);
  for (const t of [10, 30, 50, 20, 40]) ring.push(t, t, t, t);
  expect(times(ring)).toEqual([10, 20, 30, 40, 50]);
  ring.push(35, 35, 35, 35);
  expect(times(ring)).toEqual([20, 30, 35, 40, 50]);
  expect(ring.averageAt(2)).toBe(35);
});

test("a full ring refuses what is older than all it holds", () => {
  const ring = new SeriesRing(2);
  for (const t of [10, 20, 5]) ring.push(t, t, t, t);
  expect(times(ring)).toEqual([10, 20]);
});

test("the newest sample can be amended, as a live bucket grows", () => {
  const ring = new SeriesRing(2);
  ring.push(1, 1, 1, 1);
  ring.amendLast(0, 2, 4);
  expect([ring.minAt(0), ring.averageAt(0), ring.maxAt(0)]).toEqual([0, 2, 4]);
});
