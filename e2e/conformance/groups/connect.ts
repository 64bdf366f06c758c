import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { expectError, pause } from "../harness/client.ts";
import { inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import { raw, type Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "connect",
  title: "Connecting",
  about: "Who may connect, what the reply says, and which subscriptions a connection begins with.",
  config: standard,
});

/** A connect with these claims ends in this close. */
function closes(id: string, what: string, code: number, request: Wire | ((token: string) => Wire), claims: Wire | string = {}): void {
  rule(`[${id}] ${what}: ${code}`, async (side) => {
    const client = await side.open();
    const token = typeof claims === "string" ? claims : side.token(claims);
    client.send({ id: 1, connect: typeof request === "function" ? request(token) : request });
    await client.closed(code);
  });
}

/** A connect with these claims is answered with this error. */
function refused(id: string, what: string, code: number, claims: () => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    const client = await side.open();
    expectError(await client.call("connect", { token: side.token(claims()) }), code);
    await client.silent();
  });
}

closes("C12.1", "a connect without a token", 3501, {});
closes("C12.2", "a token that is no token", 3500, { token: "hello" });
closes("C12.3", "a token signed with another key", 3500, { token: jwt({ sub: "ann" }, { key: "another-key" }) });
closes("C12.4", "a token with a `channel` claim", 3500, (token) => ({ token }), { channel: "open:a" });
refused("C12.5", "a token past its `exp`", 109, () => ({ exp: inSeconds(-10) }));
refused("C12.6", "a token before its `nbf`", 109, () => ({ nbf: inSeconds(100) }));
refused("C12.7", "an unknown namespace in `channels`", 102, () => ({ channels: ["nowhere:a"] }));
refused("C12.8", "an unknown namespace in `subs`", 102, () => ({ subs: { "nowhere:a": {} } }));
refused("C12.9", "an `expire_at` in the past", 110, () => ({ expire_at: inSeconds(-10) }));
closes("C12.10", "a forged token that is expired, too", 3500, { token: jwt({ sub: "ann", exp: 1 }, { key: "another-key" }) });
refused("C12.11", "an expired token with an unknown namespace", 109, () => ({ exp: inSeconds(-10), channels: ["nowhere:a"] }));

rule("[C3.1] after a connect that was refused nothing is read or answered, and 5 s later the socket is cut", async (side) => {
  const client = await side.open();
  expectError(await client.call("connect", { token: side.token({ exp: inSeconds(-10) }) }), 109);
  client.send({ id: 9, connect: side.connectRequest() });
  await client.silent(1_000);
  await client.cutOff(7_000);
});

closes("C14.1", "an unknown namespace in the `subs` of the command", 3501, (token) => ({ token, subs: { "nowhere:a": {} } }));

rule("[C14.2] more than 128 server-side subscriptions: 3505", async (side) => {
  const client = await side.open();
  const channels = Array.from({ length: 129 }, (_, i) => side.channel(`open:${i}`));
  client.send({ id: 1, connect: { token: side.token({ channels }) } });
  await client.closed(3505);
});

rule("[C14.3] exactly 128 are allowed", async (side) => {
  const channels = Array.from({ length: 128 }, (_, i) => side.channel(`open:${i}`));
  const client = await side.connect({ claims: { channels } });
  assert.equal(Object.keys(client.messages[0]!["connect"].subs).length, 128);
});

rule("[CN1.1] the reply carries the connection's id, ping in whole seconds, pong, and the time where it is configured", async (side) => {
  const client = await side.open();
  const result = await client.ok("connect", side.connectRequest());
  assert.match(result["client"], /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual([result["ping"], result["pong"]], [20, true]);
  assert.ok(Math.abs(result["time"] - Date.now()) < 5_000);
  assert.deepEqual([result["session"], result["node"], result["data"], result["subs"]], [undefined, undefined, undefined, undefined]);
});

rule("[CN1.2] two connections have two ids", async (side) => {
  const [first, second] = [await side.connect(), await side.connect()];
  assert.notEqual(first.id, second.id);
});

rule("[CN1.3] name, version, data and headers of the command change nothing", async (side) => {
  const request = { name: "js", version: "1.2.3", data: { a: 1 }, headers: { "X-A": "b" } };
  const client = await side.connect({ request });
  assert.equal(client.isConnected, true);
});

rule("[CN4.1] a token that expires tells its ttl in seconds", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(600) } });
  const { expires, ttl } = client.messages[0]!["connect"];
  assert.equal(expires, true);
  assert.ok(ttl >= 598 && ttl <= 600, String(ttl));
});

rule("[CN4.2] `expire_at` counts instead of `exp`", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(600), expire_at: inSeconds(100) } });
  const { ttl } = client.messages[0]!["connect"];
  assert.ok(ttl >= 98 && ttl <= 100, String(ttl));
});

rule("[CN4.3] `expire_at` 0 takes the expiry away", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(600), expire_at: 0 } });
  assert.equal(client.messages[0]!["connect"].expires, undefined);
});

rule("[CN4.4] a token without `exp` does not expire", async (side) => {
  const client = await side.connect({ token: jwt({ sub: side.user() }) });
  assert.deepEqual([client.messages[0]!["connect"].expires, client.messages[0]!["connect"].ttl], [undefined, undefined]);
});

rule("[CN4.5] a ttl is a year at most", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(10 * 365 * 86_400) } });
  assert.equal(client.messages[0]!["connect"].ttl, 365 * 86_400);
});

rule("[CN4.6] a connection that is not refreshed ends with 3005, `expired_close_delay` after its expiry", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(2) } });
  await pause(1_000);
  assert.equal(client.ending, undefined);
  await client.closed(3005, 6_000);
});

rule("[CN2.1] `channels` of a token become server-side subscriptions with their namespaces' options", async (side) => {
  const [plain, rec] = [side.channel("open:a"), side.channel("rec:a")];
  const client = await side.connect({ claims: { channels: [plain, rec] } });
  const subs = client.messages[0]!["connect"].subs as Wire;
  assert.deepEqual(Object.keys(subs).sort(), [plain, rec].sort());
  assert.deepEqual(subs[plain], {});
  assert.deepEqual({ ...subs[rec], epoch: "" }, { recoverable: true, positioned: true, epoch: "" });
});

rule("[CN2.2] publications reach a server-side subscription", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await side.publish(channel, { v: 1 });
  assert.deepEqual(await client.push("pub", channel), { data: { v: 1 } });
});

rule("[CN2.3] neither permissions nor `$` nor name rules hold for a token's channels", async (side) => {
  const channels = [side.channel("closed:a"), side.channel("$open:a"), side.channel("re:NOT allowed")];
  const client = await side.connect({ claims: { channels } });
  assert.deepEqual(Object.keys(client.messages[0]!["connect"].subs).sort(), [...channels].sort());
});

rule("[CN2.4] where a token has `subs`, its `channels` are not looked at", async (side) => {
  const client = await side.connect({ claims: { channels: [side.channel("open:a")], subs: { [side.channel("open:b")]: {} } } });
  assert.deepEqual(Object.keys(client.messages[0]!["connect"].subs), [side.channel("open:b")]);
});

rule("[CN2.5] an empty `subs` leaves `channels`", async (side) => {
  const client = await side.connect({ claims: { channels: [side.channel("open:a")], subs: {} } });
  assert.deepEqual(Object.keys(client.messages[0]!["connect"].subs), [side.channel("open:a")]);
});

rule("[CN2.6] `subs` bring data of the subscription, raw or as base64", async (side) => {
  const [a, b] = [side.channel("open:a"), side.channel("open:b")];
  const b64data = Buffer.from('{"y":2}').toString("base64");
  const client = await side.connect({ claims: { subs: { [a]: { data: { x: 1 } }, [b]: { b64data } } } });
  const { subs } = client.messages[0]!["connect"];
  assert.deepEqual([subs[a], subs[b]], [{ data: { x: 1 } }, { data: { y: 2 } }]);
});

rule("[CN2.7] `subs` override what the namespace says: positioning and recovery", async (side) => {
  const [a, b, c] = [side.channel("plain:a"), side.channel("plain:b"), side.channel("rec:c")];
  const override = (name: string, value: boolean) => ({ override: { [name]: { value } } });
  const subs = { [a]: override("force_positioning", true), [b]: override("force_recovery", true), [c]: override("force_recovery", false) };
  const client = await side.connect({ claims: { subs } });
  const got = client.messages[0]!["connect"].subs;
  assert.deepEqual({ ...got[a], epoch: "" }, { positioned: true, epoch: "" });
  assert.deepEqual({ ...got[b], epoch: "" }, { recoverable: true, positioned: true, epoch: "" });
  assert.deepEqual(got[c], {});
});

rule("[CN2.8] `info` of a sub is the subscriber's `chan_info`, `info` of the token its `conn_info`", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { info: { name: "Ann" }, subs: { [channel]: { info: { role: "boss" } } } } });
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual(presence, {
    [client.id]: { user: side.user(), client: client.id, conn_info: { name: "Ann" }, chan_info: { role: "boss" } },
  });
});

rule("[CN2.9] `b64info` wins over `info`, of the token and of a sub", async (side) => {
  const channel = side.channel("open:a");
  const b64 = (text: string) => Buffer.from(text).toString("base64");
  const claims = { info: { a: 1 }, b64info: b64('{"a":2}'), subs: { [channel]: { info: { b: 1 }, b64info: b64('{"b":2}') } } };
  const client = await side.connect({ claims });
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual([presence[client.id].conn_info, presence[client.id].chan_info], [{ a: 2 }, { b: 2 }]);
});

rule("[CN2.10] the override of join_leave and force_push_join_leave", async (side) => {
  const channel = side.channel("open:a");
  const override = { join_leave: { value: true }, force_push_join_leave: { value: true } };
  const client = await side.connect({ claims: { subs: { [channel]: { override } } } });
  assert.equal((await client.push("join", channel))["info"].client, client.id);
});

rule("[CN2.11] the override of presence: off where the namespace has it", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { subs: { [channel]: { override: { presence: { value: false } } } } } });
  assert.deepEqual((await client.ok("presence", { channel }))["presence"] ?? {}, {});
});

rule("[CN2.12] server-side subscriptions recover with what the command knows of them", async (side) => {
  const channel = side.channel("rec:a");
  const { epoch } = await side.publish(channel, 1);
  await side.publish(channel, 2);
  const client = await side.connect({
    claims: { channels: [channel] },
    request: { subs: { [channel]: { recover: true, epoch, offset: 1 } } },
  });
  const sub = client.messages[0]!["connect"].subs[channel];
  assert.deepEqual(sub, {
    recoverable: true,
    epoch,
    recovered: true,
    offset: 1,
    positioned: true,
    was_recovering: true,
    publications: [{ data: 2, offset: 2 }],
  });
});

rule("[CN2.13] a server-side subscription that cannot be recovered says so, and the reject flag changes nothing", async (side) => {
  const channel = side.channel("rec:a");
  const { epoch } = await side.publish(channel, 1);
  const client = await side.connect({
    claims: { channels: [channel] },
    request: { subs: { [channel]: { recover: true, epoch: "other", offset: 1, flag: 2 } } },
  });
  const sub = client.messages[0]!["connect"].subs[channel];
  assert.deepEqual(sub, { recoverable: true, epoch, offset: 1, positioned: true, was_recovering: true });
});

rule("[CN3.1] channels asked for in the command become server-side subscriptions where a subscribe would succeed", async (side) => {
  const [yes, no, secret] = [side.channel("open:a"), side.channel("closed:a"), side.channel("$open:a")];
  const client = await side.connect({ request: { subs: { [yes]: {}, [no]: {}, [secret]: {} } } });
  assert.deepEqual(client.messages[0]!["connect"].subs, { [yes]: {} });
});

rule("[CN3.2] a user-limited channel among them is for its users", async (side) => {
  const [yes, no] = [`mine:a#${side.user()}`, `mine:a#${side.user("bob")}`];
  const client = await side.connect({ request: { subs: { [yes]: {}, [no]: {} } } });
  assert.deepEqual(client.messages[0]!["connect"].subs, { [yes]: {} });
});

rule("[CN3.3] a name that the rules refuse is left out", async (side) => {
  const client = await side.connect({ request: { subs: { [side.channel("re:NOT")]: {}, "open:ü": {} } } });
  assert.equal(client.messages[0]!["connect"].subs, undefined);
});

rule("[CN3.4] the client's wishes for them, positioned or recoverable, are not heard", async (side) => {
  const channel = side.channel("ask:a");
  const client = await side.connect({ request: { subs: { [channel]: { positioned: true, recoverable: true } } } });
  assert.deepEqual(client.messages[0]!["connect"].subs, { [channel]: {} });
});

rule("[CN5.1] commands of one connection are answered in their order, fast ones after slow ones", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  client.send({ id: 11, history: { channel: side.channel("hist:a") } });
  client.send({ id: 12, subscribe: { channel } });
  client.send({ id: 13, presence_stats: { channel } });
  client.send({ id: 14, unsubscribe: { channel } });
  for (const id of [11, 12, 13, 14]) assert.equal((await client.next())["id"], id);
});

rule("[CN1.4] a user without an id is nobody, and presence counts nobody as one user", async (side) => {
  const channel = side.channel("anon:a");
  const [first, second] = [await side.connect({ user: "" }), await side.connect({ user: "" })];
  await first.subscribe(channel);
  await second.subscribe(channel);
  assert.deepEqual(await first.ok("presence_stats", { channel }), { num_clients: 2, num_users: 1 });
});

rule("[CN1.5] a connection info is a payload: its bytes stay as they were signed", async (side) => {
  const channel = side.channel("open:a");
  const token = jwt(`{"sub":"${side.user()}","info":{"b" : 1.0, "a":"<&>", "n":9007199254740993}}`);
  const client = await side.connect({ token });
  await client.subscribe(channel);
  await client.ok("presence", { channel });
});

rule("[CN1.6] a user id may be any text", async (side) => {
  const channel = side.channel("open:a");
  const user = `<b>"ü"\\ ${side.user()}`;
  const client = await side.connect({ user });
  await client.subscribe(channel);
  const { presence } = await client.ok("presence", { channel });
  assert.equal(presence[client.id].user, user);
});

rule("[C8.4] a frame may hold the connect command with a payload of many levels", { formats: ["json"] }, async (side) => {
  const client = await side.connect({ request: { data: raw("[".repeat(1_000) + "]".repeat(1_000)) } });
  assert.equal(client.isConnected, true);
});

rule("[CN1.7] closing the socket ends the connection at once", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  const watcher = await side.connect();
  client.end();
  await pause(150);
  assert.deepEqual(await side.api("presence_stats", { channel }), { num_clients: 0, num_users: 0 });
  assert.equal(watcher.isConnected, true);
});

rule("[CN1.8] the official client connects, and tells its user the connection's id", async (side) => {
  const sdk = side.sdk();
  const connected = await sdk.connect();
  assert.match(connected.client ?? "", /^[0-9a-f-]{36}$/);
});

rule("[CN1.9] the official client gives up after a terminal code", async (side) => {
  const sdk = side.sdk({ token: "no token" });
  await sdk.call("connect");
  assert.deepEqual((await sdk.next("disconnected")).code, 3500);
});

export default group;
