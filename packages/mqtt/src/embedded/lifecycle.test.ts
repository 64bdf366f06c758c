import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { connect, disconnect, packet, publish, subscribe } from "../../testing/bytes.ts";
import { RecordingHandler, withBroker } from "../../testing/embedded.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { RawDevice } from "../../testing/raw-device.ts";
import { realClock, sleep, until } from "../../testing/real-clock.ts";
import { createEmbeddedBroker } from "./embedded-broker.ts";
import { ListenError } from "./listeners.ts";

const status = "vm/VM-SH-001/status";
const will = { topic: status, payload: "gone", qos: 1, retain: true };
const wills = (handler: RecordingHandler): string[] =>
  handler.messages.filter((message) => message.will).map((message) => Buffer.from(message.payload).toString());

test("[I8] a cut line publishes the will once, retained, after everything that was sent before it", async () => {
  await withBroker(async ({ port, handler }) => {
    const device = await RawDevice.connected(port, { will });
    device.write(publish("vm/VM-SH-001/telemetry", "last words", { qos: 1, id: 1 }));
    await device.next(4);
    device.cut();
    await until(() => handler.changes.length === 2, "the machine is gone");
    assert.deepEqual(handler.payloads, ["last words", "gone"]);
    const [, message] = handler.messages;
    assert.equal(message?.will, true);
    assert.equal(message?.retain, true);
    assert.equal(message?.qos, 1);
    assert.equal(message?.vmId, "VM-SH-001");
    assert.deepEqual(handler.changes, [
      { vmId: "VM-SH-001", connected: true },
      { vmId: "VM-SH-001", connected: false, graceful: false },
    ]);
    const again = await RawDevice.connected(port);
    again.write(subscribe(1, [status, 1]));
    await again.next(9);
    assert.ok((await again.next(3)).body.toString().endsWith("gone"), "the will is retained");
  });
});

test("[I8] no will after DISCONNECT, after a take-over, after revocation and when we stop; one after a violation and after silence", async () => {
  const clock = new FakeClock();
  await withBroker(
    async ({ port, handler, broker }) => {
      const polite = await RawDevice.connected(port, { will });
      polite.write(disconnect);
      await polite.closes();
      const old = await RawDevice.connected(port, { will });
      const taker = await RawDevice.connected(port, { will });
      await old.closes();
      assert.equal(taker.closed, false);
      broker.disconnectMachine("VM-SH-001");
      await taker.closes();
      await until(() => broker.stats.machines === 0, "all are gone");
      assert.deepEqual(wills(handler), []);

      const violating = await RawDevice.connected(port, { will: { ...will, payload: "violated" } });
      violating.write(packet(0x30, [0, 0]));
      await violating.closes();
      const silent = await RawDevice.connected(port, { will: { ...will, payload: "silent" }, keepaliveS: 10 });
      clock.advance(16_000);
      await silent.closes();
      await until(() => wills(handler).length === 2, "two wills");
      assert.deepEqual(wills(handler), ["violated", "silent"]);

      await RawDevice.connected(port, { will: { ...will, payload: "stopped" } });
      await broker.stop();
      assert.equal(wills(handler).length, 2);
    },
    { clock },
  );
});

test("[I8] a half-open old connection of a machine with made-up client ids has no will once a newer one has the same", async () => {
  await withBroker(async ({ port, handler, broker }) => {
    const halfOpen = await RawDevice.connected(port, { clientId: "random-1", will });
    await sleep(5);
    const live = await RawDevice.connected(port, { clientId: "random-2", will });
    halfOpen.cut();
    await until(() => broker.stats.connections === 1, "the old one is gone");
    await sleep(30);
    assert.deepEqual(wills(handler), []);
    assert.equal(handler.changes.filter((change) => !change.connected).length, 0, "the machine is still there");
    live.cut();
    await until(() => wills(handler).length === 1, "the live one's will");
  });
});

test("[F24] one client id twice: the older connection is closed, no acknowledgement crosses over", async () => {
  await withBroker(async ({ port, handler, broker }) => {
    handler.immediate = false;
    const old = await RawDevice.connected(port, { clean: false });
    old.write(publish("vm/VM-SH-001/telemetry", "pending", { qos: 1, id: 77 }));
    await until(() => handler.waiting.length === 1, "handed over");
    const taker = await RawDevice.connected(port, { clean: false });
    await old.closes();
    handler.waiting[0]?.();
    await sleep(50);
    assert.deepEqual(taker.ids(4), []);
    assert.deepEqual(old.ids(4), []);
    assert.equal(broker.stats.connections, 1);
    assert.deepEqual(
      handler.changes.map((change) => change.connected),
      [true, true],
    );
  });
});

test("[A2] another machine with the same client id evicts nobody and shares no session", async () => {
  await withBroker(async ({ port, broker }) => {
    const mine = await RawDevice.connected(port, { username: "VM-A", clientId: "VM-A", clean: false });
    mine.write(subscribe(1, ["vm/VM-A/cmd", 1]));
    await mine.next(9);
    const thief = await RawDevice.connected(port, { username: "VM-B", clientId: "VM-A", clean: false });
    await sleep(50);
    assert.equal(mine.closed, false);
    await broker.publish("vm/VM-A/cmd", Buffer.from("for A"), { qos: 1, retain: false });
    await mine.next(3);
    await sleep(30);
    assert.equal(thief.packets.length, 0);
  });
});

test("[F24] 100 take-overs in a row end with one live connection and no will", { timeout: 30_000 }, async () => {
  await withBroker(async ({ port, handler, broker }) => {
    const devices: RawDevice[] = [];
    for (let index = 0; index < 100; index++) devices.push(await RawDevice.connected(port, { will, clean: index % 2 === 0 }));
    const last = devices.at(-1);
    await until(() => devices.filter((device) => !device.closed).length === 1, "one is left");
    assert.equal(last?.closed, false);
    assert.equal(broker.stats.machines, 1);
    assert.deepEqual(wills(handler), []);
    last?.write(publish("vm/VM-SH-001/telemetry", "alive", { qos: 1, id: 1 }));
    await last?.next(4);
    last?.write(subscribe(1, ["vm/VM-SH-001/cmd", 1]));
    await last?.next(9);
    await broker.publish("vm/VM-SH-001/cmd", Buffer.from("x"), { qos: 1, retain: false });
    await last?.next(3);
  });
});

test("a ninth connection of one machine ends its oldest", async () => {
  await withBroker(async ({ port, broker }) => {
    const devices: RawDevice[] = [];
    for (let index = 0; index < 9; index++) devices.push(await RawDevice.connected(port, { clientId: `c${index}` }));
    await devices[0]?.closes();
    assert.equal(broker.stats.connections, 8);
  });
});

test("[A3] authentication: refused, failing, and answered after the device left; the password arrives as bytes", async () => {
  await withBroker(async ({ port, handler, broker }) => {
    const code = async (): Promise<number | undefined> => {
      const device = await RawDevice.open(port);
      device.write(connect({ password: "pass\u00e9" }));
      const connack = await device.next(2);
      await device.closes();
      return connack.body[1];
    };
    for (const refused of [2, 4, 5] as const) {
      handler.verdict = () => ({ ok: false, code: refused });
      assert.equal(await code(), refused);
    }
    handler.verdict = () => {
      throw new Error("the store of credentials is away");
    };
    assert.equal(await code(), 3);
    handler.verdict = () => ({ ok: true, vmId: "not/a/machine" });
    assert.equal(await code(), 4);
    assert.equal(Buffer.from(handler.attempts[0]?.password ?? []).toString(), "passé");
    assert.equal(handler.attempts[0]?.loopback, true);
    handler.verdict = async () => {
      await sleep(50);
      return { ok: true, vmId: "VM-SH-001" };
    };
    const impatient = await RawDevice.open(port);
    impatient.write(connect({}));
    await sleep(10);
    impatient.cut();
    // While the verdict is awaited the socket is not read, so the loss may be noticed before or after it: never is the machine left as connected.
    await until(() => broker.stats.connections === 0, "it is gone");
    assert.ok(handler.changes.at(-1)?.connected !== true);
  });
});

test("what comes in one chunk with CONNECT waits for the verdict and is then handled in order", async () => {
  await withBroker(async ({ port, handler }) => {
    handler.verdict = async () => {
      await sleep(30);
      return { ok: true, vmId: "VM-SH-001" };
    };
    const device = await RawDevice.open(port);
    device.write(
      Buffer.concat([connect({}), publish("vm/VM-SH-001/telemetry", "early"), publish("vm/VM-SH-001/telemetry", "next"), disconnect]),
    );
    await device.closes();
    assert.deepEqual(handler.payloads, ["early", "next"]);
    assert.equal(device.packets[0]?.type, 2);
  });
});

test("a port in use is thrown with code, address and port, and nothing stays open", async () => {
  const taken = net.createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as net.AddressInfo;
  const broker = createEmbeddedBroker({ addresses: ["127.0.0.1", "::1"], port, clock: realClock, handler: new RecordingHandler() });
  await assert.rejects(broker.start(), (error: unknown) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.code, "EADDRINUSE");
    assert.equal(error.address, "127.0.0.1");
    assert.equal(error.port, port);
    assert.ok(error.message.includes(String(port)));
    return true;
  });
  taken.close();
});

test("both loopback addresses are listened on; an address that the machine does not have is no error for IPv6", async () => {
  const handler = new RecordingHandler();
  const broker = createEmbeddedBroker({ addresses: ["127.0.0.1", "::1", "2001:db8::1"], port: 0, clock: realClock, handler });
  await broker.start();
  const four = await RawDevice.open(broker.port, "127.0.0.1");
  four.write(connect({}));
  await four.next(2);
  const hasIpv6 = await RawDevice.open(broker.port, "::1").then(
    (six) => {
      six.write(connect({ clientId: "six" }));
      return six.next(2).then(() => true);
    },
    () => false,
  );
  assert.ok(handler.attempts.every((attempt) => attempt.loopback));
  assert.equal(handler.attempts.length, hasIpv6 ? 2 : 1);
  await broker.stop();
  await assert.rejects(RawDevice.open(broker.port === 0 ? 1 : broker.port));
});

test("[R3] stop accepts nobody, waits for what is being stored, acknowledges it and closes", async () => {
  await withBroker(
    async ({ port, handler, broker }) => {
      handler.immediate = false;
      const device = await RawDevice.connected(port);
      device.write(publish("vm/VM-SH-001/telemetry", "x", { qos: 1, id: 5 }));
      await until(() => handler.waiting.length === 1, "handed over");
      const stopped = broker.stop();
      await sleep(30);
      assert.equal(device.closed, false);
      handler.waiting[0]?.();
      await stopped;
      await device.closes();
      assert.deepEqual(device.ids(4), [5]);
      await assert.rejects(RawDevice.open(port));
      assert.equal(broker.stats.connections, 0);
    },
    { limits: { stopLimitMs: 2_000 } },
  );
});

test("[R3] stop ends within its limit when a store never answers, and acknowledges nothing", async () => {
  await withBroker(async ({ port, handler, broker }) => {
    handler.immediate = false;
    const device = await RawDevice.connected(port);
    device.write(publish("vm/VM-SH-001/telemetry", "x", { qos: 1, id: 5 }));
    await until(() => handler.waiting.length === 1, "handed over");
    const startMs = performance.now();
    await broker.stop();
    assert.ok(performance.now() - startMs < 1_000);
    await device.closes();
    assert.deepEqual(device.ids(4), []);
  });
});

test("[D1] an exception in the handler is an answer of not stored, and the process lives", async () => {
  await withBroker(async ({ port, handler, broker }) => {
    handler.message = () => {
      throw new Error("a bug of ours");
    };
    const device = await RawDevice.connected(port);
    device.write(publish("vm/VM-SH-001/telemetry", "x", { qos: 1, id: 5 }));
    await device.closes();
    assert.deepEqual(device.ids(4), []);
    assert.equal(broker.stats.refused.get("not_stored"), 1);
  });
});

test("publish to a wildcard, an empty topic or with forbidden characters is refused to the caller", async () => {
  await withBroker(async ({ broker }) => {
    for (const topic of ["vm/+/cmd", "vm/#", "", "vm/\u0000/cmd"]) {
      await assert.rejects(broker.publish(topic, Buffer.from("x"), { qos: 1, retain: false }));
    }
  });
});
