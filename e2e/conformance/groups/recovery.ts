import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { raw } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "recovery",
  title: "Recovery and positions",
  about: "What a client that comes back gets of what it missed, and how it learns that something is missing.",
  config: standard,
});

/** Publishes 1 to `count` and answers the stream's epoch. */
async function fill(side: Side, channel: string, count: number): Promise<string> {
  let epoch = "";
  for (let i = 1; i <= count; i++) epoch = (await side.publish(channel, i))["epoch"];
  return epoch;
}

const granted = { recoverable: true, positioned: true };

rule("[C19.1] a client that missed something gets it, in order, and its own offset", async (side) => {
  const channel = side.channel("rec:a");
  const epoch = await fill(side, channel, 4);
  const client = await side.connect();
  const publications = [
    { data: 3, offset: 3 },
    { data: 4, offset: 4 },
  ];
  assert.deepEqual(await client.subscribe(channel, { recover: true, epoch, offset: 2 }), {
    ...granted,
    epoch,
    offset: 2,
    recovered: true,
    was_recovering: true,
    publications,
  });
});

rule("[C19.2] a client that missed nothing is recovered without publications", async (side) => {
  const channel = side.channel("rec:a");
  const epoch = await fill(side, channel, 4);
  const client = await side.connect();
  const expected = { ...granted, epoch, offset: 4, recovered: true, was_recovering: true };
  assert.deepEqual(await client.subscribe(channel, { recover: true, epoch, offset: 4 }), expected);
});

rule("[C19.3] an empty epoch fits any", async (side) => {
  const channel = side.channel("rec:a");
  await fill(side, channel, 3);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch: "", offset: 0 });
  assert.deepEqual([result["recovered"], result["publications"].length, result["offset"] ?? 0], [true, 3, 0]);
});

/** A wish that cannot be fulfilled: not recovered, no publications, the top; with the reject flag 112. */
function unrecovered(id: number, what: string, wish: (epoch: string, side: Side) => { epoch: string; offset: unknown }): void {
  rule(`[C19.${id}] ${what}: not recovered, and the top`, async (side) => {
    const channel = side.channel("small:a");
    const epoch = await fill(side, channel, 6);
    const client = await side.connect();
    const expected = { ...granted, epoch, offset: 6, was_recovering: true };
    assert.deepEqual(await client.subscribe(channel, { recover: true, ...wish(epoch, side) }), expected);
  });
  rule(`[C19.${id + 1}] ${what}, with the reject flag: error 112, and no subscription`, async (side) => {
    const channel = side.channel("small:a");
    const epoch = await fill(side, channel, 6);
    const client = await side.connect();
    await client.refused("subscribe", { channel, recover: true, flag: 2, ...wish(epoch, side) }, 112);
    await client.subscribe(channel);
  });
}

/** A number that JavaScript cannot hold. */
const wide = (side: Side, digits: string): unknown => (side.format.name === "json" ? raw(digits) : digits);

unrecovered(4, "another epoch", () => ({ epoch: "another", offset: 5 }));
unrecovered(6, "an offset above the top", (epoch) => ({ epoch, offset: 7 }));
unrecovered(8, "an offset whose successors are trimmed", (epoch) => ({ epoch, offset: 1 }));
unrecovered(10, "an offset of 2^63", (epoch, side) => ({ epoch, offset: wide(side, "9223372036854775808") }));

rule("[C19.12] just inside the window: recovered", async (side) => {
  const channel = side.channel("small:a");
  const epoch = await fill(side, channel, 6);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 3 });
  assert.deepEqual([result["recovered"], result["publications"].length], [true, 3]);
});

rule("[C19.13] where recovery is off the reply says only that it was asked for", async (side) => {
  const channel = side.channel("plain:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel, { recover: true, epoch, offset: 1 }), { was_recovering: true });
});

rule("[C19.14] the reject flag changes nothing there", async (side) => {
  const channel = side.channel("plain:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel, { recover: true, flag: 2, epoch: `${epoch}x`, offset: 1 }), { was_recovering: true });
});

rule("[C19.15] where positions alone are watched nothing is recovered", async (side) => {
  const channel = side.channel("pos:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel, { recover: true, epoch, offset: 1 }), {
    positioned: true,
    epoch,
    offset: 3,
    was_recovering: true,
  });
});

rule("[C19.16] recovery on the client's wish", async (side) => {
  const channel = side.channel("ask:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recoverable: true, recover: true, epoch, offset: 2 });
  assert.deepEqual(result, { ...granted, epoch, offset: 2, recovered: true, was_recovering: true, publications: [{ data: 3, offset: 3 }] });
});

for (const [index, offset] of ["-1", "1.5", '"1"', "18446744073709551616", "1e2"].entries()) {
  rule(`[C19.${20 + index}] an offset of ${offset} ends the connection with 3501`, { formats: ["json"] }, async (side) => {
    const client = await side.connect();
    client.sendFrame(`{"id":7,"subscribe":{"channel":"${side.channel("rec:a")}","recover":true,"offset":${offset}}}`);
    await client.closed(3501);
  });
}

rule("[C19.25] an offset of 2^64-1 is a number like others", async (side) => {
  const channel = side.channel("rec:a");
  await fill(side, channel, 1);
  const client = await side.connect();
  client.send({
    id: 7,
    subscribe: { channel, recover: true, offset: wide(side, "18446744073709551615") },
  });
  assert.deepEqual([(await client.reply(7))["subscribe"].offset], [1]);
});

rule("[REC1.1] after the reply follows what is live, without a gap or a repetition", async (side) => {
  const channel = side.channel("rec:a");
  const epoch = await fill(side, channel, 3);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 1 });
  assert.equal(result["publications"].length, 2);
  await side.publish(channel, 4);
  await side.publish(channel, 5);
  assert.deepEqual(await client.push("pub", channel), { data: 4, offset: 4 });
  assert.deepEqual(await client.push("pub", channel), { data: 5, offset: 5 });
});

rule("[REC1.2] a recovered publication has data, tags and publisher", async (side) => {
  const channel = side.channel("rec:a");
  const { epoch } = await side.publish(channel, { a: 1 }, { tags: { k: "v" } });
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 0 });
  assert.deepEqual(result["publications"], [{ data: { a: 1 }, offset: 1, tags: { k: "v" } }]);
});

rule("[REC1.3] a stream nobody ever published to: a client at its beginning is recovered", async (side) => {
  const channel = side.channel("rec:new");
  const client = await side.connect();
  const { epoch } = await client.subscribe(channel);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(await client.subscribe(channel, { recover: true, epoch }), { ...granted, epoch, recovered: true, was_recovering: true });
});

rule("[REC3.1] after history_ttl of silence only a client that missed nothing is recovered", async (side) => {
  const channel = side.channel("short:a");
  const epoch = await fill(side, channel, 2);
  await pause(2_300);
  const client = await side.connect();
  assert.equal((await client.subscribe(channel, { recover: true, epoch, offset: 2 }))["recovered"], true);
  await client.ok("unsubscribe", { channel });
  assert.equal((await client.subscribe(channel, { recover: true, epoch, offset: 1 }))["recovered"], undefined);
});

rule("[REC4.1] a publication that skips history is delivered and moves no position", async (side) => {
  const channel = side.channel("rec:a");
  const epoch = await fill(side, channel, 1);
  const client = await side.connect();
  await client.subscribe(channel);
  assert.deepEqual(await side.publish(channel, "aside", { skip_history: true }), {});
  await side.publish(channel, 2);
  assert.deepEqual(await client.push("pub", channel), { data: "aside" });
  assert.deepEqual(await client.push("pub", channel), { data: 2, offset: 2 });
  const late = await side.connect();
  assert.equal((await late.subscribe(channel, { recover: true, epoch, offset: 1 }))["publications"].length, 1);
});

rule("[REC6.1] cache mode gives the latest publication only", async (side) => {
  const channel = side.channel("cache:a");
  const epoch = await fill(side, channel, 4);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 1 });
  assert.deepEqual(result, { ...granted, epoch, offset: 1, recovered: true, was_recovering: true, publications: [{ data: 4, offset: 4 }] });
});

rule("[REC6.2] and nothing to a client that has it", async (side) => {
  const channel = side.channel("cache:a");
  const epoch = await fill(side, channel, 4);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch, offset: 4 });
  assert.deepEqual(result, { ...granted, epoch, offset: 4, recovered: true, was_recovering: true });
});

rule("[REC6.3] whatever epoch it comes with, the reject flag or not", async (side) => {
  const channel = side.channel("cache:a");
  await fill(side, channel, 4);
  const client = await side.connect();
  const result = await client.subscribe(channel, { recover: true, epoch: "another", offset: 9, flag: 2 });
  assert.deepEqual([result["recovered"], result["publications"], result["offset"]], [true, [{ data: 4, offset: 4 }], 9]);
});

rule("[REC6.4] a cache with nothing in it", async (side) => {
  const channel = side.channel("cache:new");
  const client = await side.connect();
  await client.subscribe(channel, { recover: true, epoch: "", offset: 0 });
  await client.ok("unsubscribe", { channel });
  await client.subscribe(channel, { recover: true, epoch: "another", offset: 3 });
});

rule("[REC6.5] without recover the reply has the position and no publication", async (side) => {
  const channel = side.channel("cache:a");
  const epoch = await fill(side, channel, 2);
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel), { ...granted, epoch, offset: 2 });
});

rule("[REC6.6] a cache whose history was removed", async (side) => {
  const channel = side.channel("cache:a");
  const epoch = await fill(side, channel, 2);
  await side.api("history_remove", { channel });
  const client = await side.connect();
  await client.subscribe(channel, { recover: true, epoch, offset: 1 });
  await client.ok("unsubscribe", { channel });
  await client.subscribe(channel, { recover: true, epoch, offset: 2 });
});

rule("[REC2.1] a client recovers several times, each time what it missed", async (side) => {
  const channel = side.channel("rec:a");
  const epoch = await fill(side, channel, 2);
  const client = await side.connect();
  for (let at = 2; at < 6; at++) {
    const result = await client.subscribe(channel, { recover: true, epoch, offset: at - 1 });
    assert.deepEqual(result["publications"], [{ data: at, offset: at }]);
    await client.ok("unsubscribe", { channel });
    await side.publish(channel, at + 1);
  }
});

rule("[P1.1] the official client comes back after a cut and misses nothing", { limitMs: 30_000 }, async (side) => {
  const channel = side.channel("rec:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel);
  await side.publish(channel, 1);
  await sdk.next("publication");
  await sdk.call("disconnect");
  await sdk.next("disconnected");
  await side.publish(channel, 2);
  await side.publish(channel, 3);
  await sdk.call("connect");
  const again = await sdk.next("subscribed");
  assert.deepEqual([again.wasRecovering, again.recovered], [true, true]);
  assert.deepEqual([(await sdk.next("publication")).data, (await sdk.next("publication")).data], [2, 3]);
});

export default group;
