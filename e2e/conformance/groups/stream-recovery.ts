import assert from "node:assert/strict";
import { eventually } from "../../harness/process.ts";
import { streams } from "../configs/streams.ts";
import { type Client, pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "stream-recovery",
  title: "Positions and recovery, case by case",
  about: "What a client that returns is given, what it is told when that is not everything, and what a position is.",
  config: streams,
});

async function publish(side: Side, channel: string, from: number, to: number, more: Wire = {}): Promise<void> {
  for (let n = from; n <= to; n++) await side.publish(channel, n, more);
}

const dataOf = (publications: readonly Wire[] | undefined) => (publications ?? []).map(({ data }) => data);
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

async function epochOf(side: Side, channel: string): Promise<string> {
  return String((await side.api("history", { channel, limit: 0 }))["epoch"]);
}

async function live(client: Client, channel: string): Promise<unknown[]> {
  await client.settled();
  return dataOf(client.pushed("pub", channel));
}

/** What a reply says of recovery: recovered, what was missed, offset, was_recovering. */
const told = ({ recovered, publications, offset, was_recovering }: Wire) => [
  recovered === true,
  dataOf(publications),
  offset ?? 0,
  was_recovering === true,
];

interface Position {
  readonly offset?: number;
  /** "right" is the stream's own. */
  readonly epoch?: string;
}

let nextRejecting = 60;

/** A client that returns to `rec:a` with this position after five publications of ten that are kept. */
function returns(
  id: string,
  what: string,
  position: Position,
  expected: { readonly recovered: boolean; readonly publications: readonly unknown[]; readonly offset: number },
  namespace = "rec",
  published = 5,
): void {
  const request = async (side: Side, channel: string): Promise<Wire> => ({
    channel,
    recover: true,
    ...position,
    ...(position.epoch === "right" ? { epoch: await epochOf(side, channel) } : {}),
  });
  rule(`[${id}] ${what}`, async (side) => {
    const channel = side.channel(`${namespace}:a`);
    await publish(side, channel, 1, published);
    const client = await side.connect();
    const result = await client.ok("subscribe", await request(side, channel));
    assert.deepEqual(told(result), [expected.recovered, expected.publications, expected.offset, true]);
    await publish(side, channel, published + 1, published + 2);
    assert.deepEqual(await live(client, channel), upTo(published + 1, published + 2));
  });
  rule(`[C19.${nextRejecting++}] ${what}; with the reject flag`, async (side) => {
    const channel = side.channel(`${namespace}:a`);
    await publish(side, channel, 1, published);
    const client = await side.connect();
    const asked = { ...(await request(side, channel)), flag: 2 };
    if (!expected.recovered) await client.refused("subscribe", asked, 112);
    else assert.deepEqual(told(await client.ok("subscribe", asked)), [true, expected.publications, expected.offset, true]);
  });
}

returns("REC1.51", "the position of the last but two", { offset: 3, epoch: "right" }, { recovered: true, publications: [4, 5], offset: 3 });
returns("REC1.52", "the top: nothing was missed", { offset: 5, epoch: "right" }, { recovered: true, publications: [], offset: 5 });
returns("REC1.53", "the beginning", { epoch: "right" }, { recovered: true, publications: upTo(1, 5), offset: 0 });
returns("REC1.54", "nothing at all: from the beginning, in any epoch", {}, { recovered: true, publications: upTo(1, 5), offset: 0 });
returns("REC1.55", "an offset without an epoch", { offset: 2 }, { recovered: true, publications: [3, 4, 5], offset: 2 });
returns("REC1.56", "another epoch", { offset: 3, epoch: "other" }, { recovered: false, publications: [], offset: 5 });
returns("REC1.57", "the top in another epoch", { offset: 5, epoch: "other" }, { recovered: false, publications: [], offset: 5 });
returns("REC1.58", "an offset that is not there yet", { offset: 6, epoch: "right" }, { recovered: false, publications: [], offset: 5 });
returns("REC2.51", "exactly what is kept", { offset: 2 }, { recovered: true, publications: [3, 4, 5], offset: 2 }, "small");
returns("REC2.52", "one more than what is kept", { offset: 1 }, { recovered: false, publications: [], offset: 5 }, "small");
returns("REC2.53", "300 publications", { offset: 5 }, { recovered: true, publications: upTo(6, 305), offset: 5 }, "large", 305);
returns("REC2.54", "301 publications", { offset: 4 }, { recovered: false, publications: [], offset: 305 }, "large", 305);

rule("[REC1.59] an offset of 2^53-1 is unrecoverable", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 3);
  const client = await side.connect();
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 9_007_199_254_740_991 })), [false, [], 3, true]);
});

rule("[REC1.60] who does not ask gets nothing, and stands at the top", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 3);
  const client = await side.connect();
  const result = await client.subscribe(channel, { offset: 1, epoch: await epochOf(side, channel) });
  assert.deepEqual(told(result), [false, [], 3, false]);
  await publish(side, channel, 4, 4);
  assert.deepEqual(await live(client, channel), [4]);
});

rule("[REC1.61] the reject flag alone is no wish to recover", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 2);
  const client = await side.connect();
  assert.deepEqual(told(await client.subscribe(channel, { flag: 2, offset: 9, epoch: "other" })), [false, [], 2, false]);
});

rule("[REC1.62] after a refusal the channel is free, and nobody saw the client there", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 2);
  const client = await side.connect();
  await client.refused("subscribe", { channel, recover: true, flag: 2, offset: 9 }, 112);
  await publish(side, channel, 3, 3);
  assert.deepEqual(await live(client, channel), []);
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, flag: 2, offset: 1 })), [true, [2, 3], 1, true]);
});

rule("[REC1.63] a channel nobody published to: recovered from nothing, not from something", async (side) => {
  const client = await side.connect();
  const epoch = await epochOf(side, side.channel("rec:a"));
  assert.deepEqual(told(await client.subscribe(side.channel("rec:a"), { recover: true, epoch })), [true, [], 0, true]);
  assert.deepEqual(told(await client.subscribe(side.channel("rec:b"), { recover: true })), [true, [], 0, true]);
  assert.deepEqual(told(await client.subscribe(side.channel("rec:c"), { recover: true, offset: 1 })), [false, [], 0, true]);
  await client.refused("subscribe", { channel: side.channel("rec:d"), recover: true, offset: 1, flag: 2 }, 112);
});

rule("[REC1.64] recovered publications are as they were: tags, info, version; the epoch is the reply's", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 1, { tags: { a: "1" }, version: 4 });
  const publisher = await side.connect({ claims: { info: { name: "Ann" } } });
  await publisher.ok("publish", { channel, data: 2 });
  const client = await side.connect();
  const { publications } = await client.subscribe(channel, { recover: true });
  assert.deepEqual(publications[0], { data: 1, offset: 1, tags: { a: "1" }, version: 4 });
  assert.deepEqual(publications[1].info.conn_info, { name: "Ann" });
});

rule("[REC1.65] a connect recovers its server-side subscriptions; the reject flag does nothing there", async (side) => {
  const [one, two] = [side.channel("rec:a"), side.channel("rec:b")];
  await publish(side, one, 1, 3);
  await publish(side, two, 1, 3);
  const client = await side.open();
  const subs = { [one]: { recover: true, offset: 1, flag: 2 }, [two]: { recover: true, offset: 9, flag: 2 } };
  const reply = await client.ok("connect", side.connectRequest({ claims: { channels: [one, two] }, request: { subs } }));
  assert.deepEqual(told(reply["subs"][one]), [true, [2, 3], 1, true]);
  assert.deepEqual(told(reply["subs"][two]), [false, [], 3, true]);
});

for (const [at, [namespace, more, fields]] of (
  [
    ["pos", {}, { positioned: true }],
    ["ask", { positioned: true }, { positioned: true }],
    ["off", {}, {}],
    ["bare", {}, {}],
  ] as const
).entries()) {
  rule(`[C19.${at + 51}] where recovery is off (\`${namespace}\`) the wish is only echoed, also with the reject flag`, async (side) => {
    const channel = side.channel(`${namespace}:a`);
    await publish(side, channel, 1, 3);
    const client = await side.connect();
    const { epoch, offset, ...result } = await client.subscribe(channel, { recover: true, offset: 1, epoch: "other", flag: 2, ...more });
    assert.deepEqual(result, { ...fields, was_recovering: true });
    assert.deepEqual([offset, epoch !== undefined], "positioned" in fields ? [3, true] : [undefined, false]);
    await publish(side, channel, 4, 4);
    assert.deepEqual(await live(client, channel), [4]);
  });
}

rule("[C19.55] recovery by wish, where the namespace allows it", async (side) => {
  const channel = side.channel("ask:a");
  await publish(side, channel, 1, 3);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recoverable: true, recover: true, offset: 1 });
  assert.deepEqual(told(result), [true, [2, 3], 1, true]);
  assert.deepEqual([result["recoverable"], result["positioned"]], [true, true]);
});

rule("[REC3.51] after history_ttl of silence only who missed nothing is recovered", async (side) => {
  const channel = side.channel("short:a");
  await publish(side, channel, 1, 3);
  await pause(3_200);
  const client = await side.connect();
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 2 })), [false, [], 3, true]);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 3 })), [true, [], 3, true]);
});

rule("[REC3.52] after history_remove, too", async (side) => {
  const channel = side.channel("rec:a");
  await publish(side, channel, 1, 3);
  await side.api("history_remove", { channel });
  await publish(side, channel, 4, 4);
  const client = await side.connect();
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 2 })), [false, [], 4, true]);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 3 })), [true, [4], 3, true]);
});

rule("[REC4.51] a publication without history comes live, moves no position and is not recovered", async (side) => {
  const channel = side.channel("rec:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await publish(side, channel, 1, 1);
  await side.publish(channel, "passing", { skip_history: true });
  await publish(side, channel, 2, 2);
  assert.deepEqual(await live(client, channel), [1, "passing", 2]);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(told(await client.subscribe(channel, { recover: true, offset: 1 })), [true, [2], 1, true]);
});

rule("[P2.51] a stream that began anew is told to its subscribers: 2500, and 3010 where the server subscribed", async (side) => {
  const channel = side.channel("brief:a");
  const client = await side.connect();
  await client.subscribe(channel);
  const server = await side.connect({ claims: { channels: [channel] } });
  await publish(side, channel, 1, 1);
  assert.equal((await client.push("pub", channel))["data"], 1);
  await pause(5_200);
  await publish(side, channel, 1, 1);
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2500, reason: "insufficient state" });
  await server.closed(3010);
});

rule("[P3.51] and a client that returns finds another epoch", async (side) => {
  const channel = side.channel("brief:a");
  await publish(side, channel, 1, 2);
  const epoch = await epochOf(side, channel);
  await pause(5_200);
  await publish(side, channel, 1, 2);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, offset: 1, epoch });
  assert.deepEqual(told(result), [false, [], 2, true]);
  assert.notEqual(result["epoch"], epoch);
});

rule("[REC6.51] cache mode: the latest, for whoever asks and does not have it", async (side) => {
  const channel = side.channel("cache:a");
  await publish(side, channel, 1, 3);
  const epoch = await epochOf(side, channel);
  const ask = async (more: Wire) => told(await (await side.connect()).subscribe(channel, more));
  assert.deepEqual(await ask({}), [false, [], 3, false]);
  assert.deepEqual(await ask({ recover: true }), [true, [3], 0, true]);
  assert.deepEqual(await ask({ recover: true, offset: 2, epoch }), [true, [3], 2, true]);
  assert.deepEqual(await ask({ recover: true, offset: 3, epoch }), [true, [], 3, true]);
  assert.deepEqual(await ask({ recover: true, offset: 3, epoch: "other" }), [true, [3], 3, true]);
  assert.deepEqual(await ask({ recover: true, offset: 3 }), [true, [3], 3, true]);
  assert.deepEqual(await ask({ recover: true, offset: 9, epoch, flag: 2 }), [true, [3], 9, true]);
});

rule("[REC6.52] where nothing is kept only who stands at the top is recovered, and nobody at the beginning", async (side) => {
  const channel = side.channel("cache:a");
  const epoch = await epochOf(side, channel);
  const ask = async (more: Wire) => told(await (await side.connect()).subscribe(channel, { recover: true, ...more }));
  assert.deepEqual(await ask({ epoch, flag: 2 }), [false, [], 0, true]);
  await publish(side, channel, 1, 2);
  await side.api("history_remove", { channel });
  assert.deepEqual(await ask({ offset: 1, epoch, flag: 2 }), [false, [], 2, true]);
  assert.deepEqual(await ask({ offset: 2, epoch }), [true, [], 2, true]);
});

rule("[REC6.53] live publications go on from the latest", async (side) => {
  const channel = side.channel("cache:a");
  await publish(side, channel, 1, 3);
  const client = await side.connect();
  await client.subscribe(channel, { recover: true });
  await publish(side, channel, 4, 5);
  assert.deepEqual(await live(client, channel), [4, 5]);
});

rule("[REC7.51] auto_cache_recover brings the latest unasked", async (side) => {
  const channel = side.channel("auto:a");
  const first = await side.connect();
  assert.deepEqual(told(await first.subscribe(channel)), [false, [], 0, true]);
  await publish(side, channel, 1, 3);
  assert.deepEqual(told(await (await side.connect()).subscribe(channel)), [true, [3], 0, true]);
  assert.deepEqual(told(await (await side.connect()).subscribe(channel, { offset: 3, epoch: "other" })), [true, [3], 3, true]);
  assert.deepEqual(told(await (await side.connect()).subscribe(channel, { offset: 3, epoch: await epochOf(side, channel), flag: 2 })), [
    true,
    [],
    3,
    true,
  ]);
});

rule("[REC7.52] with the server-side subscriptions of a connect, too", async (side) => {
  const channel = side.channel("auto:a");
  await publish(side, channel, 1, 3);
  const client = await side.open();
  const reply = await client.ok("connect", side.connectRequest({ claims: { channels: [channel] } }));
  assert.deepEqual(told(reply["subs"][channel]), [true, [3], 0, true]);
  await publish(side, channel, 4, 4);
  assert.deepEqual(await live(client, channel), [4]);
});

rule("[REC1.66] the official client recovers what it missed, and is told what it cannot have", async (side) => {
  const [kept, trimmed] = [side.channel("rec:a"), side.channel("small:a")];
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(kept);
  await sdk.subscribe(trimmed);
  await publish(side, kept, 1, 1);
  await publish(side, trimmed, 1, 1);
  for (let n = 0; n < 2; n++) await sdk.next("publication");
  await sdk.call("disconnect");
  await sdk.next("disconnected");
  await publish(side, kept, 2, 6);
  await publish(side, trimmed, 2, 6);
  await sdk.call("connect");
  const back = await sdk.next("subscribed", ({ channel }) => channel === kept);
  assert.deepEqual([back.wasRecovering, back.recovered], [true, true]);
  for (let n = 2; n <= 6; n++) assert.equal((await sdk.next("publication", ({ channel }) => channel === kept)).data, n);
  const lost = await eventually("the second subscription to what is trimmed", 6_000, () => {
    return sdk.events.filter(({ event, channel }) => event === "subscribed" && channel === trimmed)[1];
  });
  assert.deepEqual([lost.wasRecovering, lost.recovered], [true, false]);
});

/** 1.6 MB are missed. */
async function missedTooMuch(side: Side): Promise<string> {
  const channel = side.channel("large:a");
  for (let n = 1; n <= 200; n++) await side.publish(channel, "x".repeat(8_000));
  return channel;
}

rule(
  "[REC8.51] what was missed and is more than may be queued is not recovered",
  {
    compare: { off: "1.6 MB" },
    differs: {
      deviation: "a recovery that is larger than `client.queue_max_size`",
      real: async (side) => {
        const channel = await missedTooMuch(side);
        const client = await side.connect();
        client.send({ id: 7, subscribe: { channel, recover: true } });
        await client.closed(3008);
      },
    },
  },
  async (side) => {
    const channel = await missedTooMuch(side);
    const client = await side.connect();
    assert.deepEqual(told(await client.subscribe(channel, { recover: true })), [false, [], 200, true]);
    await side.publish(channel, "live");
    assert.deepEqual(await live(client, channel), ["live"]);
  },
);

export default group;
