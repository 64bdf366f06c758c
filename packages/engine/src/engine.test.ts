import assert from "node:assert/strict";
import { bytes, channelOptions, EngineBench, engineOptions, test, text } from "../testing/index.ts";
import { createEngine } from "./engine.ts";
import { EngineRefusal } from "./engine-api.ts";
import { noProxies } from "./proxies.ts";

const open = { allowSubscribeForClient: true };
const history = { historySize: 10, historyTtlMs: 60_000 };
const bench = () =>
  new EngineBench({ namespaces: { vm: { ...open, ...history, presence: true }, plain: open, json: { publicationDataFormat: "json" } } });

const refusedWith = (code: number) => (error: unknown) => {
  assert.ok(error instanceof EngineRefusal, String(error));
  assert.equal(error.code, code);
  return true;
};

test("[API1] publish answers the position, and refuses unknown namespaces 102, no channel 107 and unfit data 107", async () => {
  const b = bench();
  assert.equal((await b.publish("vm:a", "1")).position.offset, 1);
  assert.deepEqual((await b.publish("plain:a", "1")).position, { offset: 0, epoch: "" });
  await assert.rejects(b.publish("nope:a", "1"), refusedWith(102));
  await assert.rejects(b.publish("", "1"), refusedWith(107));
  await assert.rejects(b.publish("vm:a", ""), refusedWith(107));
  await assert.rejects(b.publish("json:a", "{"), refusedWith(107));
});

test("[API1] broadcast: one outcome for each channel in order, a refused one alone", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("plain:a");
  const outcomes = await b.engine.broadcast(["vm:a", "nope:a", "plain:a", "vm:a"].map((channel) => ({ channel, data: bytes('"hi"') })));
  await b.clock.settle();
  assert.deepEqual(
    outcomes.map((outcome) => (outcome instanceof EngineRefusal ? outcome.code : outcome.position.offset)),
    [1, 102, 0, 2],
  );
  assert.equal(client.publications("plain:a").length, 1);
});

test("[API2] history: the newest by the namespace's default limit, off 108, reverse from 0 107, other epoch 112", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...history, historyDefaultLimit: 2 }, plain: {} } });
  for (const n of [1, 2, 3]) await b.publish("vm:a", `{ "n":${n} }`);
  const offsets = async (more: object) => (await b.engine.history({ channel: "vm:a", ...more })).publications.map(({ offset }) => offset);
  assert.deepEqual(await offsets({}), [2, 3]);
  assert.deepEqual(await offsets({ limit: 0 }), []);
  assert.deepEqual(await offsets({ limit: -1, reverse: true }), [3, 2, 1]);
  const { publications, top } = await b.engine.history({ channel: "vm:a", limit: 1, since: { offset: 2, epoch: "" } });
  assert.deepEqual([publications.map(({ data }) => text(data)), top.offset], [['{ "n":3 }'], 3]);
  await assert.rejects(b.engine.history({ channel: "plain:a" }), refusedWith(108));
  await assert.rejects(b.engine.history({ channel: "vm:a", limit: 1, reverse: true, since: { offset: 0, epoch: "" } }), refusedWith(107));
  await assert.rejects(b.engine.history({ channel: "vm:a", limit: 1, since: { offset: 1, epoch: "x" } }), refusedWith(112));
  await b.engine.historyRemove("vm:a");
  assert.deepEqual(await offsets({ limit: -1 }), []);
  await assert.rejects(b.engine.historyRemove("plain:a"), refusedWith(108));
});

test("[API3] presence by connection, users counted once, off 108", async () => {
  const b = bench();
  for (const user of ["ann", "ann", "bob"]) await (await b.connect({ user })).subscribe("vm:a");
  assert.equal(b.engine.presence("vm:a").size, 3);
  assert.deepEqual(b.engine.presenceStats("vm:a"), { clients: 3, users: 2 });
  assert.deepEqual(b.engine.presenceStats("vm:nobody"), { clients: 0, users: 0 });
  assert.throws(() => b.engine.presence("plain:a"), refusedWith(108));
  assert.deepEqual([...b.engine.channels()], [["vm:a", 3]]);
});

test("[API4] unsubscribe reaches all connections of a user or one, and says so even to those not subscribed", async () => {
  const b = bench();
  const [one, two, other] = [await b.connect(), await b.connect(), await b.connect({ user: "bob" })];
  await one.subscribe("vm:a");
  await other.subscribe("vm:a");
  await b.engine.unsubscribe({ user: "ann" }, "vm:a");
  await b.clock.settle();
  const said = { channel: "vm:a", unsubscribe: { code: 2000, reason: "server unsubscribe" } };
  assert.deepEqual([one.pushes, two.pushes, other.pushes], [[said], [said], []]);
  assert.equal(b.engine.channels().get("vm:a"), 1);
  await b.engine.unsubscribe({ user: "ann", client: two.id }, "vm:b");
  await b.engine.unsubscribe({ user: "ann", session: "none has one" }, "vm:b");
  await b.clock.settle();
  assert.deepEqual([one.pushes.length, two.pushes.length], [1, 2]);
  await assert.rejects(b.engine.unsubscribe({ user: "ann" }, "nope:a"), refusedWith(102));
});

test("[API5] disconnect: all of a user but the whitelist, or one", async () => {
  const b = bench();
  const [one, two, three] = [await b.connect(), await b.connect(), await b.connect()];
  const other = await b.connect({ user: "bob" });
  b.engine.disconnect({ user: "ann", client: three.id }, 3503, "force disconnect", []);
  b.engine.disconnect({ user: "ann" }, 4000, "bye", [two.id]);
  assert.deepEqual([one.closeCode, two.closeCode, three.closeCode, other.closeCode], [4000, undefined, 3503, undefined]);
});

test("[API6] what was published before a disconnect or an unsubscribe still arrives", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("plain:a");
  await client.subscribe("plain:b");
  await b.engine.publish({ channel: "plain:a", data: bytes("1") });
  void b.engine.unsubscribe({ user: "ann" }, "plain:a");
  await b.engine.publish({ channel: "plain:a", data: bytes("2") });
  await b.engine.publish({ channel: "plain:b", data: bytes("3") });
  b.engine.disconnect({ user: "ann" }, 3503, "force disconnect", []);
  await b.clock.settle();
  assert.deepEqual(
    client.pushes.map((push) => push["pub"]?.["data"] ?? push["unsubscribe"]["code"]),
    [1, 2000, 3],
  );
  assert.equal(client.closeCode, 3503);
});

test("[R3] stop: 3001 to all, new sockets are turned away, it waits for the last and cuts it at the limit", async () => {
  const b = bench();
  const [one, two, silent] = [await b.connect(), await b.connect(), b.open()];
  two.socket.answersClose = false;
  let stopped = false;
  void b.engine.stop(3_000).then(() => {
    stopped = true;
  });
  await b.clock.settle();
  assert.deepEqual([one.closeCode, two.closeCode, silent.closeCode, stopped], [3001, 3001, 3001, false]);
  assert.equal(b.open().closeCode, 3001);
  await b.clock.advance(3_100);
  assert.ok(stopped);
  assert.deepEqual([b.engine.stats().connections, b.clock.pending], [0, 0]);
});

test("[P7] after churn everything is at zero: connections, users, subscriptions, channels, presence, queues, timers", async () => {
  const b = bench();
  const clients = await Promise.all(Array.from({ length: 50 }, (_, n) => b.connect({ user: `u${n % 20}`, channels: ["plain:s"] })));
  for (const [n, client] of clients.entries()) await client.subscribe(`vm:${n % 5}`);
  for (let n = 0; n < 5; n++) await b.publish(`vm:${n}`, "1");
  for (const [n, client] of clients.entries()) {
    if (n % 3 === 0) await client.call("unsubscribe", { channel: `vm:${n % 5}` });
    if (n % 3 === 1) client.say("garbage");
    client.cut();
  }
  await b.clock.settle();
  const { connections, users, subscriptions, channels, queuedBytes } = b.engine.stats();
  assert.deepEqual(
    { connections, users, subscriptions, channels, queuedBytes },
    { connections: 0, users: 0, subscriptions: 0, channels: 0, queuedBytes: 0 },
  );
  for (let n = 0; n < 5; n++) assert.equal(b.engine.presence(`vm:${n}`).size, 0);
  b.memoryLog.close();
  assert.equal(b.clock.pending, 0);
  assert.deepEqual(b.reports, []);
});

test("[OPT1] options that ask for what was not handed in stop the start and name the namespace", () => {
  const b = bench();
  const start = (wrong: Parameters<typeof channelOptions>[0]) => () =>
    createEngine(engineOptions({ namespaces: new Map([["vm", channelOptions(wrong)]]) }), {
      clock: b.clock,
      chance: b.chance,
      verifier: { connection: async () => ({ ok: false, why: "invalid" }), subscription: async () => ({ ok: false, why: "invalid" }) },
      memoryLog: b.memoryLog,
      proxies: noProxies,
      report: () => {},
    });
  assert.throws(start({ channelRegex: "^a$" }), /"vm".*channel_regex/);
  assert.throws(start({ journal: true }), /"vm".*journal/);
  assert.throws(start({ subscribeProxyName: "nobody" }), /"vm".*"nobody"/);
});

test("[L8] a journaled namespace keeps to the journal's log, all others to memory", async () => {
  const other = bench();
  const b = new EngineBench({
    namespaces: { vm: { ...open, ...history, journal: true }, mem: { ...open, ...history } },
    ports: { journalLog: other.gate },
  });
  const client = await b.connect();
  await client.subscribe("vm:a");
  await client.subscribe("mem:a");
  await b.publish("vm:a", "1");
  await b.publish("mem:a", "2");
  assert.deepEqual([other.memoryLog.size.streams, b.memoryLog.size.streams], [1, 1]);
  assert.deepEqual([client.publications("vm:a").length, client.publications("mem:a").length], [1, 1]);
});
