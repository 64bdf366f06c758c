import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { pause } from "../harness/client.ts";
import { inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "refresh",
  title: "Refreshing connections and subscriptions",
  about: "`refresh` and `sub_refresh` with tokens, right and wrong, and what the server API's `refresh` does.",
  config: standard,
});

type Token = (side: Side) => string;

/** A refresh with this token ends the connection. */
function closes(id: string, what: string, code: number, token: Token): void {
  rule(`[${id}] refresh with ${what}: ${code}`, async (side) => {
    const client = await side.connect({ claims: { channels: [side.channel("open:a")] } });
    client.send({ id: 9, refresh: { token: token(side) } });
    await client.closed(code);
  });
}
const ofToken = (claims: (side: Side) => Wire) => (side: Side) => side.token({ channels: [side.channel("open:a")], ...claims(side) });

closes("C25.1", "an empty token", 3501, () => "");
closes("C25.2", "no token", 3500, () => "hello");
closes("C25.3", "a forged token", 3500, (side) => jwt({ sub: side.user() }, { key: "another-key" }));
closes(
  "C25.4",
  "another user's token",
  3500,
  ofToken((side) => ({ sub: side.user("bob") })),
);
closes(
  "C25.5",
  "an expired token",
  3005,
  ofToken(() => ({ exp: inSeconds(-10) })),
);
closes(
  "C25.6",
  "a token that is not valid yet",
  3005,
  ofToken(() => ({ nbf: inSeconds(100) })),
);
closes(
  "C25.7",
  "another user's expired token",
  3005,
  ofToken((side) => ({ sub: side.user("bob"), exp: inSeconds(-10) })),
);
closes("C25.8", "a token without the channel", 3010, (side) => side.token());
closes(
  "C25.9",
  "a token with another channel",
  3010,
  ofToken((side) => ({ channels: [side.channel("open:b")] })),
);
closes(
  "C25.10",
  "a token with one channel more",
  3010,
  ofToken((side) => ({ channels: [side.channel("open:a"), side.channel("open:b")] })),
);
closes(
  "C25.11",
  "a token with a `channel` claim",
  3500,
  ofToken((side) => ({ channel: side.channel("open:a") })),
);

rule("[C25.12] refresh with a past `expire_at` is error 110, with an unknown namespace 102, and the connection lives on", async (side) => {
  const client = await side.connect();
  await client.refused("refresh", { token: side.token({ expire_at: inSeconds(-10) }) }, 110);
  await client.refused("refresh", { token: side.token({ channels: ["nowhere:a"] }) }, 102);
  await client.settled();
});

rule("[C25.13] refresh answers with the new ttl, and the connection lives on past the old one", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(2) } });
  const result = await client.ok("refresh", { token: side.token({ exp: inSeconds(600) }) });
  assert.equal(result["expires"], true);
  await pause(3_500);
  await client.settled();
});

rule("[C25.14] a refresh may bring the expiry nearer", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(600) } });
  await client.ok("refresh", { token: side.token({ exp: inSeconds(2) }) });
  await client.closed(3005, 8_000);
});

rule("[C25.15] `subs` of the new token count as its channels", async (side) => {
  const client = await side.connect({ claims: { channels: [side.channel("open:a")] } });
  const result = await client.ok("refresh", { token: side.token({ subs: { [side.channel("open:a")]: { data: 1 } } }) });
  assert.equal(result["expires"], true);
});

rule("[C25.16] a connection that never expired may be refreshed", async (side) => {
  const client = await side.connect({ token: jwt({ sub: side.user() }) });
  const result = await client.ok("refresh", { token: side.token({ exp: inSeconds(300) }) });
  assert.equal(result["expires"], true);
});

rule(
  "[C25.17] a refresh with a token that does not expire takes the expiry away",
  {
    differs: {
      deviation: "the old deadline still ends the connection",
      real: async (side) => {
        const client = await side.connect({ claims: { exp: inSeconds(1) } });
        assert.deepEqual(await client.ok("refresh", { token: jwt({ sub: side.user() }) }), {});
        await client.closed(3005, 8_000);
      },
    },
  },
  async (side) => {
    const client = await side.connect({ claims: { exp: inSeconds(1) } });
    assert.deepEqual(await client.ok("refresh", { token: jwt({ sub: side.user() }) }), {});
    await pause(3_500);
    await client.settled();
  },
);

rule("[C25.18] refresh replaces the info; presence shows it after the next tick", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { info: { n: 1 } } });
  await client.subscribe(channel);
  await client.ok("refresh", { token: side.token({ info: { n: 2 } }) });
  await pause(1_300);
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id].conn_info, { n: 2 });
});

rule("[C25.19] refresh before connect is 3501", async (side) => {
  const client = await side.open();
  client.send({ id: 1, refresh: { token: side.token() } });
  await client.closed(3501);
});

/** A sub_refresh of `open:a`, subscribed to with a token, that ends the connection. */
function endsSub(id: string, what: string, code: number, token: Token): void {
  rule(`[${id}] sub_refresh with ${what}: ${code}`, async (side) => {
    const client = await side.connect();
    const channel = side.channel("open:a");
    await client.subscribe(channel, { token: side.subscriptionToken(channel) });
    client.send({ id: 9, sub_refresh: { channel, token: token(side) } });
    await client.closed(code);
  });
}
const subToken = (claims: (side: Side) => Wire) => (side: Side) => side.subscriptionToken(side.channel("open:a"), claims(side));

endsSub("C26.1", "no token", 3500, () => "hello");
endsSub("C26.2", "a forged token", 3500, (side) => jwt({ sub: side.user(), channel: side.channel("open:a") }, { key: "another-key" }));
endsSub("C26.3", "a token of another channel", 3500, (side) => side.subscriptionToken(side.channel("open:b")));
endsSub(
  "C26.4",
  "a token of another user",
  3500,
  subToken((side) => ({ sub: side.user("bob") })),
);
endsSub(
  "C26.5",
  "a token of another connection",
  3500,
  subToken(() => ({ client: "another" })),
);
endsSub(
  "C26.6",
  "an expired token",
  3006,
  subToken(() => ({ exp: inSeconds(-10) })),
);
endsSub(
  "C26.7",
  "a token that is not valid yet",
  3006,
  subToken(() => ({ nbf: inSeconds(100) })),
);
endsSub(
  "C26.8",
  "an expired token of another user",
  3006,
  subToken((side) => ({ sub: side.user("bob"), exp: inSeconds(-10) })),
);
endsSub(
  "C26.9",
  "an `expire_at` in the past",
  3006,
  subToken(() => ({ expire_at: inSeconds(-10) })),
);
endsSub(
  "C26.10",
  "another user's past `expire_at`",
  3500,
  subToken((side) => ({ sub: side.user("bob"), expire_at: inSeconds(-10) })),
);

rule("[C26.11] sub_refresh of an empty channel: 3501; of one not subscribed: error 103; without a token: error 107", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.refused("sub_refresh", { channel, token: side.subscriptionToken(channel) }, 103);
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
  await client.refused("sub_refresh", { channel }, 107);
  client.send({ id: 9, sub_refresh: { channel: "", token: side.subscriptionToken(channel) } });
  await client.closed(3501);
});

rule("[C26.12] sub_refresh of a server-side subscription: 3501", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  client.send({ id: 9, sub_refresh: { channel, token: side.subscriptionToken(channel) } });
  await client.closed(3501);
});

rule("[C26.13] sub_refresh answers with the new ttl; without an expiry with nothing", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
  const result = await client.ok("sub_refresh", { channel, token: side.subscriptionToken(channel, { exp: inSeconds(200) }) });
  assert.deepEqual([result["expires"], Math.round(result["ttl"] / 10)], [true, 20]);
  assert.deepEqual(await client.ok("sub_refresh", { channel, token: jwt({ sub: side.user(), channel }) }), {});
});

rule("[C26.14] it keeps the subscription alive past its old expiry, and its info takes the place of the former", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { exp: inSeconds(2), info: { n: 1 } }) });
  await client.ok("sub_refresh", { channel, token: side.subscriptionToken(channel, { info: { n: 2 } }) });
  await pause(4_500);
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id].chan_info, { n: 2 });
});

rule("[C26.15] a token without info takes the former away", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { info: { n: 1 } }) });
  await client.ok("sub_refresh", { channel, token: side.subscriptionToken(channel) });
  await pause(1_300);
  const { presence } = await client.ok("presence", { channel });
  assert.equal(presence[client.id].chan_info, undefined);
});

rule("[C26.16] a subscription that was allowed without a token may be refreshed with one", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  const result = await client.ok("sub_refresh", { channel, token: side.subscriptionToken(channel, { exp: inSeconds(200) }) });
  assert.equal(result["expires"], true);
});

rule("[C26.17] track and untrack of a channel that is no shared poll are refreshes", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await client.refused("sub_refresh", { channel, type: 1, track: [{ signature: "x", items: [{ key: "k" }] }] }, 107);
  await client.ok("sub_refresh", { channel, type: 2, untrack: ["k"], token: side.subscriptionToken(channel) });
});

rule("[API9.1] the server moves the expiry of a user's connections and says so", async (side) => {
  const [client, other] = [await side.connect({ claims: { exp: inSeconds(2) } }), await side.connect({ user: side.user("bob") })];
  await side.api("refresh", { user: side.user(), expire_at: inSeconds(600) });
  const { expires, ttl } = await client.push("refresh");
  assert.deepEqual([expires, Math.round(ttl / 100)], [true, 6]);
  await pause(3_500);
  await client.settled();
  await other.silent();
});

rule("[API9.2] without a time it takes the expiry away", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(1) } });
  await side.api("refresh", { user: side.user() });
  assert.deepEqual(await client.push("refresh"), {});
  await pause(3_000);
  await client.settled();
});

rule("[API9.3] a connection without an expiry gets one", async (side) => {
  const client = await side.connect({ token: jwt({ sub: side.user() }) });
  await side.api("refresh", { user: side.user(), expire_at: inSeconds(2) });
  assert.equal((await client.push("refresh"))["expires"], true);
  await client.closed(3005, 8_000);
});

for (const [id, what, params] of [
  ["API9.4", "`expired`", { expired: true }],
  ["API9.5", "a past `expire_at`", { expire_at: 1 }],
  ["API9.6", "`expired` beside a time to come", { expired: true, expire_at: inSeconds(600) }],
] as const) {
  rule(`[${id}] ${what} ends the connection with 3005`, async (side) => {
    const client = await side.connect();
    await side.api("refresh", { user: side.user(), ...params });
    await client.closed(3005);
  });
}

rule("[API9.7] it replaces the info where one is given", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { info: { n: 1 } } });
  await client.subscribe(channel);
  await side.api("refresh", { user: side.user(), expire_at: inSeconds(600), info: { n: 2 } });
  await client.push("refresh");
  await pause(1_300);
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence[client.id].conn_info, { n: 2 });
});

rule("[API9.8] `client` picks one connection", async (side) => {
  const [one, two] = [await side.connect(), await side.connect()];
  await side.api("refresh", { user: side.user(), client: two.id, expire_at: inSeconds(600) });
  await two.push("refresh");
  await one.silent();
});

export default group;
