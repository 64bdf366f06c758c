import assert from "node:assert/strict";
import { test } from "node:test";
import { disconnect, pingreq, puback, publish, pubrel, subscribe } from "../../testing/bytes.ts";
import { withBroker } from "../../testing/embedded.ts";
import { RawDevice } from "../../testing/raw-device.ts";
import { sleep, until } from "../../testing/real-clock.ts";

const telemetry = "vm/VM-SH-001/telemetry";
const ids = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test("[D2] 200 QoS 1 publishes in one chunk reach the handler and are acknowledged in packet order", async () => {
  await withBroker(async ({ handler, port, broker }) => {
    const device = await RawDevice.connected(port);
    device.write(Buffer.concat(ids(200).map((id) => publish(telemetry, `m${id}`, { qos: 1, id }))));
    await until(() => device.ids(4).length === 200, "200 PUBACKs");
    assert.deepEqual(device.ids(4), ids(200));
    assert.deepEqual(
      handler.payloads,
      ids(200).map((id) => `m${id}`),
    );
    assert.equal(broker.stats.received, 200);
    assert.equal(broker.stats.acknowledged, 200);
  });
});

test("[D1] PUBACK leaves only after done, and in packet order when the handler finishes out of order", async () => {
  await withBroker(async ({ handler, port }) => {
    handler.immediate = false;
    const device = await RawDevice.connected(port);
    device.write(Buffer.concat([1, 2, 3].map((id) => publish(telemetry, `m${id}`, { qos: 1, id }))));
    await until(() => handler.waiting.length === 3, "three messages handed over");
    handler.waiting[2]?.();
    handler.waiting[1]?.();
    await sleep(50);
    assert.deepEqual(device.ids(4), []);
    handler.waiting[0]?.();
    await until(() => device.ids(4).length === 3, "three PUBACKs");
    assert.deepEqual(device.ids(4), [1, 2, 3]);
  });
});

test("[D1] done(error) closes without PUBACK, and a late done of that connection acknowledges nothing", async () => {
  await withBroker(async ({ handler, port, broker }) => {
    handler.immediate = false;
    const device = await RawDevice.connected(port);
    device.write(Buffer.concat([1, 2].map((id) => publish(telemetry, `m${id}`, { qos: 1, id }))));
    await until(() => handler.waiting.length === 2, "two messages handed over");
    handler.waiting[0]?.(new Error("disk"));
    await device.closes();
    handler.waiting[1]?.();
    assert.deepEqual(device.ids(4), []);
    assert.equal(broker.stats.refused.get("not_stored"), 1);
    assert.equal(broker.stats.acknowledged, 0);
  });
});

test("QoS 0, 1 and 2 of one device keep their order; QoS 2 is handed over once and released", async () => {
  await withBroker(async ({ handler, port }) => {
    const device = await RawDevice.connected(port);
    device.write(
      Buffer.concat([
        publish(telemetry, "a", { qos: 2, id: 7 }),
        publish(telemetry, "b"),
        publish(telemetry, "a", { qos: 2, id: 7, dup: true }),
        publish(telemetry, "c", { qos: 1, id: 8 }),
        pubrel(7),
        publish(telemetry, "d", { qos: 2, id: 7 }),
        pubrel(999),
      ]),
    );
    await until(() => device.ids(7).length === 2, "two PUBCOMPs");
    assert.deepEqual(handler.payloads, ["a", "b", "c", "d"]);
    assert.deepEqual(device.ids(5), [7, 7, 7]);
    assert.deepEqual(device.ids(7), [7, 999]);
  });
});

test("a machine gets its commands, live and after it was away with a kept session", async () => {
  await withBroker(async ({ port, broker }) => {
    const command = "vm/VM-SH-001/cmd";
    const first = await RawDevice.connected(port, { clean: false });
    first.write(subscribe(1, [command, 1]));
    const suback = await first.next(9);
    assert.deepEqual([...suback.body], [0, 1, 1]);
    await broker.publish(command, Buffer.from("live"), { qos: 1, retain: false });
    const live = await first.next(3);
    assert.equal(live.body.subarray(2 + command.length + 2).toString(), "live");
    first.write(puback(live.body.readUInt16BE(2 + command.length)));
    first.write(disconnect);
    await first.closes();
    for (const text of ["one", "two"]) await broker.publish(command, Buffer.from(text), { qos: 1, retain: false });
    const second = await RawDevice.connected(port, { clean: false });
    const texts = [await second.next(3), await second.next(3)].map((packet) => packet.body.subarray(2 + command.length + 2).toString());
    assert.deepEqual(texts, ["one", "two"]);
  });
});

test("[A2] a machine subscribes only inside its own subtree; the rest is answered with 128, one code a filter", async () => {
  await withBroker(async ({ port, broker }) => {
    const device = await RawDevice.connected(port);
    const own = "vm/VM-SH-001/#";
    device.write(
      subscribe(5, ["#", 0], ["vm/VM-SH-002/cmd", 1], [own, 2], ["$SYS/#", 0], ["$share/g/vm/VM-SH-001/cmd", 1], ["vm/+/cmd", 1], [own, 1]),
    );
    const suback = await device.next(9);
    assert.deepEqual([...suback.body.subarray(2)], [128, 128, 1, 128, 128, 128, 1]);
    await broker.publish("vm/VM-SH-002/cmd", Buffer.from("foreign"), { qos: 1, retain: false });
    await broker.publish("vm/VM-SH-001/cmd", Buffer.from("own"), { qos: 1, retain: false });
    const delivery = await device.next(3);
    assert.ok(delivery.body.toString().includes("own"));
    await sleep(50);
    assert.equal(device.packets.filter((packet) => packet.type === 3).length, 0);
  });
});

test("a machine that listens to its own subtree hears what was stored, and retained messages on subscribe", async () => {
  await withBroker(async ({ port }) => {
    const device = await RawDevice.connected(port);
    device.write(publish("vm/VM-SH-001/status", "kept", { qos: 1, id: 3, retain: true }));
    await device.next(4);
    device.write(subscribe(1, ["vm/VM-SH-001/#", 1]));
    await device.next(9);
    const retained = await device.next(3);
    assert.equal(retained.flags & 1, 1);
    device.write(publish(telemetry, "again", { qos: 1, id: 4 }));
    const echoed = await device.next(3);
    assert.ok(echoed.body.toString().endsWith("again"));
  });
});

test("PINGREQ is answered, also with a surplus byte [M15]", async () => {
  await withBroker(async ({ port, broker }) => {
    const device = await RawDevice.connected(port);
    device.write(pingreq);
    await device.next(13);
    device.write(Buffer.from([0xc0, 1, 0]));
    await device.next(13);
    assert.equal(broker.stats.tolerated.get("surplus_in_pingreq"), 1);
  });
});
