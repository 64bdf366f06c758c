import assert from "node:assert/strict";
import { type BenchSetup, bytes, EngineBench, type TestClient, test, token } from "../../../testing/index.ts";
import { noProxies, type Proxies, ProxyAnswerUnusable, type SubRefreshProxy, type SubscribeProxy } from "../../proxies.ts";

const open = { allowSubscribeForClient: true };
const history = { historySize: 10, historyTtlMs: 60_000 };

async function connected(setup: BenchSetup, user = "ann"): Promise<[EngineBench, TestClient]> {
  const b = new EngineBench(setup);
  return [b, await b.connect({ user })];
}

/** Code of the error, or of the close when that is what came. */
async function codeOf(client: TestClient, channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<number | undefined> {
  return (await client.subscribe(channel, more))["error"]?.code ?? client.closeCode;
}

test("[C15] checks in order: empty 3501, length in bytes 107, again 105, too many 106, unknown namespace 102", async () => {
  const setup = { namespaces: { "": open }, options: { channelLimit: 2 } };
  assert.equal(await codeOf((await connected(setup))[1], ""), 3501);
  const [, client] = await connected(setup);
  assert.equal(await codeOf(client, "x".repeat(255)), undefined);
  assert.equal(await codeOf(client, "x".repeat(256)), 107);
  assert.equal(await codeOf(client, "é".repeat(128)), 107);
  assert.equal(await codeOf(client, "x".repeat(255)), 105);
  assert.equal(await codeOf(client, "b"), undefined);
  assert.equal(await codeOf(client, "x".repeat(255)), 105, "again comes before the limit");
  assert.equal(await codeOf(client, "nope:x"), 106, "the limit comes before the namespace");
  await client.call("unsubscribe", { channel: "b" });
  assert.equal(await codeOf(client, "nope:x"), 102);
});

test("[C16] types: 1 to 3 are not the namespace's 103, 4 is off 108, above 4 a permitted subscribe ends in 3004", async () => {
  const setup = { namespaces: { "": open, shut: {} } };
  const [, client] = await connected(setup);
  for (const type of [1, 2, 3]) assert.equal(await codeOf(client, "a", { type }), 103);
  assert.equal(await codeOf(client, "x".repeat(256), { type: 4 }), 108, "before the length");
  assert.equal(await codeOf(client, "nope:a", { type: 5 }), 102);
  assert.equal(await codeOf(client, "shut:a", { type: 5 }), 103);
  assert.equal(await codeOf(client, "minus", { type: -1 }), undefined);
  assert.equal(await codeOf(client, "a", { type: 5 }), 3004);
});

test("[C17] a tags filter is 107 where it is not allowed, but after the permission; an unknown delta is 3501; fossil is not granted", async () => {
  const [, client] = await connected({ namespaces: { "": open, shut: {} } });
  assert.equal(await codeOf(client, "a", { tf: { key: "k", cmp: "eq", val: "v" } }), 107);
  assert.equal(await codeOf(client, "a", { tf: {} }), 107);
  assert.equal(await codeOf(client, "shut:a", { tf: {} }), 103);
  assert.deepEqual((await client.subscribe("a", { tf: null, delta: "fossil" }))["subscribe"], {});
  assert.equal(await codeOf(client, "b", { delta: "xdelta" }), 3501);
});

test("[C18] without channel_regex a name is ASCII, with one it is what the regex says about the rest", async () => {
  const seen: string[] = [];
  const [, client] = await connected({
    namespaces: { "": open, vm: { ...open, channelRegex: "^[a-z]+$" } },
    ports: {
      compileRegex: (source) => (rest) => {
        seen.push(rest);
        return new RegExp(source).test(rest);
      },
    },
  });
  for (const name of ["é", "a\ufffdb", "\u202ea"]) assert.equal(await codeOf(client, name), 107, name);
  for (const name of [" ", "a\u0000b", "a*", "a/b", "__proto__", "constructor", "x#y"])
    assert.equal(await codeOf(client, name), undefined, name);
  assert.equal(await codeOf(client, "vm:ok"), undefined);
  assert.equal(await codeOf(client, "vm:NO"), 107);
  assert.equal(await codeOf(client, "$vm:private"), 103);
  assert.deepEqual(seen, ["ok", "NO", "private"]);
});

test("[C18] twins in different normal forms stay two channels", async () => {
  const [b, client] = await connected({
    namespaces: { vm: { ...open, channelRegex: "." } },
    ports: { compileRegex: (source) => (rest) => new RegExp(source).test(rest) },
  });
  await client.subscribe("vm:\u00e9");
  await client.subscribe("vm:e\u0301");
  await b.publish("vm:\u00e9", "1");
  assert.deepEqual([client.publications("vm:\u00e9").length, client.publications("vm:e\u0301").length], [1, 0]);
});

test("[SB1] the allow rule: for anonymous it grants nothing alone, insecure grants what no rule does", async () => {
  const anonymous = { allowSubscribeForAnonymous: true };
  for (const [options, user, code] of [
    [open, "ann", undefined],
    [open, "", 103],
    [{ ...open, ...anonymous }, "", undefined],
    [anonymous, "", 103],
    [anonymous, "ann", 103],
    [{}, "ann", 103],
  ] as const) {
    const [, client] = await connected({ namespaces: { vm: options } }, user);
    assert.equal(await codeOf(client, "vm:a"), code);
  }
  const [, client] = await connected({ namespaces: { vm: { allowUserLimitedChannels: true } }, options: { insecure: true } });
  assert.equal(await codeOf(client, "vm:a"), undefined);
  assert.equal(await codeOf(client, "vm:a#bob"), undefined);
  assert.equal(await codeOf(client, "$vm:a"), 103);
  assert.equal(await codeOf(client, "nope:a"), 102);
});

test("[SB2] a user-limited channel is for the users behind its last #, and no other rule opens it", async () => {
  const setup = { namespaces: { cmd: { ...open, allowUserLimitedChannels: true }, plain: open } };
  const [, client] = await connected(setup);
  assert.equal(await codeOf(client, "cmd:x#ann"), undefined);
  assert.equal(await codeOf(client, "cmd:x#bob,ann"), undefined);
  assert.equal(await codeOf(client, "cmd:x#bob"), 103);
  assert.equal(await codeOf(client, "cmd:x#ann#bob"), 103);
  assert.equal(await codeOf(client, "cmd:x#"), 103);
  assert.equal(await codeOf(client, "cmd:x"), undefined);
  assert.equal(await codeOf(client, "plain:x#bob"), undefined, "without the option # is a letter like any other");
  const [, nobody] = await connected(setup, "");
  assert.equal(await codeOf(nobody, "cmd:x#"), undefined);
});

test("[C16] tokens: bad 103, without channel 103, expired 109, of another channel, user or client 3500, past 110", async () => {
  const cases: readonly [Parameters<typeof token>[0], number | undefined][] = [
    [{ user: "ann", channel: "$vm:a" }, undefined],
    [{ fails: "invalid" }, 103],
    [{ user: "ann" }, 103],
    [{ user: "bob", channel: "$vm:b", fails: "expired" }, 109],
    [{ fails: "internal" }, 100],
    [{ user: "ann", channel: "$vm:b" }, 3500],
    [{ user: "bob", channel: "$vm:a" }, 3500],
    [{ user: "ann", channel: "$vm:a", client: "other" }, 3500],
    [{ user: "ann", channel: "$vm:a", expireAtS: 1 }, 110],
  ];
  for (const [claims, code] of cases) {
    const [b, client] = await connected({ namespaces: { vm: { presence: true } } });
    assert.equal(await codeOf(client, "$vm:a", { token: token(claims) }), code, JSON.stringify(claims));
    assert.equal(b.engine.presence("$vm:a").size, code === undefined ? 1 : 0);
  }
});

test("[SB3] a token brings info, data, overrides and a ttl", async () => {
  const [b, client] = await connected({ namespaces: { vm: { ...history, presence: true } } });
  const claims = {
    user: "ann",
    channel: "vm:a",
    info: '"chan"',
    data: '{"x" :1}',
    override: { forceRecovery: true },
    expireAtS: Math.floor(b.clock.wallMs() / 1_000) + 30,
    client: client.id,
  };
  const { subscribe } = await client.subscribe("vm:a", { token: token(claims) });
  assert.deepEqual({ ...subscribe, epoch: "" }, { expires: true, ttl: 30, recoverable: true, epoch: "", positioned: true, data: { x: 1 } });
  assert.equal(new TextDecoder().decode(b.engine.presence("vm:a").get(client.id)?.chanInfo), '"chan"');
});

test("[SB4] a proxy decides for its namespace, and the client's wishes are not looked at then", async () => {
  const asked: unknown[] = [];
  const proxy: SubscribeProxy = ({ client, user, meta }, request) => {
    asked.push({ client, user, ...request, data: new TextDecoder().decode(request.data), meta: new TextDecoder().decode(meta) });
    switch (request.channel) {
      case "vm:yes":
        return { kind: "result", result: { data: bytes('"hi"'), override: { presence: true } } };
      case "vm:bare":
        return { kind: "result", result: undefined };
      case "vm:no":
        return { kind: "error", code: 403, message: "not yours", temporary: false };
      case "vm:later":
        return Promise.resolve({ kind: "error", code: 111, message: "later", temporary: true });
      case "vm:throws":
        throw new Error("broken proxy");
      default:
        return { kind: "disconnect", code: 4500, reason: "go away" };
    }
  };
  const namespaces = { vm: { ...open, ...history, subscribeProxyName: "p", allowRecovery: true, allowUserLimitedChannels: true } };
  const b = new EngineBench({ namespaces, ports: { proxies: { ...noProxies, subscribe: new Map([["p", proxy]]) } } });
  const client = await b.connect({ user: "ann", meta: '{"vms":1}' });
  const { subscribe } = await client.subscribe("vm:yes", { data: { a: 1 }, recoverable: true, positioned: true });
  assert.deepEqual(subscribe, { data: "hi" });
  assert.deepEqual(asked, [{ client: client.id, user: "ann", channel: "vm:yes", token: "", meta: '{"vms":1}', data: '{"a":1}' }]);
  assert.deepEqual((await client.subscribe("vm:bare"))["subscribe"], {});
  assert.deepEqual((await client.subscribe("vm:no"))["error"], { code: 403, message: "not yours" });
  assert.deepEqual((await client.subscribe("vm:later"))["error"], { code: 111, message: "later", temporary: true });
  assert.equal(await codeOf(client, "vm:throws"), 100);
  assert.equal(await codeOf(client, "vm:x#ann"), undefined, "a user-limited channel is not the proxy's");
  assert.equal(await codeOf(client, "vm:x#bob"), 103);
  assert.equal(asked.length, 5);
  await client.subscribe("vm:else");
  assert.deepEqual(client.socket.ended, { code: 4500, reason: "go away" });
});

test("[SB5] wishes are granted by allow options or by the right to the history and presence behind them", async () => {
  const wishes = { recoverable: true, positioned: true, join_leave: true };
  const granted = async (options: Readonly<Record<string, unknown>>) => {
    const [b, client] = await connected({ namespaces: { vm: { ...open, ...history, joinLeave: true, presence: true, ...options } } });
    const { subscribe } = await client.subscribe("vm:a", wishes);
    return [
      subscribe.recoverable ?? false,
      subscribe.positioned ?? false,
      b.engine.stats().subscriptions === 1 && client.pushes.length > 0,
    ];
  };
  assert.deepEqual(await granted({}), [false, false, false]);
  assert.deepEqual(await granted({ allowRecovery: true }), [true, true, false]);
  assert.deepEqual(await granted({ allowPositioning: true }), [false, true, false]);
  assert.deepEqual(await granted({ allowHistoryForSubscriber: true }), [true, true, false]);
  assert.deepEqual(await granted({ allowHistoryForClient: true, historySize: 0 }), [true, true, false]);
  assert.deepEqual(await granted({ allowPresenceForSubscriber: true }), [false, false, true]);
  assert.deepEqual(await granted({ allowPresenceForClient: true, joinLeave: false }), [false, false, false]);
});

test("[JL1] join comes after the subscribe reply and to the one who joins, too; leave when it unsubscribes or goes", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...open, joinLeave: true, forcePushJoinLeave: true } } });
  const ann = await b.connect({ user: "ann", info: '{"n":1}' });
  await ann.subscribe("vm:a");
  const me = { user: "ann", client: ann.id, conn_info: { n: 1 } };
  assert.deepEqual(ann.messages.slice(1), [{ id: 2, subscribe: {} }, { push: { channel: "vm:a", join: { info: me } } }]);
  ann.rest();
  const bob = await b.connect({ user: "bob" });
  await bob.subscribe("vm:a");
  await bob.call("unsubscribe", { channel: "vm:a" });
  await bob.subscribe("vm:a");
  bob.cut();
  await b.clock.settle();
  const him = { info: { user: "bob", client: bob.id } };
  assert.deepEqual(
    ann.rest().map((message) => message["push"]),
    ["join", "leave", "join", "leave"].map((kind) => ({ channel: "vm:a", [kind]: him })),
  );
  assert.ok(!bob.pushes.some((push) => "leave" in push), "who left hears nothing of it");
});

test("[JL1] who emits is one option, who receives another", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...open, joinLeave: true, allowPresenceForSubscriber: true, presence: true } } });
  const quiet = await b.connect({ user: "quiet" });
  await quiet.subscribe("vm:a");
  const curious = await b.connect({ user: "curious" });
  await curious.subscribe("vm:a", { join_leave: true });
  await (await b.connect({ user: "third" })).subscribe("vm:a");
  assert.equal(quiet.pushes.length, 0);
  assert.deepEqual(
    curious.pushes.map((push) => push["join"]["info"]["user"]),
    ["curious", "third"],
  );
});

test("[C23] unsubscribe: an unknown channel is no error, an empty one is 3501, and nothing of the channel comes afterwards", async () => {
  const [b, client] = await connected({ namespaces: { vm: open } });
  assert.deepEqual(await client.call("unsubscribe", { channel: "vm:never" }), { id: 2, unsubscribe: {} });
  await client.subscribe("vm:a");
  await client.call("unsubscribe", { channel: "vm:a" });
  await b.publish("vm:a", "1");
  assert.equal(client.pushes.length, 0);
  assert.equal(b.engine.stats().subscriptions, 0);
  await client.call("unsubscribe", { channel: "" });
  assert.equal(client.closeCode, 3501);
});

test("[SB6] a server-side subscription is ended by unsubscribe as any other", async () => {
  const b = new EngineBench({ namespaces: { vm: {} } });
  const client = await b.connect({ user: "ann", channels: ["vm:a"] });
  await client.call("unsubscribe", { channel: "vm:a" });
  await b.publish("vm:a", "1");
  assert.equal(client.pushes.length, 0);
});

test("[C26] sub_refresh: moves the expiry, or says what is wrong with it", async () => {
  const expireAtS = (b: EngineBench) => Math.floor(b.clock.wallMs() / 1_000) + 60;
  const fresh = async () => {
    const b = new EngineBench({ namespaces: { vm: {} }, options: { pingIntervalMs: 0 } });
    const client = await b.connect({ user: "ann", channels: ["vm:server"] });
    await client.subscribe("vm:a", { token: token({ user: "ann", channel: "vm:a", expireAtS: expireAtS(b) }) });
    return { b, client };
  };
  const { b, client } = await fresh();
  const renewed = await client.call("sub_refresh", {
    channel: "vm:a",
    token: token({ user: "ann", channel: "vm:a", expireAtS: expireAtS(b) + 60 }),
  });
  assert.deepEqual(renewed["sub_refresh"], { expires: true, ttl: 120 });
  await b.clock.advance(110_000);
  assert.equal(client.pushes.length, 0);

  const good = { user: "ann", channel: "vm:a" };
  for (const [request, code] of [
    [{ channel: "" }, 3501],
    [{ channel: "vm:server", token: token(good) }, 3501],
    [{ channel: "vm:other", token: token(good) }, 103],
    [{ channel: "vm:a", token: "" }, 107],
    [{ channel: "vm:a", type: 1, token: "" }, 107],
    [{ channel: "vm:a", token: token({ fails: "invalid" }) }, 3500],
    [{ channel: "vm:a", token: token({ ...good, channel: "vm:b" }) }, 3500],
    [{ channel: "vm:a", token: token({ ...good, user: "bob" }) }, 3500],
    [{ channel: "vm:a", token: token({ user: "bob", fails: "expired" }) }, 3006],
    [{ channel: "vm:a", token: token({ ...good, expireAtS: 1 }) }, 3006],
    [{ channel: "vm:a", token: token({ ...good, user: "bob", expireAtS: 1 }) }, 3500],
    [{ channel: "vm:a", token: token({ fails: "internal" }) }, 100],
  ] as const) {
    const { client: one } = await fresh();
    const reply = await one.call("sub_refresh", request);
    assert.equal(reply["error"]?.code ?? one.closeCode, code, JSON.stringify(request));
  }
});

test("[SB7] an expired subscription is told 2501 after its grace; a server-side one ends the connection with 3006", async () => {
  const b = new EngineBench({
    namespaces: { vm: {}, asked: { subscribeProxyName: "p" } },
    options: { pingIntervalMs: 0 },
    ports: { proxies: { ...noProxies, subscribe: new Map([["p", () => ({ kind: "result", result: { expireAtS: inS(20) } })]]) } },
  });
  const inS = (seconds: number) => Math.floor(b.clock.wallMs() / 1_000) + seconds;
  const client = await b.connect({ user: "ann" });
  await client.subscribe("vm:a", { token: token({ user: "ann", channel: "vm:a", expireAtS: inS(20) }) });
  await client.subscribe("asked:a");
  await b.clock.advance(44_000);
  assert.equal(client.pushes.length, 0);
  await b.clock.advance(30_000);
  const expired = { code: 2501, reason: "subscription expired" };
  assert.deepEqual(client.pushes, [
    { channel: "vm:a", unsubscribe: expired },
    { channel: "asked:a", unsubscribe: expired },
  ]);
  assert.equal(client.closeCode, undefined);
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[SB7] [X1] an answer of which a part cannot be used ends the subscription", async () => {
  const proxies: Proxies = {
    ...noProxies,
    subscribe: new Map([["p", () => ({ kind: "result", result: { expireAtS: Math.floor(b.clock.wallMs() / 1_000) + 20 } })]]),
    subRefresh: new Map([["p", () => Promise.reject(new ProxyAnswerUnusable("bad base64"))]]),
  };
  const namespaces = { vm: { subscribeProxyName: "p", subRefreshProxyName: "p" } };
  const b: EngineBench = new EngineBench({ namespaces, options: { pingIntervalMs: 0 }, ports: { proxies } });
  const client = await b.connect({ user: "ann" });
  await client.subscribe("vm:a");
  await b.clock.advance(80_000);
  assert.deepEqual(client.pushes, [{ channel: "vm:a", unsubscribe: { code: 2501, reason: "subscription expired" } }]);
  assert.equal(b.reports.length, 1);
});

test("[SB7] a sub_refresh proxy is asked when its time is over; it ends, prolongs or fails", async () => {
  const renewed = (expired: boolean, expireAtS?: number) => ({ kind: "result", result: { expired, expireAtS, info: undefined } }) as const;
  const answers: (() => ReturnType<SubRefreshProxy>)[] = [];
  const namespaces = { vm: { subscribeProxyName: "p", subRefreshProxyName: "p" } };
  const proxies: Proxies = {
    ...noProxies,
    subscribe: new Map([["p", () => ({ kind: "result", result: { expireAtS: nowS() + 20 } })]]),
    subRefresh: new Map([["p", async () => answers.shift()?.() ?? renewed(true)]]),
  };
  const b = new EngineBench({ namespaces, options: { pingIntervalMs: 0 }, ports: { proxies } });
  const nowS = () => Math.floor(b.clock.wallMs() / 1_000);
  answers.push(
    () => Promise.reject(new Error("backend down")),
    async () => renewed(false, nowS() + 20),
    async () => renewed(true),
  );
  const client = await b.connect({ user: "ann" });
  assert.deepEqual((await client.subscribe("vm:a"))["subscribe"], {}, "no ttl: the client has nothing to refresh");
  await b.clock.advance(80_000);
  assert.deepEqual([answers.length, b.reports.length, client.pushes.length], [2, 1, 0]);
  await b.clock.advance(120_000);
  assert.deepEqual([answers.length, client.pushes.length], [1, 0]);
  await b.clock.advance(90_000);
  assert.deepEqual(
    [answers.length, client.pushes],
    [0, [{ channel: "vm:a", unsubscribe: { code: 2501, reason: "subscription expired" } }]],
  );
});
