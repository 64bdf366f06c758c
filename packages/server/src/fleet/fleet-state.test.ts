import assert from "node:assert/strict";
import { test } from "node:test";
import type { Journal, JournalEntry } from "@fleetcast/storage";
import { IntakeRig, type RigOptions, withRig } from "../ingest/testing/intake-rig.ts";
import { holdMs } from "./device-state.ts";

function rule(name: string, run: (rig: IntakeRig) => Promise<void>, options: RigOptions = {}): void {
  test(name, () => withRig(options, run));
}

/** Entries as they go into the real journal. */
function recording(entries: JournalEntry[]): (journal: Journal) => Journal {
  return (journal) =>
    new Proxy(journal, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          if (name === "append") entries.push(args[0] as JournalEntry);
          if (name === "appendAll") entries.push(...(args[0] as JournalEntry[]));
          return Reflect.apply(value, target, args) as unknown;
        };
      },
    });
}

rule("a birth is an online event, a machine row and nothing else", async (rig) => {
  await rig.say("VM-1", "status", { id: "VM-1", state: "online", boot: "b1" }, { retain: true });
  const [event] = rig.on("events:VM-1");
  assert.equal(event!.json["type"], "online");
  assert.equal(event!.json["id"], "VM-1");
  assert.deepEqual(event!.json["data"], { reason: "birth", boot: "b1" });
  const row = await rig.journal.fleet.machine("VM-1");
  assert.deepEqual([row!.state, row!.stateReason, row!.boot], ["online", "birth", "b1"]);
  const page = await rig.fleet.service.events({ vmId: "VM-1", limit: 5 });
  assert.equal(page.events[0]!.event_id, event!.json["event_id"]);
});

rule("[I8] a will at the embedded broker becomes one offline event after the hold", async (rig) => {
  rig.ingest.connection({ vmId: "VM-1", connected: true });
  await rig.say("VM-1", "status", { state: "online", boot: "b1" });
  await rig.say("VM-1", "status", { state: "offline", boot: "b1" }, { will: true, retain: true });
  rig.ingest.connection({ vmId: "VM-1", connected: false });
  await rig.pass(holdMs + 2_000);
  assert.deepEqual(rig.eventTypes("VM-1"), ["online", "offline"]);
  assert.equal(rig.on("events:VM-1")[1]!.json["severity"], "warning");
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state_reason, "will");
  await rig.pass(300_000);
  assert.deepEqual(rig.eventTypes("VM-1"), ["online", "offline"]);
});

test("[I8] after a restart of the server a machine that reconnects with a new boot makes one event", async () => {
  const rig = await IntakeRig.open();
  rig.ingest.connection({ vmId: "VM-1", connected: true });
  await rig.say("VM-1", "status", { state: "online", boot: "b1" });
  await rig.say("VM-1", "status", { state: "offline", boot: "b1" });
  const again = await rig.restart();
  try {
    again.ingest.connection({ vmId: "VM-1", connected: true });
    assert.equal((await again.fleet.service.snapshot("all")).rows[0]!.state, "offline", "not before the store has it");
    await again.stored();
    assert.equal((await again.fleet.service.snapshot("all")).rows[0]!.state, "online");
    await again.say("VM-1", "status", { state: "online", boot: "b2" });
    await again.pass(60_000);
    assert.deepEqual(
      again.on("events:VM-1").map(({ json }) => [json["type"], json["data"]]),
      [["online", { reason: "birth", boot: "b2" }]],
    );
    const row = await again.journal.fleet.machine("VM-1");
    assert.deepEqual([row!.state, row!.stateReason, row!.boot], ["online", "birth", "b2"]);
  } finally {
    await again.remove();
  }
});

rule("[I8] on an external broker an offline without identity is a will, with identity a goodbye", async (rig) => {
  await rig.sayExternally("VM-1", "status", { state: "online", boot: "b1" });
  await rig.sayExternally("VM-1", "status", { state: "offline", boot: "b1" });
  await rig.sayExternally("VM-1", "status", { state: "online", boot: "b1" });
  await rig.pass(holdMs + 2_000);
  assert.deepEqual(rig.eventTypes("VM-1"), ["online"], "a take-over");
  await rig.sayExternally("VM-1", "status", { state: "offline", boot: "b1", seq: 9 });
  assert.deepEqual(rig.eventTypes("VM-1"), ["online", "offline"]);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state_reason, "status");
});

for (const [name, payload, reason] of [
  ["no state", "{}", /^schema: state: required/],
  ["an unknown state", '{"state":"asleep"}', /^schema: state: expected one of online, offline/],
  ["plain text", "online", /^not_json: /],
] as const) {
  rule(`a status that does not fit its schema is a dead letter: ${name}`, async (rig) => {
    await rig.say("VM-1", "status", payload);
    assert.match((await rig.deadLetters())[0]!.reason, reason);
    assert.equal(rig.fleet.state.size, 0);
  });
}

rule("[I8] a machine that falls silent is offline once, and online again when it speaks", async (rig) => {
  await rig.say("VM-1", "telemetry", "{}");
  await rig.pass(95_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state_reason, "silence");
  await rig.say("VM-1", "telemetry", "{}");
  assert.deepEqual(rig.eventTypes("VM-1"), ["online", "offline", "online"]);
});

rule("a machine that connected before its first message is not silent while it stays connected", async (rig) => {
  rig.ingest.connection({ vmId: "VM-1", connected: true });
  assert.equal(rig.fleet.state.size, 0);
  await rig.say("VM-1", "telemetry", "{}");
  await rig.pass(600_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "online");
});

rule("a machine added by a person is shown before its first message", async (rig) => {
  rig.fleet.state.added("VM-1");
  await rig.pass(600);
  assert.deepEqual([rig.feed[0]!.rows[0]!.vm_id, rig.feed[0]!.rows[0]!.state_reason], ["VM-1", "never_seen"]);
  await rig.pass(600_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "unknown");
  await rig.say("VM-1", "telemetry", "{}");
  assert.deepEqual(rig.eventTypes("VM-1"), ["online"]);
});

rule("a machine that reports rarely is not silent before three of its intervals", async (rig) => {
  for (let report = 0; report < 6; report++) {
    await rig.say("VM-1", "telemetry", "{}");
    await rig.pass(80_000);
  }
  const machine = await rig.fleet.service.machine("VM-1");
  assert.equal(machine!.report_interval_ms, 80_000);
  await rig.pass(140_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "online");
  await rig.pass(30_000);
  assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "offline");
});

test("[I8] a state judged from a message that turns out a repeat is stored all the same", async () => {
  await withRig({}, async (rig) => {
    const message = { boot: "b", seq: 1 };
    await rig.say("VM-1", "telemetry", message);
    await rig.pass(95_000);
    assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "offline");
    await rig.say("VM-1", "telemetry", message, { dup: true });
    assert.deepEqual(rig.eventTypes("VM-1"), ["online", "offline", "online"]);
    assert.equal((await rig.journal.fleet.machine("VM-1"))!.state, "online");
    assert.equal((await rig.fleet.service.machine("VM-1"))!.state, "online");
    assert.equal(rig.on("telemetry:VM-1").length, 1);
  });
});

test("a restart of the server tells nothing that was told, and judges who does not come back", async () => {
  const before = await IntakeRig.open();
  await before.say("VM-1", "status", { state: "online", boot: "b1" });
  await before.say("VM-2", "telemetry", { system: { voltage: 219 } });
  await before.say("VM-3", "status", { state: "offline", boot: "b3", seq: 1 });
  await before.say("VM-2", "events", { type: "vend_success" });
  await before.say("VM-2", "events", { type: "shake", severity: "critical" });
  await before.fleet.service.stop();
  const rig = await before.restart();
  try {
    const states = async (): Promise<string[]> =>
      (await rig.fleet.service.snapshot("all")).rows.map(({ vm_id, state, state_reason }) => `${vm_id} ${state} ${state_reason}`);
    assert.deepEqual(await states(), ["VM-1 unknown restart", "VM-2 unknown restart", "VM-3 offline status"]);
    const { totals, rows } = await rig.fleet.service.snapshot("all");
    assert.deepEqual(totals, { machines: 3, online: 0, offline: 1, in_alarm: 1, vends_today: 1 });
    assert.equal(rows[1]!.worst_alarm, "critical");
    assert.equal(rows[1]!.voltage_v, 219, "a clean stop writes the columns back");
    await rig.say("VM-1", "telemetry", { boot: "b1", seq: 1 });
    await rig.pass(95_000);
    assert.deepEqual(rig.eventTypes("VM-1"), ["offline"], "it was heard once and fell silent");
    assert.deepEqual(rig.eventTypes("VM-2"), ["offline"]);
    assert.deepEqual(rig.eventTypes("VM-3"), []);
  } finally {
    await rig.remove();
  }
});

test("columns of a machine cost no row a message: they are written back every ten seconds", async () => {
  const entries: JournalEntry[] = [];
  await withRig({ wrap: recording(entries) }, async (rig) => {
    for (let second = 0; second < 31; second++) {
      await rig.say("VM-1", "telemetry", { system: { voltage: 200 + second } });
      await rig.pass(1_000);
    }
    const rows = entries.flatMap(({ records }) => records).filter(({ kind }) => kind === "machine");
    assert.equal(rows.length, 4, "one when it appeared, three in 30 s");
    await rig.pass(11_000);
    const written = entries.length;
    await rig.pass(11_000);
    assert.ok(!entries.slice(written).some(({ records }) => records.length > 0), "a machine at rest is not written");
    assert.ok((await rig.journal.fleet.machine("VM-1"))!.voltageV! >= 228);
  });
});

rule("[L4] the screens show what is stored, not what is judged", async (rig) => {
  const acknowledged = rig.say("VM-1", "telemetry", { system: { voltage: 230 } });
  const machine = rig.fleet.state.find("VM-1")!;
  assert.equal(machine.device.state, "online", "judged");
  assert.deepEqual([machine.shown.state, machine.shown.voltageV], ["unknown", null], "not shown yet");
  await acknowledged;
  assert.deepEqual([machine.shown.state, machine.shown.voltageV], ["online", 230]);
});

rule("a value that a message leaves out stays as it was", async (rig) => {
  await rig.say("VM-1", "telemetry", { system: { voltage: 230, door_closed: false }, environment: { temps: [null, -4] } });
  await rig.say("VM-1", "telemetry", { environment: { temps: [-5, 20] } });
  const machine = (await rig.fleet.service.machine("VM-1"))!;
  assert.deepEqual([machine.voltage_v, machine.door_closed, machine.temp_c], [230, false, -5]);
});

rule("an alarm is open for 15 minutes after its last event, or until it is cleared", async (rig) => {
  const worst = async (): Promise<unknown> => (await rig.fleet.service.machine("VM-1"))!.worst_alarm;
  await rig.say("VM-1", "events", { type: "shake", severity: "warning" });
  await rig.say("VM-1", "events", { type: "freezer", severity: "critical" });
  assert.equal(await worst(), "critical");
  await rig.say("VM-1", "events", { type: "freezer", severity: "critical", data: { cleared: true } });
  assert.equal(await worst(), "warning");
  await rig.pass(10 * 60_000);
  await rig.say("VM-1", "events", { type: "shake", severity: "warning" });
  await rig.pass(14 * 60_000);
  assert.equal(await worst(), "warning");
  await rig.pass(2 * 60_000);
  assert.equal(await worst(), null);
  await rig.say("VM-1", "events", { type: "shake", severity: "warning" });
  await rig.say("VM-1", "events", { type: "alarm_cleared" });
  assert.equal(await worst(), null);
});

rule("sales are counted by UTC day, repeats once", async (rig) => {
  const vends = async (): Promise<number> => (await rig.fleet.service.snapshot("all")).totals.vends_today;
  const sale = { type: "vend_success", boot: "b", seq: 1 };
  await rig.say("VM-1", "events", sale);
  await rig.say("VM-1", "events", sale);
  await rig.say("VM-1", "events", { type: "出餐成功" });
  assert.equal(await vends(), 2);
  await rig.pass(12 * 3_600_000);
  assert.equal(await vends(), 0);
});

for (const data of [{ cleared: true }, { rule: "temperature_high", state: "cleared", temperature_c: -15.2 }]) {
  test(`an alarm ends by an event of its type with ${JSON.stringify(data)}, also when it is judged again after a restart`, async () => {
    const rig = await IntakeRig.open();
    await rig.say("VM-1", "events", { type: "shake", severity: "warning" });
    await rig.say("VM-1", "events", { type: "alarm", severity: "critical", data: { rule: "temperature_high", state: "raised" } });
    assert.equal((await rig.fleet.service.machine("VM-1"))!.worst_alarm, "critical");
    await rig.say("VM-1", "events", { type: "alarm", severity: "info", data });
    assert.equal((await rig.fleet.service.machine("VM-1"))!.worst_alarm, "warning", "another alarm stays");
    const again = await rig.restart();
    try {
      assert.equal((await again.fleet.service.machine("VM-1"))!.worst_alarm, "warning");
    } finally {
      await again.remove();
    }
  });
}

rule("data that speaks of something else ends no alarm", async (rig) => {
  for (const data of [{ state: "raised" }, { state: true }, "cleared", { cleared: "true" }, null]) {
    await rig.say("VM-1", "events", { type: "alarm", severity: "critical", data });
    assert.equal((await rig.fleet.service.machine("VM-1"))!.worst_alarm, "critical", JSON.stringify(data));
  }
  assert.deepEqual(await rig.deadLetters(), []);
});

rule("an end that is delivered again ends nothing that was raised after it", async (rig) => {
  const said = [
    { type: "alarm", severity: "critical", boot: "b1", seq: 1 },
    { type: "alarm", severity: "info", boot: "b1", seq: 2, data: { cleared: true } },
    { type: "alarm", severity: "critical", boot: "b1", seq: 3 },
  ];
  for (const event of said) await rig.say("VM-1", "events", event);
  await Promise.all(said.slice(1).map((event) => rig.say("VM-1", "events", event, { dup: true })));
  const machine = rig.fleet.state.find("VM-1")!;
  assert.deepEqual(
    [...machine.alarms.values()].map(({ type, count }) => [type, count]),
    [["alarm", 1]],
  );
  assert.equal((await rig.fleet.service.machine("VM-1"))!.worst_alarm, "critical");
});
