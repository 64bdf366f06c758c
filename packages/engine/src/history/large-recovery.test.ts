import assert from "node:assert/strict";
import { DeltaReader, EngineBench, test } from "../../testing/index.ts";

const namespaces = {
  vm: {
    allowSubscribeForClient: true,
    historySize: 100,
    historyTtlMs: 60_000,
    forceRecovery: true,
    presence: true,
    allowedDeltaTypes: ["fossil"],
    deltaPublish: true,
  },
} as const;
const bench = () => new EngineBench({ namespaces, options: { queueBytesMax: 4_000, pingIntervalMs: 0 } });
const payload = (n: number) => JSON.stringify({ n, pad: "some words ".repeat(9) });

async function publish(b: EngineBench, channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, payload(n));
}

test("[REC8] what was missed and is more than a connection may queue is not recovered, and said so; live goes on", async () => {
  const b = bench();
  await publish(b, "vm:a", 1, 50);
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 2 });
  assert.deepEqual(
    [subscribe.recovered, subscribe.publications, subscribe.offset, subscribe.was_recovering],
    [undefined, undefined, 50, true],
  );
  await publish(b, "vm:a", 51, 51);
  assert.deepEqual(
    client.publications("vm:a").map(({ offset }) => offset),
    [51],
  );
  const near = await b.connect();
  const recovered = await near.subscribe("vm:a", { recover: true, offset: 40 });
  assert.deepEqual([recovered["subscribe"].recovered, recovered["subscribe"].publications.length], [true, 11]);
});

test("[REC8] with the reject flag it is 112, and nothing is left of the subscription", async () => {
  const b = bench();
  await publish(b, "vm:a", 1, 50);
  const client = await b.connect();
  assert.equal((await client.subscribe("vm:a", { recover: true, offset: 2, flag: 2 }))["error"]?.code, 112);
  assert.deepEqual([b.engine.stats().subscriptions, b.engine.presence("vm:a").size], [0, 0]);
  assert.ok((await client.subscribe("vm:a"))["subscribe"]);
});

test("[REC8] a connect whose subscriptions missed too much together recovers none of those that missed something", async () => {
  const b = bench();
  const channels = ["vm:a", "vm:b", "vm:c"];
  for (const channel of channels.slice(0, 2)) await publish(b, channel, 1, 20);
  const subs = Object.fromEntries(channels.map((channel) => [channel, { recover: true }]));
  const client = await b.connect({ user: "ann", channels }, { subs });
  const told = client.messages.find((message) => "connect" in message)?.["connect"].subs;
  assert.deepEqual(
    channels.map((channel) => [told[channel].recovered, told[channel].offset]),
    [
      [undefined, 20],
      [undefined, 20],
      [true, undefined],
    ],
  );
  await publish(b, "vm:a", 21, 21);
  assert.deepEqual(
    client.publications("vm:a").map(({ offset }) => offset),
    [21],
  );
});

test("[REC8] [DL11] a delta subscriber begins its chain anew then", async () => {
  const b = bench();
  for (let n = 1; n <= 60; n++) await b.publish("vm:a", JSON.stringify({ n, pad: String(n * 7_919).repeat(20) }));
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, delta: "fossil" });
  assert.deepEqual([subscribe.recovered, subscribe.delta], [undefined, true]);
  await publish(b, "vm:a", 61, 62);
  assert.deepEqual(new DeltaReader().readAll(client.publications("vm:a")), [61, 62].map(payload));
});
