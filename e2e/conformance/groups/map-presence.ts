import assert from "node:assert/strict";
import { maps } from "../configs/maps.ts";
import { type Client, pause } from "../harness/client.ts";
import { askForMap, changes, refusedMap, setKeys } from "../harness/maps.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "map-presence",
  title: "Presence by maps",
  about: "Who is subscribed, as keys of a map of connections and of a map of users.",
  config: maps,
});

const byChance = { compare: { off: "connection ids are drawn by lot, and keys come in their order" } } as const;

/** What the map of connections, or of users, of a channel holds. */
async function entries(side: Side, prefix: "who" | "users", channel: string): Promise<Wire[]> {
  return (await side.api("map_read_state", { channel: `${prefix}:${channel}`, limit: -1 }))["entries"] ?? [];
}

const keysOf = async (side: Side, prefix: "who" | "users", channel: string): Promise<string[]> =>
  (await entries(side, prefix, channel)).map(({ key }) => key as string);

/** Somebody who follows both maps of a channel. */
async function watching(side: Side, channel: string): Promise<Client> {
  const watcher = await side.connect({ user: side.user("eve") });
  await askForMap(watcher, `who:${channel}`, { type: 2 });
  await askForMap(watcher, `users:${channel}`, { type: 3 });
  return watcher;
}

rule("[MU1.1] a subscriber is a key of both maps: by connection with its info, by user without anything", async (side) => {
  const channel = side.channel("game:a");
  const watcher = await watching(side, channel);
  const client = await side.connect({ claims: { info: { n: 1 } } });
  await client.subscribe(channel);
  const byClient = await watcher.push("pub", `who:${channel}`);
  assert.deepEqual([byClient["key"], byClient["data"], byClient["offset"]], [client.id, undefined, 1]);
  assert.deepEqual(byClient["info"], { user: side.user(), client: client.id, conn_info: { n: 1 } });
  assert.deepEqual(await watcher.push("pub", `users:${channel}`), { key: side.user() });
});

rule("[MU1.2] a second connection of a user is a key of its own, the user is one", byChance, async (side) => {
  const channel = side.channel("game:a");
  const [one, two] = [await side.connect(), await side.connect()];
  await one.subscribe(channel);
  await two.subscribe(channel);
  await two.settled();
  assert.deepEqual((await keysOf(side, "who", channel)).sort(), [one.id, two.id].sort());
  assert.deepEqual(await keysOf(side, "users", channel), [side.user()]);
});

rule("[MU1.3] subscribers of a map are there from the live reply on", async (side) => {
  const channel = side.channel("board:a");
  await setKeys(side, channel, ["a", "b", "c"]);
  const client = await side.connect();
  const { epoch, offset, cursor } = await askForMap(client, channel);
  assert.deepEqual(await keysOf(side, "who", channel), []);
  await askForMap(client, channel, { epoch, offset, cursor });
  await client.settled();
  assert.deepEqual(await keysOf(side, "who", channel), [client.id]);
});

rule("[MU1.4] a subscription that the server made is not", async (side) => {
  const channel = side.channel("game:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await client.settled();
  assert.deepEqual([await keysOf(side, "who", channel), await keysOf(side, "users", channel)], [[], []]);
});

rule("[MU1.5] these maps are subscribed to with their own types, and paged like any other", byChance, async (side) => {
  const channel = side.channel("game:a");
  const clients = [await side.connect(), await side.connect(), await side.connect()];
  for (const client of clients) await client.subscribe(channel);
  const watcher = await side.connect({ user: side.user("eve") });
  await refusedMap(watcher, `who:${channel}`, 103);
  const first = await askForMap(watcher, `who:${channel}`, { type: 2 });
  const { epoch, offset, cursor } = first;
  const last = await askForMap(watcher, `who:${channel}`, { type: 2, epoch, offset, cursor });
  const keys = [...first["state"], ...last["state"]].map(({ key }: Wire) => key);
  assert.deepEqual(keys, clients.map(({ id }) => id).sort());
});

rule(
  "[MU1.6] a subscription by token is there, too",
  {
    differs: {
      deviation: "map presence prefixes, `map.remove_client_on_unsubscribe`",
      real: async (side) => assert.deepEqual(await subscribedByToken(side), []),
    },
  },
  async (side) => assert.equal((await subscribedByToken(side)).length, 1),
);

async function subscribedByToken(side: Side): Promise<string[]> {
  const channel = side.channel("game:a");
  const client = await side.connect();
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
  await client.settled();
  return keysOf(side, "who", channel);
}

rule("[MU2.1] the connection's key goes with its subscription, the user's when its time is over", async (side) => {
  const channel = side.channel("game:a");
  const watcher = await watching(side, channel);
  const client = await side.connect();
  await client.subscribe(channel);
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(await changes(watcher, `who:${channel}`, 2), [`${client.id}=undefined@1`, `-${client.id}@2`]);
  assert.deepEqual(await keysOf(side, "users", channel), [side.user()]);
  assert.deepEqual(await changes(watcher, `users:${channel}`, 2), [`${side.user()}=undefined`, `-${side.user()}`]);
});

rule("[MU2.2] and with its connection, however that ends", byChance, async (side) => {
  const channel = side.channel("game:a");
  const [one, two, three] = [await side.connect(), await side.connect(), await side.connect()];
  for (const client of [one, two, three]) await client.subscribe(channel);
  const watcher = await side.connect({ user: side.user("eve") });
  await askForMap(watcher, `who:${channel}`, { type: 2, limit: 4 });
  for (const leave of [() => one.end(), () => two.cut(), () => side.api("disconnect", { user: side.user(), client: three.id })]) {
    await leave();
    assert.equal((await watcher.push("pub", `who:${channel}`))["removed"], true);
  }
  assert.deepEqual(await keysOf(side, "who", channel), []);
});

rule("[MU3.1] who stays is prolonged at each presence tick, and nobody is told", async (side) => {
  const channel = side.channel("game:a");
  const watcher = await watching(side, channel);
  const client = await side.connect();
  await client.subscribe(channel);
  await changes(watcher, `who:${channel}`, 1);
  await changes(watcher, `users:${channel}`, 1);
  await pause(5_000);
  assert.deepEqual([await keysOf(side, "who", channel), await keysOf(side, "users", channel)], [[client.id], [side.user()]]);
  assert.deepEqual(watcher.pushed("pub"), []);
});

rule("[MU4.1] an anonymous subscriber is no key of the map of users", async (side) => {
  const channel = side.channel("game:a");
  const client = await side.connect({ token: "" });
  await client.subscribe(channel);
  await client.settled();
  assert.deepEqual([await keysOf(side, "who", channel), await keysOf(side, "users", channel)], [[client.id], []]);
});

export default group;
