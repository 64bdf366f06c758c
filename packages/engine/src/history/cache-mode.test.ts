import assert from "node:assert/strict";
import { type BenchSetup, DeltaReader, EngineBench, test, type Wire } from "../../testing/index.ts";

const cached = {
  allowSubscribeForClient: true,
  historySize: 10,
  historyTtlMs: 60_000,
  forceRecovery: true,
  forceRecoveryMode: "cache",
} as const;
const bench = (setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: {
      asked: cached,
      auto: { ...cached, autoCacheRecover: true },
      stream: { ...cached, forceRecoveryMode: "stream", autoCacheRecover: true },
      off: { ...cached, forceRecovery: false, allowRecovery: true, autoCacheRecover: true },
      delta: { ...cached, autoCacheRecover: true, allowedDeltaTypes: ["fossil"], deltaPublish: true },
    },
    ...setup,
  });
const payload = (n: number) => JSON.stringify({ n, text: "some text ".repeat(10) });

async function publish(b: EngineBench, channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, payload(n));
}

async function ask(b: EngineBench, channel: string, request: Readonly<Record<string, unknown>> = {}): Promise<Wire> {
  return (await (await b.connect()).subscribe(channel, request))["subscribe"] ?? {};
}

const outcome = ({ recovered, publications, offset, was_recovering }: Wire) => [
  recovered === true,
  ((publications ?? []) as readonly Wire[]).map((publication) => publication["offset"]),
  offset ?? 0,
  was_recovering === true,
];

test("[REC6] cache mode gives the latest publication to whoever asks and does not have it, at any position", async () => {
  const b = bench();
  await publish(b, "asked:a", 1, 3);
  const { epoch } = await ask(b, "asked:a");
  assert.deepEqual(outcome(await ask(b, "asked:a")), [false, [], 3, false]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true })), [true, [3], 0, true]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 2, epoch })), [true, [3], 2, true]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 3, epoch })), [true, [], 3, true]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 3, epoch: "other" })), [true, [3], 3, true]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 9, epoch, flag: 2 })), [true, [3], 9, true]);
});

test("[REC6] a stream that holds nothing recovers only who stands at its top, and nobody at its beginning", async () => {
  const b = bench();
  const { epoch } = await ask(b, "asked:a");
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, epoch, flag: 2 })), [false, [], 0, true]);
  await publish(b, "asked:a", 1, 2);
  await b.engine.historyRemove("asked:a");
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 1, epoch, flag: 2 })), [false, [], 2, true]);
  assert.deepEqual(outcome(await ask(b, "asked:a", { recover: true, offset: 2, epoch })), [true, [], 2, true]);
});

test("[REC7] with auto_cache_recover the latest publication comes with every subscribe", async () => {
  const b = bench();
  assert.deepEqual(outcome(await ask(b, "auto:a")), [false, [], 0, true]);
  await publish(b, "auto:a", 1, 3);
  assert.deepEqual(outcome(await ask(b, "auto:a")), [true, [3], 0, true]);
  assert.deepEqual(outcome(await ask(b, "auto:a", { offset: 3, epoch: "other" })), [true, [3], 3, true]);
  const client = await b.connect({ user: "ann", channels: ["auto:a"] });
  await publish(b, "auto:a", 4, 4);
  const connected = client.messages.find((message) => "connect" in message)?.["connect"] ?? {};
  assert.deepEqual(outcome(connected["subs"]["auto:a"]), [true, [3], 0, true]);
  assert.deepEqual(
    client.publications("auto:a").map(({ offset }) => offset),
    [4],
  );
});

test("[REC7] auto_cache_recover does nothing in stream mode, and nothing where the subscription does not recover", async () => {
  const b = bench();
  await publish(b, "stream:a", 1, 3);
  await publish(b, "off:a", 1, 3);
  assert.deepEqual(outcome(await ask(b, "stream:a")), [false, [], 3, false]);
  assert.deepEqual(outcome(await ask(b, "off:a")), [false, [], 0, false]);
  assert.deepEqual(outcome(await ask(b, "off:a", { recoverable: true })), [true, [3], 0, true]);
});

test("[REC6] [DL11] with delta the latest publication comes whole, and live ones are patches to it at once", async () => {
  const b = bench();
  await publish(b, "delta:a", 1, 3);
  const client = await b.connect();
  const { subscribe } = await client.subscribe("delta:a", { delta: "fossil" });
  await publish(b, "delta:a", 4, 5);
  const all = [...subscribe["publications"], ...client.publications("delta:a")];
  assert.deepEqual(new DeltaReader().readAll(all), [3, 4, 5].map(payload));
  assert.deepEqual(
    all.map(({ delta }) => delta === true),
    [false, true, true],
  );
});

test("[REC6] what is published while the latest is read comes live behind the reply, once", async () => {
  const b = bench();
  await publish(b, "auto:a", 1, 3);
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"auto:a"}}');
  await b.clock.settle();
  await publish(b, "auto:a", 4, 5);
  b.gate.releaseReads();
  await b.clock.settle();
  await publish(b, "auto:a", 6, 6);
  const recovered = client.reply(9)?.["subscribe"]["publications"] as readonly Wire[];
  assert.deepEqual(
    [...recovered, ...client.publications("auto:a")].map(({ offset }) => offset),
    [5, 6],
  );
});
