import assert from "node:assert/strict";
import { sharedPolls } from "../configs/shared-polls.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import { follower, track, Values, values } from "../harness/shared-polls.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "shared-poll-subscribe",
  title: "Shared polls: subscribing",
  about: "Who may subscribe to a shared poll, what the reply says, and where the subscription stands.",
  config: sharedPolls,
});

const poll = { type: 4 } as const;

function refused(id: string, what: string, code: number, request: (side: Side) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    const client = await side.connect();
    await client.refused("subscribe", request(side), code);
    await client.silent();
  });
}

refused("SP1.1", "a shared poll on a stream", 108, (side) => ({ channel: side.channel("stream:a"), ...poll }));
refused("SP1.2", "a shared poll on a map", 108, (side) => ({ channel: side.channel("map:a"), ...poll }));
refused("SP1.3", "a shared poll on an unknown namespace", 108, (side) => ({ channel: side.channel("nope:a"), ...poll }));
refused("SP1.4", "a stream on a shared poll", 107, (side) => ({ channel: side.channel("plain:a") }));
refused("SP1.5", "a map on a shared poll", 107, (side) => ({ channel: side.channel("plain:a"), type: 1, phase: 2 }));
refused("SP1.6", "a type that nobody knows on a shared poll", 107, (side) => ({ channel: side.channel("plain:a"), type: 9 }));
refused("SP1.7", "the type is looked at before an unknown delta", 107, (side) => ({ channel: side.channel("plain:a"), delta: "other" }));
refused("SP2.1", "no rule allows it", 103, (side) => ({ channel: side.channel("shut:a"), ...poll }));
refused("SP2.2", "a private channel without a token", 103, (side) => ({ channel: side.channel("$plain:a"), ...poll }));
refused("SP2.3", "a name that is not ASCII", 107, (side) => ({ channel: side.channel("plain:é"), ...poll }));
refused("SP2.4", "a token that has expired", 109, (side) => {
  const channel = side.channel("shut:a");
  return { channel, ...poll, token: side.subscriptionToken(channel, { exp: inSeconds(-60) }) };
});
refused("SP2.5", "an expiry that is past", 110, (side) => {
  const channel = side.channel("shut:a");
  return { channel, ...poll, token: side.subscriptionToken(channel, { expire_at: inSeconds(-60) }) };
});

rule("[SP2.6] a token of another channel ends the connection with 3500", async (side) => {
  const client = await side.connect();
  const token = side.subscriptionToken(side.channel("shut:b"));
  client.send({ id: 7, subscribe: { channel: side.channel("shut:a"), ...poll, token } });
  await client.closed(3500);
});

rule("[SP2.7] a second subscribe is error 105, and the first lives on", async (side) => {
  new Values(side, { k: { data: 1 } });
  const channel = side.channel("plain:a");
  const client = await follower(side, channel);
  await client.refused("subscribe", { channel, ...poll }, 105);
  await track(side, client, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
});

rule("[SP2.8] shared polls count towards the channel limit: error 106", async (side) => {
  const client = await side.connect();
  for (const name of ["ver:a", "ver:b", "stream:a"]) await client.subscribe(side.channel(name), name === "stream:a" ? {} : poll);
  await client.refused("subscribe", { channel: side.channel("ver:c"), ...poll }, 106);
  await client.refused("subscribe", { channel: side.channel("stream:c") }, 106);
});

rule(
  "[SP2.9] a name that is too long is error 107",
  {
    differs: {
      deviation: "a shared poll's name longer than `channel.max_length`",
      real: async (side) => void (await (await side.connect()).subscribe(side.channel(`plain:${"x".repeat(260)}`), poll)),
    },
  },
  async (side) => {
    const client = await side.connect();
    await client.refused("subscribe", { channel: side.channel(`plain:${"x".repeat(260)}`), ...poll }, 107);
  },
);

rule("[SP2.10] no channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: { ...poll } });
  await client.closed(3501);
});

rule("[SP2.11] the subscribe proxy decides", async (side) => {
  side.backend.on("/subscribe", () => ({ error: { code: 403, message: "no" } }));
  const channel = side.channel("asked:a");
  const client = await side.connect();
  assert.equal((await client.call("subscribe", { channel, ...poll }))["error"].code, 403);
  side.backend.on("/subscribe", () => ({ result: { data: { ignored: true } } }));
  assert.deepEqual(Object.keys(await client.subscribe(channel, poll)).sort(), ["epoch", "type"]);
});

rule("[SP3.1] the reply says type 4 and the epoch, and nothing of positions and recovery", async (side) => {
  const client = await side.connect();
  const wishes = { recover: true, offset: 3, epoch: "x", positioned: true, recoverable: true, join_leave: true };
  const { epoch, ...rest } = await client.subscribe(side.channel("plain:a"), { ...poll, ...wishes });
  assert.equal(typeof epoch, "string");
  assert.deepEqual(rest, { type: 4 });
});

rule("[SP3.6] history and recovery of the namespace make no difference to it", async (side) => {
  const client = await side.connect();
  const { epoch, ...rest } = await client.subscribe(side.channel("streamlike:a"), poll);
  assert.equal(typeof epoch, "string");
  assert.deepEqual(rest, { type: 4 });
});

rule("[SP3.2] with versions there is no epoch until the backend names one", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(side.channel("ver:a"), poll), { type: 4 });
});

rule("[SP3.3] delta is granted where it is allowed, and left out otherwise, also one that nobody knows", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(side.channel("patched:a"), { ...poll, delta: "fossil" }), { type: 4, delta: true });
  assert.deepEqual(await client.subscribe(side.channel("patched:b"), { ...poll, delta: "other" }), { type: 4 });
  assert.deepEqual(await client.subscribe(side.channel("ver:b"), { ...poll, delta: "fossil" }), { type: 4 });
});

rule("[SP3.4] a token brings expiry; its data is not told", async (side) => {
  const channel = side.channel("shut:a");
  const client = await side.connect();
  const token = side.subscriptionToken(channel, { expire_at: inSeconds(600), info: { i: 1 }, data: { d: 1 } });
  const { ttl, epoch, ...rest } = await client.subscribe(channel, { ...poll, token });
  assert.equal(typeof epoch, "string");
  assert.ok(ttl > 590 && ttl <= 600);
  assert.deepEqual(rest, { type: 4, expires: true });
});

rule("[SP3.5] a tags filter is not looked at", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("plain:a"), { ...poll, tf: { op: "nonsense" } });
});

rule("[SP4.1] a subscription is renewed with a token, and ends with 2501 when it is not", { limitMs: 20_000 }, async (side) => {
  const channel = side.channel("shut:a");
  const client = await side.connect();
  const token = (exp: number): string => side.subscriptionToken(channel, { exp: inSeconds(exp) });
  await client.subscribe(channel, { ...poll, token: token(600) });
  const renewed = await client.ok("sub_refresh", { channel, token: token(1_200) });
  assert.equal(renewed["expires"], true);
  await client.refused("sub_refresh", { channel }, 107);
  await client.ok("sub_refresh", { channel, token: token(1) });
  assert.equal((await client.push("unsubscribe", channel))["code"], 2501);
});

rule("[SP4.2] unsubscribe ends it: keys are told no longer, and the channel can be had again", async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 1 } });
  const channel = side.channel("set:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await client.ok("unsubscribe", { channel });
  await side.api("shared_poll_publish", { channel, key: "k", data: 2, version: 2 });
  await client.silent();
  await client.refused("sub_refresh", { channel, type: 2, untrack: ["k"] }, 103);
  backend.items = { k: { data: 2, version: 2 } };
  await client.subscribe(channel, poll);
  await client.silent();
  await track(side, client, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=2@2"]);
});

rule("[SP4.3] the server API unsubscribes: push 2000, and nothing after it", async (side) => {
  new Values(side, { k: { data: 1, version: 1 } });
  const channel = side.channel("set:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.equal((await client.push("unsubscribe", channel))["code"], 2000);
  await side.api("shared_poll_publish", { channel, key: "k", data: 2, version: 2 });
  await client.silent();
});

rule("[SP4.4] presence knows who is there; nobody hears of joins", async (side) => {
  const channel = side.channel("seen:a");
  const [one, other] = [await follower(side, channel), await side.connect({ user: side.user("bob") })];
  await other.subscribe(channel, poll);
  const { presence } = await one.ok("presence", { channel });
  assert.deepEqual(Object.keys(presence).sort(), [one.id, other.id].sort());
  await one.silent();
  await other.ok("unsubscribe", { channel });
  await one.silent();
  assert.deepEqual(Object.keys((await one.ok("presence", { channel }))["presence"]), [one.id]);
});

rule("[SP4.5] it is no channel of the hub: the server API's list does not have it", async (side) => {
  const channel = side.channel("plain:a");
  await follower(side, channel);
  assert.deepEqual((await side.api("channels", { pattern: channel }))["channels"] ?? {}, {});
});

rule("[SP4.6] what a client publishes into it, or the server API broadcasts, is told to nobody", async (side) => {
  const channel = side.channel("streamlike:a");
  const client = await follower(side, channel);
  await client.ok("publish", { channel, data: { n: 1 } });
  await side.api("broadcast", { channels: [channel], data: { n: 2 } });
  await client.silent();
  const answer = await side.apiAnswer("publish", { channel, data: { n: 3 } });
  assert.equal(JSON.parse(answer.body).error.code, 107);
});

rule("[SP5.1] a server-side subscription tracks nothing: 3501", async (side) => {
  const channel = side.channel("plain:a");
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel });
  await client.push("subscribe", channel);
  await client.refused("subscribe", { channel, ...poll }, 105);
  client.send({ id: 9, sub_refresh: { channel, type: 2, untrack: ["k"] } });
  await client.closed(3501);
});

export default group;
