import assert from "node:assert/strict";
import {
  askForMap,
  type BenchSetup,
  channelOptions,
  EngineBench,
  engineOptions,
  MapBench,
  type TestClient,
  test,
  told,
} from "../testing/index.ts";
import { MemoryLog } from "./history/memory-log.ts";
import type { ChannelOptions, EngineOptions } from "./options.ts";
import type { SubscribeProxy } from "./proxies.ts";
import { noProxies } from "./proxies.ts";

const open = { allowSubscribeForClient: true, historySize: 10, historyTtlMs: 60_000, forceRecovery: true };
const options = { pingIntervalMs: 0 };
const bench = (setup: BenchSetup = {}) => new EngineBench({ namespaces: { news: open, chat: open }, options, ...setup });

function next(namespaces: Readonly<Record<string, Partial<ChannelOptions>>>, more: Partial<EngineOptions> = {}): EngineOptions {
  const byName = new Map(Object.entries(namespaces).map(([name, opened]) => [name, channelOptions(opened)]));
  return engineOptions({ namespaces: byName, ...options, ...more });
}

async function subscriber(b: EngineBench, channel: string): Promise<TestClient> {
  const client = await b.connect();
  assert.ok((await client.subscribe(channel))["subscribe"], channel);
  return client;
}

const unsubscribed = (client: TestClient) => client.pushes.flatMap((push) => ("unsubscribe" in push ? [push["unsubscribe"]["code"]] : []));
const offsets = (client: TestClient, channel: string) => client.publications(channel).map(({ offset }) => offset);

test("[RL1] a subscriber lives through a reload and misses nothing; the new options hold at once", async () => {
  const b = bench();
  const client = await subscriber(b, "news:a");
  await b.publish("news:a", "1");
  b.engine.reload(next({ news: { ...open, historySize: 2, allowHistoryForSubscriber: true }, chat: open }), {});
  for (const data of ["2", "3"]) await b.publish("news:a", data);
  assert.deepEqual(offsets(client, "news:a"), [1, 2, 3]);
  const history = await client.call("history", { channel: "news:a", limit: 10 });
  assert.equal(history["history"]?.publications.length, 2);
  assert.deepEqual([client.closeCode, unsubscribed(client)], [undefined, []]);
});

test("[RL2] subscriptions of a namespace that is gone end with 2000, after what was published before; the others live on", async () => {
  const b = bench();
  const client = await subscriber(b, "news:a");
  assert.ok((await client.subscribe("chat:a"))["subscribe"]);
  const published = b.engine.publish({ channel: "news:a", data: new TextEncoder().encode("1") });
  await published;
  b.engine.reload(next({ chat: open }), {});
  await b.clock.settle();
  assert.deepEqual([offsets(client, "news:a"), unsubscribed(client)], [[1], [2_000]]);
  assert.equal((await client.subscribe("news:a"))["error"]?.code, 102);
  await assert.rejects(b.publish("news:a", "2"), { code: 102 });
  await b.publish("chat:a", "1");
  assert.deepEqual(offsets(client, "chat:a"), [1]);
  assert.equal(b.engine.stats().subscriptions, 1);
});

test("[RL2] a server-side subscription of a namespace that is gone ends with a push, not with the connection", async () => {
  const b = bench();
  const client = await b.connect({ user: "ann", channels: ["news:a"] });
  b.engine.reload(next({ chat: open }), {});
  await b.clock.settle();
  assert.deepEqual([unsubscribed(client), client.closeCode], [[2_000], undefined]);
});

test("[RL3] a namespace that is now of another kind ends its subscriptions so that they begin anew", async () => {
  const { clock, chance } = bench();
  const b = bench({ ports: { journalLog: new MemoryLog({ clock, chance }) } });
  const client = await subscriber(b, "news:a");
  const served = await b.connect({ user: "bob", channels: ["news:a"] });
  b.engine.reload(next({ news: { ...open, journal: true }, chat: open }), {});
  await b.clock.settle();
  assert.deepEqual([unsubscribed(client), client.closeCode, served.closeCode], [[2_500], undefined, 3_010]);
  assert.ok((await client.subscribe("news:a"))["subscribe"]);
});

test("[RL4] a subscribe that waits for its permission while its namespace goes is told 102, while it changes it is subscribed", async () => {
  let allow = (): void => {};
  const proxy: SubscribeProxy = () =>
    new Promise((resolve) => {
      allow = () => resolve({ kind: "result", result: {} });
    });
  const asked = { ...open, subscribeProxyName: "asks" };
  const proxies = { ...noProxies, subscribe: new Map([["asks", proxy]]) };
  for (const [namespaces, code] of [
    [{ chat: open }, 102],
    [{ news: { ...asked, presence: true } }, undefined],
  ] as const) {
    const b = bench({ namespaces: { news: asked }, ports: { proxies } });
    const client = await b.connect();
    client.say(JSON.stringify({ id: 9, subscribe: { channel: "news:a" } }));
    await b.clock.settle();
    b.engine.reload(next(namespaces), {});
    allow();
    await b.clock.settle();
    assert.equal(client.reply(9)?.["error"]?.code, code);
    assert.equal(b.engine.stats().subscriptions, code === undefined ? 1 : 0);
  }
});

test("[RL5] what cannot be taken changes nothing", async () => {
  const b = bench();
  const client = await subscriber(b, "news:a");
  const before = b.engine.options;
  const wrong: readonly [EngineOptions, RegExp][] = [
    [next({ chat: { subscribeProxyName: "gone" } }), /"gone", which was not handed in/],
    [next({ chat: { journal: true } }), /no journal was handed in/],
    [next({ chat: open }, { rpc: { ...before.rpc, withoutNamespaceProxyName: "gone" } }), /rpc proxy "gone"/],
    [next({ chat: open }, { personalChannel: { namespace: "own", singleConnection: false } }), /"own", which is unknown/],
    [next({ chat: open }, { pingIntervalMs: 9_000 }), /pingIntervalMs cannot change/],
    [next({ chat: open }, { namespaceBoundary: "/" }), /namespaceBoundary cannot change/],
  ];
  for (const [bad, why] of wrong) assert.throws(() => b.engine.reload(bad, {}), why);
  assert.equal(b.engine.options, before);
  await b.publish("news:a", "1");
  assert.deepEqual([offsets(client, "news:a"), unsubscribed(client)], [[1], []]);
});

test("[RL6] new keys and proxies are asked from the next question on", async () => {
  const b = bench();
  const refusing = {
    connection: () => ({ ok: false, why: "invalid" }) as const,
    subscription: () => ({ ok: false, why: "invalid" }) as const,
  };
  const before = await b.connect();
  b.engine.reload(next({ news: open }), { verifier: refusing });
  const after = await b.connect();
  assert.deepEqual([before.closeCode, after.closeCode], [undefined, 3_500]);
});

test("[RL1] [RL2] [RL3] a map that is being paged in goes on, ends with its namespace, or begins anew with its connection", async () => {
  const changes: readonly (readonly [(per: ChannelOptions) => ChannelOptions | undefined, string])[] = [
    [(per) => ({ ...per, map: { ...per.map, maxPageSize: 5 } }), "c=c@3"],
    [() => undefined, "2000"],
    [(per) => ({ ...per, subscriptionType: "stream" }), "3010"],
  ];
  for (const [change, expected] of changes) {
    const b = new MapBench();
    await b.set("per:p", ["a", "b", "c"]);
    const client = await b.connect();
    const first = await askForMap(client, "per:p");
    const namespaces = new Map(b.engine.options.namespaces);
    const per = change(namespaces.get("per")!);
    if (per === undefined) namespaces.delete("per");
    else namespaces.set("per", per);
    b.engine.reload({ ...b.engine.options, namespaces }, {});
    await b.clock.settle();
    if (client.closeCode !== undefined) assert.equal(String(client.closeCode), expected);
    else if (per === undefined) assert.deepEqual(unsubscribed(client).map(String), [expected]);
    else assert.deepEqual(told((await askForMap(client, "per:p", first))["state"]), [expected]);
  }
});

test("[RL1] a channel that was paced is not any more: what waited goes out first", async () => {
  const b = bench({ namespaces: { news: { ...open, ratePerSMax: 1 } } });
  const client = await subscriber(b, "news:a");
  for (const data of ["1", "2", "3"]) await b.publish("news:a", data);
  assert.deepEqual(offsets(client, "news:a"), [1]);
  b.engine.reload(next({ news: open }), {});
  await b.publish("news:a", "4");
  assert.deepEqual(offsets(client, "news:a"), [1, 3, 4]);
  b.engine.reload(next({ news: { ...open, ratePerSMax: 1 } }), {});
  for (const data of ["5", "6", "7"]) await b.publish("news:a", data);
  assert.deepEqual(offsets(client, "news:a"), [1, 3, 4, 5]);
  await b.clock.advance(1_000);
  assert.deepEqual(offsets(client, "news:a"), [1, 3, 4, 5, 7]);
  assert.deepEqual([client.closeCode, unsubscribed(client)], [undefined, []]);
});

test("[F16] 200 reloads while others publish and come and go: nobody is dropped, nothing is missed", async () => {
  const b = bench();
  const clients = [await subscriber(b, "news:a"), await subscriber(b, "news:a")];
  for (let n = 1; n <= 200; n++) {
    const published = b.engine.publish({ channel: "news:a", data: new TextEncoder().encode(String(n)) });
    b.engine.reload(
      next({ news: { ...open, presence: n % 2 === 0, historySize: 10 + (n % 3) }, ...(n % 3 === 0 ? {} : { chat: open }) }),
      {},
    );
    await published;
    const passing = await subscriber(b, "news:a");
    passing.cut();
    await b.clock.settle();
  }
  for (const client of clients) {
    assert.deepEqual(
      offsets(client, "news:a"),
      Array.from({ length: 200 }, (_, index) => index + 1),
    );
  }
  assert.deepEqual(b.reports, []);
});
