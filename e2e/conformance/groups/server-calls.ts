import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { pause } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "server-calls",
  title: "Subscriptions made by the server",
  about: "`subscribe` of the server API, and what becomes of such a subscription.",
  config: standard,
});

rule("[API7.1] subscribe gives every connection of a user a subscription, and says so in a push", async (side) => {
  const channel = side.channel("closed:a");
  const [one, two, other] = [await side.connect(), await side.connect(), await side.connect({ user: side.user("bob") })];
  assert.deepEqual(await side.api("subscribe", { user: side.user(), channel }), {});
  for (const client of [one, two]) await client.push("subscribe", channel);
  await side.publish(channel, { a: 1 });
  for (const client of [one, two]) assert.deepEqual((await client.push("pub", channel))["data"], { a: 1 });
  await other.silent();
});

rule("[API7.2] the push brings data, raw or as base64", async (side) => {
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel: side.channel("open:a"), data: { d: 1 } });
  assert.deepEqual((await client.push("subscribe"))["data"], { d: 1 });
  await side.api("subscribe", { user: side.user(), channel: side.channel("open:b"), data: { d: 1 }, b64data: "eyJkIjoyfQ==" });
  assert.deepEqual((await client.push("subscribe"))["data"], { d: 2 });
});

rule("[API7.3] info is the subscriber's chan_info", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { info: { c: 1 } } });
  await side.api("subscribe", { user: side.user(), channel, info: { s: 1 } });
  await client.push("subscribe");
  const { presence } = await client.ok("presence", { channel });
  assert.deepEqual([presence[client.id].conn_info, presence[client.id].chan_info], [{ c: 1 }, { s: 1 }]);
});

rule("[API7.4] overrides decide over the namespace: recovery, positioning, presence", async (side) => {
  const client = await side.connect();
  const subscribe = async (name: string, override: Wire): Promise<Wire> => {
    await side.api("subscribe", { user: side.user(), channel: side.channel(name), override });
    return client.push("subscribe", side.channel(name));
  };
  const recovering = await subscribe("closed:a", { force_recovery: { value: true } });
  assert.deepEqual([recovering["recoverable"], recovering["positioned"]], [true, true]);
  const standing = await subscribe("closed:b", { force_positioning: { value: true } });
  assert.deepEqual([standing["recoverable"], standing["positioned"]], [undefined, true]);
  await subscribe("open:c", { presence: { value: false } });
  const { presence } = await client.ok("presence", { channel: side.channel("open:c") });
  assert.deepEqual(presence ?? {}, {});
});

rule("[API7.5] a positioned one tells where it stands", async (side) => {
  const channel = side.channel("closed:a");
  const top = await side.publish(channel, 1);
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel, override: { force_recovery: { value: true } } });
  const { epoch, offset } = await client.push("subscribe");
  assert.deepEqual([epoch, offset], [top["epoch"], 1]);
});

rule(
  "[API7.6] what was missed since `recover_since` follows the push",
  {
    differs: {
      deviation: "what was missed since `recover_since` of the server API's `subscribe`",
      real: async (side) => {
        const channel = side.channel("closed:a");
        const first = await side.publish(channel, 1);
        await side.publish(channel, 2);
        const client = await side.connect();
        const recover_since = { offset: 1, epoch: first["epoch"] };
        await side.api("subscribe", { user: side.user(), channel, recover_since, override: { force_recovery: { value: true } } });
        assert.equal((await client.push("subscribe"))["offset"], 1);
        await client.silent();
      },
    },
  },
  async (side) => {
    const channel = side.channel("closed:a");
    const first = await side.publish(channel, 1);
    await side.publish(channel, 2);
    const client = await side.connect();
    const recover_since = { offset: 1, epoch: first["epoch"] };
    await side.api("subscribe", { user: side.user(), channel, recover_since, override: { force_recovery: { value: true } } });
    assert.equal((await client.push("subscribe"))["offset"], 1);
    assert.equal((await client.push("pub", channel))["offset"], 2);
  },
);

rule("[API7.7] a position that cannot be recovered from ends at the top", async (side) => {
  const channel = side.channel("closed:a");
  const top = await side.publish(channel, 1);
  const client = await side.connect();
  const recover_since = { offset: 7, epoch: "other" };
  await side.api("subscribe", { user: side.user(), channel, recover_since, override: { force_recovery: { value: true } } });
  const { epoch, offset } = await client.push("subscribe");
  assert.deepEqual([epoch, offset], [top["epoch"], 1]);
});

rule("[API7.8] joins are told where they are", async (side) => {
  const channel = side.channel("closed:a");
  const override = { join_leave: { value: true }, force_push_join_leave: { value: true } };
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel, override });
  await client.push("subscribe");
  assert.equal((await client.push("join"))["info"].client, client.id);
});

rule("[API7.9] neither permissions nor name rules hold for it", async (side) => {
  const client = await side.connect();
  for (const channel of [side.channel("$closed:a"), side.channel("closed:é"), side.channel("open:x#nobody")]) {
    await side.api("subscribe", { user: side.user(), channel });
    await client.push("subscribe", channel);
  }
});

rule("[API8.1] who has the channel keeps what it has: error 100, no push; the others are subscribed", async (side) => {
  const channel = side.channel("open:a");
  const [has, fresh] = [await side.connect(), await side.connect()];
  await has.subscribe(channel);
  const { body } = await side.apiAnswer("subscribe", { user: side.user(), channel });
  assert.deepEqual(JSON.parse(body), { error: { code: 100, message: "internal server error" } });
  await fresh.push("subscribe", channel);
  await has.silent();
  await has.refused("subscribe", { channel }, 105);
});

rule("[API8.2] a second subscribe by the server is error 100, too", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel });
  await client.push("subscribe");
  assert.equal(JSON.parse((await side.apiAnswer("subscribe", { user: side.user(), channel })).body).error.code, 100);
  await client.silent();
});

rule("[API8.3] `client` picks one connection, and another user's is nobody's", async (side) => {
  const channel = side.channel("open:a");
  const [one, two] = [await side.connect(), await side.connect()];
  await side.api("subscribe", { user: side.user(), client: two.id, channel });
  await two.push("subscribe");
  await side.api("subscribe", { user: side.user("bob"), client: one.id, channel });
  await one.silent();
});

rule("[API8.4] no channel: 107; an unknown namespace: 102; a past `expire_at`: 100", async (side) => {
  const client = await side.connect();
  const codeOf = async (params: Wire): Promise<number> =>
    JSON.parse((await side.apiAnswer("subscribe", { user: side.user(), ...params })).body).error.code;
  assert.deepEqual(
    [await codeOf({}), await codeOf({ channel: "nowhere:a" }), await codeOf({ channel: side.channel("open:a"), expire_at: 1 })],
    [107, 102, 100],
  );
  await client.silent();
  await client.subscribe(side.channel("open:a"));
});

rule("[API8.5] a connection at its channel limit is closed with 3505, and the call succeeds", async (side) => {
  const channels = Array.from({ length: 128 }, (_, n) => side.channel(`open:${n}`));
  const client = await side.connect({ claims: { channels } });
  assert.deepEqual(await side.api("subscribe", { user: side.user(), channel: side.channel("open:more") }), {});
  await client.closed(3505);
});

rule("[API8.6] one that expires ends the connection with 3006", async (side) => {
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel: side.channel("open:a"), expire_at: inSeconds(2) });
  assert.deepEqual(await client.push("subscribe"), {});
  await client.closed(3006, 10_000);
});

rule("[API8.7] a client may leave it, and subscribe by itself then", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel });
  await client.push("subscribe");
  await client.refused("subscribe", { channel }, 105);
  await client.ok("unsubscribe", { channel });
  await client.subscribe(channel);
});

rule("[API8.8] an empty user is nobody, and only nobody", async (side) => {
  const nobody = await side.connect({ user: "" });
  const client = await side.connect();
  await side.api("subscribe", { user: "", client: nobody.id, channel: side.channel("open:a") });
  await nobody.push("subscribe");
  await side.api("subscribe", { user: "", client: client.id, channel: side.channel("open:a") });
  await client.silent();
});

rule("[API8.9] `session` matches no WebSocket", async (side) => {
  const client = await side.connect();
  for (const method of ["subscribe", "unsubscribe", "refresh", "disconnect"]) {
    assert.deepEqual(await side.api(method, { user: side.user(), session: client.id, channel: side.channel("open:a"), expire_at: 1 }), {});
  }
  await client.silent();
});

rule("[API10.2] unsubscribe without a channel ends nothing, and its push names none", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.api("unsubscribe", { user: side.user(), channel: "" });
  assert.equal((await client.push("unsubscribe"))["code"], 2000);
  await side.publish(channel, 1);
  await client.push("pub", channel);
});

rule("[API10.1] subscribe and unsubscribe one after the other leave nothing", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await side.api("subscribe", { user: side.user(), channel });
  await side.api("unsubscribe", { user: side.user(), channel });
  await client.push("subscribe");
  await client.push("unsubscribe");
  await pause(50);
  assert.deepEqual((await side.api("channels", { pattern: channel }))["channels"], {});
});

rule("[API7.10] the official client sees it come, and go", async (side) => {
  const channel = side.channel("open:a");
  const sdk = side.sdk();
  await sdk.connect();
  await side.api("subscribe", { user: side.user(), channel });
  await sdk.next("server-subscribed", (event) => event.channel === channel);
  await side.publish(channel, { a: 1 });
  await sdk.next("server-publication", (event) => event.channel === channel);
  await side.api("unsubscribe", { user: side.user(), channel });
  await sdk.next("server-unsubscribed", (event) => event.channel === channel);
});

export default group;
