import assert from "node:assert/strict";
import { type BenchSetup, bytes, EngineBench, type TestClient, test, token, type Wire } from "../../testing/index.ts";
import { EngineRefusal } from "../engine-api.ts";

const namespaces = {
  vm: { allowSubscribeForClient: true, presence: true, historySize: 10, historyTtlMs: 60_000, forceRecovery: true },
  plain: { allowSubscribeForClient: true, presence: true, joinLeave: true },
};
const bench = (setup: BenchSetup = {}) => new EngineBench({ namespaces, ...setup });
const ann = { user: "ann" };
const later = (b: EngineBench, seconds: number) => Math.floor(b.clock.wallMs() / 1_000) + seconds;
const is = (code: number) => (error: unknown) => error instanceof EngineRefusal && error.code === code;
const ended = { channel: "plain:a", unsubscribe: { code: 2000, reason: "server unsubscribe" } };

/** Everything that the call causes is done; answers the code that it was refused with. */
async function done(b: EngineBench, call: Promise<void>): Promise<number | undefined> {
  let code: number | undefined;
  const known = call.catch((error: unknown) => {
    if (!(error instanceof EngineRefusal)) throw error;
    code = error.code;
  });
  await b.clock.settle();
  await known;
  await b.clock.settle();
  return code;
}
const subscribePush = (client: TestClient): Wire => client.pushes.find((push) => "subscribe" in push)?.["subscribe"];

test("[API7] subscribe gives every connection of a user a server-side subscription and says so in a push", async () => {
  const b = bench();
  const [one, two, other] = [await b.connect(), await b.connect(), await b.connect({ user: "bob" })];
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "plain:a", data: bytes('{"d":1}'), info: bytes("7") })), undefined);
  for (const client of [one, two]) assert.deepEqual(client.pushes, [{ channel: "plain:a", subscribe: { data: { d: 1 } } }]);
  assert.deepEqual(other.pushes, []);
  await b.publish("plain:a", "1");
  assert.equal(one.publications("plain:a").length, 1);
  const { presence } = { presence: b.engine.presence("plain:a") };
  assert.deepEqual([presence.size, new TextDecoder().decode(presence.get(one.id)?.chanInfo)], [2, "7"]);
});

test("[API7] the push tells the position, and what a client missed since `recover_since` follows it", async () => {
  const b = bench();
  for (const n of [1, 2, 3]) await b.publish("vm:a", String(n));
  const { epoch } = (await b.engine.history({ channel: "vm:a", limit: 0 })).top;
  const [plain, back] = [await b.connect(), await b.connect({ user: "bob" })];
  await done(b, b.engine.subscribe(ann, { channel: "vm:a" }));
  assert.deepEqual(plain.pushes, [{ channel: "vm:a", subscribe: { recoverable: true, epoch, offset: 3, positioned: true } }]);
  await done(b, b.engine.subscribe({ user: "bob" }, { channel: "vm:a", recoverSince: { offset: 1, epoch } }));
  await b.publish("vm:a", "4");
  assert.deepEqual(subscribePush(back), { recoverable: true, epoch, offset: 1, positioned: true });
  assert.deepEqual(
    back.publications("vm:a").map(({ offset, data }) => [offset, data]),
    [
      [2, 2],
      [3, 3],
      [4, 4],
    ],
  );
});

test("[API7] options are overridden; modes of recovery and deltas cannot be asked for", async () => {
  const cached = { ...namespaces.vm, forceRecoveryMode: "cache", autoCacheRecover: true } as const;
  const b = bench({ namespaces: { ...namespaces, vm: cached } });
  await b.publish("vm:a", "1");
  const client = await b.connect();
  await done(b, b.engine.subscribe(ann, { channel: "vm:a" }));
  assert.deepEqual([subscribePush(client)["offset"], client.publications("vm:a")], [1, []]);
  await done(b, b.engine.subscribe(ann, { channel: "vm:b", override: { forceRecovery: false, presence: false } }));
  assert.deepEqual(client.pushes.at(-1), { channel: "vm:b", subscribe: {} });
  assert.equal(b.engine.presence("vm:b").size, 0);
});

test("[API8] [H7] a connection that has the channel already makes it error 100 and keeps what it has; the others are subscribed", async () => {
  const b = bench();
  const [has, new_] = [await b.connect(), await b.connect()];
  await has.subscribe("plain:a");
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "plain:a" })), 100);
  assert.deepEqual([has.pushes, new_.pushes.length], [[], 1]);
  await done(b, b.engine.unsubscribe({ ...ann, client: has.id }, "plain:a"));
  assert.deepEqual(has.pushes.at(-1), ended, "a client-side subscription ends with a push, as before");
});

test("[API8] client and session choose among a user's connections", async () => {
  const b = bench();
  const [first, second] = [await b.connect(), await b.connect()];
  const stream = await b.connect(ann, {}, { transport: "http_stream", emulated: true, disconnectPush: true });
  const session = stream.messages[0]?.["connect"]["session"];
  await done(b, b.engine.subscribe({ ...ann, client: first.id }, { channel: "plain:a" }));
  await done(b, b.engine.subscribe({ ...ann, session }, { channel: "plain:b" }));
  await done(b, b.engine.subscribe({ user: "bob", session }, { channel: "plain:c" }));
  await done(b, b.engine.subscribe({ ...ann, client: first.id, session }, { channel: "plain:c" }));
  assert.deepEqual(
    [first, second, stream].map((client) => client.pushes.map((push) => push["channel"])),
    [["plain:a"], [], ["plain:b"]],
  );
  b.engine.disconnect({ ...ann, session }, 3503, "force disconnect", []);
  assert.deepEqual([first.closeCode, stream.closeCode], [undefined, 3503]);
});

test("[API8] channel 107, namespace 102; an expiry that is past, and a log that cannot be read, 100 without a push", async () => {
  const b = bench();
  const client = await b.connect();
  await assert.rejects(b.engine.subscribe(ann, { channel: "" }), is(107));
  await assert.rejects(b.engine.subscribe(ann, { channel: "nope:a" }), is(102));
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "plain:a", expireAtS: later(b, 0) })), 100);
  b.gate.failWith(new Error("broken"));
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "vm:a" })), 100);
  assert.deepEqual([client.pushes, client.closeCode, b.engine.stats().subscriptions], [[], undefined, 0]);
});

test("[API8] a connection at its channel limit is closed with 3505, and that is no error", async () => {
  const b = bench({ options: { channelLimit: 1 } });
  const [full, free] = [await b.connect(), await b.connect()];
  await full.subscribe("plain:a");
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "plain:b" })), undefined);
  assert.deepEqual([full.closeCode, free.closeCode, free.pushes.length], [3505, undefined, 1]);
});

test("[API8] such a subscription expires with the connection: 3006", async () => {
  const b = bench({ options: { pingIntervalMs: 0 } });
  const client = await b.connect();
  await done(b, b.engine.subscribe(ann, { channel: "plain:a", expireAtS: later(b, 10) }));
  assert.equal(subscribePush(client)["expires"], undefined);
  await b.clock.advance(30_000);
  assert.equal(client.closeCode, undefined);
  await b.clock.advance(60_000);
  assert.equal(client.closeCode, 3006);
});

test("[API9] refresh moves the expiry and says so; without a time it takes it away; info is replaced", async () => {
  const b = bench({ options: { pingIntervalMs: 0 } });
  const client = await b.connect({ user: "ann", info: "1", expireAtS: later(b, 60) });
  await client.subscribe("plain:a");
  await done(b, b.engine.refresh(ann, { expireAtS: later(b, 1_000), info: bytes("2") }));
  assert.deepEqual(client.pushes, [{ refresh: { expires: true, ttl: 1_000 } }]);
  await b.clock.advance(600_000);
  assert.equal(client.closeCode, undefined);
  assert.equal(new TextDecoder().decode(b.engine.presence("plain:a").get(client.id)?.connInfo), "2");
  await done(b, b.engine.refresh(ann, {}));
  assert.deepEqual(client.pushes.at(-1), { refresh: {} });
  await b.clock.advance(6_000_000);
  assert.equal(client.closeCode, undefined);
});

test("[API9] refresh with `expired` or a time that is past ends the connection with 3005", async () => {
  for (const call of [{ expired: true }, { expireAtS: 1 }, { expired: true, expireAtS: 9_999_999_999 }]) {
    const b = bench();
    const [client, other] = [await b.connect(), await b.connect({ user: "bob" })];
    await done(b, b.engine.refresh(ann, call));
    assert.deepEqual([client.closeCode, other.closeCode], [3005, undefined]);
  }
});

test("[API9] an expiry that a refresh brings ends a connection that had none", async () => {
  const b = bench({ options: { pingIntervalMs: 0 } });
  const client = await b.connect();
  await done(b, b.engine.refresh(ann, { expireAtS: later(b, 10) }));
  await b.clock.advance(36_000);
  assert.equal(client.closeCode, 3005);
});

test("[API10] a connection that is still connecting is waited for", async () => {
  const b = bench();
  b.gate.holdReads();
  const client = b.open();
  client.say(JSON.stringify({ id: 1, connect: { token: token({ user: "ann", channels: ["vm:a"] }) } }));
  await b.clock.settle();
  const calls = [b.engine.subscribe(ann, { channel: "plain:a" }), b.engine.refresh(ann, {}), b.engine.unsubscribe(ann, "vm:a")];
  await b.clock.settle();
  assert.deepEqual(client.messages, []);
  b.gate.releaseReads();
  await b.clock.settle();
  await Promise.all(calls);
  const [first, ...rest] = client.messages.map((message) => Object.keys("push" in message ? message["push"] : message).at(-1));
  assert.deepEqual([first, rest.sort()], ["connect", ["refresh", "subscribe", "unsubscribe"]]);
  assert.deepEqual([...b.engine.channels().keys()], ["plain:a"]);
});

test("[API10] [SB6] an unsubscribe waits for the subscribe that is being worked on, and ends it then", async () => {
  const b = bench();
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a"}}');
  await b.clock.settle();
  const call = b.engine.unsubscribe(ann, "vm:a");
  assert.equal(await done(b, b.engine.subscribe(ann, { channel: "vm:a" })), 100, "in progress counts as subscribed");
  b.gate.releaseReads();
  await done(b, call);
  assert.deepEqual(
    client.messages.slice(1).map((message) => message["id"] ?? message["push"]["unsubscribe"]["code"]),
    [9, 2000],
  );
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[API10] a subscribe that takes longer than 5 s to be unsubscribed from costs the connection: 3004", async () => {
  const b = bench();
  const client = await b.connect();
  b.gate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"vm:a"}}');
  await b.clock.settle();
  const call = b.engine.unsubscribe(ann, "vm:a");
  await b.clock.advance(4_900);
  assert.equal(client.closeCode, undefined);
  await b.clock.advance(200);
  await done(b, call);
  assert.equal(client.closeCode, 3004);
  b.gate.releaseReads();
  await b.clock.settle();
  assert.deepEqual([b.engine.stats().subscriptions, b.reports], [0, []]);
});

test("[API10] without a channel unsubscribe ends nothing; the push names none", async () => {
  const b = bench();
  const client = await b.connect();
  await client.subscribe("plain:a");
  await done(b, b.engine.unsubscribe(ann, ""));
  assert.deepEqual(client.pushes, [{ unsubscribe: { code: 2000, reason: "server unsubscribe" } }]);
  assert.equal(b.engine.stats().subscriptions, 1);
});

test("[API11] connections are listed by pages, of all or of one user, with what an operator wants to know and no session", async () => {
  const b = bench();
  const clients: TestClient[] = [];
  for (let n = 0; n < 7; n++) clients.push(await b.connect({ user: `u${n % 2}` }, { name: "js", version: `5.${n}` }));
  await clients[0]?.subscribe("plain:a");
  b.open();
  const seen: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const page: ReturnType<typeof b.engine.connections> = b.engine.connections({ after, limit: 3 });
    assert.ok(page.connections.length <= 3);
    seen.push(...page.connections.map(({ client }) => client));
    after = page.next;
  }
  assert.deepEqual(seen, clients.map(({ id }) => id).sort());
  const ofOne = b.engine.connections({ user: "u0", limit: 10 });
  assert.deepEqual([ofOne.connections.length, ofOne.next], [4, undefined]);
  const { protocol, ...rest } = ofOne.connections.find(({ client }) => client === clients[0]?.id) ?? {};
  assert.match(String(protocol), /json|protobuf/);
  assert.deepEqual(rest, {
    client: clients[0]?.id,
    user: "u0",
    transport: "websocket",
    remoteAddress: "127.0.0.1",
    name: "js",
    version: "5.0",
    connectedAtMs: b.clock.wallMs(),
    queuedBytes: 0,
    channels: ["plain:a"],
  });
  const onChannel = b.engine.connections({ channel: "plain:a", limit: 10 });
  assert.deepEqual(
    onChannel.connections.map(({ client }) => client),
    [clients[0]?.id],
  );
  assert.deepEqual(b.engine.connections({ user: "nobody", limit: 10 }), { connections: [], next: undefined });
});

test("[JL2] the own join comes before the replies to later commands of the same frame, once, and to the others in turn", async () => {
  const pushed = { allowSubscribeForClient: true, joinLeave: true, forcePushJoinLeave: true, presence: true, allowPresenceForClient: true };
  const b = bench({ namespaces: { vm: pushed } });
  const watcher = await b.connect({ user: "bob" });
  await watcher.subscribe("vm:a");
  const client = await b.connect();
  client.say('{"id":8,"subscribe":{"channel":"vm:a"}}\n{"id":9,"presence_stats":{"channel":"vm:a"}}');
  await b.clock.settle();
  assert.deepEqual(
    client.messages.slice(1).map((message) => message["id"] ?? Object.keys(message["push"]).at(-1)),
    [8, "join", 9],
  );
  assert.deepEqual(
    watcher.pushes.map((push) => push["join"]["info"]["user"]),
    ["bob", "ann"],
  );
});
