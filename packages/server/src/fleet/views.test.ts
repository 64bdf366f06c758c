import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import fc from "fast-check";
import { type IntakeRig, withRig } from "../ingest/testing/intake-rig.ts";
import { FleetRefusal } from "./fleet-refusal.ts";
import { ReceiveClock } from "./receive-clock.ts";
import { bucketFor } from "./series.ts";

function rule(name: string, run: (rig: IntakeRig) => Promise<void>): void {
  test(name, () => withRig({}, run));
}

const fields = ["temp_c", "voltage_v", "door_closed"] as const;

rule("a series has columns of equal length, without the buckets that have no value", async (rig) => {
  const from = rig.clock.wallMs();
  for (let second = 0; second < 10; second++) {
    await rig.say("VM-1", "telemetry", { system: { voltage: 220 + second, ...(second < 5 ? { door_closed: second % 2 === 0 } : {}) } });
    await rig.pass(1_000);
  }
  const series = await rig.fleet.service.series("VM-1", { fromMs: from, toMs: from + 60_000, fields, maxPoints: 2 });
  assert.deepEqual([series.bucket_ms, series.to_ms], [5_000, from + 9_999]);
  assert.deepEqual(series.fields.voltage_v, {
    t_ms: [from, from + 5_000],
    min: [220, 225],
    avg: [222, 227],
    max: [224, 229],
  });
  assert.deepEqual(series.fields.door_closed, { t_ms: [from], min: [0], avg: [0.6], max: [1] });
  assert.deepEqual(series.fields.temp_c, { t_ms: [], min: [], avg: [], max: [] });
  await assert.rejects(rig.fleet.service.series("VM-0", { fromMs: 0, toMs: 1, fields, maxPoints: 1 }), FleetRefusal);
});

rule("a series and the live publications after to_ms lose nothing, whatever is under way", async (rig) => {
  const waiting: Promise<void>[] = [];
  let sent = 0;
  for (let round = 0; round < 20; round++) {
    for (let burst = 0; burst < 5; burst++) waiting.push(rig.say("VM-1", "telemetry", { environment: { temps: [++sent] } }));
    await rig.clock.advance(3);
    const series = await rig.fleet.service.series("VM-1", { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, fields, maxPoints: 2_000 });
    const inside = (await rig.journal.fleet.series("VM-1", 0, series.to_ms, 1)).reduce((sum, { count }) => sum + count, 0);
    await Promise.all(waiting);
    const live = rig.on("telemetry:VM-1").filter(({ tags }) => Number(tags["at"]) > series.to_ms).length;
    assert.equal(inside + live, sent, `round ${round}`);
  }
});

rule("a machine whose clock is ahead is on the chart at its own time, and not lost at the live end", async (rig) => {
  const now = rig.clock.wallMs();
  await rig.say("VM-1", "telemetry", { environment: { temps: [-7] }, ts: new Date(now + 60_000).toISOString() });
  await rig.pass(10);
  const series = await rig.fleet.service.series("VM-1", { fromMs: now - 60_000, toMs: now + 1_000, fields: ["temp_c"], maxPoints: 100 });
  assert.deepEqual(series.fields.temp_c!.avg, [-7]);
  const past = await rig.fleet.service.series("VM-1", { fromMs: now - 60_000, toMs: now - 1_000, fields: ["temp_c"], maxPoints: 100 });
  assert.deepEqual(past.fields.temp_c!.avg, [], "a range in the past ends where it says");
});

test("a bucket is a readable width, and never more points than asked for", () => {
  assert.equal(bucketFor(0, 3_600_000, 600), 10_000);
  assert.equal(bucketFor(0, 86_400_000, 600), 300_000);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2e12 }),
      fc.integer({ min: 0, max: 4e10 }),
      fc.integer({ min: 1, max: 2_000 }),
      (from, width, points) => {
        const bucket = bucketFor(from, from + width, points);
        if (points === 1 && Math.floor(from / bucket) !== Math.floor((from + width) / bucket)) return;
        assert.ok(Math.floor((from + width) / bucket) - Math.floor(from / bucket) + 1 <= points);
      },
    ),
  );
});

rule("pages of events join without a hole or a double, also inside one millisecond", async (rig) => {
  for (const [burst, wait] of [
    [3, 5],
    [7, 1],
    [1, 2],
    [4, 3],
  ] as const) {
    for (let count = 0; count < burst; count++) await rig.say("VM-1", "events", { type: "door" });
    await rig.pass(wait);
  }
  for (const limit of [1, 2, 3, 4, 5, 20]) {
    const seen: string[] = [];
    let beforeMs: number | undefined;
    do {
      const page = await rig.fleet.service.events({ type: "door", limit, beforeMs });
      seen.push(...page.events.map(({ event_id }) => event_id));
      beforeMs = page.next_before_ms ?? undefined;
    } while (beforeMs !== undefined);
    assert.equal(seen.length, 15, `limit ${limit}`);
    assert.equal(new Set(seen).size, 15);
  }
});

rule("a machine page has its last events, newest first; an unknown machine has none", async (rig) => {
  for (let count = 0; count < 60; count++) await rig.say("VM-1", "events", { type: "door", event_id: `E${count}` });
  const machine = (await rig.fleet.service.machine("VM-1"))!;
  assert.equal(machine.events.length, 50);
  assert.equal(machine.events[0]!.event_id, "E59");
  assert.equal(await rig.fleet.service.machine("VM-none"), undefined);
  await assert.rejects(rig.fleet.service.snapshot("north"), (error) => error instanceof FleetRefusal && error.status === 404);
});

test("receive times hold small steps back of the clock, and follow large ones", () => {
  const clock = new ManualClock(1_000_000);
  const receive = new ReceiveClock(clock);
  assert.equal(receive.nowMs(), 1_000_000);
  clock.shiftWall(-1_500);
  assert.equal(receive.nowMs(), 1_000_000);
  clock.shiftWall(-3_600_000);
  assert.equal(receive.nowMs(), 1_000_000 - 3_601_500);
});

test("complete through: before the oldest message under way, or just before now", () => {
  const clock = new ManualClock(1_000_000);
  const receive = new ReceiveClock(clock);
  assert.equal(receive.completeThroughMs(), 999_999);
  const first = receive.take();
  clock.spend(100);
  const second = receive.take();
  assert.equal(receive.completeThroughMs(), 999_999);
  receive.settle(first);
  assert.ok(receive.completeThroughMs() < second);
  clock.spend(500);
  assert.ok(receive.completeThroughMs() < second, "however long it is under way");
  receive.settle(second);
  clock.spend(50);
  assert.equal(receive.completeThroughMs(), 1_000_649);
});
