import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, EngineBench, type TestClient, token, type Wire } from "../testing/index.ts";

const namespaces = { vm: { allowSubscribeForClient: true, historySize: 10, historyTtlMs: 60_000, forceRecovery: true } };
const oneWay = { transport: "uni_websocket", oneWay: true, protocol: "json" } as const;

/** A subscriber of `vm:a` in each format. */
async function subscribers(b: EngineBench): Promise<{ json: TestClient; oneWay: TestClient; protobuf: TestClient }> {
  const json = await b.connect({ user: "j" }, {}, { protocol: "json" });
  await json.subscribe("vm:a");
  const protobuf = await b.connect({ user: "p" }, {}, { protocol: "protobuf" });
  await protobuf.subscribe("vm:a");
  const pushed = b.open(oneWay);
  pushed.say(JSON.stringify({ token: token({ user: "o", channels: ["vm:a"] }) }));
  await b.clock.settle();
  return { json, oneWay: pushed, protobuf };
}

const dataOf = (pushes: readonly Wire[]): unknown[] => pushes.flatMap((push) => ("pub" in push ? [push["pub"]["data"]] : []));

test("[PR18] one channel feeds JSON, one-way JSON and Protobuf subscribers, each in its own format", async () => {
  const b = new EngineBench({ namespaces });
  const all = await subscribers(b);
  for (const n of [1, 2, 3]) await b.publish("vm:a", `{"n":${n}}`);
  const expected = [{ n: 1 }, { n: 2 }, { n: 3 }];
  assert.deepEqual(dataOf(all.json.pushes), expected);
  assert.deepEqual(dataOf(all.protobuf.pushes), expected);
  assert.deepEqual(dataOf(all.oneWay.messages), expected);
  assert.ok(all.protobuf.socket.arrived.every((frame) => typeof frame !== "string"));
  assert.ok(all.json.socket.arrived.every((frame) => typeof frame === "string"));
});

test("[PR18] [C21] a publication that is no JSON ends the JSON subscribers with 3506, and only them", async () => {
  const b = new EngineBench({ namespaces });
  const all = await subscribers(b);
  const data = new Uint8Array([0, 255, 10]);
  await b.engine.publish({ channel: "vm:a", data });
  await b.publish("vm:a", "2");
  assert.deepEqual([all.json.closeCode, all.oneWay.closeCode, all.protobuf.closeCode], [3506, 3506, undefined]);
  assert.deepEqual(dataOf(all.protobuf.pushes), [data, 2]);
  assert.deepEqual([b.engine.stats().connections, b.engine.stats().subscriptions], [1, 1]);
});

test("[PR18] what one tick produced leaves joined in each format, and positions are the same", async () => {
  const b = new EngineBench({ namespaces });
  const { json, protobuf } = await subscribers(b);
  const before = [json.socket.arrived.length, protobuf.socket.arrived.length];
  await Promise.all([1, 2, 3, 4, 5].map((n) => b.engine.publish({ channel: "vm:a", data: bytes(String(n)) })));
  await b.clock.settle();
  assert.deepEqual([json.socket.arrived.length, protobuf.socket.arrived.length], [before[0]! + 1, before[1]! + 1]);
  assert.deepEqual(json.publications("vm:a"), protobuf.publications("vm:a"));
});

test("[PR18] where formats stand mixed, subscribers of one still share the frame that their messages join into", async () => {
  const b = new EngineBench({ namespaces });
  const clients: TestClient[] = [];
  for (let n = 0; n < 6; n++) {
    const client = await b.connect({ user: `u${n}` }, {}, { protocol: n % 2 === 0 ? "json" : "protobuf" });
    await client.subscribe("vm:a");
    clients.push(client);
  }
  await Promise.all([1, 2, 3].map((n) => b.engine.publish({ channel: "vm:a", data: bytes(String(n)) })));
  await b.clock.settle();
  const [first, ...others] = clients.filter((_, n) => n % 2 === 1).map((client) => client.socket.arrived.at(-1));
  assert.ok(first instanceof Uint8Array);
  for (const other of others) assert.equal(other, first);
});

test("[PR15] a Protobuf connection is pinged with one byte, and answers with one", async () => {
  const b = new EngineBench({ namespaces });
  const client = await b.connect({ user: "p" }, {}, { protocol: "protobuf" });
  while (client.pingCount === 0) await b.clock.advance(1_000);
  assert.deepEqual(client.socket.arrived.at(-1), new Uint8Array([0]));
  client.say(new Uint8Array([0]));
  assert.equal(client.closeCode, undefined);
  client.say(new Uint8Array([0]));
  assert.equal(client.closeCode, 3501);
});

test("[C10] [C11] [C20] what is no Protobuf ends a Protobuf connection with 3501, before connect and after it", async () => {
  const frames = [
    new Uint8Array(),
    bytes('{"id":1,"connect":{}}'),
    new Uint8Array([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2]),
    new Uint8Array([0xfc, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    new Uint8Array([3, 0x08, 1]),
  ];
  const b = new EngineBench({ namespaces });
  for (const frame of frames) {
    const early = b.open({ protocol: "protobuf" });
    early.say(frame);
    const late = await b.connect({ user: "p" }, {}, { protocol: "protobuf" });
    late.say(frame);
    assert.deepEqual([early.closeCode, late.closeCode], [3501, 3501], String(frame));
  }
  assert.deepEqual(b.reports, []);
});
