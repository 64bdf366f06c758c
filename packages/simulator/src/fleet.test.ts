import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../testing/fake-clock.ts";
import { MemoryBroker } from "../testing/memory-broker.ts";
import { createFleet, type FleetOptions } from "./fleet.ts";

async function runningFleet(options: Partial<FleetOptions> = {}) {
  const clock = new FakeClock();
  const broker = new MemoryBroker();
  const fleet = createFleet({ url: "mqtt://unused", count: 1, clock, connect: broker.connect, intervalMs: 2_000, ...options });
  const started = fleet.start();
  clock.advance(200);
  await started;
  // Links report their connection in a microtask.
  await Promise.resolve();
  return { clock, broker, fleet };
}

const minute = 60_000;

test("telemetry is the document's section 4.1, with boot and a seq without gaps", async () => {
  const { clock, broker } = await runningFleet();
  clock.advance(10 * minute);
  const readings = broker.on("telemetry");
  assert.ok(readings.length >= 299, `${readings.length} readings`);
  const first = readings[0] as Record<string, unknown>;
  assert.deepEqual(Object.keys(first), ["id", "system", "environment", "ts", "boot", "seq"]);
  assert.equal(first["id"], "VM-SH-001");
  assert.match(String(first["ts"]), /^2026-01-26T14:5\d:\d\d\.\d{3}Z$/);
  const sequence = [...readings, ...broker.on("events")].map((message) => Number(message["seq"])).sort((left, right) => left - right);
  assert.deepEqual(
    sequence,
    Array.from({ length: sequence.length }, (_, index) => index + 1),
  );
});

test("the freezer stays around -18.5 and the mains around 221 over a day", async () => {
  const { clock, broker } = await runningFleet({ intervalMs: 10_000, seed: 4 });
  clock.advance(6 * 60 * minute);
  const readings = broker.on("telemetry");
  const airs = readings.map((reading) => (reading["environment"] as { temps: number[] }).temps[0] ?? Number.NaN);
  const volts = readings.map((reading) => (reading["system"] as { voltage: number }).voltage);
  const median = (values: number[]): number => values.sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
  assert.ok(Math.abs(median(airs) + 18.5) < 0.7, `median ${median(airs)}`);
  assert.ok(Math.abs(median(volts) - 221) < 1, `median ${median(volts)}`);
  assert.ok(Math.min(...volts) > 205 && Math.max(...volts) < 237);
  assert.ok(new Set(airs).size > 10, "the compressor cycles");
});

test("the same seed and clock give the same fleet; another seed or another start does not", async () => {
  const record = async (options: Partial<FleetOptions>): Promise<string> => {
    const { clock, broker } = await runningFleet({ count: 3, ...options });
    clock.advance(5 * minute);
    return JSON.stringify(broker.messages);
  };
  assert.equal(await record({ seed: 9 }), await record({ seed: 9 }));
  assert.notEqual(await record({ seed: 9 }), await record({ seed: 10 }));
  const boots = await Promise.all(
    [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)].map(async (startMs) => {
      const clock = new FakeClock(startMs);
      const broker = new MemoryBroker();
      const started = createFleet({ url: "mqtt://unused", count: 1, clock, connect: broker.connect, seed: 9 }).start();
      clock.advance(100);
      await started;
      return broker.on("status")[0]?.["boot"];
    }),
  );
  assert.notEqual(boots[0], boots[1], "a second start is not a repetition of the first");
});

test("sales, shakes and alarms happen, with severity and data", async () => {
  const { clock, broker, fleet } = await runningFleet({ count: 4, intervalMs: 5_000 });
  fleet.machine("VM-SH-002")?.breakFreezer();
  clock.advance(3 * 60 * minute);
  const events = broker.on("events");
  const ofType = (type: string) => events.filter((event) => event["type"] === type);
  assert.ok(ofType("vend_success").length > 50);
  assert.deepEqual(Object.keys(ofType("vend_success")[0]?.["data"] as object), ["product", "slot", "price", "currency"]);
  assert.ok(ofType("shake").length > 3);
  for (const { data, severity } of ofType("shake")) {
    const strengthG = (data as { strength_g: number }).strength_g;
    assert.equal(severity, strengthG >= 4.2 ? "critical" : strengthG >= 3.2 ? "warning" : "info");
  }
  const alarms = ofType("alarm").filter((event) => event["id"] === "VM-SH-002");
  assert.equal(alarms[0]?.["severity"], "critical");
  assert.equal(alarms[1]?.["severity"], "info");
  const states = alarms.map(({ data }) => data as { state: string; cleared: boolean }).map(({ state, cleared }) => [state, cleared]);
  assert.deepEqual(states.slice(0, 2), [
    ["raised", false],
    ["cleared", true],
  ]);
  assert.equal(new Set(events.map((event) => event["event_id"])).size, events.length);
});

test("a machine says online with its boot; cut off, its will says offline with that boot; back, it has another", async () => {
  const { clock, broker, fleet } = await runningFleet();
  fleet.machine("VM-SH-001")?.losePower(30_000);
  clock.advance(minute);
  await Promise.resolve();
  const [online, will, again] = broker.on("status");
  assert.equal(online?.["state"], "online");
  assert.equal(will?.["state"], "offline");
  assert.equal(will?.["boot"], online?.["boot"]);
  assert.equal(again?.["state"], "online");
  assert.notEqual(again?.["boot"], online?.["boot"]);
  const status = broker.messages.filter((message) => message.topic.endsWith("/status"));
  assert.ok(status.every((message) => message.retain && message.qos === 1));
});

test("a command is received, runs and is done; the same id again is answered and not repeated", async () => {
  const { clock, broker } = await runningFleet();
  const command = { cmd_id: "c1", name: "set_temperature", params: { target_c: -22 }, expires_at: "2026-01-26T15:50:00Z" };
  broker.command("VM-SH-001", command);
  clock.advance(minute);
  const states = (): string[] => broker.on("ack").map((ack) => `${String(ack["cmd_id"])} ${String(ack["state"])}`);
  assert.deepEqual(states(), ["c1 received", "c1 running", "c1 done"]);
  broker.command("VM-SH-001", { ...command, params: { target_c: 5 } });
  clock.advance(minute);
  assert.deepEqual(states().slice(3), ["c1 done"]);
  clock.advance(30 * minute);
  const last = broker.on("telemetry").at(-1)?.["environment"] as { temps: number[] };
  assert.ok((last.temps[0] ?? 0) < -20, "the freezer follows its new set point");
});

test("unknown, expired and impossible commands are rejected with the reason", async () => {
  const { clock, broker } = await runningFleet();
  broker.command("VM-SH-001", { cmd_id: "c1", name: "dance", params: {} });
  broker.command("VM-SH-001", { cmd_id: "c2", name: "ping", params: {}, expires_at: "2026-01-26T14:49:59Z" });
  broker.command("VM-SH-001", { cmd_id: "c3", name: "set_temperature", params: { target_c: 80 } });
  broker.command("VM-SH-001", { name: "ping" });
  clock.advance(minute);
  const acks = broker.on("ack").map(({ cmd_id, state, detail }) => [cmd_id, state, detail]);
  assert.deepEqual(acks, [
    ["c1", "rejected", "unknown command"],
    ["c2", "rejected", "expired"],
    ["c3", "rejected", "target_c must be -30 to 15"],
  ]);
});

test("restart goes offline, comes back with a new boot and only then is done", async () => {
  const { clock, broker } = await runningFleet();
  broker.command("VM-SH-001", { cmd_id: "r1", name: "restart", params: {} });
  clock.advance(1_000);
  assert.deepEqual(
    broker.on("status").map((status) => status["state"]),
    ["online", "offline"],
  );
  assert.equal(broker.on("ack").at(-1)?.["state"], "running");
  clock.advance(10_000);
  await Promise.resolve();
  const [before, , after] = broker.on("status");
  assert.notEqual(before?.["boot"], after?.["boot"]);
  assert.equal(broker.on("ack").at(-1)?.["state"], "done");
});

test("lock_sales stops the sales, fail_rate 1 fails everything", async () => {
  const locked = await runningFleet({ intervalMs: 5_000 });
  locked.broker.command("VM-SH-001", { cmd_id: "l1", name: "lock_sales", params: {} });
  locked.clock.advance(minute);
  const before = locked.broker.on("events").filter((event) => event["type"] === "vend_success").length;
  locked.clock.advance(120 * minute);
  assert.equal(locked.broker.on("events").filter((event) => event["type"] === "vend_success").length, before);
  const failing = await runningFleet({ failRate: 1 });
  failing.broker.command("VM-SH-001", { cmd_id: "p1", name: "ping", params: {} });
  failing.clock.advance(minute);
  assert.equal(failing.broker.on("ack").at(-1)?.["state"], "failed");
});

test("while nothing is acknowledged a machine keeps a bounded number of messages and counts the rest", async () => {
  const { clock, broker, fleet } = await runningFleet();
  broker.acknowledges = false;
  clock.advance(30 * minute);
  assert.ok(broker.messages.length <= 210, `${broker.messages.length} messages`);
  assert.ok(fleet.stats.dropped > 100);
});

test("stop says offline for every machine and sends nothing more", async () => {
  const { clock, broker, fleet } = await runningFleet({ count: 5 });
  await fleet.stop();
  assert.equal(broker.on("status").filter((status) => status["state"] === "offline").length, 5);
  const count = broker.messages.length;
  clock.advance(10 * minute);
  assert.equal(broker.messages.length, count);
  assert.equal(fleet.stats.connected, 0);
});

test("options that make no fleet are refused by name", () => {
  const clock = new FakeClock();
  for (const wrong of [{ count: 0 }, { count: 1.5 }, { intervalMs: 0 }, { failRate: 2 }, { prefix: "a/b" }, { firstNumber: -1 }]) {
    assert.throws(() => createFleet({ url: "mqtt://x", count: 1, clock, ...wrong }), RangeError);
  }
});

test("twenty machines show something soon, and few of them are in alarm at a time", async () => {
  const { clock, broker, fleet } = await runningFleet({ count: 20 });
  const startMs = clock.wallMs();
  clock.advance(6 * 60 * minute);
  const timed = broker.on("events").map((event) => ({ event, atMs: Date.parse(String(event["ts"])) - startMs }));
  const gaps = (wanted: (event: Record<string, unknown>) => boolean): number[] => {
    const times = timed.filter(({ event }) => wanted(event)).map(({ atMs }) => atMs);
    return times.slice(1).map((atMs, index) => atMs - times[index]!);
  };
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(mean(gaps((event) => event["type"] === "vend_success")) < 15_000);
  assert.ok(mean(gaps((event) => event["type"] === "shake" || event["type"] === "alarm")) < 4 * minute);
  // As the server counts: open from the event of a type on, for 15 minutes or until it says it is over.
  let machineMinutes = 0;
  for (const vmId of fleet.vmIds) {
    for (let atMs = 0; atMs < 6 * 60 * minute; atMs += minute) {
      const recent = timed.filter((one) => one.event["id"] === vmId && one.atMs <= atMs && atMs - one.atMs < 15 * minute);
      const freezer = recent.filter(({ event }) => event["type"] === "alarm").at(-1)?.event["severity"];
      const shaken = recent.some(({ event }) => event["type"] === "shake" && event["severity"] !== "info");
      if (shaken || freezer === "critical") machineMinutes++;
    }
  }
  const inAlarm = machineMinutes / (6 * 60);
  assert.ok(inAlarm > 0.5 && inAlarm < 5, `${inAlarm} of 20 in alarm on average`);
  const raised = timed.filter(({ event }) => event["type"] === "alarm");
  for (const { event, atMs } of raised.filter(({ event: { severity } }) => severity === "critical")) {
    if (atMs > 6 * 60 * minute - 15 * minute) continue;
    const end = raised.find((one) => one.event["id"] === event["id"] && one.atMs > atMs && one.event["severity"] === "info");
    assert.ok(end !== undefined && end.atMs - atMs < 15 * minute, "an alarm of the freezer says its end before it would end by age");
  }
});
