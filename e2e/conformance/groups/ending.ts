import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { pause } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "ending",
  title: "Unsubscribing, expiry and ends",
  about: "How subscriptions and connections end: by the client, by the server, by time.",
  config: standard,
});

rule("[C23.1] unsubscribe of an empty channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, unsubscribe: { channel: "" } });
  await client.closed(3501);
});

rule("[C23.2] unsubscribe from a channel without a subscription succeeds", async (side) => {
  const client = await side.connect();
  assert.deepEqual(await client.ok("unsubscribe", { channel: side.channel("open:a") }), {});
  assert.deepEqual(await client.ok("unsubscribe", { channel: side.channel("nowhere:a") }), {});
});

rule("[C23.3] send ends the connection with 3508", async (side) => {
  const client = await side.connect();
  client.send({ send: { data: { a: 1 } } });
  await client.closed(3508);
});

rule("[C23.4] send with an id, too", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, send: { data: 1 } });
  await client.closed(3508);
});

rule("[C23.5] rpc where nothing can be called: error 108", async (side) => {
  const client = await side.connect();
  await client.refused("rpc", { method: "hello", data: 1 }, 108);
  await client.refused("rpc", { method: "", data: 1 }, 108);
});

rule("[SB6.1] a client may leave a server-side subscription", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await client.ok("unsubscribe", { channel });
  await side.publish(channel, 1);
  await client.silent();
});

rule("[SB6.2] after unsubscribe a channel may be subscribed to again", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  for (let i = 0; i < 3; i++) {
    await client.subscribe(channel);
    await side.publish(channel, i);
    assert.equal((await client.push("pub", channel))["data"], i);
    await client.ok("unsubscribe", { channel });
  }
});

rule("[API4.1] the server unsubscribes a user from a channel: push 2000, on every connection of it", async (side) => {
  const channel = side.channel("open:a");
  const [first, second] = [await side.connect(), await side.connect()];
  await first.subscribe(channel);
  await second.subscribe(channel);
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.deepEqual(await first.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
  assert.deepEqual(await second.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
  await side.publish(channel, 1);
  await first.silent();
});

rule("[API4.2] also one that was not subscribed hears it", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
});

rule("[API4.3] `client` picks one connection", async (side) => {
  const channel = side.channel("open:a");
  const [first, second] = [await side.connect(), await side.connect()];
  await first.subscribe(channel);
  await second.subscribe(channel);
  await side.api("unsubscribe", { user: side.user(), channel, client: first.id });
  await first.push("unsubscribe", channel);
  await side.publish(channel, 1);
  assert.deepEqual(await second.push("pub", channel), { data: 1 });
});

rule("[API4.4] another user's connections hear nothing", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.api("unsubscribe", { user: side.user("bob"), channel });
  await client.silent();
});

rule("[API4.5] a server-side subscription ends the same way", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2000, reason: "server unsubscribe" });
});

rule("[API4.6] others hear the leave", async (side) => {
  const channel = side.channel("jl:a");
  const watcher = await side.connect({ user: side.user("bob") });
  await watcher.subscribe(channel);
  await watcher.push("join", channel);
  const client = await side.connect();
  await client.subscribe(channel);
  await watcher.push("join", channel);
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.equal((await watcher.push("leave", channel))["info"].client, client.id);
});

rule("[API5.1] the server disconnects a user: 3503", async (side) => {
  const [first, second] = [await side.connect(), await side.connect()];
  await side.api("disconnect", { user: side.user() });
  await first.closed(3503);
  await second.closed(3503);
});

rule("[API5.2] with a code and a reason of its own", async (side) => {
  const client = await side.connect();
  await side.api("disconnect", { user: side.user(), disconnect: { code: 4321, reason: "go away" } });
  await client.until("the close", () => client.ending);
  assert.deepEqual(client.ending, { kind: "close", code: 4321, reason: "go away" });
});

rule("[API5.3] the whitelist is spared", async (side) => {
  const [first, second] = [await side.connect(), await side.connect()];
  await side.api("disconnect", { user: side.user(), whitelist: [second.id] });
  await first.closed(3503);
  await second.silent(100);
});

rule("[API5.4] `client` picks one connection", async (side) => {
  const [first, second] = [await side.connect(), await side.connect()];
  await side.api("disconnect", { user: side.user(), client: first.id });
  await first.closed(3503);
  await second.silent(100);
});

rule("[API5.5] an empty user is nobody, and only nobody", async (side) => {
  const client = await side.connect();
  await side.api("disconnect", { user: "", client: client.id });
  await client.silent(100);
});

rule("[API6.1] what was published before an unsubscribe arrives before it", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1);
  await side.api("unsubscribe", { user: side.user(), channel });
  assert.equal((await client.next())["push"].pub.data, 1);
  assert.equal((await client.next())["push"].unsubscribe.code, 2000);
});

rule("[API6.2] what was published before a disconnect arrives before it", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  for (let i = 0; i < 50; i++) await side.publish(channel, i);
  await side.api("disconnect", { user: side.user() });
  await client.closed(3503);
  assert.equal(client.messages.filter((message) => message["push"]?.pub !== undefined).length, 50);
});

rule("[SB7.1] a subscription that is not refreshed ends with 2501 at a presence tick after its grace", async (side) => {
  const channel = side.channel("closed:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { exp: inSeconds(1) }) });
  await pause(900);
  assert.deepEqual(client.pushed("unsubscribe"), []);
  assert.deepEqual(await client.push("unsubscribe", channel), { code: 2501, reason: "subscription expired" });
  await side.publish(channel, 1);
  await client.silent();
});

rule("[API5.6] a client that was sent away for good does not come back", async (side) => {
  const sdk = side.sdk();
  await sdk.connect();
  await side.api("disconnect", { user: side.user() });
  const { code, reason } = (await sdk.next("disconnected")) as { code?: number; reason?: string };
  assert.deepEqual([code, reason], [3503, "force disconnect"]);
});

rule("[API5.7] with a code that allows it the client comes back", async (side) => {
  const sdk = side.sdk();
  await sdk.connect();
  await side.api("disconnect", { user: side.user(), disconnect: { code: 4100, reason: "come again" } });
  assert.equal((await sdk.next("connecting", ({ code }) => code === 4100)).code, 4100);
  await sdk.next("connected");
});

export default group;
