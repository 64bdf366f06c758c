import assert from "node:assert/strict";
import { test } from "node:test";
import tls from "node:tls";
import { connect, publish } from "../testing/bytes.ts";
import { selfSigned } from "../testing/certificate.ts";
import { RecordingHandler, withBroker } from "../testing/embedded.ts";
import { RawDevice } from "../testing/raw-device.ts";
import { realClock, seededChance, sleep, until } from "../testing/real-clock.ts";
import { createBrokerConsumer } from "./consumer/broker-consumer.ts";

const certificate = selfSigned();
const skip = certificate === undefined ? "openssl is not installed: NOT TESTED" : false;

test("[S15] the embedded broker speaks TLS to devices; a plain one is not served", {
  skip,
  timeout: 20_000,
}, async () => {
  await withBroker(
    async ({ handler, broker }) => {
      const port = broker.tlsPort;
      const socket = tls.connect({ port, host: "127.0.0.1", servername: "localhost", ca: certificate?.cert });
      const heard: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => heard.push(chunk));
      await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
      socket.write(Buffer.concat([connect({}), publish("vm/VM-SH-001/telemetry", "secret", { qos: 1, id: 3 })]));
      await until(() => Buffer.concat(heard).length === 8, "CONNACK and PUBACK");
      assert.equal(Buffer.concat(heard).toString("hex"), "2002000040020003");
      assert.deepEqual(handler.payloads, ["secret"]);
      socket.destroy();
      const plain = await RawDevice.open(port);
      plain.write(connect({}));
      await plain.closes();
      assert.ok(
        plain.packets.every((packet) => packet.type !== 2),
        "no CONNACK, at most a TLS alert",
      );
      assert.equal(handler.attempts.length, 1);
      await until(() => broker.stats.connections === 0, "gone");
    },
    { tls: { addresses: ["127.0.0.1"], port: 0, cert: certificate?.cert ?? "", key: certificate?.key ?? "" } },
  );
});

test("the consumer speaks mqtts with a given authority, and refuses a certificate it does not know", {
  skip,
  timeout: 20_000,
}, async () => {
  await withBroker(
    async ({ handler, broker }) => {
      const port = broker.tlsPort;
      const lines: string[] = [];
      const note = (fields: Readonly<Record<string, unknown>>, message: string): void =>
        void lines.push(`${message} ${JSON.stringify(fields)}`);
      const options = {
        url: `mqtts://localhost:${port}`,
        username: "VM-SH-001",
        password: "p",
        clientId: "consumer",
        inflightMax: 10,
        topics: ["vm/VM-SH-001/cmd"],
        handler: new RecordingHandler(),
        clock: realClock,
        chance: seededChance(3),
        log: { debug: note, info: note, warn: note, error: note },
      };
      const trusting = createBrokerConsumer({ ...options, ca: certificate?.cert });
      await trusting.start();
      assert.equal(trusting.stats.connected, true, lines.join("\n"));
      await trusting.publish("vm/VM-SH-001/telemetry", Buffer.from("over TLS"), { qos: 1, retain: false });
      assert.deepEqual(handler.payloads, ["over TLS"]);
      await trusting.stop();
      const wary = createBrokerConsumer(options);
      await wary.start();
      assert.equal(wary.stats.connected, false);
      await wary.stop();
      await sleep(10);
    },
    { tls: { addresses: ["127.0.0.1"], port: 0, cert: certificate?.cert ?? "", key: certificate?.key ?? "" } },
  );
});
