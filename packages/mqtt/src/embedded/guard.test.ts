import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, disconnect, lengthBytes, packet, pingreq, puback, publish, pubrel, subscribe } from "../../testing/bytes.ts";
import { withBroker } from "../../testing/embedded.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { RawDevice } from "../../testing/raw-device.ts";
import { seededChance, sleep, until } from "../../testing/real-clock.ts";

const topic = "vm/VM-SH-001/telemetry";

/** A dialogue with one of everything; what it leads to is known. */
const dialogue = Buffer.concat([
  connect({ clientId: "VM-SH-001", will: { topic: "vm/VM-SH-001/status", payload: "gone", qos: 1, retain: true } }),
  subscribe(1, ["vm/VM-SH-001/cmd", 1], ["vm/VM-SH-002/cmd", 1]),
  publish(topic, "a", { qos: 1, id: 10 }),
  publish(topic, "b"),
  publish(topic, "c".repeat(300), { qos: 2, id: 11 }),
  pubrel(11),
  pingreq,
  publish("vm/VM-SH-001/events", "d", { qos: 1, id: 12, dup: true }),
  disconnect,
]);
const handedOver = ["a", "b", "c".repeat(300), "d"];

function answers(device: RawDevice): string {
  return device.packets
    .map((received) => `${received.type}:${received.body.toString("hex")}`)
    .sort()
    .join(" ");
}

test("[M22] one byte per write gives the same answers as one chunk", { timeout: 30_000 }, async () => {
  await withBroker(async ({ handler, port }) => {
    const whole = await RawDevice.open(port);
    whole.write(dialogue);
    await whole.closes();
    assert.deepEqual(handler.payloads, handedOver);
    const sliced = await RawDevice.open(port);
    for (const byte of dialogue) {
      sliced.write(Buffer.from([byte]));
      // A tick between the bytes, so that the kernel does not put them together again.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await sliced.closes();
    assert.deepEqual(handler.payloads, [...handedOver, ...handedOver]);
    assert.equal(answers(sliced), answers(whole));
  });
});

test("[M22] the stream cut at every byte hands over a prefix, each message whole, and leaves nothing behind", {
  timeout: 60_000,
}, async () => {
  await withBroker(async ({ handler, port, broker }) => {
    for (let length = 0; length < dialogue.length; length += 1) {
      const before = handler.messages.length;
      const device = await RawDevice.open(port);
      device.write(dialogue.subarray(0, length));
      device.end();
      await device.closes();
      await until(() => broker.stats.connections === 0 && broker.stats.outstanding === 0, `nothing is left after ${length} bytes`);
      const got = handler.messages.slice(before).filter((message) => !message.will);
      assert.deepEqual(
        got.map((message) => Buffer.from(message.payload).toString()),
        handedOver.slice(0, got.length),
        `cut after ${length} bytes`,
      );
    }
    assert.equal(broker.stats.machines, 0);
  });
});

test("[M2] 256 MiB declared costs its header, before CONNECT, as CONNECT and after it", async () => {
  await withBroker(async ({ port, broker }) => {
    const huge = lengthBytes(268_435_455);
    for (const first of [0x30, 0x10]) {
      const device = await RawDevice.open(port);
      device.write(Buffer.concat([Buffer.from([first]), huge]));
      await device.closes(1_000);
    }
    const connected = await RawDevice.connected(port);
    connected.write(Buffer.concat([Buffer.from([0x32]), huge]));
    await connected.closes(1_000);
    assert.equal(broker.stats.refused.get("not_connect_first"), 1);
    assert.equal(broker.stats.refused.get("connect_too_large"), 1);
    assert.equal(broker.stats.refused.get("packet_too_large"), 1);
  });
});

test("[D3] a declared 256 KiB is only kept as far as it arrived: 200 such sockets cost little", { timeout: 30_000 }, async () => {
  await withBroker(async ({ port, broker }) => {
    const devices: RawDevice[] = [];
    for (let index = 0; index < 200; index++) {
      const device = await RawDevice.connected(port, { username: `VM-${index}`, clientId: "c" });
      devices.push(device);
    }
    const before = process.memoryUsage().rss;
    for (const device of devices) device.write(Buffer.concat([Buffer.from([0x32]), lengthBytes(262_000), Buffer.alloc(1_000)]));
    await sleep(300);
    const grownBytes = process.memoryUsage().rss - before;
    // Kept as declared it would be 52 MB.
    assert.ok(grownBytes < 26_000_000, `grew by ${grownBytes} bytes`);
    assert.equal(broker.stats.connections, 200);
    for (const device of devices) device.cut();
  });
});

test("[M3] a byte and then silence, and nothing at all, are closed within 10 s; a drip of bytes does not help", async () => {
  const clock = new FakeClock();
  await withBroker(
    async ({ port, broker }) => {
      const silent = await RawDevice.open(port);
      const one = await RawDevice.open(port);
      one.write(Buffer.from([0x10]));
      await until(() => broker.stats.connections === 2, "both are accepted");
      const drip = connect({});
      for (let second = 0; second < 9; second++) {
        one.write(drip.subarray(second + 1, second + 2));
        clock.advance(1_000);
        await sleep(5);
      }
      assert.equal(broker.stats.connections, 2);
      clock.advance(1_000);
      await silent.closes();
      await one.closes();
      assert.equal(broker.stats.refused.get("connect_timeout"), 2);
    },
    { clock },
  );
});

test("[D5] keep-alive: 1.5 times as long and not longer; 0 is held to the cap; bytes that make no packet are no life", async () => {
  const clock = new FakeClock();
  await withBroker(
    async ({ port, broker }) => {
      const ten = await RawDevice.connected(port, { username: "VM-10", keepaliveS: 10 });
      const none = await RawDevice.connected(port, { username: "VM-0", keepaliveS: 0 });
      const drip = await RawDevice.connected(port, { username: "VM-DRIP", keepaliveS: 10 });
      drip.write(Buffer.from([0x30, 100]));
      for (let second = 0; second < 14; second++) {
        clock.advance(1_000);
        drip.write(Buffer.from([0]));
        await sleep(2);
      }
      assert.equal(broker.stats.connections, 3);
      clock.advance(2_000);
      await ten.closes();
      await drip.closes();
      assert.equal(broker.stats.connections, 1);
      clock.advance(100_000);
      await none.closes();
      assert.equal(broker.stats.refused.get("keepalive_timeout"), 3);
    },
    { clock, limits: { keepaliveSMax: 60 } },
  );
});

test("[F21] sockets that never authenticate are bounded, and a connected machine does not notice", async () => {
  await withBroker(
    async ({ port, broker, handler }) => {
      const machine = await RawDevice.connected(port);
      const flood = await Promise.all(Array.from({ length: 60 }, () => RawDevice.open(port)));
      await until(() => flood.filter((device) => device.closed).length === 40, "40 are closed at once");
      assert.equal(broker.stats.refused.get("pending_per_address_max"), 40);
      machine.write(publish(topic, "still here", { qos: 1, id: 1 }));
      await machine.next(4);
      assert.deepEqual(handler.payloads, ["still here"]);
      for (const device of flood) device.cut();
      await until(() => broker.stats.connections === 1, "the flood is gone");
      await RawDevice.connected(port, { username: "VM-2" });
    },
    { limits: { pendingPerAddressMax: 20 } },
  );
});

test("[I7] a machine that sends faster than we store is not read beyond its bound, and loses nothing", { timeout: 30_000 }, async () => {
  await withBroker(
    async ({ port, handler, broker }) => {
      handler.immediate = false;
      const device = await RawDevice.connected(port);
      const count = 5_000;
      device.write(Buffer.concat(Array.from({ length: count }, (_, index) => publish(topic, `${index}`, { qos: 1, id: index + 1 }))));
      await sleep(200);
      assert.equal(handler.messages.length, 100);
      assert.equal(broker.stats.outstanding, 100);
      while (handler.messages.length < count) {
        for (const done of handler.waiting.splice(0)) done();
        await sleep(1);
      }
      for (const done of handler.waiting.splice(0)) done();
      await until(() => device.ids(4).length === count, "all are acknowledged");
      assert.deepEqual(
        handler.payloads,
        Array.from({ length: count }, (_, index) => `${index}`),
      );
    },
    { limits: { inflightMessagesMax: 100 } },
  );
});

test("[I7] paused, nothing is read from any machine, its silence counts for nothing; resumed, all is there in order", async () => {
  const clock = new FakeClock();
  await withBroker(
    async ({ port, handler, broker }) => {
      const device = await RawDevice.connected(port, { keepaliveS: 5 });
      broker.pause(true);
      const newcomer = await RawDevice.open(port);
      newcomer.write(connect({ username: "VM-NEW" }));
      device.write(Buffer.concat(Array.from({ length: 50 }, (_, index) => publish(topic, `${index}`, { qos: 1, id: index + 1 }))));
      await sleep(100);
      clock.advance(60_000);
      await sleep(20);
      assert.equal(handler.messages.length, 0);
      assert.equal(device.closed, false);
      broker.pause(false);
      await until(() => device.ids(4).length === 50, "all fifty");
      await newcomer.next(2);
    },
    { clock },
  );
});

test("[D4] a machine that reads nothing is cut; another one's commands do not wait for it", { timeout: 30_000 }, async () => {
  await withBroker(
    async ({ port, broker }) => {
      const deaf = await RawDevice.connected(port, { username: "VM-DEAF", clientId: "d" });
      const well = await RawDevice.connected(port, { username: "VM-WELL", clientId: "w" });
      for (const [device, name] of [
        [deaf, "VM-DEAF"],
        [well, "VM-WELL"],
      ] as const) {
        device.write(subscribe(1, [`vm/${name}/cmd`, 1]));
        await device.next(9);
      }
      deaf.stopReading();
      const big = Buffer.alloc(200_000, 0x61);
      const toDeaf = Array.from({ length: 100 }, () =>
        broker.publish("vm/VM-DEAF/cmd", big, { qos: 1, retain: false }).catch(() => undefined),
      );
      for (let index = 0; index < 20; index++) await broker.publish("vm/VM-WELL/cmd", Buffer.from(`${index}`), { qos: 1, retain: false });
      await until(() => well.packets.filter((received) => received.type === 3).length === 20, "the healthy one gets all", 3_000);
      await until(() => broker.stats.connections === 1, "the deaf one is cut", 10_000);
      await Promise.all(toDeaf);
    },
    { limits: { drainTimeoutMs: 1_000 } },
  );
});

test("[D4] a machine that pauses reading and goes on gets every command whole, between its acknowledgements", {
  timeout: 30_000,
}, async () => {
  await withBroker(
    async ({ port, broker }) => {
      const device = await RawDevice.connected(port);
      device.write(subscribe(1, ["vm/VM-SH-001/cmd", 1]));
      await device.next(9);
      device.stopReading();
      const count = 300;
      const sent = Array.from({ length: count }, (_, index) =>
        broker.publish("vm/VM-SH-001/cmd", Buffer.alloc(20_000, index), { qos: 1, retain: false }),
      );
      device.write(Buffer.concat(Array.from({ length: count }, (_, index) => publish(topic, `${index}`, { qos: 1, id: index + 1 }))));
      await sleep(200);
      device.readAgain();
      await Promise.all(sent);
      const deliveries = () => device.packets.filter((received) => received.type === 3);
      await until(() => deliveries().length === count && device.ids(4).length === count, "everything", 10_000);
      for (const [index, { body }] of deliveries().entries()) {
        assert.ok(body.subarray(2 + 16 + 2).equals(Buffer.alloc(20_000, index)), `command ${index} is whole`);
      }
    },
    { limits: { outboundBytesMax: 16_777_216 } },
  );
});

test("[M21] one QoS 2 id 10,000 times without PUBREL is one message; 1,001 ids are too many", { timeout: 30_000 }, async () => {
  await withBroker(async ({ port, handler, broker }) => {
    const device = await RawDevice.connected(port);
    device.write(Buffer.concat(Array.from({ length: 10_000 }, () => publish(topic, "once", { qos: 2, id: 5, dup: true }))));
    await until(() => device.ids(5).length === 10_000, "each is answered");
    assert.equal(handler.messages.length, 1);
    device.write(Buffer.concat(Array.from({ length: 1_001 }, (_, index) => publish(topic, "x", { qos: 2, id: index + 100 }))));
    await device.closes();
    assert.equal(broker.stats.refused.get("qos2_pending"), 1);
  });
});

test("a kept session remembers its QoS 2 ids over a reconnect; a clean one does not", async () => {
  await withBroker(async ({ port, handler }) => {
    for (const clean of [false, true]) {
      const from = handler.messages.length;
      for (let attempt = 0; attempt < 2; attempt++) {
        const device = await RawDevice.connected(port, { clean, clientId: `s-${clean}` });
        device.write(publish(topic, "x", { qos: 2, id: 9, dup: attempt > 0 }));
        await device.next(5);
        device.cut();
      }
      assert.equal(handler.messages.length - from, clean ? 2 : 1);
    }
  });
});

test("[F27] retained messages are bounded by machine, and gone when the machine is revoked", async () => {
  await withBroker(async ({ port, broker }) => {
    const device = await RawDevice.connected(port);
    device.write(
      Buffer.concat(
        Array.from({ length: 1_000 }, (_, index) => publish(`vm/VM-SH-001/x/${index}`, "kept", { qos: 1, id: index + 1, retain: true })),
      ),
    );
    await until(() => device.ids(4).length === 1_000, "all are acknowledged");
    assert.ok(broker.stats.retainedBytes < 16 * 40);
    assert.equal(broker.stats.dropped, 984);
    broker.disconnectMachine("VM-SH-001");
    await device.closes();
    assert.equal(broker.stats.retainedBytes, 0);
  });
});

test("commands for a machine that is away are bounded: the newest are kept", async () => {
  await withBroker(async ({ port, broker }) => {
    const first = await RawDevice.connected(port, { clean: false });
    first.write(subscribe(1, ["vm/VM-SH-001/cmd", 1]));
    await first.next(9);
    first.write(disconnect);
    await first.closes();
    for (let index = 0; index < 300; index++) await broker.publish("vm/VM-SH-001/cmd", Buffer.from(`${index}`), { qos: 1, retain: false });
    assert.equal(broker.stats.dropped, 300 - 256);
    const second = await RawDevice.connected(port, { clean: false });
    await until(() => second.packets.filter((received) => received.type === 3).length === 256, "256 commands");
    const numbers = second.packets
      .filter((received) => received.type === 3)
      .map((received) => Number(received.body.subarray(2 + 16 + 2).toString()));
    assert.deepEqual(
      numbers,
      Array.from({ length: 256 }, (_, index) => index + 44),
    );
    second.write(puback(1));
  });
});

test("[R1] mutated streams never throw, never reach another machine, and leave nothing behind", { timeout: 60_000 }, async () => {
  const seed = 20_261;
  const chance = seededChance(seed);
  const pick = (max: number): number => Math.floor(chance.random() * max);
  await withBroker(async ({ port, handler, broker }) => {
    const endMs = performance.now() + 3_000;
    let runs = 0;
    while (performance.now() < endMs) {
      const batch = Array.from({ length: 20 }, async () => {
        const bytes = mutate(dialogue, pick);
        const device = await RawDevice.open(port);
        device.write(bytes);
        device.end();
        await device.closes(3_000).catch(() => device.cut());
      });
      await Promise.all(batch);
      runs += batch.length;
    }
    await until(() => broker.stats.connections === 0 && broker.stats.machines === 0, `nothing is left (seed ${seed}, ${runs} runs)`);
    assert.equal(broker.stats.outstanding, 0);
    assert.ok(runs > 200, `${runs} runs`);
    for (const message of handler.messages) {
      assert.ok(message.topic.startsWith(`vm/${message.vmId}/`), message.topic);
      assert.ok(!message.topic.startsWith("$"));
    }
  });
});

function mutate(bytes: Buffer, pick: (max: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let change = pick(3); change >= 0; change--) copy[pick(copy.length)] = pick(256);
  const cut = pick(4) === 0 ? copy.subarray(0, pick(copy.length)) : copy;
  return pick(4) === 0 ? Buffer.concat([cut, packet(pick(256), copy.subarray(pick(copy.length)))]) : cut;
}
