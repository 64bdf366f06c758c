import assert from "node:assert/strict";
import { streams } from "../configs/streams.ts";
import type { Client } from "../harness/client.ts";
import { deltaPayloads } from "../harness/fossil.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "delta",
  title: "Delta compression",
  about: "Who is sent patches, of what, and when a publication comes whole.",
  config: streams,
});

/** A payload whose change stands at its beginning, and which never repeats itself: there is one patch that anybody would make of it. */
const payload = (n: number): unknown => [
  n,
  "温度 is normal, the door of machine seven was closed at noon, 湿度 unknown; nobody has to come before friday",
];
const payloads = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => payload(from + at));

async function publish(side: Side, channel: string, from: number, to: number, more: Wire = {}): Promise<void> {
  for (let n = from; n <= to; n++) await side.publish(channel, payload(n), more);
}

async function publications(client: Client, channel: string, count: number): Promise<Wire[]> {
  const taken: Wire[] = [];
  for (let n = 0; n < count; n++) taken.push(await client.push("pub", channel));
  return taken;
}

const areDeltas = (all: readonly Wire[]) => all.map(({ delta }) => delta === true);

/** A rule about one delta subscriber: what its channel gets, and what comes of it. */
function told(
  id: string,
  what: string,
  setup: { readonly namespace?: string; readonly more?: Wire; readonly before?: (side: Side, channel: string) => Promise<void> },
  live: (side: Side, channel: string) => Promise<void>,
  expected: { readonly deltas: readonly boolean[]; readonly payloads: readonly unknown[] },
): void {
  rule(`[${id}] ${what}`, async (side) => {
    const channel = side.channel(`${setup.namespace ?? "delta"}:a`);
    await setup.before?.(side, channel);
    const client = await side.connect();
    const result = await client.subscribe(channel, { delta: "fossil", ...setup.more });
    assert.equal(result["delta"], true);
    await live(side, channel);
    const recovered = (result["publications"] ?? []) as Wire[];
    const all = [...recovered, ...(await publications(client, channel, expected.deltas.length - recovered.length))];
    assert.deepEqual(areDeltas(all), expected.deltas);
    assert.deepEqual(deltaPayloads(all), expected.payloads);
  });
}

rule("[DL6.1] delta is granted where the namespace allows it, and only to who asks", async (side) => {
  const client = await side.connect();
  assert.equal((await client.subscribe(side.channel("delta:a"), { delta: "fossil" }))["delta"], true);
  assert.equal((await client.subscribe(side.channel("delta:b")))["delta"], undefined);
  assert.equal((await client.subscribe(side.channel("deltaout:a"), { delta: "fossil" }))["delta"], undefined);
  assert.equal((await client.subscribe(side.channel("deltaloose:a"), { delta: "fossil" }))["delta"], true);
});

rule("[DL6.2] who did not ask gets publications as they are", async (side) => {
  const client = await side.connect();
  for (const channel of [side.channel("delta:b"), side.channel("deltaout:a")]) {
    await client.subscribe(channel);
    await publish(side, channel, 1, 2);
    assert.deepEqual(
      (await publications(client, channel, 2)).map(({ data }) => data),
      payloads(1, 2),
    );
  }
});

rule("[DL6.3] a connect asks for its server-side subscriptions in `subs`", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.open();
  const reply = await client.ok(
    "connect",
    side.connectRequest({ claims: { channels: [channel] }, request: { subs: { [channel]: { delta: "fossil" } } } }),
  );
  assert.equal(reply["subs"][channel].delta, true);
  await publish(side, channel, 1, 3);
  const all = await publications(client, channel, 3);
  assert.deepEqual(areDeltas(all), [false, true, true]);
  assert.deepEqual(deltaPayloads(all), payloads(1, 3));
});

rule("[DL6.4] an unknown delta in `subs` is not granted, and no reason to refuse", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.open();
  const reply = await client.ok(
    "connect",
    side.connectRequest({ claims: { channels: [channel] }, request: { subs: { [channel]: { delta: "xdelta" } } } }),
  );
  assert.equal(reply["subs"][channel].delta, undefined);
  await publish(side, channel, 1, 1);
  assert.deepEqual((await client.push("pub", channel))["data"], payload(1));
});

told("DL7.1", "the first publication comes whole, later ones as patches", {}, (side, channel) => publish(side, channel, 1, 4), {
  deltas: [false, true, true, true],
  payloads: payloads(1, 4),
});

told(
  "DL7.2",
  "a subscriber that comes into a stream gets its first publication whole, too",
  { before: (side, channel) => publish(side, channel, 1, 3) },
  (side, channel) => publish(side, channel, 4, 5),
  { deltas: [false, true], payloads: payloads(4, 5) },
);

rule("[DL7.3] a patch is a patch to what came before it, whoever else is subscribed", async (side) => {
  const channel = side.channel("delta:a");
  const first = await side.connect();
  await first.subscribe(channel, { delta: "fossil" });
  await publish(side, channel, 1, 2);
  const second = await side.connect();
  await second.subscribe(channel, { delta: "fossil" });
  const plain = await side.connect();
  await plain.subscribe(channel);
  await publish(side, channel, 3, 5);
  const [ofFirst, ofSecond] = [await publications(first, channel, 5), await publications(second, channel, 3)];
  assert.deepEqual(deltaPayloads(ofFirst), payloads(1, 5));
  assert.deepEqual(deltaPayloads(ofSecond), payloads(3, 5));
  assert.deepEqual(areDeltas(ofSecond), [false, true, true]);
  assert.deepEqual(
    (await publications(plain, channel, 3)).map(({ data }) => data),
    payloads(3, 5),
  );
});

rule("[DL8.1] towards JSON every `data` is a string, in Protobuf it is bytes", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await client.subscribe(channel, { delta: "fossil" });
  await publish(side, channel, 1, 2);
  const [whole, patch] = await publications(client, channel, 2);
  if (side.format.name === "json") assert.equal(whole?.["data"], JSON.stringify(payload(1)));
  else assert.deepEqual(whole?.["data"], payload(1));
  assert.deepEqual([whole?.["offset"], patch?.["offset"]], [1, 2]);
});

rule("[DL8.2] tags, and who published, are told with a patch", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await client.subscribe(channel, { delta: "fossil" });
  const other = await side.connect();
  for (const n of [1, 2]) await other.ok("publish", { channel, data: payload(n) });
  await publish(side, channel, 3, 3, { tags: { kind: "x" } });
  const all = await publications(client, channel, 3);
  assert.deepEqual(
    all.map(({ info, tags }) => [info?.user, tags]),
    [
      [side.user(), undefined],
      [side.user(), undefined],
      [undefined, { kind: "x" }],
    ],
  );
  assert.deepEqual(deltaPayloads(all), payloads(1, 3));
});

rule("[DL8.3] epoch and version are not told to JSON subscribers, in Protobuf not with a patch", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await client.subscribe(channel, { delta: "fossil" });
  await publish(side, channel, 1, 1, { version: 5 });
  await publish(side, channel, 2, 2, { version: 6 });
  await side.publish(channel, 3, { version: 7 });
  const all = await publications(client, channel, 3);
  const isJson = side.format.name === "json";
  assert.deepEqual(
    all.map(({ version, epoch }) => [version, epoch !== undefined]),
    [isJson ? [undefined, false] : [5, true], [undefined, false], [undefined, false]],
  );
});

told(
  "DL3.1",
  "what is not smaller as a patch comes whole, and is what the next patch is made from",
  {},
  async (side, channel) => {
    await publish(side, channel, 1, 2);
    await side.publish(channel, [7]);
    await side.publish(channel, [8]);
    await publish(side, channel, 3, 4);
  },
  { deltas: [false, true, false, false, false, true], payloads: [...payloads(1, 2), [7], [8], ...payloads(3, 4)] },
);

rule(
  "[DL2.1] a change inside a character: the patch is text in JSON, and makes the new payload",
  { compare: { off: "each server cuts its patches in its own way; what they make is looked at" } },
  async (side) => {
    const channel = side.channel("delta:a");
    const client = await side.connect();
    await client.subscribe(channel, { delta: "fossil" });
    const text = (inside: string) => ({ text: `${"温度正常".repeat(10)}${inside}${"ok ".repeat(20)}`, n: 1 });
    const all = ["а😀", "б😁", "温度", "é"].map(text);
    for (const data of all) await side.publish(channel, data);
    const received = await publications(client, channel, 4);
    assert.deepEqual(areDeltas(received), [false, true, true, true]);
    assert.deepEqual(deltaPayloads(received), all);
  },
);

told(
  "DL9.1",
  "where the namespace does not say so, `delta` of each publication does",
  { namespace: "deltaasked" },
  async (side, channel) => {
    for (const [at, delta] of [true, true, false, true, true].entries()) await publish(side, channel, at, at, delta ? { delta } : {});
  },
  { deltas: [false, true, false, true, true], payloads: payloads(0, 4) },
);

told(
  "DL9.2",
  "broadcast knows it, too",
  { namespace: "deltaasked" },
  async (side, channel) => {
    for (const n of [1, 2]) await side.api("broadcast", { channels: [channel], data: payload(n), delta: true });
  },
  { deltas: [false, true], payloads: payloads(1, 2) },
);

told(
  "DL10.1",
  "after history_remove the chain begins anew",
  {},
  async (side, channel) => {
    await publish(side, channel, 1, 2);
    await side.api("history_remove", { channel });
    await publish(side, channel, 3, 4);
  },
  { deltas: [false, true, false, true], payloads: payloads(1, 4) },
);

told(
  "DL10.2",
  "and after history_ttl of silence",
  { namespace: "deltashort" },
  async (side, channel) => {
    await publish(side, channel, 1, 2);
    await new Promise((resolve) => setTimeout(resolve, 3_200));
    await publish(side, channel, 3, 4);
  },
  { deltas: [false, true, false, true], payloads: payloads(1, 4) },
);

rule(
  "[DL10.3] after a publication without history the next comes whole",
  {
    differs: {
      deviation: "patch after a publication without history",
      real: async (side) => assert.deepEqual(areDeltas(await aroundSkipped(side)), [false, true, false, true]),
    },
  },
  async (side) => {
    const all = await aroundSkipped(side);
    assert.deepEqual(areDeltas(all), [false, true, false, false]);
    assert.deepEqual(deltaPayloads(all), [...payloads(1, 2), payload(9), payload(3)]);
  },
);

async function aroundSkipped(side: Side): Promise<Wire[]> {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await client.subscribe(channel, { delta: "fossil" });
  await publish(side, channel, 1, 2);
  await publish(side, channel, 9, 9, { skip_history: true });
  await publish(side, channel, 3, 3);
  return publications(client, channel, 4);
}

told("DL10.4", "without positions everything comes whole", { namespace: "deltaloose" }, (side, channel) => publish(side, channel, 1, 3), {
  deltas: [false, false, false],
  payloads: payloads(1, 3),
});

told(
  "DL11.1",
  "recovered publications are a chain that begins whole, live ones go on from it",
  { before: (side, channel) => publish(side, channel, 1, 4), more: { recover: true, offset: 1 } },
  (side, channel) => publish(side, channel, 5, 6),
  { deltas: [false, true, true, true, true], payloads: payloads(2, 6) },
);

told(
  "DL11.2",
  "one recovered publication is enough for live ones to come as patches",
  { before: (side, channel) => publish(side, channel, 1, 2), more: { recover: true, offset: 1 } },
  (side, channel) => publish(side, channel, 3, 3),
  { deltas: [false, true], payloads: payloads(2, 3) },
);

told(
  "DL11.3",
  "after a recovery that missed nothing the first live publication is whole",
  { before: (side, channel) => publish(side, channel, 1, 2), more: { recover: true, offset: 2 } },
  (side, channel) => publish(side, channel, 3, 4),
  { deltas: [false, true], payloads: payloads(3, 4) },
);

told(
  "DL11.4",
  "and after one that failed",
  { before: (side, channel) => publish(side, channel, 1, 2), more: { recover: true, offset: 1, epoch: "other" } },
  (side, channel) => publish(side, channel, 3, 4),
  { deltas: [false, true], payloads: payloads(3, 4) },
);

rule("[DL11.5] recovered publications are diffed although nobody published them with delta", async (side) => {
  const channel = side.channel("deltaasked:a");
  await publish(side, channel, 1, 3, { version: 4, version_epoch: "a" });
  await publish(side, channel, 4, 5, { tags: { a: "1" } });
  const client = await side.connect();
  const result = await client.subscribe(channel, { delta: "fossil", recover: true });
  assert.deepEqual(areDeltas(result["publications"]), [false, true, true]);
  assert.deepEqual(deltaPayloads(result["publications"]), [payload(1), ...payloads(4, 5)]);
});

rule("[DL11.6] a connect recovers its server-side subscriptions as chains, too", async (side) => {
  const channel = side.channel("delta:a");
  await publish(side, channel, 1, 3);
  const client = await side.open();
  const subs = { [channel]: { delta: "fossil", recover: true, offset: 1 } };
  const reply = await client.ok("connect", side.connectRequest({ claims: { channels: [channel] }, request: { subs } }));
  await publish(side, channel, 4, 4);
  const all = [...(reply["subs"][channel].publications as Wire[]), await client.push("pub", channel)];
  assert.deepEqual(areDeltas(all), [false, true, true]);
  assert.deepEqual(deltaPayloads(all), payloads(2, 4));
});

told(
  "DL11.7",
  "in cache mode the latest comes whole, and live ones are patches to it",
  { namespace: "cachedelta", before: (side, channel) => publish(side, channel, 1, 3) },
  (side, channel) => publish(side, channel, 4, 5),
  { deltas: [false, true, true], payloads: payloads(3, 5) },
);

rule("[DL7.4] the official client puts patches together, and recovers them", async (side) => {
  const channel = side.channel("delta:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel, { delta: "fossil" });
  await publish(side, channel, 1, 3);
  for (const n of [1, 2, 3]) assert.deepEqual((await sdk.next("publication")).data, payload(n));
  await sdk.call("disconnect");
  await sdk.next("disconnected");
  await publish(side, channel, 4, 6);
  await sdk.call("connect");
  await publish(side, channel, 7, 8);
  for (const n of [4, 5, 6, 7, 8]) assert.deepEqual((await sdk.next("publication")).data, payload(n));
});

export default group;
