import assert from "node:assert/strict";
import { FORMER_POLL_SECRET, sharedPolls } from "../configs/shared-polls.ts";
import { pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import {
  batch,
  eventually,
  follower,
  nowS,
  type SignOptions,
  sign,
  track,
  trackRequest,
  untrack,
  Values,
  values,
} from "../harness/shared-polls.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "shared-poll-track",
  title: "Shared polls: tracking keys",
  about: "Which keys a client may follow, by whose signature, how many, and for how long.",
  config: sharedPolls,
});

const atOwnTimes = { compare: { off: "rounds come at their own times" } } as const;

/** A request that is refused, from a client that follows nothing; then nothing comes. */
function refused(id: string, what: string, code: number, request: (side: Side, channel: string) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    new Values(side, { k: { data: 1 } });
    const channel = side.channel("plain:a");
    const client = await follower(side, channel);
    await client.refused("sub_refresh", { channel, ...request(side, channel) }, code);
    await client.silent();
    assert.deepEqual(side.backend.asked, []);
  });
}

refused("SP10.1", "track without a batch", 107, () => ({ type: 1 }));
refused("SP10.2", "track of batches without keys", 107, (side, channel) => ({ type: 1, track: [batch(side, channel, [])] }));
refused("SP10.3", "a type that nobody knows is a refresh without a token", 107, () => ({ type: 3 }));
refused("SP11.1", "no signature", 103, () => ({ type: 1, track: [{ items: [{ key: "k" }] }] }));
refused("SP11.2", "a signature of another secret", 103, (side, channel) => trackRequest(side, channel, ["k"], { secret: "other" }));
refused("SP11.3", "a signature of another user", 103, (side, channel) => trackRequest(side, channel, ["k"], { user: side.user("bob") }));
refused("SP11.4", "a signature of another channel", 103, (side) => ({ type: 1, track: [batch(side, side.channel("plain:b"), ["k"])] }));
refused("SP11.5", "a signature of other keys", 103, (side, channel) => ({
  type: 1,
  track: [{ signature: sign(side, channel, ["k", "l"]), items: [{ key: "k" }] }],
}));
refused("SP11.6", "a signature of the same keys in another order", 103, (side, channel) => ({
  type: 1,
  track: [{ signature: sign(side, channel, ["k", "l"]), items: [{ key: "l" }, { key: "k" }] }],
}));
refused("SP11.7", "a signature that expired 10 s ago", 109, (side, channel) => trackRequest(side, channel, ["k"], { exp: nowS() - 10 }));
refused("SP11.8", "a signature of text", 103, () => ({ type: 1, track: [{ signature: "a:b", items: [{ key: "k" }] }] }));
refused("SP11.9", "one of two batches is not signed", 103, (side, channel) => ({
  type: 1,
  track: [batch(side, channel, ["k"]), batch(side, channel, ["l"], { secret: "other" })],
}));

rule("[SP10.4] track of a channel that is not subscribed is error 103, before anything is looked at", async (side) => {
  const client = await side.connect();
  await client.refused("sub_refresh", { channel: side.channel("plain:a"), type: 1 }, 103);
  await client.refused("sub_refresh", { channel: side.channel("nope:a"), type: 2 }, 103);
});

rule("[SP10.5] track without a channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 9, sub_refresh: { type: 1 } });
  await client.closed(3501);
});

/** A signature that holds: what the reply says, and that the key is told. */
function holds(id: string, what: string, options: () => SignOptions, check: (reply: Wire) => void): void {
  rule(`[${id}] ${what}`, async (side) => {
    new Values(side, { k: { data: 1 } });
    const channel = side.channel("plain:a");
    const client = await follower(side, channel);
    check(await track(side, client, channel, ["k"], options()));
    assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  });
}

holds(
  "SP12.1",
  "a signature for ever: the reply says nothing",
  () => ({ exp: 0 }),
  (reply) => assert.deepEqual(reply, {}),
);
holds(
  "SP12.2",
  "a signature that expires: the reply says when",
  () => ({ exp: nowS() + 600 }),
  ({ expires, ttl }) => {
    assert.equal(expires, true);
    assert.ok(ttl >= 598 && ttl <= 600);
  },
);
holds(
  "SP12.3",
  "one that expired 2 s ago still holds, without a ttl",
  () => ({ exp: nowS() - 2 }),
  (reply) => assert.deepEqual(reply, { expires: true }),
);
holds(
  "SP11.10",
  "the secret before it holds, too",
  () => ({ secret: FORMER_POLL_SECRET }),
  (reply) => assert.deepEqual(reply, {}),
);

rule("[SP12.4] of several batches the first expiry is told; those without one do not count", async (side) => {
  const channel = side.channel("ver:a");
  new Values(side, {});
  const client = await follower(side, channel);
  const exps = [0, nowS() + 900, nowS() + 300];
  const reply = await client.ok("sub_refresh", {
    channel,
    type: 1,
    track: exps.map((exp, n) => batch(side, channel, [`k${n}@1`], { exp })),
  });
  assert.ok(reply["ttl"] >= 298 && reply["ttl"] <= 300);
});

rule("[SP13.1] a key that stands in two batches has the version and the expiry of the last", async (side) => {
  const channel = side.channel("ver:a");
  new Values(side, { k: { data: 1, version: 3 } });
  const client = await follower(side, channel);
  const named = [batch(side, channel, ["k@9"], { exp: nowS() + 300 }), batch(side, channel, ["k"], { exp: nowS() + 900 })];
  const reply = await client.ok("sub_refresh", { channel, type: 1, track: named });
  assert.ok(reply["ttl"] >= 898 && reply["ttl"] <= 900);
  assert.deepEqual(await values(client, channel, 1), ["k=1@3"]);
});

rule("[SP13.2] keys that the same command untracks are not followed", async (side) => {
  const channel = side.channel("plain:a");
  const backend = new Values(side, { k: { data: 1 }, l: { data: 2 } });
  const client = await follower(side, channel);
  const request = trackRequest(side, channel, ["k", "l"]);
  await client.ok("sub_refresh", { ...request, untrack: ["k", "nothing"] });
  assert.deepEqual(await values(client, channel, 1), ["l=2@1"]);
  assert.deepEqual(backend.asked, ["l"]);
  await client.silent();
});

rule("[SP13.3] a command may untrack what an earlier one tracked", async (side) => {
  const channel = side.channel("set:a");
  new Values(side, { k: { data: 1, version: 1 }, l: { data: 1, version: 1 } });
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await client.ok("sub_refresh", { ...trackRequest(side, channel, ["l"]), untrack: ["k"] });
  assert.deepEqual(await values(client, channel, 1), ["l=1@1"]);
  await side.api("shared_poll_publish", { channel, key: "k", data: 2, version: 2 });
  await client.silent();
});

rule("[SP14.1] more keys than a connection may follow: error 106, before the signature is looked at", async (side) => {
  const channel = side.channel("few:a");
  new Values(side, {});
  const client = await follower(side, channel);
  await client.refused("sub_refresh", trackRequest(side, channel, ["a", "b", "c"], { secret: "other" }), 106);
  await track(side, client, channel, ["a@1", "b@1"]);
  await client.refused("sub_refresh", trackRequest(side, channel, ["c"]), 106);
  await track(side, client, channel, ["a@1"]);
});

rule("[SP14.2] what the command untracks makes room; keys that it names twice count once", async (side) => {
  const channel = side.channel("few:a");
  new Values(side, {});
  const client = await follower(side, channel);
  await track(side, client, channel, ["a@1", "b@1"]);
  await client.ok("sub_refresh", { ...trackRequest(side, channel, ["c@1"]), untrack: ["a"] });
  await client.ok("sub_refresh", { ...trackRequest(side, channel, ["x@1", "y@1"]), untrack: ["x", "y"] });
  await untrack(client, channel, ["b", "c"]);
  await client.ok("sub_refresh", { channel, type: 1, track: [batch(side, channel, ["p@1", "q@1"]), batch(side, channel, ["q@1", "p@1"])] });
});

rule("[SP14.3] the limit is one channel's: another has its own", async (side) => {
  const [one, other] = [side.channel("few:a"), side.channel("few:b")];
  new Values(side, {});
  const client = await follower(side, one);
  await client.subscribe(other, { type: 4 });
  await track(side, client, one, ["a@1", "b@1"]);
  await track(side, client, other, ["a@1", "b@1"]);
});

rule(
  "[SP14.4] a key of more than 4,096 bytes is error 107",
  {
    differs: {
      deviation: "a key of more than 4,096 bytes",
      real: async (side) => {
        const channel = side.channel("plain:a");
        new Values(side, {});
        await track(side, await follower(side, channel), channel, [`${"x".repeat(5_000)}@1`]);
      },
    },
  },
  async (side) => {
    const channel = side.channel("plain:a");
    const client = await follower(side, channel);
    await client.refused("sub_refresh", trackRequest(side, channel, [`${"x".repeat(5_000)}@1`]), 107);
  },
);

rule("[SP15.1] untrack: nothing more is told; a key that was not followed is no error, none at all is 107", async (side) => {
  const channel = side.channel("set:a");
  new Values(side, { k: { data: 1, version: 1 } });
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await client.refused("sub_refresh", { channel, type: 2 }, 107);
  assert.deepEqual(await untrack(client, channel, ["k", "never"]), {});
  await side.api("shared_poll_publish", { channel, key: "k", data: 2, version: 2 });
  await client.silent();
});

rule(
  "[SP16.1] a key whose signature expired is followed no longer once the delay is over; nobody is told",
  { ...atOwnTimes, limitMs: 20_000 },
  async (side) => {
    const channel = side.channel("ending:a");
    const backend = new Values(side, { k: { data: 1 }, l: { data: 1 } });
    const client = await follower(side, channel);
    await track(side, client, channel, ["k"], { exp: nowS() + 1 });
    assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
    await track(side, client, channel, ["l"], { exp: nowS() + 600 });
    assert.deepEqual(await values(client, channel, 1), ["l=1@2"]);
    await eventually("rounds without the key", () => backend.asked.includes("k,l") && backend.asked.at(-1) === "l", 12_000);
    backend.items = { k: { data: 2 }, l: { data: 2 } };
    assert.deepEqual(await values(client, channel, 1), ["l=2@3"]);
    await client.silent(400);
  },
);

rule("[SP16.2] a signature that is renewed in time goes on", { ...atOwnTimes, limitMs: 20_000 }, async (side) => {
  const channel = side.channel("ending:a");
  const backend = new Values(side, { k: { data: 1 } });
  const client = await follower(side, channel);
  await track(side, client, channel, ["k"], { exp: nowS() + 1 });
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await track(side, client, channel, ["k@1"], { exp: nowS() + 600 });
  await pause(4_500);
  backend.items = { k: { data: 2 } };
  assert.deepEqual(await values(client, channel, 1), ["k=2@2"]);
});

export default group;
