import assert from "node:assert/strict";
import { askForMap, MapBench, mapOptions, type TestClient, test, token, told } from "../../testing/index.ts";
import { noProxies } from "../proxies.ts";

const refused = async (client: TestClient, channel: string, more: Readonly<Record<string, unknown>> = {}) =>
  (await askForMap(client, channel, more))["refused"];
const lines = (...commands: readonly object[]) => commands.map((command) => JSON.stringify(command)).join("\n");

test("[MS1] the first request is checked in order: channel, length, limits, cursor, namespace, name, type, right, expiry, phase", async () => {
  const b = new MapBench({
    options: { channelLimit: 2 },
    namespaces: {
      shut: mapOptions({}, { allowSubscribeForClient: false }),
      clients: mapOptions({ mode: "ephemeral", keyTtlMs: 1 }, { subscriptionType: "map_clients" }),
    },
  });
  const client = await b.connect();
  const past = token({ user: "ann", channel: "per:a", expireAtS: 1 });
  assert.deepEqual(
    [
      await refused(client, `nope:${"x".repeat(255)}`),
      await refused(client, "nope:a", { cursor: "k" }),
      await refused(client, "nope:a"),
      await refused(client, "per:é", { type: 2 }),
      await refused(client, "per:a", { type: 2 }),
      await refused(client, "per:a", { type: 3 }),
      await refused(client, "clients:a"),
      await refused(client, "plain:a"),
      await refused(client, "per:a", { type: 0 }),
      await refused(client, "per:a", { type: 4 }),
      await refused(client, "shut:a", { phase: 9 }),
      await refused(client, "$per:a"),
      await refused(client, "per:a", { token: past, phase: 9 }),
      await refused(client, "per:a", { phase: 1 }),
      await refused(client, "eph:a", { phase: 1, recover: true }),
      await refused(client, "per:a", { phase: 3 }),
      await refused(client, "per:a", { phase: -1 }),
      await refused(client, "per:a", { tf: { key: "t", cmp: "eq", val: "1" } }),
    ],
    [107, 103, 102, 107, 103, 103, 103, 103, 103, 108, 103, 103, 110, 103, 107, 107, 107, 107],
  );
  assert.equal((await askForMap(client, "clients:a", { type: 2 }))["type"], 1);
  assert.equal(await refused(client, "clients:a", { type: 2 }), 105);
  await b.set("per:p", ["a", "b", "c"]);
  assert.equal((await askForMap(client, "per:p"))["cursor"], "b");
  assert.deepEqual([await refused(client, "nope:a"), (await client.subscribe("plain:a"))["error"]?.["code"]], [106, 106]);
  assert.equal(await refused(client, ""), 3501);
});

test("[MS2] an unknown delta is not granted, and no error", async () => {
  const b = new MapBench();
  assert.equal((await askForMap(await b.connect(), "per:a", { delta: "other" }))["delta"], undefined);
});

test("[MS3] an empty map goes live with the first request; the reply says type 1, epoch, and that it can be recovered", async () => {
  const b = new MapBench();
  const client = await b.connect();
  const { epoch } = await b.position("per:a");
  assert.deepEqual(await askForMap(client, "per:a"), { recoverable: true, epoch, type: 1 });
  await b.set("per:a", ["k"]);
  assert.deepEqual(told(client.publications("per:a")), ["k=k@1"]);
  assert.equal(client.publications("per:a")[0]?.["epoch"], epoch);
  const ephemeral = await b.position("eph:a");
  assert.deepEqual(await askForMap(client, "eph:a"), { epoch: ephemeral.epoch, type: 1 });
});

test("[MS3] a token brings chan_info and expiry, not data; it is looked at in the first request only", async () => {
  const b = new MapBench({
    namespaces: { shut: mapOptions({}, { allowSubscribeForClient: false, joinLeave: true, forcePushJoinLeave: true }) },
  });
  await b.set("shut:a", ["a", "b", "c"]);
  const client = await b.connect();
  const expireAtS = Math.floor(b.clock.wallMs() / 1_000) + 60;
  const claims = { user: "ann", channel: "shut:a", expireAtS, info: '{"i":1}', data: '{"d":1}' };
  const first = await askForMap(client, "shut:a", { token: token(claims) });
  assert.deepEqual([first["phase"], first["expires"], first["ttl"]], [2, undefined, undefined]);
  const { epoch, offset, cursor } = first;
  const last = await askForMap(client, "shut:a", { token: "not even one", epoch, offset, cursor });
  assert.deepEqual(
    [last["expires"], last["ttl"], last["data"], last["positioned"], told(last["state"])],
    [true, 60, undefined, undefined, ["c=c@3"]],
  );
  assert.deepEqual(client.pushes[0]?.["join"]["info"]["chan_info"], { i: 1 });
  const renewed = await client.call("sub_refresh", { channel: "shut:a", token: token({ ...claims, expireAtS: expireAtS + 60 }) });
  assert.deepEqual(renewed["sub_refresh"], { expires: true, ttl: 120 });
  assert.equal(await refused(client, "shut:b"), 103);
});

test("[MS4] the state comes in pages, sorted by key, of a size between the namespace's bounds", async () => {
  const b = new MapBench();
  await b.set("per:a", ["e", "c", "a", "d", "b"]);
  const { epoch } = await b.position("per:a");
  const sizes = [];
  for (const limit of [0, 1, 3, 9]) sizes.push((await askForMap(await b.connect(), "per:a", { limit }))["state"]?.length);
  assert.deepEqual(sizes, [2, 2, 3, 4]);
  const client = await b.connect();
  const first = await askForMap(client, "per:a");
  assert.deepEqual(
    { ...first, state: told(first["state"]) },
    { type: 1, phase: 2, cursor: "b", epoch, offset: 5, state: ["a=a@3", "b=b@5"] },
  );
  const second = await askForMap(client, "per:a", { cursor: "b", offset: 5, epoch });
  assert.deepEqual([told(second["state"]), second["cursor"]], [["c=c@2", "d=d@4"], "d"]);
  const last = await askForMap(client, "per:a", { cursor: "d", offset: 5, epoch });
  assert.deepEqual({ ...last, state: told(last["state"]) }, { type: 1, recoverable: true, epoch, offset: 5, state: ["e=e@1"] });
});

test("[MS5] what changed since the first page comes as changes, once", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c", "d"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  await b.set("per:a", ["a=2", "z"]);
  await b.remove("per:a", "c");
  const last = await askForMap(client, "per:a", { epoch, offset, cursor, limit: 4 });
  assert.deepEqual([told(last["state"]), told(last["publications"]), last["offset"]], [["d=d@4"], ["a=2@5", "z=z@6", "-c@7"], 7]);
  await b.set("per:a", ["q"]);
  assert.deepEqual(told(client.publications("per:a")), ["q=q@8"]);
});

test("[MS6] where the changes since the first page do not fit a page they are paged in, too", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  await b.set("per:a", ["a=2", "b=2", "c=2", "d", "e"]);
  // Changed keys are hidden from the pages: they come with the changes.
  const second = await askForMap(client, "per:a", { epoch, offset, cursor });
  assert.deepEqual(second, { type: 1, phase: 2, epoch, offset: 3, cursor: "d" });
  assert.deepEqual(await askForMap(client, "per:a", { epoch, offset, cursor: "d" }), { type: 1, phase: 2, epoch, offset: 3 });
  const changes = await askForMap(client, "per:a", { phase: 1, epoch, offset: 3 });
  assert.deepEqual(
    { ...changes, publications: told(changes["publications"]) },
    { type: 1, phase: 1, epoch, offset: 5, publications: ["a=2@4", "b=2@5"] },
  );
  await b.set("per:a", ["late"]);
  const more = await askForMap(client, "per:a", { phase: 1, epoch, offset: 5 });
  assert.deepEqual([more["phase"], told(more["publications"])], [1, ["c=2@6", "d=d@7"]]);
  const live = await askForMap(client, "per:a", { phase: 1, epoch, offset: 7 });
  assert.deepEqual(
    { ...live, publications: told(live["publications"]) },
    { type: 1, recoverable: true, epoch, offset: 9, publications: ["e=e@8", "late=late@9"] },
  );
  await b.set("per:a", ["q"]);
  assert.deepEqual(told(client.publications("per:a")), ["q=q@10"]);
});

test("[MS7] a client that comes back gets what it missed, by phase 0 or 1, and is told that it is recovered", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c"]);
  const { epoch } = await b.position("per:a");
  for (const phase of [0, 1]) {
    const client = await b.connect();
    const back = await askForMap(client, "per:a", { phase, recover: true, epoch, offset: 1 });
    assert.deepEqual(
      { ...back, publications: told(back["publications"]) },
      { type: 1, recoverable: true, epoch, offset: 3, recovered: true, was_recovering: true, publications: ["b=b@2", "c=c@3"] },
    );
    const nothing = await askForMap(await b.connect(), "per:a", { phase, recover: true, epoch, offset: 3 });
    assert.deepEqual(nothing, { type: 1, recoverable: true, epoch, offset: 3, recovered: true, was_recovering: true });
  }
  const unasked = await askForMap(await b.connect(), "per:a", { phase: 0, epoch, offset: 1 });
  assert.deepEqual(
    [unasked["recovered"], unasked["was_recovering"], told(unasked["publications"])],
    [undefined, undefined, ["b=b@2", "c=c@3"]],
  );
});

test("[MS7] [P1] a position that cannot be continued is 112: another epoch, none, ahead of the top, trimmed, too far behind", async () => {
  const b = new MapBench();
  await b.set(
    "rec:a",
    Array.from({ length: 13 }, (_, n) => `k${n}`),
  );
  const { epoch } = await b.position("rec:a");
  const answers = [];
  for (const phase of [0, 1]) {
    for (const at of [
      { epoch: "other", offset: 12 },
      { epoch: "", offset: 12 },
      { epoch, offset: 14 },
      { epoch, offset: 2 },
      { epoch, offset: 0 },
    ]) {
      answers.push(await refused(await b.connect(), "rec:a", { phase, recover: true, ...at }));
    }
  }
  assert.deepEqual(answers, new Array(10).fill(112));
  // Kept, but more than a live transition reads: pages are for that.
  assert.equal(await refused(await b.connect(), "rec:a", { phase: 0, recover: true, epoch, offset: 4 }), 112);
  const client = await b.connect();
  assert.equal((await askForMap(client, "rec:a", { phase: 1, recover: true, epoch, offset: 4, limit: 4 }))["offset"], 8);
  await b.clock.advance(61_000);
  // Nothing is kept any more, and yet something was missed.
  assert.equal(await refused(await b.connect(), "rec:a", { phase: 0, recover: true, epoch, offset: 12 }), 112);
});

test("[MS8] on an ephemeral map phase 0 joins without state", async () => {
  const b = new MapBench();
  await b.set("eph:a", ["a"]);
  const client = await b.connect();
  assert.deepEqual(await askForMap(client, "eph:a", { phase: 0 }), { type: 1 });
  const back = await askForMap(await b.connect(), "eph:a", { phase: 0, recover: true, epoch: "zz", offset: 4 });
  assert.deepEqual(back, { type: 1, epoch: "zz", recovered: true, was_recovering: true });
  await b.set("eph:a", ["b"]);
  assert.deepEqual(told(client.publications("eph:a")), ["b=b"]);
});

test("[MS9] while a map is paged in, a first request is 105; the type is not looked at again", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  assert.deepEqual([await refused(client, "per:a"), (await client.subscribe("per:a"))["error"]?.["code"]], [105, 105]);
  const last = await askForMap(client, "per:a", { type: 3, epoch, offset, cursor });
  assert.equal(last["recoverable"], true);
  assert.deepEqual(
    [await refused(client, "per:a"), await refused(client, "per:a", { cursor: "b" }), await refused(client, "per:a", { phase: 0 })],
    [105, 105, 105],
  );
});

test("[MS9] an error ends the catch-up: the next page is 103, and the client begins anew", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  for (const [request, code] of [
    [{ cursor, offset, epoch: "other" }, 112],
    [{ phase: 1, offset, epoch: "other" }, 112],
    [{ phase: 0, offset, epoch: "other" }, 112],
    [{ phase: 7 }, 107],
  ] as const) {
    assert.equal(await refused(client, "per:a", request), code);
    assert.equal(await refused(client, "per:a", { cursor, offset, epoch }), 103);
    assert.equal((await askForMap(client, "per:a"))["cursor"], "b");
  }
});

test("[MS9] [CC3] pages side by side are 113, and do not disturb the one that is read", async () => {
  const b = new MapBench({ options: { concurrency: 4 } });
  await b.set("per:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  b.mapGate.holdReads();
  const page = { channel: "per:a", type: 1, phase: 2, epoch, offset, cursor };
  const live = { channel: "per:a", type: 1, phase: 0, epoch, offset };
  client.say(lines({ id: 20, subscribe: page }, { id: 21, subscribe: page }, { id: 22, subscribe: live }));
  await b.clock.settle();
  assert.deepEqual([client.reply(20), client.reply(21)?.["error"]["code"], client.reply(22)?.["error"]["code"]], [undefined, 113, 113]);
  b.mapGate.releaseReads();
  await b.clock.settle();
  assert.deepEqual(told(client.reply(20)?.["subscribe"]["state"]), ["c=c@3"]);
  await b.set("per:a", ["d"]);
  assert.deepEqual(told(client.publications("per:a")), ["d=d@4"]);
});

test("[MS11] [CC4] an unsubscribe waits for the page that is read, and ends what it began", async () => {
  const b = new MapBench({ options: { concurrency: 4 } });
  await b.set("per:a", ["a"]);
  const client = await b.connect();
  b.mapGate.holdReads();
  client.say(lines({ id: 20, subscribe: { channel: "per:a", type: 1, phase: 2 } }, { id: 21, unsubscribe: { channel: "per:a" } }));
  await b.clock.settle();
  assert.equal(client.reply(21), undefined);
  b.mapGate.releaseReads();
  await b.clock.settle();
  assert.deepEqual([told(client.reply(20)?.["subscribe"]["state"]), client.reply(21)], [["a=a@1"], { id: 21, unsubscribe: {} }]);
  await b.set("per:a", ["b"]);
  assert.deepEqual([client.publications("per:a"), b.engine.stats().subscriptions], [[], 0]);
});

test("[MS9] a map that cannot be read is error 100, reported once", async () => {
  const b = new MapBench();
  const client = await b.connect();
  b.mapGate.failWith(new Error("broken"));
  assert.deepEqual([await refused(client, "per:a"), b.reports.length, client.closeCode], [100, 1, undefined]);
  b.mapGate.failWith(undefined);
  assert.equal((await askForMap(client, "per:a"))["type"], 1);
});

test("[MS10] a page asked for after the time for all of them is 3008; a catch-up of another channel is just given up", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b", "c"]);
  const [late, other] = [await b.connect(), await b.connect()];
  const { epoch, offset, cursor } = await askForMap(late, "per:a");
  await askForMap(other, "per:a");
  await b.clock.advance(5_100);
  assert.equal(await refused(other, "per:a"), 105, "no timer ends it");
  assert.equal((await askForMap(other, "per:b"))["recoverable"], true);
  assert.equal((await askForMap(other, "per:a"))["cursor"], "b");
  assert.equal(await refused(late, "per:a", { epoch, offset, cursor }), 3008);
  assert.deepEqual([late.closeCode, b.engine.stats().slowDisconnects], [3008, 1]);
});

test("[MS10] a negative catch-up timeout is none", async () => {
  const b = new MapBench({ namespaces: { slow: mapOptions({ subscribeCatchUpTimeoutMs: -1 }) }, options: { pingIntervalMs: 0 } });
  await b.set("slow:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "slow:a");
  await b.clock.advance(600_000);
  assert.equal((await askForMap(client, "slow:a", { epoch, offset, cursor }))["recoverable"], true);
});

test("[MS11] an unsubscribe in the middle ends the catch-up at once; from the server, too, with its push", async () => {
  const b = new MapBench();
  for (const channel of ["per:a", "eph:a"]) {
    await b.set(channel, ["a", "b", "c"]);
    const client = await b.connect();
    const { epoch, offset, cursor } = await askForMap(client, channel);
    assert.deepEqual((await client.call("unsubscribe", { channel }))["unsubscribe"], {});
    assert.equal(await refused(client, channel, { epoch, offset, cursor }), 103);
    await askForMap(client, channel);
    await b.engine.unsubscribe({ user: "ann", client: client.id }, channel);
    await b.clock.settle();
    assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2000);
    assert.equal(await refused(client, channel, { epoch, offset, cursor }), 103);
    await b.set(channel, ["d"]);
    assert.deepEqual([client.publications(channel), b.engine.stats().subscriptions], [[], 0]);
  }
});

test("[P7] whoever leaves in the middle of a catch-up, or of a read, leaves nothing behind", async () => {
  const b = new MapBench();
  for (const channel of ["per:a", "eph:a"]) {
    await b.set(channel, ["a", "b", "c"]);
    const paging = await b.connect();
    await askForMap(paging, channel);
    paging.cut();
    const reading = await b.connect();
    b.mapGate.holdReads();
    reading.say(`{"id":9,"subscribe":{"channel":"${channel}","type":1,"phase":2,"limit":9}}`);
    await b.clock.settle();
    reading.cut();
    b.mapGate.releaseReads();
    await b.clock.settle();
    const { subscriptions, channels, connections } = b.engine.stats();
    assert.deepEqual({ subscriptions, channels, connections }, { subscriptions: 0, channels: 0, connections: 0 });
  }
});

test("[MS12] join, leave and presence of a map are those of its namespace, once it is live", async () => {
  const b = new MapBench({ namespaces: { per: mapOptions({}, { joinLeave: true, forcePushJoinLeave: true, presence: true }) } });
  await b.set("per:a", ["a", "b", "c"]);
  const [watcher, client] = [await b.connect({ user: "eve" }), await b.connect()];
  await askForMap(watcher, "per:a", { limit: 4 });
  const { epoch, offset, cursor } = await askForMap(client, "per:a");
  assert.equal(b.engine.presence("per:a").size, 1);
  await askForMap(client, "per:a", { epoch, offset, cursor });
  assert.equal(b.engine.presence("per:a").size, 2);
  await client.call("unsubscribe", { channel: "per:a" });
  assert.equal(b.engine.presence("per:a").size, 1);
  const seen = watcher.pushes.map((push) => [Object.keys(push)[1], (push["join"] ?? push["leave"])?.["info"]["user"]]);
  assert.deepEqual(seen, [
    ["join", "eve"],
    ["join", "ann"],
    ["leave", "ann"],
  ]);
});

test("[MS13] after a clear nobody hears anything until the next change: then everybody gets 2500", async () => {
  const b = new MapBench();
  const client = await b.connect();
  await askForMap(client, "per:a");
  await b.set("per:a", ["a", "b"]);
  await b.engine.maps.clear("per:a");
  await b.clock.settle();
  assert.equal(client.pushes.length, 2);
  await b.set("per:a", ["c"]);
  assert.deepEqual(client.pushes.at(-1), { channel: "per:a", unsubscribe: { code: 2500, reason: "insufficient state" } });
  assert.deepEqual(told((await askForMap(client, "per:a"))["state"]), ["c=c@1"]);
});

test("[MS13] [P2] a lost change is noticed at the next one, and at the position check where there is none", async () => {
  const b = new MapBench({ options: { pingIntervalMs: 0 } });
  for (const isFollowed of [true, false]) {
    const client = await b.connect();
    await askForMap(client, "per:a", { limit: 4 });
    await b.set("per:a", ["a"]);
    b.mapGate.holdCommits();
    await b.set("per:a", ["b"]);
    b.mapGate.loseHeldCommits();
    if (isFollowed) await b.set("per:a", ["c"]);
    else await b.clock.advance(75_000);
    assert.equal(client.pushes.at(-1)?.["unsubscribe"]?.["code"], 2500);
  }
});

test("[MS13] a subscriber of an untouched map is left alone by the position check", async () => {
  const b = new MapBench({ options: { pingIntervalMs: 0 } });
  const client = await b.connect();
  await askForMap(client, "per:a");
  await askForMap(client, "rec:a");
  await askForMap(client, "eph:a");
  await b.clock.advance(3_600_000);
  assert.deepEqual(client.pushes, []);
});

test("[MS14] a subscription ends with its expiry like any other", async () => {
  const b = new MapBench({ options: { pingIntervalMs: 0 } });
  const client = await b.connect();
  const expireAtS = Math.floor(b.clock.wallMs() / 1_000) + 10;
  await askForMap(client, "per:a", { token: token({ user: "ann", channel: "per:a", expireAtS }) });
  await b.clock.advance(80_000);
  assert.deepEqual(client.pushes.at(-1)?.["unsubscribe"], { code: 2501, reason: "subscription expired" });
});

test("[MS15] a subscribe proxy decides about maps as about streams", async () => {
  const asked: string[] = [];
  const subscribe = async (_: unknown, { channel }: { readonly channel: string }) => {
    asked.push(channel);
    return { kind: "result", result: {} } as const;
  };
  const b = new MapBench({
    namespaces: { asks: mapOptions({}, { allowSubscribeForClient: false, subscribeProxyName: "default" }) },
    ports: { proxies: { ...noProxies, subscribe: new Map([["default", subscribe]]) } },
  });
  await b.set("asks:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "asks:a");
  assert.equal((await askForMap(client, "asks:a", { epoch, offset, cursor }))["recoverable"], true);
  assert.deepEqual(asked, ["asks:a"]);
});

test("[MS16] a server-side subscription of a map gets the changes and no state", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a"]);
  const client = await b.connect({ user: "ann", channels: ["per:a"] });
  await b.set("per:a", ["b"]);
  assert.deepEqual(told(client.publications("per:a")), ["b=b@2"]);
  assert.equal(await refused(client, "per:a"), 105);
});
