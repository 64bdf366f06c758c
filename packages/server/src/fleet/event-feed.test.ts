import assert from "node:assert/strict";
import { test } from "node:test";
import { type IntakeRig, withRig } from "../ingest/testing/intake-rig.ts";
import { eventFeedBatchBytesMax, eventFeedBatchMax, eventFeedIntervalMs, eventFeedWaitingMax } from "./event-feed.ts";

function rule(name: string, run: (rig: IntakeRig) => Promise<void>): void {
  test(name, () => withRig({}, run));
}

const vend = (seq: number) => ({ type: "vend_success", event_id: `v${seq}`, boot: "b1", seq, data: { price: 5 } });
const ids = (rig: IntakeRig): string[] => rig.eventFeed.flatMap(({ events }) => events.map(({ event_id }) => event_id));

rule("every stored event reaches feed:all as GET /v1/events shows it, the machine's own and ours", async (rig) => {
  await rig.say("VM-1", "status", { state: "online", boot: "b1" });
  await rig.say("VM-1", "events", {
    type: "shake",
    severity: "critical",
    ts: "2026-01-26T11:59:59Z",
    boot: "b1",
    seq: 1,
    data: { g: 4.2, 词: "震" },
  });
  await rig.say("VM-2", "events", { type: "door" });
  await rig.pass(eventFeedIntervalMs);
  const told = rig.eventFeed.flatMap(({ events }) => events);
  const stored = (await rig.fleet.service.events({ limit: 50 })).events;
  assert.equal(told.length, 4, "online VM-1, shake, online VM-2, door");
  const byId = (events: typeof told) => [...events].sort((left, right) => (left.event_id < right.event_id ? -1 : 1));
  assert.deepEqual(byId(told), byId([...stored]));
  assert.deepEqual(
    told.map(({ vm_id, type }) => `${vm_id} ${type}`),
    ["VM-1 online", "VM-1 shake", "VM-2 online", "VM-2 door"],
  );
});

rule("an event is told after its commit, and a repeat of it is not told again", async (rig) => {
  await rig.say("VM-1", "events", vend(1));
  await rig.say("VM-1", "events", vend(1), { dup: true });
  await rig.pass(1_000);
  assert.deepEqual(
    ids(rig).filter((id) => id === "v1"),
    ["v1"],
  );
});

rule("an end that is found by silence is told too", async (rig) => {
  await rig.say("VM-1", "status", { state: "online", boot: "b1" });
  await rig.pass(100_000);
  await rig.pass(eventFeedIntervalMs);
  const last = rig.eventFeed.at(-1)!.events.at(-1)!;
  assert.deepEqual([last.type, last.severity, last.data], ["offline", "warning", { reason: "silence", boot: "b1" }]);
});

rule("at most four publications a second, in order, each bounded", async (rig) => {
  for (let tick = 0; tick < 40; tick++) {
    await Promise.all(Array.from({ length: 10 }, (_, index) => rig.say("VM-1", "events", vend(tick * 10 + index + 1))));
    await rig.pass(50);
  }
  await rig.pass(2_000);
  for (let index = 1; index < rig.eventFeedTimesMs.length; index++) {
    assert.ok(rig.eventFeedTimesMs[index]! - rig.eventFeedTimesMs[index - 1]! >= eventFeedIntervalMs);
  }
  assert.ok(rig.eventFeed.every(({ events }) => events.length <= eventFeedBatchMax));
  assert.deepEqual(
    ids(rig).filter((id) => id.startsWith("v")),
    Array.from({ length: 400 }, (_, index) => `v${index + 1}`),
  );
  const published = rig.eventFeed.length;
  await rig.pass(20_000);
  assert.equal(rig.eventFeed.length, published, "a fleet at rest publishes nothing");
});

rule("a large event goes whole and alone", async (rig) => {
  const text = "x".repeat(eventFeedBatchBytesMax - 1_000);
  await Promise.all([1, 2, 3].map((seq) => rig.say("VM-1", "events", { ...vend(seq), data: { text } })));
  await rig.pass(2_000);
  const large = rig.eventFeed.filter(({ events }) => events.some(({ event_id }) => event_id.startsWith("v")));
  assert.deepEqual(
    large.map(({ events }) => events.filter(({ event_id }) => event_id.startsWith("v")).length),
    [1, 1, 1],
  );
  assert.deepEqual(large[0]!.events.at(-1)!.data, { text });
});

rule("while the push engine is away events wait; what had no room is counted, and the newest are kept", async (rig) => {
  rig.pushAway = true;
  const said = eventFeedWaitingMax + 49; // and one of ours: online
  for (let seq = 1; seq <= said; seq += 100) {
    const some = Array.from({ length: Math.min(100, said - seq + 1) }, (_, index) => vend(seq + index));
    await Promise.all(some.map((event) => rig.say("VM-1", "events", event)));
  }
  await rig.pass(3_000);
  assert.equal(rig.eventFeed.length, 0);
  assert.equal(rig.logged.filter((line) => line.includes("feed of events cannot be published")).length, 1);
  rig.pushAway = false;
  await rig.pass(10_000);
  assert.equal(rig.eventFeed[0]!.left_out, 50);
  assert.ok(rig.eventFeed.slice(1).every(({ left_out }) => left_out === undefined));
  assert.equal(ids(rig).length, eventFeedWaitingMax);
  assert.equal(ids(rig).at(-1), `v${said}`);
});
