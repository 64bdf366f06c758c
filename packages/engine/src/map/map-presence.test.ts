import assert from "node:assert/strict";
import { askForMap, MapBench, mapOptions, type TestClient, test, token, told, type Wire } from "../../testing/index.ts";

const bench = () =>
  new MapBench({
    options: { pingIntervalMs: 0 },
    namespaces: {
      clients: mapOptions({ mode: "recoverable", keyTtlMs: 60_000 }, { subscriptionType: "map_clients" }),
      users: mapOptions({ mode: "ephemeral", keyTtlMs: 60_000 }, { subscriptionType: "map_users" }),
      game: {
        allowSubscribeForClient: true,
        allowSubscribeForAnonymous: true,
        mapClientsPresenceChannelPrefix: "clients:",
        mapUsersPresenceChannelPrefix: "users:",
      },
      board: mapOptions({}, { mapClientsPresenceChannelPrefix: "clients:" }),
    },
  });

async function watch(b: MapBench): Promise<{ readonly watcher: TestClient; clients(): string[]; users(): string[] }> {
  const watcher = await b.connect({ user: "eve" });
  await askForMap(watcher, "clients:game:1", { type: 2 });
  await askForMap(watcher, "users:game:1", { type: 3 });
  const short = ({ key, removed }: Wire) => (removed === true ? `-${key}` : key);
  return {
    watcher,
    clients: () => watcher.publications("clients:game:1").map(short),
    users: () => watcher.publications("users:game:1").map(short),
  };
}

test("[MU1] a subscriber is a key of the namespace's presence maps: by connection with its info, by user without anything", async () => {
  const b = bench();
  const { watcher } = await watch(b);
  const client = await b.connect({ user: "ann", info: '{"n":1}' });
  await client.subscribe("game:1", { token: token({ user: "ann", channel: "game:1", info: '{"c":1}' }) });
  await b.clock.settle();
  const info = { user: "ann", client: client.id, conn_info: { n: 1 }, chan_info: { c: 1 } };
  const [byClient] = watcher.publications("clients:game:1");
  assert.deepEqual([byClient?.["key"], byClient?.["info"], byClient?.["offset"], byClient?.["data"]], [client.id, info, 1, undefined]);
  assert.deepEqual(watcher.publications("users:game:1"), [{ key: "ann" }]);
});

test("[MU1] also of a map, and not of a server-side subscription", async () => {
  const b = bench();
  const client = await b.connect();
  await askForMap(client, "board:1");
  await b.connect({ user: "bob", channels: ["board:1", "game:1"] });
  await b.clock.settle();
  const keys = async (channel: string) => (await b.engine.maps.readState({ channel, limit: -1 })).entries.map(({ key }) => key);
  assert.deepEqual([await keys("clients:board:1"), await keys("clients:game:1"), await keys("users:game:1")], [[client.id], [], []]);
});

test("[MU2] the connection's key goes with its subscription, the user's stays until its time is over", async () => {
  const b = bench();
  const { clients, users } = await watch(b);
  const [one, two] = [await b.connect(), await b.connect()];
  for (const client of [one, two]) await client.subscribe("game:1");
  await b.clock.settle();
  assert.deepEqual([clients(), users()], [[one.id, two.id], ["ann"]]);
  await one.call("unsubscribe", { channel: "game:1" });
  two.cut();
  await b.clock.settle();
  assert.deepEqual([clients(), users()], [[one.id, two.id, `-${one.id}`, `-${two.id}`], ["ann"]]);
  await b.clock.advance(61_000);
  assert.deepEqual(users(), ["ann", "-ann"]);
});

test("[MU3] each presence tick lets the keys live on, and says nothing", async () => {
  const b = bench();
  const { clients, users } = await watch(b);
  const client = await b.connect();
  await client.subscribe("game:1");
  await b.clock.advance(600_000);
  assert.deepEqual([clients(), users()], [[client.id], ["ann"]]);
});

test("[MU4] an anonymous subscriber has no name for the map of users", async () => {
  const b = bench();
  const { clients, users } = await watch(b);
  const client = await b.connect({ user: "" });
  await client.subscribe("game:1");
  await b.clock.settle();
  assert.deepEqual([clients(), users()], [[client.id], []]);
});

test("[MU5] a presence map that cannot be written costs a report, not the subscription", async () => {
  const b = bench();
  b.mapGate.failWith(new Error("broken"));
  const client = await b.connect();
  assert.ok((await client.subscribe("game:1"))["subscribe"]);
  client.cut();
  await b.clock.settle();
  assert.equal(b.reports.length, 3);
});

test("[P8] nobody comes back into a presence map after leaving", async () => {
  const b = bench();
  for (let n = 0; n < 20; n++) {
    const client = await b.connect({ user: `u${n}` });
    await client.subscribe("game:1");
    if (n % 2 === 0) await client.call("unsubscribe", { channel: "game:1" });
    client.cut();
  }
  await b.clock.advance(30_000);
  assert.deepEqual(told((await b.engine.maps.readState({ channel: "clients:game:1", limit: -1 })).entries), []);
  await b.clock.advance(40_000);
  assert.equal((await b.engine.maps.stats("users:game:1")).keys, 0);
});
