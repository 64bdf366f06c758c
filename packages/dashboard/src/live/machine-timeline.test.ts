import type { Series } from "@fleetcast/protocol";
import { expect, test } from "vitest";
import { type LivePoint, MachineTimeline } from "./machine-timeline.ts";

function point(atMs: number, offset: number | null, change: Partial<LivePoint> = {}): LivePoint {
  return { atMs, tMs: atMs, offset, device: true, values: { temp_c: atMs }, ...change };
}

/** What the store holds up to `toMs`, one reading a bucket. */
function series(readings: readonly number[], toMs: number): Series {
  const inside = readings.filter((t) => t <= toMs);
  const column = { t_ms: inside, min: inside, avg: inside, max: inside };
  return { from_ms: 0, to_ms: toMs, bucket_ms: 1, fields: { temp_c: column } };
}

function drawn(timeline: MachineTimeline): number[] {
  const ring = timeline.ring("temp_c");
  return Array.from({ length: ring.length }, (_, i) => ring.averageAt(i));
}

test("what arrives before the series is buffered; what the series holds already is dropped, the rest appended", () => {
  const timeline = new MachineTimeline();
  for (const [i, at] of [100, 110, 120].entries()) timeline.push(point(at, i + 1));
  expect(drawn(timeline)).toEqual([]);
  expect(timeline.load(series([80, 90, 100, 110, 120], 110))).toBe("joined");
  expect(drawn(timeline)).toEqual([80, 90, 100, 110, 120]);
  timeline.push(point(130, 4));
  expect(drawn(timeline)).toEqual([80, 90, 100, 110, 120, 130]);
});

test("a reading received exactly at to_ms is inside the series and is not drawn twice", () => {
  const timeline = new MachineTimeline();
  timeline.push(point(100, 1));
  timeline.load(series([100], 100));
  expect(drawn(timeline)).toEqual([100]);
});

test("however subscribing, the series and the readings interleave, each reading is drawn once and in order", () => {
  let seed = 7;
  const chance = () => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed / 2_147_483_648;
  };
  for (let round = 0; round < 300; round++) {
    const readings = Array.from({ length: 40 }, (_, i) => 1_000 + i * 10);
    const subscribedAt = 1_000 + Math.floor(chance() * 200);
    const completeTo = subscribedAt + Math.floor(chance() * 150);
    const answeredAt = completeTo + Math.floor(chance() * 100);
    const timeline = new MachineTimeline();
    let loaded = false;
    for (const [i, at] of readings.entries()) {
      if (!loaded && at > answeredAt) {
        timeline.load(series(readings, completeTo));
        loaded = true;
      }
      if (at >= subscribedAt) timeline.push(point(at, i + 1));
      if (chance() < 0.2 && at >= subscribedAt) timeline.push(point(at, i + 1));
    }
    if (!loaded) timeline.load(series(readings, completeTo));
    expect(drawn(timeline), `round ${round}: subscribed ${subscribedAt}, to_ms ${completeTo}, answered ${answeredAt}`).toEqual(readings);
  }
});

test("a publication that is no reading of the machine is in no series, so its time does not drop it", () => {
  const timeline = new MachineTimeline();
  timeline.push(point(100, 1, { device: false, values: { voltage_v: 221.5 } }));
  timeline.load(series([80, 100], 105));
  expect(timeline.ring("voltage_v").length).toBe(1);
  expect(timeline.ring("voltage_v").averageAt(0)).toBe(221.5);
});

test("a repeated publication is dropped by its offset", () => {
  const timeline = new MachineTimeline();
  timeline.load(series([], 50));
  timeline.push(point(60, 7));
  timeline.push(point(60, 7));
  timeline.push(point(55, 6));
  expect(drawn(timeline)).toEqual([60]);
});

test("after a loss of position it buffers again, keeps the old picture, and joins anew", () => {
  const timeline = new MachineTimeline();
  timeline.load(series([10, 20], 20));
  timeline.push(point(30, 3));
  timeline.restart(true);
  timeline.push(point(60, 1));
  expect(drawn(timeline)).toEqual([10, 20, 30]);
  timeline.load(series([10, 20, 30, 40, 50, 60], 50));
  expect(drawn(timeline)).toEqual([10, 20, 30, 40, 50, 60]);
});

test("a buffer that had to let go of readings the series lacks asks for the series again", () => {
  const timeline = new MachineTimeline();
  for (let i = 0; i < 3_700; i++) timeline.push(point(1_000 + i, i + 1));
  expect(timeline.load(series([], 1_050))).toBe("again");
  expect(timeline.phase).toBe("loading");
  const all = Array.from({ length: 3_700 }, (_, i) => 1_000 + i);
  expect(timeline.load(series(all, 1_200))).toBe("joined");
  expect(drawn(timeline)).toEqual(all.slice(-3_600));
});

test("live readings gather into buckets as wide as the series', with their lowest and highest", () => {
  const timeline = new MachineTimeline();
  timeline.load({ from_ms: 0, to_ms: 1_000, bucket_ms: 100, fields: {} });
  for (const [i, value] of [-18, -20, -16].entries()) timeline.push(point(1_010 + i * 20, i + 1, { values: { temp_c: value } }));
  timeline.push(point(1_110, 4, { values: { temp_c: -10 } }));
  const ring = timeline.ring("temp_c");
  expect(ring.length).toBe(2);
  expect([ring.minAt(0), ring.averageAt(0), ring.maxAt(0)]).toEqual([-20, -18, -16]);
  expect(ring.averageAt(1)).toBe(-10);
});

test("a day of readings each second stays within the ring", () => {
  const timeline = new MachineTimeline();
  timeline.load({ from_ms: 0, to_ms: 0, bucket_ms: 60_000, fields: {} });
  for (let i = 1; i <= 86_400; i++) timeline.push(point(i * 1_000, i));
  expect(timeline.ring("temp_c").length).toBeLessThanOrEqual(1_441);
});
