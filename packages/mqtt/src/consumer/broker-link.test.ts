import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { connect, field, lengthBytes, packet, publish } from "../../testing/bytes.ts";
import { RecordingHandler } from "../../testing/embedded.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { realClock, seededChance, sleep, until } from "../../testing/real-clock.ts";
import type { MqttClock } from "../ports.ts";
import { type BrokerConsumer, createBrokerConsumer } from "./broker-consumer.ts";
import { parseBrokerUrl } from "./broker-url.ts";

const connack = Buffer.from([0x20, 2, 0, 0]);

/** A broker that answers every connection with the bytes it is told to. */
async function withFakeBroker(
  answer: (socket: net.Socket, connection: number) => void,
  scenario: (consumer: BrokerConsumer, handler: RecordingHandler, heard: Buffer[], lines: string[]) => Promise<void>,
  clock: MqttClock = realClock,
  handler: RecordingHandler = new RecordingHandler(),
): Promise<void> {
  const heard: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => heard.push(chunk));
    answer(socket, connections++);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const lines: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const consumer = createBrokerConsumer({
    url: `mqtt://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    clientId: "consumer",
    inflightMax: 50,
    topics: ["vm/+/telemetry"],
    handler,
    clock,
    chance: seededChance(5),
    log: { debug: note, info: note, warn: note, error: note },
    limits: { retryDelayMsMin: 10, retryDelayMsMax: 40, stopLimitMs: 100 },
  });
  await consumer.start();
  try {
    await scenario(consumer, handler, heard, lines);
  } finally {
    await consumer.stop();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const garbage: ReadonlyArray<readonly [name: string, bytes: Buffer]> = [
  ["a CONNACK without a code", Buffer.from([0x20, 1, 0])],
  ["a CONNACK of 200 bytes (CVE-2021-28166 class)", packet(0x20, Buffer.alloc(200, 0xff))],
  ["an empty CONNACK", Buffer.from([0x20, 0])],
  ["HTTP", Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")],
  ["a PUBLISH instead of CONNACK", publish("vm/x/telemetry", "x")],
  ["two CONNACKs", Buffer.concat([connack, connack])],
  ["a CONNECT", connect({})],
  ["a PUBLISH that ends in its topic", Buffer.concat([connack, Buffer.from([0x30, 3, 0, 9, 0x61])])],
  ["a PUBLISH of one byte", Buffer.concat([connack, Buffer.from([0x30, 1, 0])])],
  ["packet id 0", Buffer.concat([connack, publish("vm/x/telemetry", "x", { qos: 1, id: 0 })])],
  ["QoS 2", Buffer.concat([connack, publish("vm/x/telemetry", "x", { qos: 2, id: 1 })])],
  ["a topic that is no UTF-8", Buffer.concat([connack, packet(0x30, field(Buffer.from([0xc3, 0x28])), "x")])],
  ["a length of five bytes", Buffer.concat([connack, Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])])],
  ["zeroes", Buffer.alloc(1_000)],
];

test("[R1] what is not MQTT ends the connection with a reason, never the process, and the consumer comes back", {
  timeout: 30_000,
}, async () => {
  for (const [name, bytes] of garbage) {
    await withFakeBroker(
      (socket, connection) => socket.write(connection === 0 ? bytes : connack),
      async (consumer, handler, _heard, lines) => {
        await until(() => consumer.stats.reconnects >= 1 && consumer.stats.connected, `${name}: ${lines.join("\n")}`);
        assert.ok(
          lines.some((line) => line.includes('"reason"')),
          name,
        );
        assert.equal(handler.messages.length, 0, name);
      },
    );
  }
});

test("[R1] random bytes after CONNACK never throw", { timeout: 30_000 }, async () => {
  const chance = seededChance(77);
  const random = (): Buffer =>
    Buffer.from(Array.from({ length: 1 + Math.floor(chance.random() * 200) }, () => Math.floor(chance.random() * 256)));
  await withFakeBroker(
    (socket) => socket.end(Buffer.concat([connack, random(), random()])),
    async (consumer) => {
      await until(() => consumer.stats.reconnects > 60, "sixty connections", 15_000);
    },
  );
});

test("a message above the limit is read to its end and handed over cut; its PUBACK leaves in its turn", async () => {
  const large = Buffer.concat([
    Buffer.from([0x32]),
    lengthBytes(4 + 14 + 400_000),
    field("vm/x/telemetry"),
    Buffer.from([0, 7]),
    Buffer.alloc(400_000, 0x61),
  ]);
  await withFakeBroker(
    (socket) => socket.write(Buffer.concat([connack, large, publish("vm/x/telemetry", "after", { qos: 1, id: 8 })])),
    async (_consumer, handler, heard) => {
      await until(() => handler.messages.length === 2, "both messages");
      assert.ok((handler.messages[0]?.payload.length ?? 0) < 270_000);
      assert.equal(handler.payloads[1], "after");
      await until(() => Buffer.concat(heard).includes(Buffer.from("4002000740020008", "hex")), "both PUBACKs, in order");
    },
  );
});

test("not more than the window is taken; PUBACKs leave in packet order though the handler answers backwards", async () => {
  const slow = new RecordingHandler();
  slow.immediate = false;
  const messages = Buffer.concat(
    Array.from({ length: 200 }, (_, index) => publish("vm/x/telemetry", `${index}`, { qos: 1, id: index + 1 })),
  );
  await withFakeBroker(
    (socket) => socket.write(Buffer.concat([connack, messages])),
    async (_consumer, handler, heard) => {
      await until(() => handler.messages.length >= 50, "a window full");
      await sleep(50);
      assert.equal(handler.messages.length, 50);
      while (handler.waiting.length > 0 || handler.messages.length < 200) {
        for (const done of handler.waiting.splice(0).reverse()) done();
        await sleep(2);
      }
      const expected = Buffer.concat(
        Array.from({ length: 200 }, (_, index) => Buffer.from([0x40, 2, (index + 1) >> 8, (index + 1) & 0xff])),
      );
      await until(() => acknowledgements(heard).length === expected.length, "200 PUBACKs");
      assert.ok(acknowledgements(heard).equals(expected));
    },
    realClock,
    slow,
  );
});

test("[F14] a broker that falls silent is left after 1.5 keep-alives, with pings before", async () => {
  const clock = new FakeClock();
  await withFakeBroker(
    (socket) => socket.write(connack),
    async (consumer, _handler, heard, lines) => {
      assert.equal(consumer.stats.connected, true);
      clock.advance(30_000);
      await until(() => Buffer.concat(heard).includes(Buffer.from([0xc0, 0])), "a ping");
      clock.advance(31_000);
      await until(() => lines.some((line) => line.includes("silent")), "the silence is named");
    },
    clock,
  );
});

test("publishes that the broker does not acknowledge are sent again with DUP, in order, and are bounded", async () => {
  await withFakeBroker(
    (socket) => socket.write(connack),
    async (consumer, _handler, heard) => {
      const first = consumer.publish("vm/a/cmd", Buffer.from("one"), { qos: 1, retain: false });
      const second = consumer.publish("vm/a/cmd", Buffer.from("two"), { qos: 1, retain: false });
      await until(() => Buffer.concat(heard).includes(publish("vm/a/cmd", "two", { qos: 1, id: 2 })), "both are sent");
      assert.equal(consumer.stats.publishesPending, 2);
      await consumer.stop();
      await assert.rejects(first);
      await assert.rejects(second);
      await assert.rejects(consumer.publish("vm/a/cmd", Buffer.from("three"), { qos: 1, retain: false }));
    },
  );
  await withFakeBroker(
    (socket, connection) => {
      socket.write(connack);
      if (connection === 0) setTimeout(() => socket.destroy(), 100);
      else socket.write(Buffer.from([0x40, 2, 0, 1, 0x40, 2, 0, 2]));
    },
    async (consumer, _handler, heard) => {
      const both = [1, 2].map((number) => consumer.publish("vm/a/cmd", Buffer.from(`${number}`), { qos: 1, retain: false }));
      await Promise.all(both);
      const again = [1, 2].map((id) => publish("vm/a/cmd", `${id}`, { qos: 1, id, dup: true }));
      await until(() => Buffer.concat(heard).includes(Buffer.concat(again)), "both again, in order");
    },
  );
});

test("the broker's address: scheme, port, IPv6, credentials; what is none is refused without showing the password", () => {
  assert.deepEqual(parseBrokerUrl("mqtt://broker"), {
    host: "broker",
    port: 1883,
    secure: false,
    username: undefined,
    password: undefined,
  });
  assert.deepEqual(parseBrokerUrl("mqtts://u%40x:p%2F1@[::1]:9"), { host: "::1", port: 9, secure: true, username: "u@x", password: "p/1" });
  for (const wrong of ["", "broker:1883", "http://u:geheim@x", "mqtt://", "mqtt://u:geheim@host/path"]) {
    assert.throws(
      () => parseBrokerUrl(wrong),
      (error: unknown) => error instanceof RangeError && !error.message.includes("geheim"),
      wrong,
    );
  }
});

function acknowledgements(heard: readonly Buffer[]): Buffer {
  const all = Buffer.concat(heard);
  const start = all.indexOf(Buffer.from([0x40, 2, 0, 1]));
  return start === -1 ? Buffer.alloc(0) : all.subarray(start);
}
