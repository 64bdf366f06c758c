import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "subscribe",
  title: "Subscribing",
  about: "Who may subscribe, what is checked first, and what the reply says.",
  config: standard,
});

const other = "another-key-that-signed-nothing-here-0001";

/** A subscribe of a connected user is refused with this error. */
function refused(id: string, what: string, code: number, request: (channel: (name: string) => string) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    const client = await side.connect();
    await client.refused(
      "subscribe",
      request((name) => side.channel(name)),
      code,
    );
  });
}

rule("[C15.1] a subscribe to an empty channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: { channel: "" } });
  await client.closed(3501);
});

rule("[C15.2] a subscribe without a channel, too", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: {} });
  await client.closed(3501);
});

refused("C15.3", "a channel of 256 bytes", 107, (channel) => ({ channel: channel("open:").padEnd(256, "x") }));

rule("[C15.4] a channel of 255 bytes is allowed", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("open:").padEnd(255, "x"));
});

refused("C15.5", "a channel of 130 characters and 256 bytes", 107, (channel) => ({
  channel: `any:${channel("a")}`.padEnd(16, "x") + "ü".repeat(120),
}));

rule("[C15.6] a second subscribe to a channel is error 105 and keeps the first", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  await client.refused("subscribe", { channel }, 105);
  await side.publish(channel, { v: 1 });
  assert.deepEqual(await client.push("pub", channel), { data: { v: 1 } });
});

rule("[C15.7] the 129th subscription is error 106, and one ended makes room", async (side) => {
  const client = await side.connect();
  const channels = Array.from({ length: 129 }, (_, i) => side.channel(`open:${i}`));
  for (const channel of channels.slice(0, 128)) await client.subscribe(channel);
  await client.refused("subscribe", { channel: channels[128] }, 106);
  await client.ok("unsubscribe", { channel: channels[0] });
  await client.subscribe(channels[128]!);
});

refused("C15.8", "an unknown namespace", 102, (channel) => ({ channel: channel("nowhere:a") }));
refused("C15.9", "an unknown namespace behind `$`", 102, (channel) => ({ channel: `$${channel("nowhere:a")}` }));
refused("C15.10", "a name that is too long is told before its unknown namespace", 107, (channel) => ({
  channel: channel("nowhere:").padEnd(300, "x"),
}));

rule("[C15.11] already subscribed is told before the token is looked at", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  await client.refused("subscribe", { channel, token: "no token" }, 105);
});

refused("C15.12", "an unknown namespace is told before the token is looked at", 102, (channel) => ({
  channel: channel("nowhere:a"),
  token: "no token",
}));
refused("C15.13", "a wrong name is told before the permission", 107, (channel) => ({ channel: channel("closed:ü") }));

refused("C16.1", "a namespace that allows nobody", 103, (channel) => ({ channel: channel("closed:a") }));
refused("C16.2", "`$` without a token, where the namespace allows everybody", 103, (channel) => ({ channel: `$${channel("open:a")}` }));
refused("C16.3", "a subscription token that is no token", 103, (channel) => ({ channel: channel("open:a"), token: "no token" }));
for (const [index, type] of [1, 2, 3].entries()) {
  refused(`C16.${4 + index}`, `subscription type ${type} on a stream channel`, 103, (channel) => ({ channel: channel("open:a"), type }));
}
refused("C16.7", "subscription type 4 on a stream channel", 108, (channel) => ({ channel: channel("open:a"), type: 4 }));

rule("[C16.8] a subscription type above 4 ends the connection with 3004", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: { channel: side.channel("open:a"), type: 5 } });
  await client.closed(3004);
});

refused("C16.25", "a type above 4 with a filter that is not allowed", 107, (channel) => ({
  channel: channel("open:a"),
  type: 5,
  tf: { key: "a", cmp: "eq", val: "b" },
}));

refused("C16.9", "type 4 of an unknown namespace", 108, (channel) => ({ channel: channel("nowhere:a"), type: 4 }));
refused("C16.10", "a type above 4 where nothing is allowed", 103, (channel) => ({ channel: channel("closed:a"), type: 5 }));

/** A subscribe with a token of these claims. */
function withToken(id: string, what: string, expected: number, claims: (channel: string) => Wire, key?: string): void {
  const says = expected === 0 ? "subscribes" : expected < 3_000 ? `error ${expected}` : `${expected}`;
  rule(`[${id}] ${what}: ${says}`, async (side) => {
    const client = await side.connect();
    const channel = side.channel("$closed:a");
    const token = jwt({ sub: side.user(), channel, ...claims(channel) }, key === undefined ? {} : { key });
    const request = { channel, token };
    if (expected === 0) await client.ok("subscribe", request);
    else if (expected < 3_000) await client.refused("subscribe", request, expected);
    else {
      client.send({ id: 7, subscribe: request });
      await client.closed(expected);
    }
  });
}

withToken("C16.11", "a right token opens a private channel", 0, () => ({}));
withToken("C16.12", "a forged token", 103, () => ({}), other);
withToken("C16.13", "an expired token", 109, () => ({ exp: inSeconds(-10) }));
withToken("C16.14", "a token that is not valid yet", 109, () => ({ nbf: inSeconds(100) }));
withToken("C16.15", "a token without a channel", 103, () => ({ channel: undefined }));
withToken("C16.16", "a token of another channel", 3500, () => ({ channel: "$closed:other" }));
withToken("C16.17", "a token of another user", 3500, () => ({ sub: "somebody-else" }));
withToken("C16.18", "a token of nobody for a user", 3500, () => ({ sub: undefined }));
withToken("C16.19", "a token of another connection", 3500, () => ({ client: "00000000-0000-4000-8000-000000000000" }));
withToken("C16.20", "an expired token of another channel", 109, () => ({ channel: "$closed:other", exp: inSeconds(-10) }));
withToken("C16.21", "an `expire_at` in the past", 110, () => ({ expire_at: inSeconds(-10) }));
withToken("C16.22", "a forged and expired token", 103, () => ({ exp: inSeconds(-10) }), other);

rule("[C16.23] a token may name the connection", async (side) => {
  const client = await side.connect();
  const channel = side.channel("closed:a");
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { client: client.id }) });
});

rule("[C16.24] a token may belong to a connection of nobody", async (side) => {
  const client = await side.connect({ user: "" });
  const channel = side.channel("closed:a");
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { sub: "" }) });
});

refused("C17.1", "a tags filter where the namespace allows none", 107, (channel) => ({
  channel: channel("open:a"),
  tf: { key: "a", cmp: "eq", val: "b" },
}));
refused("C17.2", "a tags filter where nothing is allowed", 103, (channel) => ({
  channel: channel("closed:a"),
  tf: { key: "a", cmp: "eq", val: "b" },
}));

rule("[C17.3] an unknown delta ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, subscribe: { channel: side.channel("open:a"), delta: "xdelta" } });
  await client.closed(3501);
});

rule("[C17.4] delta where the namespace allows none is not granted", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(side.channel("open:a"), { delta: "fossil" }), {});
});

rule("[C17.5] the wish for numeric channel ids is not granted", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  assert.deepEqual(await client.subscribe(channel, { flag: 1 }), {});
  await side.publish(channel, 1);
  await client.push("pub", channel);
});

rule("[SB1.1] allow_subscribe_for_client is for users, not for nobody", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.refused("subscribe", { channel: side.channel("open:a") }, 103);
});

rule("[SB1.2] allow_subscribe_for_anonymous widens it", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.subscribe(side.channel("anon:a"));
});

rule("[SB1.3] alone it grants nothing", async (side) => {
  const [nobody, user] = [await side.connect({ user: "" }), await side.connect()];
  await nobody.refused("subscribe", { channel: side.channel("lone:a") }, 103);
  await user.refused("subscribe", { channel: side.channel("lone:a") }, 103);
});

rule("[SB1.4] a channel without a namespace has options of its own", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("news"));
});

rule("[SB2.1] a user-limited channel is open to the user it names", async (side) => {
  const client = await side.connect();
  await client.subscribe(`mine:a#${side.user()}`);
});

rule("[SB2.2] to each of several", async (side) => {
  const channel = `mine:a#${side.user()},${side.user("bob")}`;
  await (await side.connect()).subscribe(channel);
  await (await side.connect({ user: side.user("bob") })).subscribe(channel);
});

rule("[SB2.3] to nobody else: 103", async (side) => {
  const client = await side.connect();
  await client.refused("subscribe", { channel: `mine:a#${side.user("bob")}` }, 103);
});

rule("[SB2.4] not even where the namespace allows every user", async (side) => {
  const client = await side.connect();
  await client.refused("subscribe", { channel: `minetoo:a#${side.user("bob")}` }, 103);
  await client.subscribe(side.channel("minetoo:a"));
});

rule("[SB2.5] what stands behind the last `#` counts", async (side) => {
  const client = await side.connect();
  await client.subscribe(`mine:#${side.user("bob")}#${side.user()}`);
  await client.refused("subscribe", { channel: `mine:#${side.user()}#${side.user("bob")}` }, 103);
});

rule("[SB2.6] spaces around a name belong to it", async (side) => {
  const client = await side.connect();
  await client.refused("subscribe", { channel: `mine:a#${side.user("bob")}, ${side.user()}` }, 103);
});

rule("[SB2.7] nobody is named by an empty list", async (side) => {
  const [nobody, user] = [await side.connect({ user: "" }), await side.connect()];
  await nobody.subscribe(`${side.channel("mine:a")}#`);
  await user.refused("subscribe", { channel: `${side.channel("mine:a")}#` }, 103);
});

rule("[SB2.8] without allow_user_limited_channels `#` is a character like others", async (side) => {
  const client = await side.connect();
  await client.subscribe(`open:a#${side.user("bob")}`);
});

rule("[SB2.9] a token opens another user's channel", async (side) => {
  const client = await side.connect();
  const channel = `mine:a#${side.user("bob")}`;
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
});

rule("[SB3.1] a token's info is the subscriber's chan_info", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { info: { role: "boss" } }) });
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id], { user: side.user(), client: client.id, chan_info: { role: "boss" } });
});

rule("[SB3.2] its data comes back in the reply, raw or as base64", async (side) => {
  const client = await side.connect();
  const [a, b] = [side.channel("closed:a"), side.channel("closed:b")];
  const b64data = Buffer.from('{"y": 2}').toString("base64");
  assert.deepEqual(await client.subscribe(a, { token: side.subscriptionToken(a, { data: { x: 1 }, exp: undefined }) }), { data: { x: 1 } });
  assert.deepEqual(await client.subscribe(b, { token: side.subscriptionToken(b, { b64data, data: 1, exp: undefined }) }), {
    data: { y: 2 },
  });
});

rule("[SB3.3] its override decides over the namespace", async (side) => {
  const client = await side.connect();
  const [a, b] = [side.channel("plain:a"), side.channel("rec:b")];
  const token = (channel: string, override: Wire) => side.subscriptionToken(channel, { exp: undefined, override });
  const on = await client.subscribe(a, { token: token(a, { force_recovery: { value: true } }) });
  assert.deepEqual({ ...on, epoch: "" }, { recoverable: true, positioned: true, epoch: "" });
  assert.deepEqual(await client.subscribe(b, { token: token(b, { force_recovery: { value: false } }) }), {});
});

rule("[SB3.4] a token that expires tells expires and ttl; `expire_at` counts instead of `exp`, and 0 takes it away", async (side) => {
  const client = await side.connect();
  const [a, b, c] = [side.channel("open:a"), side.channel("open:b"), side.channel("open:c")];
  const first = await client.subscribe(a, { token: side.subscriptionToken(a, { exp: inSeconds(500) }) });
  assert.equal(first["expires"], true);
  assert.ok(first["ttl"] >= 498 && first["ttl"] <= 500);
  const second = await client.subscribe(b, { token: side.subscriptionToken(b, { expire_at: inSeconds(100) }) });
  assert.ok(second["ttl"] >= 98 && second["ttl"] <= 100);
  assert.deepEqual(await client.subscribe(c, { token: side.subscriptionToken(c, { expire_at: 0 }) }), {});
});

rule("[SB3.5] an empty token is none", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("open:a"), { token: "" });
});

rule("[SB5.1] positioned is granted by allow_positioning, recoverable by allow_recovery", async (side) => {
  const client = await side.connect();
  const positioned = await client.subscribe(side.channel("ask:a"), { positioned: true });
  assert.deepEqual({ ...positioned, epoch: "" }, { positioned: true, epoch: "" });
  const recoverable = await client.subscribe(side.channel("ask:b"), { recoverable: true });
  assert.deepEqual({ ...recoverable, epoch: "" }, { positioned: true, recoverable: true, epoch: "" });
});

rule("[SB5.2] both by the right to read history", async (side) => {
  const client = await side.connect();
  const both = await client.subscribe(side.channel("hist:a"), { positioned: true, recoverable: true });
  assert.deepEqual({ ...both, epoch: "" }, { positioned: true, recoverable: true, epoch: "" });
  const subscriber = await client.subscribe(side.channel("subs:a"), { positioned: true });
  assert.deepEqual({ ...subscriber, epoch: "" }, { positioned: true, epoch: "" });
});

rule("[SB5.3] and by nothing else: the wish is passed over in silence", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(side.channel("plain:a"), { positioned: true, recoverable: true }), {});
});

rule("[SB5.4] both are granted even where nothing is kept: such a stream has an epoch and stays at 0", async (side) => {
  const client = await side.connect();
  const channel = side.channel("bare:a");
  const { epoch } = await client.subscribe(channel, { positioned: true, recoverable: true });
  await side.publish(channel, 1);
  assert.deepEqual(await client.push("pub", channel), { data: 1 });
  await client.ok("unsubscribe", { channel });
  const back = await client.subscribe(channel, { recoverable: true, recover: true, epoch, offset: 0 });
  assert.deepEqual(back, { recoverable: true, positioned: true, epoch, recovered: true, was_recovering: true });
});

rule("[SB5.9] force_positioning and allow_recovery do so, too", async (side) => {
  const client = await side.connect();
  const [a, b] = [side.channel("standing:a"), side.channel("standing:b")];
  assert.deepEqual({ ...(await client.subscribe(a)), epoch: "" }, { positioned: true, epoch: "" });
  assert.deepEqual(
    { ...(await client.subscribe(b, { recoverable: true })), epoch: "" },
    { positioned: true, recoverable: true, epoch: "" },
  );
});

rule("[SB3.6] and a token's force_recovery", async (side) => {
  const client = await side.connect();
  const channel = side.channel("bare:a");
  const token = side.subscriptionToken(channel, { exp: undefined, override: { force_recovery: { value: true } } });
  assert.deepEqual({ ...(await client.subscribe(channel, { token })), epoch: "" }, { positioned: true, recoverable: true, epoch: "" });
});

rule("[SB5.5] join_leave is granted by the right to read presence, where the namespace tells joins", async (side) => {
  const channel = side.channel("emit:a");
  const listener = await side.connect();
  await listener.subscribe(channel, { join_leave: true });
  assert.equal((await listener.push("join", channel))["info"].client, listener.id);
  const deaf = await side.connect();
  await deaf.subscribe(channel);
  assert.equal((await listener.push("join", channel))["info"].client, deaf.id);
  await deaf.silent();
});

rule("[SB5.6] a token's subscription may have wishes, too", async (side) => {
  const client = await side.connect();
  const channel = side.channel("ask:a");
  const result = await client.subscribe(channel, { positioned: true, token: side.subscriptionToken(channel, { exp: undefined }) });
  assert.deepEqual({ ...result, epoch: "" }, { positioned: true, epoch: "" });
});

rule("[SB5.7] a forced recovery or positioning needs no wish", async (side) => {
  const client = await side.connect();
  const rec = await client.subscribe(side.channel("rec:a"));
  assert.deepEqual({ ...rec, epoch: "" }, { recoverable: true, positioned: true, epoch: "" });
  const pos = await client.subscribe(side.channel("pos:a"));
  assert.deepEqual({ ...pos, epoch: "" }, { positioned: true, epoch: "" });
});

rule("[SB5.8] a positioned subscription to a channel with publications begins at its top", async (side) => {
  const channel = side.channel("rec:a");
  const { epoch } = await side.publish(channel, 1);
  await side.publish(channel, 2);
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel), { recoverable: true, positioned: true, epoch, offset: 2 });
});

export default group;
