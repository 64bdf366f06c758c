import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { expectError, pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "history",
  title: "History",
  about: "What a client may read of what was published, and from where to where.",
  config: standard,
});

/** Publishes 1 to `count` and answers the stream's epoch. */
async function fill(side: Side, channel: string, count: number): Promise<string> {
  let epoch = "";
  for (let i = 1; i <= count; i++) epoch = (await side.publish(channel, i))["epoch"];
  return epoch;
}

const offsets = (result: { publications?: readonly { offset: number }[] }): number[] =>
  (result.publications ?? []).map(({ offset }) => offset);

rule("[C22.1] history of an empty channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, history: { channel: "" } });
  await client.closed(3501);
});

rule("[C22.2] an unknown namespace: error 102", async (side) => {
  const client = await side.connect();
  await client.refused("history", { channel: side.channel("nowhere:a"), limit: 1 }, 102);
});

rule("[C22.3] where none is kept: error 108, allowed or not", async (side) => {
  const client = await side.connect();
  await client.refused("history", { channel: side.channel("bare:a"), limit: 1 }, 108);
  await client.refused("history", { channel: side.channel("open:a"), limit: 1 }, 108);
});

rule("[C22.4] where it is kept and nobody may read it: error 103", async (side) => {
  const client = await side.connect();
  await client.refused("history", { channel: side.channel("closed:a"), limit: 1 }, 103);
});

rule("[C22.5] allow_history_for_client is for users, and allow_history_for_anonymous widens it", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.refused("history", { channel: side.channel("hist:a") }, 103);
  await nobody.ok("history", { channel: side.channel("anon:a") });
});

rule("[C22.6] allow_history_for_subscriber is for who is subscribed", async (side) => {
  const client = await side.connect();
  const channel = side.channel("subs:a");
  await client.refused("history", { channel }, 103);
  await client.subscribe(channel);
  await client.ok("history", { channel });
});

rule("[C22.7] a limit of 0 answers the position only", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 2);
  const client = await side.connect();
  const result = await client.ok("history", { channel });
  assert.deepEqual([offsets(result), result["epoch"], result["offset"]], [[], epoch, 2]);
});

rule("[C22.8] a limit is how many, from the oldest", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 5);
  const client = await side.connect();
  const result = await client.ok("history", { channel, limit: 2 });
  assert.deepEqual([offsets(result), result["offset"]], [[1, 2], 5]);
});

rule("[C22.9] a negative limit and one above 300 are 300", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 5);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: -1 })), [1, 2, 3, 4, 5]);
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 1_000_000_000 })), [1, 2, 3, 4, 5]);
});

rule("[C22.10] `since` is exclusive", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 5);
  const client = await side.connect();
  const result = await client.ok("history", { channel, limit: 2, since: { offset: 2, epoch } });
  assert.deepEqual(offsets(result), [3, 4]);
});

rule("[C22.11] `since` of the top answers nothing, beyond it neither", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 5, since: { offset: 3, epoch } })), []);
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 5, since: { offset: 30, epoch } })), []);
});

rule("[C22.12] `since` with an empty epoch fits any", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 3);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 5, since: { offset: 1, epoch: "" } })), [2, 3]);
});

rule("[C22.13] `since` with another epoch: error 112", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 3);
  const client = await side.connect();
  await client.refused("history", { channel, limit: 5, since: { offset: 1, epoch: "another" } }, 112);
});

rule("[C22.14] `since` with another epoch and no limit: error 112, too", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 3);
  const client = await side.connect();
  const reply = await client.call("history", { channel, since: { offset: 1, epoch: "another" } });
  expectError(reply, 112);
});

rule("[C22.15] `since` below what is kept begins at the oldest", async (side) => {
  const channel = side.channel("small:a");
  const epoch = await fill(side, channel, 6);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 2, since: { offset: 1, epoch } })), [4, 5]);
});

rule("[C22.16] `reverse` reads newest first", async (side) => {
  const channel = side.channel("hist:a");
  await fill(side, channel, 5);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 2, reverse: true })), [5, 4]);
});

rule("[C22.17] `reverse` from a position reads downwards from below it", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 5);
  const client = await side.connect();
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 2, reverse: true, since: { offset: 4, epoch } })), [3, 2]);
  assert.deepEqual(offsets(await client.ok("history", { channel, limit: 2, reverse: true, since: { offset: 1, epoch } })), []);
});

rule("[C22.18] `reverse` from a position above the top", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  await client.call("history", { channel, limit: 2, reverse: true, since: { offset: 40, epoch } });
});

rule("[C22.19] `reverse` from offset 0: error 107", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  await client.refused("history", { channel, limit: 2, reverse: true, since: { offset: 0, epoch } }, 107);
});

rule("[C22.20] a channel nobody ever published to has an epoch, offset 0 and no publications", async (side) => {
  const client = await side.connect();
  const channel = side.channel("hist:new");
  const result = await client.ok("history", { channel, limit: 5 });
  assert.notEqual(result["epoch"], "");
  assert.equal(result["offset"] ?? 0, 0);
  assert.equal((await client.ok("history", { channel }))["epoch"], result["epoch"]);
});

rule("[C22.21] only the newest `history_size` are kept", async (side) => {
  const channel = side.channel("small:a");
  await fill(side, channel, 7);
  const client = await side.connect();
  const result = await client.ok("history", { channel, limit: 10 });
  assert.deepEqual([offsets(result), result["offset"]], [[5, 6, 7], 7]);
});

rule("[C22.22] history shows data, tags and who published", async (side) => {
  const channel = side.channel("hist:a");
  const client = await side.connect({ claims: { info: { n: 1 } } });
  await side.publish(channel, { a: "<b>" }, { tags: { k: "v" } });
  await client.ok("publish", { channel, data: 2 });
  const result = await client.ok("history", { channel, limit: 10 });
  assert.deepEqual(result["publications"], [
    { data: { a: "<b>" }, offset: 1, tags: { k: "v" } },
    { data: 2, info: { user: side.user(), client: client.id, conn_info: { n: 1 } }, offset: 2 },
  ]);
});

rule("[LOG10.1] `history_ttl` after the last publication all are forgotten, offset and epoch go on", async (side) => {
  const channel = side.channel("short:a");
  const epoch = await fill(side, channel, 2);
  await pause(2_300);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 1 });
  assert.deepEqual(result, { recoverable: true, positioned: true, epoch, offset: 2, was_recovering: true });
  assert.deepEqual(await side.publish(channel, 3), { offset: 3, epoch });
});

rule("[LOG11.1] history_remove forgets what is there, offset and epoch go on", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 3);
  await side.api("history_remove", { channel });
  const client = await side.connect();
  const result = await client.ok("history", { channel, limit: 10 });
  assert.deepEqual([offsets(result), result["epoch"], result["offset"]], [[], epoch, 3]);
  assert.deepEqual(await side.publish(channel, 4), { offset: 4, epoch });
});

rule("[PR3.1] publications, epoch and offset of history are there in JSON even when they are empty", async (side) => {
  const client = await side.connect();
  const result = await client.ok("history", { channel: side.channel("hist:new") });
  if (side.format.name === "json") assert.deepEqual({ ...result, epoch: "" }, { publications: [], epoch: "", offset: 0 });
  else assert.deepEqual({ ...result, epoch: "" }, { epoch: "" });
});

rule("[C22.23] a limit that is no whole number ends the connection with 3501", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  client.sendFrame(`{"id":7,"history":{"channel":"${side.channel("hist:a")}","limit":1.5}}`);
  await client.closed(3501);
});

rule("[C22.24] a limit above int32 ends the connection with 3501", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  client.sendFrame(`{"id":7,"history":{"channel":"${side.channel("hist:a")}","limit":2147483648}}`);
  await client.closed(3501);
});

rule("[C22.25] the official client pages through history with `since`", async (side) => {
  const channel = side.channel("hist:a");
  const epoch = await fill(side, channel, 5);
  const sdk = side.sdk();
  await sdk.connect();
  const page = await sdk.call<{ publications: { offset: number }[]; epoch: string; offset: number }>("history", {
    channel,
    options: { limit: 3, since: { offset: 1, epoch } },
  });
  assert.deepEqual([page.publications.map(({ offset }) => offset), page.epoch, page.offset], [[2, 3, 4], epoch, 5]);
});

export default group;
