import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { connect as connectBytes, publish } from "../../testing/bytes.ts";
import { RecordingHandler } from "../../testing/embedded.ts";
import { openMosquittoConf, type RunningMosquitto, startMosquitto, withoutMosquitto } from "../../testing/mosquitto.ts";
import { RawDevice } from "../../testing/raw-device.ts";
import { realClock, seededChance, sleep, until } from "../../testing/real-clock.ts";
import { mosquittoAcl } from "../mosquitto/mosquitto-acl.ts";
import { defaultMosquittoOptions, mosquittoConf } from "../mosquitto/mosquitto-conf.ts";
import { createTopicLayout, inboundKinds } from "../topics.ts";
import { type BrokerConsumer, type BrokerConsumerOptions, createBrokerConsumer } from "./broker-consumer.ts";

const run = promisify(execFile);
const layout = createTopicLayout();
const machines = ["VM-SH-001", "VM-SH-002", "VM-SH-003"];

/** The configuration and rights that we ship, only moved to a free port and a folder of the test. */
function shipped(overrides: Partial<typeof defaultMosquittoOptions> = {}): Promise<RunningMosquitto> {
  return startMosquitto({
    conf: (port, folder) =>
      mosquittoConf({
        ...defaultMosquittoOptions,
        ...overrides,
        listeners: [{ address: "127.0.0.1", port }],
        passwordFile: `${folder}/passwd`,
        aclFile: `${folder}/acl`,
        persistenceLocation: `${folder}/`,
      }),
    acl: mosquittoAcl(),
    users: { fleetcast: "ingest-secret", ...Object.fromEntries(machines.map((machine) => [machine, "machine-secret"])) },
  });
}

interface Started {
  readonly consumer: BrokerConsumer;
  readonly handler: RecordingHandler;
  readonly lines: string[];
}

async function consume(port: number, options: Partial<BrokerConsumerOptions> = {}): Promise<Started> {
  const handler = new RecordingHandler();
  const lines: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  const consumer = createBrokerConsumer({
    url: `mqtt://127.0.0.1:${port}`,
    username: "fleetcast",
    password: "ingest-secret",
    clientId: "fleetcast-ingest",
    inflightMax: 2_000,
    topics: layout.filters(inboundKinds),
    clock: realClock,
    chance: seededChance(1),
    log: { debug: () => undefined, info: note, warn: note, error: note },
    ...options,
    handler,
    limits: { retryDelayMsMin: 20, retryDelayMsMax: 100, stopLimitMs: 200, ...options.limits },
  });
  await consumer.start();
  return { consumer, handler, lines };
}

/** `count` QoS 1 messages of one machine, numbered, all acknowledged by Mosquitto. */
async function send(port: number, machine: string, count: number, from = 0): Promise<void> {
  const device = await RawDevice.connected(port, { username: machine, password: "machine-secret", clientId: machine });
  for (let at = 0; at < count; at += 500) {
    const numbers = Array.from({ length: Math.min(500, count - at) }, (_, index) => at + index);
    device.write(
      Buffer.concat(
        numbers.map((number) => publish(`vm/${machine}/telemetry`, `${machine}:${from + number}`, { qos: 1, id: (number % 60_000) + 1 })),
      ),
    );
    await until(() => device.ids(4).length >= at + numbers.length, `${at + numbers.length} PUBACKs from mosquitto`, 20_000);
  }
  device.cut();
}

function numbersOf(handler: RecordingHandler, machine: string): number[] {
  return handler.payloads.filter((payload) => payload.startsWith(`${machine}:`)).map((payload) => Number(payload.split(":")[1]));
}

test("[D11] 1,900 messages are in flight before the first acknowledgement, in order, and the self-test sees the shipped window", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  try {
    const { consumer, handler, lines } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    assert.equal(consumer.stats.observedWindow, 64);
    assert.ok(!lines.some((line) => line.includes("DOES NOT RUN")), lines.join("\n"));
    handler.immediate = false;
    await send(mosquitto.port, "VM-SH-001", 3_000);
    await until(() => handler.waiting.length >= 1_900, "1,900 un-acknowledged messages");
    assert.equal(consumer.stats.acknowledged, 64, "only the self-test's own were acknowledged");
    while (handler.messages.length < 3_000 || handler.waiting.length > 0) {
      for (const done of handler.waiting.splice(0)) done();
      await sleep(5);
    }
    assert.deepEqual(
      numbersOf(handler, "VM-SH-001"),
      Array.from({ length: 3_000 }, (_, index) => index),
    );
    await until(() => consumer.stats.acknowledged === 3_064, "all acknowledged");
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[D12] what was not acknowledged comes again to the next consumer: nothing is lost when one dies", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  try {
    const first = await consume(mosquitto.port);
    await until(() => first.consumer.stats.observedWindow !== undefined, "the self-test ends");
    first.handler.immediate = false;
    await send(mosquitto.port, "VM-SH-001", 1_000);
    await until(() => first.handler.waiting.length === 1_000, "1,000 in flight");
    for (const done of first.handler.waiting.slice(0, 400)) done();
    await sleep(100);
    // As a killed process would: the 600 that are not stored are never answered. The take-over cuts the first one's link.
    const second = await consume(mosquitto.port);
    await until(() => numbersOf(second.handler, "VM-SH-001").length >= 600, "the rest comes again");
    await first.consumer.stop();
    const again = numbersOf(second.handler, "VM-SH-001");
    assert.deepEqual(
      again.slice(-600),
      Array.from({ length: 600 }, (_, index) => 400 + index),
    );
    assert.ok(second.handler.messages.some((message) => message.dup));
    await second.consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[D1] done(error) drops the connection without PUBACK; the message and all after it come again, in order", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  try {
    const { consumer, handler } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    handler.immediate = false;
    await send(mosquitto.port, "VM-SH-002", 50);
    await until(() => handler.waiting.length === 50, "50 in flight");
    for (const done of handler.waiting.splice(0, 10)) done();
    handler.waiting[0]?.(new Error("the store is away"));
    const before = handler.messages.length;
    handler.immediate = true;
    await until(() => numbersOf(handler, "VM-SH-002").slice(before).length >= 40, "40 come again");
    assert.deepEqual(
      numbersOf(handler, "VM-SH-002").slice(-40),
      Array.from({ length: 40 }, (_, index) => 10 + index),
    );
    assert.equal(consumer.stats.refused.get("not_stored"), 1);
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[F11] Mosquitto killed and restarted under load: reconnects by itself, per-machine order holds, acknowledged stays once", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped({ durability: "nothing_lost" });
  try {
    const { consumer, handler } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    await send(mosquitto.port, "VM-SH-001", 100);
    await until(() => numbersOf(handler, "VM-SH-001").length === 100, "the first hundred");
    await mosquitto.restart();
    await until(() => consumer.stats.connected, "connected again");
    await send(mosquitto.port, "VM-SH-001", 100, 100);
    await until(() => new Set(numbersOf(handler, "VM-SH-001")).size === 200, "the second hundred");
    const firstTimes = [...new Set(numbersOf(handler, "VM-SH-001"))];
    assert.deepEqual(
      firstTimes,
      Array.from({ length: 200 }, (_, index) => index),
    );
    assert.ok(consumer.stats.reconnects >= 1);
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("commands reach mosquitto_sub, resolve at PUBACK, and wait for a broker that is away", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  try {
    const { consumer } = await consume(mosquitto.port);
    const listener = spawn("mosquitto_sub", [
      ...["-h", "127.0.0.1", "-p", String(mosquitto.port), "-u", "VM-SH-001", "-P", "machine-secret", "-i", "VM-SH-001"],
      ...["-c", "-q", "1", "-t", "vm/VM-SH-001/cmd", "-C", "2", "-W", "20"],
    ]);
    let heard = "";
    listener.stdout.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
    });
    const exited = new Promise((resolve) => listener.once("exit", resolve));
    await until(() => mosquitto.log().includes("VM-SH-001"), "mosquitto_sub is connected");
    await sleep(200);
    await consumer.publish("vm/VM-SH-001/cmd", Buffer.from("first"), { qos: 1, retain: false });
    await until(() => heard.includes("first"), "the first command");
    // The listener's session is in the file only after the next autosave (D10).
    await sleep(2_200);
    await mosquitto.kill();
    await until(() => !consumer.stats.connected, "the loss is noticed");
    const second = consumer.publish("vm/VM-SH-001/cmd", Buffer.from("second"), { qos: 1, retain: false });
    assert.equal(consumer.stats.publishesPending, 1);
    await mosquitto.restart();
    await second;
    await until(() => heard.includes("second"), "the second command", 10_000);
    await exited;
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[A2] the shipped ACL: a machine writes its own topics and reads its own commands, nothing else", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  try {
    const { consumer, handler } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    const as = (user: string): string[] => ["-h", "127.0.0.1", "-p", String(mosquitto.port), "-u", user, "-P", "machine-secret", "-q", "1"];
    for (const topic of [
      "vm/VM-SH-002/telemetry",
      "vm/VM-SH-001/cmd",
      "fleetcast/selftest/x",
      "vm/VM-SH-001/other",
      "vm/VM-SH-001/telemetry",
    ]) {
      await run("mosquitto_pub", [...as("VM-SH-001"), "-t", topic, "-m", topic]);
    }
    await until(() => handler.messages.length === 1, "the one allowed message");
    await sleep(200);
    assert.deepEqual(handler.payloads, ["vm/VM-SH-001/telemetry"]);
    await assert.rejects(run("mosquitto_sub", [...as("VM-SH-001"), "-t", "vm/VM-SH-002/cmd", "-t", "vm/+/telemetry", "-W", "1"]));
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[D9] a broker with Mosquitto's defaults is recognised and warned about loudly", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await startMosquitto({ conf: openMosquittoConf });
  try {
    const { consumer, lines } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    assert.equal(consumer.stats.observedWindow, 20);
    assert.ok(lines.some((line) => line.includes("DOES NOT RUN WITH THE SETTINGS WE SHIP")));
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[I7] a paused consumer reads nothing; resumed it goes on", { skip: withoutMosquitto(), timeout: 30_000 }, async () => {
  const mosquitto = await shipped();
  try {
    const { consumer, handler } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    consumer.pause(true);
    await send(mosquitto.port, "VM-SH-003", 100);
    await sleep(200);
    assert.equal(handler.messages.length, 0);
    await mosquitto.restart();
    await until(() => consumer.stats.connected, "a paused consumer connects again, too");
    await send(mosquitto.port, "VM-SH-003", 100);
    await sleep(100);
    assert.equal(handler.messages.length, 0);
    consumer.pause(false);
    await until(() => new Set(numbersOf(handler, "VM-SH-003")).size === 100, "all hundred");
    await consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("a broker that is away at the start is waited for; one that refuses is named without the password", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await shipped();
  await mosquitto.kill();
  try {
    const { consumer, lines } = await consume(mosquitto.port);
    assert.equal(consumer.stats.connected, false);
    await mosquitto.restart();
    await until(() => consumer.stats.connected, "connected");
    await consumer.stop();
    const refused = await consume(mosquitto.port, { password: "wrong-secret" });
    assert.ok(
      refused.lines.some((line) => line.includes("not authorised")),
      refused.lines.join("\n"),
    );
    assert.ok(![...lines, ...refused.lines].some((line) => line.includes("secret")));
    await refused.consumer.stop();
  } finally {
    await mosquitto.stop();
  }
});

test("[M2] a message larger than the limit arrives cut and does not block the way", {
  skip: withoutMosquitto(),
  timeout: 30_000,
}, async () => {
  const mosquitto = await startMosquitto({ conf: openMosquittoConf });
  try {
    const { consumer, handler } = await consume(mosquitto.port);
    await until(() => consumer.stats.observedWindow !== undefined, "the self-test ends");
    const device = await RawDevice.open(mosquitto.port);
    device.write(connectBytes({ clientId: "big", username: "" }));
    await device.next(2);
    device.write(publish("vm/VM-SH-001/telemetry", Buffer.alloc(3_000_000, 0x61), { qos: 1, id: 1 }));
    device.write(publish("vm/VM-SH-001/telemetry", "small", { qos: 1, id: 2 }));
    await until(() => handler.messages.length === 2, "both messages");
    assert.ok((handler.messages[0]?.payload.length ?? 0) > 262_144);
    assert.ok((handler.messages[0]?.payload.length ?? 0) < 300_000);
    assert.equal(handler.payloads[1], "small");
    await consumer.stop();
    device.cut();
  } finally {
    await mosquitto.stop();
  }
});
