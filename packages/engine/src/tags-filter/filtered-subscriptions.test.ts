import assert from "node:assert/strict";
import { test as bothTest } from "node:test";
import { raw } from "@fleetcast/protocol/testing";
import { type BenchSetup, DeltaReader, EngineBench, test, type Wire } from "../../testing/index.ts";

const filterable = { allowSubscribeForClient: true, historySize: 20, historyTtlMs: 60_000, forceRecovery: true, allowTagsFilter: true };
const bench = (setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: {
      vm: filterable,
      loose: { ...filterable, forceRecovery: false },
      shut: { ...filterable, allowTagsFilter: false },
      cache: { ...filterable, forceRecoveryMode: "cache" },
      delta: { ...filterable, allowedDeltaTypes: ["fossil"], deltaPublish: true },
    },
    ...setup,
  });
const even = { key: "even", cmp: "eq", val: "yes" };

/** Publications that say in their tags whether their number is even. */
async function publish(b: EngineBench, from: number, to: number, channel = "vm:a"): Promise<void> {
  for (let n = from; n <= to; n++) await b.publish(channel, JSON.stringify({ n, text: "some text ".repeat(10) }), tagsOf(n));
}
const tagsOf = (n: number) => ({ tags: { even: n % 2 === 0 ? "yes" : "no", n: String(n) } });
const numbers = (publications: readonly Wire[] | undefined) => (publications ?? []).map((publication) => publication["data"]["n"]);
const offsets = (publications: readonly Wire[] | undefined) => (publications ?? []).map((publication) => publication["offset"]);

async function subscribe(b: EngineBench, channel: string, more: Readonly<Record<string, unknown>>) {
  const client = await b.connect();
  const reply = await client.subscribe(channel, { tf: even, ...more });
  return { client, result: (reply["subscribe"] ?? {}) as Wire, error: reply["error"] as Wire | undefined };
}

test("[C17] [TF1] a filter is 107 where none is allowed and where it is not well formed, and leaves nothing behind", async () => {
  const b = bench();
  assert.equal((await subscribe(b, "shut:a", {})).error?.["code"], 107);
  assert.equal((await subscribe(b, "vm:a", { tf: {} })).error?.["code"], 107);
  assert.equal((await subscribe(b, "vm:a", { tf: { op: "not" } })).error?.["code"], 107);
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[TF6] only what matches is delivered, and what was withheld is no gap", async () => {
  const b = bench();
  for (const channel of ["vm:a", "loose:a"]) {
    const { client } = await subscribe(b, channel, {});
    await publish(b, 1, 6, channel);
    assert.deepEqual(numbers(client.publications(channel)), [2, 4, 6], channel);
    assert.deepEqual(offsets(client.publications(channel)), [2, 4, 6], channel);
  }
});

test("[TF6] subscribers of one channel with other filters and with none do not disturb each other", async () => {
  const b = bench();
  const all = await b.connect({ user: "all" });
  await all.subscribe("vm:a");
  const { client: evens } = await subscribe(b, "vm:a", {});
  const { client: large } = await subscribe(b, "vm:a", { tf: { key: "n", cmp: "gt", val: "3.5" } });
  await publish(b, 1, 5);
  assert.deepEqual(
    [all, evens, large].map((client) => numbers(client.publications("vm:a"))),
    [
      [1, 2, 3, 4, 5],
      [2, 4],
      [4, 5],
    ],
  );
});

test("[TF6] publications without tags and without history are judged, too", async () => {
  const b = bench();
  const { client } = await subscribe(b, "vm:a", { tf: { key: "even", cmp: "nex" } });
  await publish(b, 1, 2);
  await b.publish("vm:a", '{"n":3}');
  for (const tags of [{ even: "no" }, {}]) {
    await b.engine.publish({ channel: "vm:a", data: new TextEncoder().encode('{"n":9}'), skipHistory: true, tags });
  }
  await b.clock.settle();
  assert.deepEqual(numbers(client.publications("vm:a")), [3, 9]);
});

test("[TF7] recovery gives of what was missed what matches; everything missed counts as there", async () => {
  const b = bench();
  await publish(b, 1, 7);
  const { client, result } = await subscribe(b, "vm:a", { recover: true, offset: 2 });
  assert.deepEqual([result["recovered"], offsets(result["publications"]), result["offset"]], [true, [4, 6], 2]);
  await publish(b, 8, 10);
  assert.deepEqual(numbers(client.publications("vm:a")), [8, 10]);
  const none = await subscribe(b, "vm:a", { recover: true, offset: 2, tf: { key: "n", cmp: "eq", val: "0" } });
  assert.deepEqual([none.result["recovered"], none.result["publications"], none.result["offset"]], [true, undefined, 2]);
  await publish(b, 11, 11);
  assert.equal(none.client.closeCode, undefined);
});

test("[TF7] a gap among withheld publications is a gap, live and in the merge after a recovery", async () => {
  const b = bench();
  const { client } = await subscribe(b, "vm:a", {});
  await publish(b, 1, 2);
  b.gate.holdCommits();
  await publish(b, 3, 3);
  b.gate.loseHeldCommits();
  await publish(b, 5, 5); // its number is odd, its offset 4
  assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2500);
});

test("[TF7] what is held while history is read is judged like everything live", async () => {
  const b = bench();
  await publish(b, 1, 3);
  const client = await b.connect();
  b.gate.holdReads();
  client.say(JSON.stringify({ id: 9, subscribe: { channel: "vm:a", recover: true, offset: 0, tf: even } }));
  await b.clock.settle();
  await publish(b, 4, 7);
  b.gate.releaseReads();
  await b.clock.settle();
  const { publications } = client.reply(9)?.["subscribe"] ?? {};
  assert.deepEqual([...numbers(publications), ...numbers(client.publications("vm:a"))], [2, 4, 6]);
});

test("[TF8] cache mode gives the latest one that matches, and is not recovered where none does", async () => {
  const b = bench();
  await publish(b, 1, 5, "cache:a");
  const latest = await subscribe(b, "cache:a", { recover: true });
  assert.deepEqual([latest.result["recovered"], offsets(latest.result["publications"])], [true, [4]]);
  await publish(b, 6, 6, "cache:a");
  assert.deepEqual(numbers(latest.client.publications("cache:a")), [6]);
  const none = await subscribe(b, "cache:a", { recover: true, tf: { key: "n", cmp: "eq", val: "0" } });
  assert.deepEqual([none.result["recovered"], none.result["publications"], none.result["offset"]], [undefined, undefined, 6]);
  const current = await subscribe(b, "cache:a", { recover: true, offset: 6, epoch: none.result["epoch"] });
  assert.deepEqual([current.result["recovered"], current.result["publications"]], [true, undefined]);
});

test("[TF9] [A4] a delta subscriber is filtered like any other, and what follows a withheld publication comes whole", async () => {
  const b = bench();
  const { client } = await subscribe(b, "delta:a", { delta: "fossil", tf: { op: "not", nodes: [{ key: "n", cmp: "eq", val: "3" }] } });
  await publish(b, 1, 5, "delta:a");
  const publications = client.publications("delta:a");
  assert.deepEqual(offsets(publications), [1, 2, 4, 5]);
  assert.deepEqual(deltasOf(publications), [false, true, false, true]);
  assert.deepEqual(read(publications), [1, 2, 4, 5]);
});

test("[TF9] a delta chain that was recovered through a filter goes on whole where its end was withheld", async () => {
  const b = bench();
  await publish(b, 1, 5, "delta:a");
  const { client, result } = await subscribe(b, "delta:a", { delta: "fossil", recover: true, offset: 0 });
  await publish(b, 6, 8, "delta:a");
  const all = [...(result["publications"] as Wire[]), ...client.publications("delta:a")];
  assert.deepEqual(read(all), [2, 4, 6, 8]);
  assert.deepEqual(deltasOf(all), [false, true, false, false]);
});

const deltasOf = (publications: readonly Wire[]) => publications.map((publication) => publication["delta"] === true);
const read = (publications: readonly Wire[]) =>
  new DeltaReader().readAll(publications).map((payload) => (JSON.parse(payload) as { n: number }).n);

bothTest("[TF4] a filter that nests as deep as a frame lets it is taken, and works", async () => {
  const b = bench();
  const json = await b.connect({ user: "j" }, {}, { protocol: "json" });
  const inner = JSON.stringify(even);
  json.say(`{"id":9,"subscribe":{"channel":"vm:a","tf":${'{"op":"not","nodes":['.repeat(2_600)}${inner}${"]}".repeat(2_600)}}}`);
  const protobuf = await b.connect({ user: "p" }, {}, { protocol: "protobuf" });
  const parts = [...raw.text(2, even.key), ...raw.text(3, even.cmp), ...raw.text(4, even.val)];
  let node = Uint8Array.from(parts);
  // Built from the inside, each level before what it holds, so that 6,000 levels do not cost their square in arrays of numbers.
  for (let depth = 0; depth < 6_000; depth++) {
    const head = Uint8Array.from([...raw.text(1, "not"), ...raw.tag(6, 2), ...raw.varint(node.length)]);
    const outer = new Uint8Array(head.length + node.length);
    outer.set(head);
    outer.set(node, head.length);
    node = outer;
  }
  const channel = raw.text(1, "vm:a");
  const subscribeHead = [...channel, ...raw.tag(13, 2), ...raw.varint(node.length)];
  const command = [...raw.number(1, 9), ...raw.tag(5, 2), ...raw.varint(subscribeHead.length + node.length), ...subscribeHead];
  protobuf.say(Uint8Array.from([...raw.varint(command.length + node.length), ...command, ...node]));
  await b.clock.settle();
  await publish(b, 1, 2);
  for (const client of [json, protobuf]) assert.deepEqual(numbers(client.publications("vm:a")), [2]);
});
