import assert from "node:assert/strict";
import { test } from "node:test";
import { type IntakeRig, withRig } from "../ingest/testing/intake-rig.ts";
import { feedIntervalMs, feedRowsMax } from "./fleet-feed.ts";
import { FleetRefusal } from "./fleet-refusal.ts";

function rule(name: string, run: (rig: IntakeRig) => Promise<void>): void {
  test(name, () => withRig({}, run));
}

rule("the feed brings at most two publications a second, each with the newest values of what changed", async (rig) => {
  for (let tick = 0; tick < 100; tick++) {
    await Promise.all([1, 2, 3].map((number) => rig.say(`VM-${number}`, "telemetry", { system: { voltage: tick } })));
    await rig.pass(50);
  }
  assert.ok(rig.feed.length >= 9 && rig.feed.length <= 11, `${rig.feed.length} publications in 5 s`);
  for (let index = 1; index < rig.feedTimesMs.length; index++) {
    assert.ok(rig.feedTimesMs[index]! - rig.feedTimesMs[index - 1]! >= feedIntervalMs);
  }
  await rig.pass(1_000);
  const last = rig.feed.at(-1)!.rows.map(({ vm_id, voltage_v }) => `${vm_id} ${voltage_v}`);
  assert.deepEqual(last.sort(), ["VM-1 99", "VM-2 99", "VM-3 99"]);
});

rule("a fleet at rest publishes nothing", async (rig) => {
  await rig.say("VM-1", "telemetry", "{}");
  await rig.pass(2_000);
  const published = rig.feed.length;
  await rig.pass(30_000);
  assert.equal(rig.feed.length, published);
});

rule("rev grows with each change of a row, in the feed and in snapshots", async (rig) => {
  let rev = 0;
  for (let step = 0; step < 10; step++) {
    await rig.say("VM-1", "telemetry", { system: { voltage: step } });
    const [row] = (await rig.fleet.service.snapshot("all")).rows;
    assert.ok(row!.rev > rev);
    rev = row!.rev;
  }
  await rig.pass(600);
  assert.equal(rig.feed.at(-1)!.rows[0]!.rev, rev);
});

rule("a snapshot and the feed after its position lose no change", async (rig) => {
  const shown = new Map<string, { rev: number; voltage_v: number | null }>();
  await Promise.all(Array.from({ length: 20 }, (_, index) => rig.say(`VM-${index}`, "telemetry", { system: { voltage: 1 } })));
  await rig.pass(700);
  const snapshot = await rig.fleet.service.snapshot("all");
  for (const row of snapshot.rows) shown.set(row.vm_id, row);
  for (let round = 2; round < 6; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => rig.say(`VM-${index}`, "telemetry", { system: { voltage: round } })));
    await rig.pass(300);
  }
  await rig.pass(1_000);
  for (const update of rig.feed.slice(snapshot.position.offset)) {
    for (const row of update.rows) if (row.rev > (shown.get(row.vm_id)?.rev ?? 0)) shown.set(row.vm_id, row);
  }
  const truth = (await rig.fleet.service.snapshot("all")).rows;
  assert.deepEqual([...shown.values()].map(({ rev }) => rev).sort(), truth.map(({ rev }) => rev).sort());
  for (const row of truth) assert.equal(shown.get(row.vm_id)!.voltage_v, 5);
});

rule("a push engine that is away delays rows and loses none", async (rig) => {
  rig.pushAway = true;
  await rig.say("VM-1", "telemetry", { system: { voltage: 7 } });
  await rig.say("VM-2", "telemetry", { system: { voltage: 8 } });
  await rig.pass(5_000);
  assert.equal(rig.feed.length, 0);
  await assert.rejects(rig.fleet.service.snapshot("all"), (error) => error instanceof FleetRefusal && error.status === 503);
  rig.pushAway = false;
  await rig.pass(600);
  assert.deepEqual(rig.feed.flatMap(({ rows }) => rows.map(({ voltage_v }) => voltage_v)).sort(), [7, 8]);
  assert.equal(rig.logged.filter((line) => line.includes("rows wait")).length, 1, "said once, not twice a second");
});

rule("one publication is bounded; states go before values", async (rig) => {
  const machines = feedRowsMax + 200;
  await Promise.all(Array.from({ length: machines }, (_, index) => rig.say(`VM-${index}`, "telemetry", "{}")));
  await rig.pass(3_000);
  const before = rig.feed.length;
  await Promise.all(Array.from({ length: machines }, (_, index) => rig.say(`VM-${index}`, "telemetry", { system: { voltage: 1 } })));
  await rig.say(`VM-${machines - 1}`, "status", { state: "offline" });
  await rig.pass(2_000);
  const after = rig.feed.slice(before);
  assert.equal(after[0]!.rows[0]!.vm_id, `VM-${machines - 1}`);
  assert.equal(after[0]!.rows[0]!.state, "offline");
  assert.ok(after.every(({ rows }) => rows.length <= feedRowsMax));
  assert.equal(new Set(after.flatMap(({ rows }) => rows.map(({ vm_id }) => vm_id))).size, machines);
  assert.deepEqual(after.at(-1)!.totals, { machines, online: machines - 1, offline: 1, in_alarm: 0, vends_today: 0 });
});
