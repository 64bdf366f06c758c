import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "presence",
  title: "Presence, and who comes and goes",
  about: "Who may ask who is there, what is answered, and when join and leave are told.",
  config: standard,
});

for (const [index, method] of (["presence", "presence_stats"] as const).entries()) {
  const id = (number: number): string => `C22.${30 + index * 10 + number}`;

  rule(`[${id(0)}] ${method} of an empty channel ends the connection with 3501`, async (side) => {
    const client = await side.connect();
    client.send({ id: 7, [method]: { channel: "" } });
    await client.closed(3501);
  });

  rule(`[${id(1)}] ${method} of an unknown namespace: error 102`, async (side) => {
    const client = await side.connect();
    await client.refused(method, { channel: side.channel("nowhere:a") }, 102);
  });

  rule(`[${id(2)}] ${method} where none is kept: error 108, whoever may ask`, async (side) => {
    const client = await side.connect();
    await client.refused(method, { channel: side.channel("bare:a") }, 108);
    await client.refused(method, { channel: side.channel("hist:a") }, 108);
  });

  rule(`[${id(3)}] ${method} that nobody may ask for: error 103`, async (side) => {
    const client = await side.connect();
    await client.refused(method, { channel: side.channel("closed:a") }, 103);
  });

  rule(`[${id(4)}] ${method} for users is not for nobody, unless it is widened`, async (side) => {
    const nobody = await side.connect({ user: "" });
    await nobody.refused(method, { channel: side.channel("open:a") }, 103);
    await nobody.ok(method, { channel: side.channel("anon:a") });
  });

  rule(`[${id(5)}] ${method} for subscribers is for who is subscribed`, async (side) => {
    const client = await side.connect();
    const channel = side.channel("subs:a");
    await client.refused(method, { channel }, 103);
    await client.subscribe(channel);
    await client.ok(method, { channel });
    await client.ok("unsubscribe", { channel });
    await client.refused(method, { channel }, 103);
  });

  rule(`[${id(6)}] ${method} of a channel where nobody is`, async (side) => {
    const client = await side.connect();
    await client.ok(method, { channel: side.channel("open:a") });
  });
}

rule("[PR3.2] presence, num_clients and num_users are there in JSON even when they are empty", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  assert.deepEqual(await client.ok("presence", { channel }), { presence: {} });
  assert.deepEqual(await client.ok("presence_stats", { channel }), { num_clients: 0, num_users: 0 });
});

rule("[API3.1] presence names every connection with user, client and its infos", async (side) => {
  const channel = side.channel("open:a");
  const ann = await side.connect({ claims: { info: { n: 1 } } });
  const bob = await side.connect({ user: side.user("bob") });
  await ann.subscribe(channel);
  await bob.subscribe(channel);
  const { presence } = await ann.ok("presence", { channel });
  assert.deepEqual(presence, {
    [ann.id]: { user: side.user(), client: ann.id, conn_info: { n: 1 } },
    [bob.id]: { user: side.user("bob"), client: bob.id },
  });
});

rule("[API3.2] presence_stats counts connections, and users once", async (side) => {
  const channel = side.channel("open:a");
  const [first, second, bob] = [await side.connect(), await side.connect(), await side.connect({ user: side.user("bob") })];
  for (const client of [first, second, bob]) await client.subscribe(channel);
  assert.deepEqual(await first.ok("presence_stats", { channel }), { num_clients: 3, num_users: 2 });
});

rule("[P8.1] presence ends with unsubscribe", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual((await side.api("presence_stats", { channel }))["num_clients"], 0);
});

rule("[P8.2] presence ends with the connection, cut or closed", async (side) => {
  const channel = side.channel("open:a");
  const [first, second] = [await side.connect(), await side.connect()];
  await first.subscribe(channel);
  await second.subscribe(channel);
  first.cut();
  second.end();
  await pause(200);
  assert.deepEqual((await side.api("presence_stats", { channel }))["num_clients"], 0);
});

rule("[P8.3] a subscriber stays present over several presence ticks", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await pause(2_500);
  assert.deepEqual((await side.api("presence_stats", { channel }))["num_clients"], 1);
});

rule("[API3.3] the server API shows the same presence, and 108 where none is kept", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect({ claims: { info: { n: "<b>" } } });
  await client.subscribe(channel);
  const { presence } = await side.api("presence", { channel });
  assert.deepEqual(presence, { [client.id]: { user: side.user(), client: client.id, conn_info: { n: "<b>" } } });
  assert.match((await side.apiAnswer("presence", { channel: side.channel("bare:a") })).body, /"code":108/);
});

rule("[JL1.1] join comes after the subscribe reply, to the one who joins, too", async (side) => {
  const channel = side.channel("jl:a");
  const client = await side.connect({ claims: { info: { n: 1 } } });
  client.send({ id: 7, subscribe: { channel } });
  assert.notEqual((await client.next())["subscribe"], undefined);
  const info = { user: side.user(), client: client.id, conn_info: { n: 1 } };
  assert.deepEqual(await client.next(), { push: { channel, join: { info } } });
});

rule("[JL1.2] others hear join and leave", async (side) => {
  const channel = side.channel("jl:a");
  const listener = await side.connect({ user: side.user("bob") });
  await listener.subscribe(channel);
  await listener.push("join", channel);
  const client = await side.connect();
  await client.subscribe(channel);
  assert.deepEqual(await listener.push("join", channel), { info: { user: side.user(), client: client.id } });
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(await listener.push("leave", channel), { info: { user: side.user(), client: client.id } });
});

rule("[JL1.3] who unsubscribes does not hear its own leave", async (side) => {
  const channel = side.channel("jl:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await client.push("join", channel);
  await client.ok("unsubscribe", { channel });
  await client.silent();
});

rule("[JL1.4] leave comes with the end of a connection", async (side) => {
  const channel = side.channel("jl:a");
  const listener = await side.connect({ user: side.user("bob") });
  await listener.subscribe(channel);
  await listener.push("join", channel);
  const client = await side.connect();
  await client.subscribe(channel);
  await listener.push("join", channel);
  client.cut();
  assert.equal((await listener.push("leave", channel))["info"].client, client.id);
});

rule("[JL1.5] where join_leave is off nothing is told, forced or not", async (side) => {
  const channel = side.channel("quiet:a");
  const listener = await side.connect();
  await listener.subscribe(channel, { join_leave: true });
  const client = await side.connect();
  await client.subscribe(channel);
  await listener.silent();
});

rule("[JL1.6] a namespace that tells joins tells them to who asked", async (side) => {
  const channel = side.channel("emit:a");
  const [listener, deaf] = [await side.connect(), await side.connect()];
  await listener.subscribe(channel, { join_leave: true });
  await listener.push("join", channel);
  await deaf.subscribe(channel);
  await listener.push("join", channel);
  await deaf.ok("unsubscribe", { channel });
  await listener.push("leave", channel);
  assert.deepEqual(deaf.pushed("join"), []);
});

rule("[JL1.7] the wish is passed over in silence where the client may not read presence", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  assert.deepEqual(await client.subscribe(channel, { join_leave: true }), {});
  await client.silent();
});

rule("[JL1.8] join carries the subscription's chan_info", async (side) => {
  const channel = side.channel("jl:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel, { info: { role: "boss" } }) });
  assert.deepEqual((await client.push("join", channel))["info"].chan_info, { role: "boss" });
});

rule("[JL1.9] a server-side subscription joins after the connect reply", async (side) => {
  const channel = side.channel("jl:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  assert.equal((await client.next())["push"].join.info.client, client.id);
});

rule("[JL1.10] the official client hears who joins and leaves", async (side) => {
  const channel = side.channel("jl:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel);
  await sdk.next("join");
  const client = await side.connect({ user: side.user("bob") });
  await client.subscribe(channel);
  assert.equal((await sdk.next("join")).info?.client, client.id);
  await client.ok("unsubscribe", { channel });
  assert.equal((await sdk.next("leave")).info?.client, client.id);
});

export default group;
