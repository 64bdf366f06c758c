import assert from "node:assert/strict";
import { streams } from "../configs/streams.ts";
import type { Client } from "../harness/client.ts";
import { deltaPayloads } from "../harness/fossil.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "tags-filter",
  title: "Tags filters",
  about: "Which filters are taken, what they let through, and how they sit beside positions, recovery and delta.",
  config: streams,
});

const leaf = (key: string, cmp: string, more: Wire = {}): Wire => ({ key, cmp, ...more });

/** Filters that are refused with 107, and leave the channel free for a good one. */
function refused(id: string, what: string, ...filters: readonly Wire[]): void {
  rule(`[${id}] ${what}: error 107`, async (side) => {
    const client = await side.connect();
    const channel = side.channel("tf:a");
    for (const tf of filters) await client.refused("subscribe", { channel, tf }, 107);
    await client.subscribe(channel, { tf: leaf("k", "ex") });
  });
}

refused("TF1.1", "an empty filter", {});
refused(
  "TF1.2",
  "a comparison that nobody knows",
  leaf("k", "EQ", { val: "v" }),
  leaf("k", "like", { val: "v" }),
  leaf("k", "", { val: "v" }),
);
refused("TF1.3", "an operation that nobody knows", { op: "xor", nodes: [leaf("k", "ex")] }, { op: "AND", nodes: [leaf("k", "ex")] });
for (const [at, cmp] of ["eq", "neq", "sw", "ew", "ct", "gt", "gte", "lt", "lte"].entries()) {
  refused(
    `TF1.${at + 4}`,
    `\`${cmp}\` without a value, without a key, with a list`,
    leaf("k", cmp),
    leaf("", cmp, { val: "v" }),
    leaf("k", cmp, { val: "v", vals: ["v"] }),
  );
}
for (const [at, cmp] of ["in", "nin"].entries()) {
  refused(
    `TF1.${at + 13}`,
    `\`${cmp}\` without a list, without a key, with a value`,
    leaf("k", cmp),
    leaf("", cmp, { vals: ["v"] }),
    leaf("k", cmp, { val: "v", vals: ["v"] }),
  );
}
for (const [at, cmp] of ["ex", "nex"].entries()) {
  refused(`TF1.${at + 15}`, `\`${cmp}\` with a value or a list`, leaf("k", cmp, { val: "v" }), leaf("k", cmp, { vals: ["v"] }));
}
refused("TF1.17", "and, or, not without nodes", { op: "and" }, { op: "or", nodes: [] }, { op: "not" });
refused("TF1.18", "not of two", { op: "not", nodes: [leaf("k", "ex"), leaf("k", "ex")] });
refused("TF1.19", "something wrong deep inside", {
  op: "or",
  nodes: [leaf("k", "ex"), { op: "and", nodes: [{ op: "not", nodes: [{}] }] }],
});

rule("[TF1.20] what a kind of node does not use is not looked at; `ex` and `nex` need no key", async (side) => {
  const client = await side.connect();
  const filters = [
    { op: "and", key: "k", cmp: "?", val: "v", vals: ["v"], nodes: [leaf("k", "ex")] },
    { ...leaf("k", "eq", { val: "v" }), nodes: [{ op: "?" }] },
    leaf("", "ex"),
    leaf("", "nex"),
    leaf("k", "gt", { val: "no number" }),
  ];
  for (const [at, tf] of filters.entries()) await client.subscribe(side.channel(`tf:${at}`), { tf });
});

rule("[TF1.21] a filter of the wrong type ends the connection with 3501", { formats: ["json"] }, async (side) => {
  for (const tf of ["x", 1, [], { nodes: {} }, { vals: "v" }, { val: 1 }, { op: null, nodes: [1] }]) {
    const client = await side.connect();
    client.send({ id: 7, subscribe: { channel: side.channel("tf:a"), tf } });
    await client.closed(3501);
  }
});

rule("[TF1.22] null is no filter", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("rec:a"), { tf: null });
});

rule("[TF1.23] a connect's `subs` have no filter: it is not looked at", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.open();
  const subs = { [channel]: { tf: leaf("k", "eq", { val: "1" }) } };
  await client.ok("connect", side.connectRequest({ claims: { channels: [channel] }, request: { subs } }));
  await side.publish(channel, 1, { tags: { k: "2" } });
  assert.equal((await client.push("pub", channel))["data"], 1);
});

/** Tags of the publications that comparisons are tried on; the last two have none and an empty one. */
const tagged: readonly (Wire | undefined)[] = [
  { k: "apple", n: "10" },
  { k: "apricot", n: "9.50" },
  { k: "Apple", n: "-3" },
  { k: "pear", n: "ten" },
  { k: "", n: "1e1" },
  { other: "apple", n: "10.0" },
  { k: "9007199254740993", n: "0.1234567890123456789" },
  { k: "яблоко", n: "99999999999999999999999999999999999999999.5" },
  undefined,
  {},
];

/** Which of the publications above a filter lets through. */
function lets(id: string, what: string, tf: Wire, ...through: readonly number[]): void {
  rule(`[${id}] ${what}`, async (side) => {
    const channel = side.channel("tfloose:a");
    const client = await side.connect();
    await client.subscribe(channel, { tf });
    for (const [at, tags] of tagged.entries()) await side.publish(channel, at, tags === undefined ? {} : { tags });
    await client.settled();
    assert.deepEqual(
      client.pushed("pub", channel).map(({ data }) => data),
      through,
    );
  });
}

lets("TF2.1", "eq", leaf("k", "eq", { val: "apple" }), 0);
lets("TF2.2", "neq: also where there is no such tag", leaf("k", "neq", { val: "apple" }), 1, 2, 3, 4, 5, 6, 7, 8, 9);
lets("TF2.3", "in", leaf("k", "in", { vals: ["pear", "apple", "nothing"] }), 0, 3);
lets("TF2.4", "in with an empty text: a missing tag is one", leaf("k", "in", { vals: ["", "pear"] }), 3, 4, 5, 8, 9);
lets("TF2.5", "nin: also where there is no such tag", leaf("k", "nin", { vals: ["pear", "apple"] }), 1, 2, 4, 5, 6, 7, 8, 9);
lets("TF2.6", "nin with an empty text", leaf("k", "nin", { vals: ["", "pear"] }), 0, 1, 2, 6, 7);
lets("TF2.7", "ex: an empty tag is there", leaf("k", "ex"), 0, 1, 2, 3, 4, 6, 7);
lets("TF2.8", "nex", leaf("k", "nex"), 5, 8, 9);
lets("TF2.9", "sw", leaf("k", "sw", { val: "ap" }), 0, 1);
lets("TF2.10", "ew", leaf("k", "ew", { val: "le" }), 0, 2);
lets("TF2.11", "ct", leaf("k", "ct", { val: "p" }), 0, 1, 2, 3);
lets("TF2.12", "characters beyond ASCII", leaf("k", "ct", { val: "бло" }), 7);
lets("TF2.13", "ex without a key", leaf("", "ex"));
lets("TF2.14", "nex without a key", leaf("", "nex"), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
lets("TF3.1", "and", { op: "and", nodes: [leaf("k", "sw", { val: "ap" }), leaf("n", "eq", { val: "10" })] }, 0);
lets(
  "TF3.2",
  "or",
  { op: "or", nodes: [leaf("k", "eq", { val: "pear" }), leaf("k", "nex"), leaf("n", "eq", { val: "10" })] },
  0,
  3,
  5,
  8,
  9,
);
lets("TF3.3", "not", { op: "not", nodes: [leaf("k", "ex")] }, 5, 8, 9);
lets(
  "TF3.4",
  "nested",
  {
    op: "and",
    nodes: [
      { op: "not", nodes: [{ op: "or", nodes: [leaf("k", "eq", { val: "pear" }), { op: "not", nodes: [leaf("k", "ex")] }] }] },
      {
        op: "or",
        nodes: [{ op: "and", nodes: [leaf("k", "sw", { val: "a" }), leaf("k", "ew", { val: "e" })] }, leaf("k", "eq", { val: "Apple" })],
      },
    ],
  },
  0,
  2,
);
lets("TF5.1", "gt", leaf("n", "gt", { val: "9.5" }), 0, 5, 7);
lets("TF5.2", "gte", leaf("n", "gte", { val: "9.5" }), 0, 1, 5, 7);
lets("TF5.3", "lt", leaf("n", "lt", { val: "+9.50" }), 2, 6);
lets("TF5.4", "lte", leaf("n", "lte", { val: "009.5" }), 1, 2, 6);
lets("TF5.5", "what is no number matches nothing", leaf("n", "gt", { val: "1e0" }));
lets("TF5.6", "nor does what is compared with one", { op: "not", nodes: [leaf("n", "gte", { val: "-100" })] }, 3, 4, 8, 9);
lets("TF5.7", "19 places behind the point", leaf("n", "gt", { val: "0.1234567890123456788" }), 0, 1, 5, 6, 7);
lets("TF5.8", "20 places are no number", leaf("n", "gt", { val: "0.12345678901234567880" }));
lets("TF5.9", "beyond what a double can tell apart", leaf("k", "gt", { val: "9007199254740992" }), 6);
lets("TF5.10", "and what it holds for equal is not", leaf("k", "gte", { val: "9007199254740993.1" }));
lets("TF5.11", "beyond 128 bits", leaf("n", "gte", { val: "99999999999999999999999999999999999999999.49" }), 7);
lets("TF5.12", "200 characters are a number", leaf("n", "lt", { val: "9".repeat(200) }), 0, 1, 2, 5, 6, 7);
lets("TF5.13", "201 are not", leaf("n", "lt", { val: "9".repeat(201) }));
lets("TF5.14", "forms that are no number", {
  op: "or",
  nodes: ["", " 1", ".5", "5.", "-", "+", "--1", "0x10", "1_0", "1,0", "NaN", "Infinity", "-.5", "1.2.3"].flatMap((val) =>
    val === "" ? [] : [leaf("n", "lt", { val }), leaf("n", "gte", { val })],
  ),
});
lets("TF5.15", "minus zero is zero", { op: "and", nodes: [leaf("n", "gte", { val: "-0" }), leaf("n", "lt", { val: "1" })] }, 6);

rule("[TF4.1] a filter nests as deep as a frame lets it", { formats: ["json"] }, async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  const tf = `${'{"op":"not","nodes":['.repeat(2_500)}{"key":"k","cmp":"ex"}${"]}".repeat(2_500)}`;
  client.sendFrame(`{"id":7,"subscribe":{"channel":"${channel}","tf":${tf}}}`);
  assert.notEqual((await client.reply(7))["subscribe"], undefined);
  for (const [at, tags] of [{ k: "1" }, {}].entries()) await side.publish(channel, at, { tags });
  await client.settled();
  assert.deepEqual(
    client.pushed("pub", channel).map(({ data }) => data),
    [0],
  );
});

const wide = (count: number): Wire => ({ op: "or", nodes: Array.from({ length: count }, (_, at) => leaf("k", "eq", { val: String(at) })) });

rule("[TF4.2] a thousand comparisons are taken", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  await client.subscribe(channel, { tf: wide(1_000) });
  for (const k of ["999", "1000"]) await side.publish(channel, k, { tags: { k } });
  await client.settled();
  assert.deepEqual(
    client.pushed("pub", channel).map(({ data }) => data),
    ["999"],
  );
});

rule(
  "[TF4.3] more than 1,024 are error 107",
  {
    differs: {
      deviation: "a tags filter with more than 1,024 comparisons",
      real: async (side) => void (await (await side.connect()).subscribe(side.channel("tf:a"), { tf: wide(1_025) })),
    },
  },
  async (side) => {
    const client = await side.connect();
    await client.refused("subscribe", { channel: side.channel("tf:a"), tf: wide(1_025) }, 107);
  },
);

const even = leaf("even", "eq", { val: "yes" });
const tagsOf = (n: number): Wire => ({ tags: { even: n % 2 === 0 ? "yes" : "no", n: String(n) } });
async function publish(side: Side, channel: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await side.publish(channel, n, tagsOf(n));
}
const offsets = (publications: readonly Wire[] | undefined) => (publications ?? []).map(({ offset }) => offset);
async function live(client: Client, channel: string): Promise<unknown[]> {
  await client.settled();
  return offsets(client.pushed("pub", channel));
}

rule("[TF6.1] a position moves on over what is withheld", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  await client.subscribe(channel, { tf: even });
  await publish(side, channel, 1, 7);
  assert.deepEqual(await live(client, channel), [2, 4, 6]);
  // Longer than a position check takes: nothing is missing.
  await client.silent(1_500);
});

rule("[TF6.2] subscribers of one channel have filters of their own, or none", async (side) => {
  const channel = side.channel("tf:a");
  const [all, evens, large] = [await side.connect(), await side.connect(), await side.connect()];
  await all.subscribe(channel);
  await evens.subscribe(channel, { tf: even });
  await large.subscribe(channel, { tf: leaf("n", "gt", { val: "3" }) });
  await publish(side, channel, 1, 5);
  assert.deepEqual(await live(all, channel), [1, 2, 3, 4, 5]);
  assert.deepEqual(await live(evens, channel), [2, 4]);
  assert.deepEqual(await live(large, channel), [4, 5]);
});

rule("[TF6.3] publications without history are judged, too", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  await client.subscribe(channel, { tf: even });
  for (const n of [1, 2, 3, 4]) await side.publish(channel, n, { ...tagsOf(n), skip_history: true });
  await client.settled();
  assert.deepEqual(
    client.pushed("pub", channel).map(({ data }) => data),
    [2, 4],
  );
});

rule("[TF6.4] a filter ends with its subscription", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  await client.subscribe(channel, { tf: even });
  await client.ok("unsubscribe", { channel });
  await client.subscribe(channel);
  await publish(side, channel, 1, 2);
  assert.deepEqual(await live(client, channel), [1, 2]);
});

rule("[TF7.1] recovery gives what matches, and is whole although something is withheld", async (side) => {
  const channel = side.channel("tf:a");
  await publish(side, channel, 1, 6);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, offset: 1, tf: even });
  assert.deepEqual([result["recovered"], offsets(result["publications"]), result["offset"]], [true, [2, 4, 6], 1]);
  await publish(side, channel, 7, 8);
  assert.deepEqual(await live(client, channel), [8]);
});

rule("[TF7.2] also where nothing matches, and where the end is withheld", async (side) => {
  const channel = side.channel("tf:a");
  await publish(side, channel, 1, 5);
  const none = await side.connect();
  const result = await none.subscribe(channel, { recover: true, offset: 2, tf: leaf("n", "eq", { val: "0" }) });
  assert.deepEqual([result["recovered"], result["publications"], result["offset"]], [true, undefined, 2]);
  const evens = await side.connect();
  assert.deepEqual(offsets((await evens.subscribe(channel, { recover: true, offset: 2, tf: even }))["publications"]), [4]);
  await publish(side, channel, 6, 7);
  assert.deepEqual(await live(evens, channel), [6]);
  assert.deepEqual(await live(none, channel), []);
});

rule("[TF7.3] not recovered is not recovered, whatever would match", async (side) => {
  const channel = side.channel("tf:a");
  await publish(side, channel, 1, 14);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, offset: 2, tf: even });
  assert.deepEqual([result["recovered"], result["publications"], result["offset"]], [undefined, undefined, 14]);
  await client.ok("unsubscribe", { channel });
  await client.refused("subscribe", { channel, recover: true, offset: 2, tf: even, flag: 2 }, 112);
});

rule("[TF8.1] cache mode gives the latest one that matches", async (side) => {
  const channel = side.channel("cache:a");
  await publish(side, channel, 1, 5);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, tf: even });
  assert.deepEqual([result["recovered"], offsets(result["publications"]), result["offset"]], [true, [4], undefined]);
  await publish(side, channel, 6, 7);
  assert.deepEqual(await live(client, channel), [6]);
});

rule("[TF8.2] where none matches only who stands at the top is recovered", async (side) => {
  const channel = side.channel("cache:a");
  await publish(side, channel, 1, 5);
  const client = await side.connect();
  const tf = leaf("n", "eq", { val: "0" });
  const missed = await client.subscribe(channel, { recover: true, tf });
  assert.deepEqual([missed["recovered"], missed["publications"], missed["offset"]], [undefined, undefined, 5]);
  await client.ok("unsubscribe", { channel });
  const there = await client.subscribe(channel, { recover: true, tf, offset: 5, epoch: missed["epoch"] });
  assert.deepEqual([there["recovered"], there["publications"], there["offset"]], [true, undefined, 5]);
});

rule(
  "[TF9.1] a delta subscriber gets what its filter lets through, and nothing else",
  {
    differs: {
      deviation: "a delta subscription with a tags filter",
      real: async (side) => assert.deepEqual(offsets(await filteredDelta(side)), [1, 2, 3, 4]),
    },
  },
  async (side) => {
    const publications = await filteredDelta(side);
    assert.deepEqual(offsets(publications), [1, 2, 4]);
    assert.deepEqual(deltaPayloads(publications), [long(1), long(2), long(4)]);
  },
);

const long = (n: number): unknown => [n, "the door of machine seven was closed at noon; nobody has to come before friday"];

async function filteredDelta(side: Side): Promise<Wire[]> {
  const channel = side.channel("tfdelta:a");
  const client = await side.connect();
  await client.subscribe(channel, { delta: "fossil", tf: { op: "not", nodes: [leaf("n", "eq", { val: "3" })] } });
  for (let n = 1; n <= 4; n++) await side.publish(channel, long(n), tagsOf(n));
  await client.settled();
  return client.pushed("pub", channel);
}

rule("[TF7.4] the official client subscribes with a filter, and recovers with it", async (side) => {
  const channel = side.channel("tf:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel, { tagsFilter: even });
  await publish(side, channel, 1, 4);
  for (const n of [2, 4]) assert.deepEqual((await sdk.next("publication")).data, n);
  await sdk.call("disconnect");
  await sdk.next("disconnected");
  await publish(side, channel, 5, 7);
  await sdk.call("connect");
  await publish(side, channel, 8, 8);
  for (const n of [6, 8]) assert.deepEqual((await sdk.next("publication")).data, n);
});

export default group;
