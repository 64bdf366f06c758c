import assert from "node:assert/strict";
import { type BenchSetup, bytes, DeltaReader, EngineBench, type TestClient, test } from "../../testing/index.ts";

const open = { allowSubscribeForClient: true, allowPublishForClient: true, historySize: 100, historyTtlMs: 600_000 };
const paced = { ...open, forceRecovery: true, ratePerSMax: 4 };
const bench = (setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: {
      vm: { ...paced, allowTagsFilter: true, allowedDeltaTypes: ["fossil"], deltaPublish: true, joinLeave: true, forcePushJoinLeave: true },
      loose: { ...open, ratePerSMax: 4 },
      cache: { ...paced, forceRecoveryMode: "cache" },
      fast: { ...open, forceRecovery: true },
    },
    options: { pingIntervalMs: 0 },
    ...setup,
  });

const payload = (n: number) => JSON.stringify({ n, pad: "some words ".repeat(6) });
const tagsOf = (n: number) => ({ tags: { even: n % 2 === 0 ? "yes" : "no", n: String(n) } });
const publish = (b: EngineBench, n: number, channel = "vm:a") => b.publish(channel, payload(n), tagsOf(n));
const offsets = (client: TestClient, channel = "vm:a") => client.publications(channel).map(({ offset }) => offset);

async function subscriber(b: EngineBench, more: Readonly<Record<string, unknown>> = {}, channel = "vm:a"): Promise<TestClient> {
  const client = await b.connect();
  assert.ok((await client.subscribe(channel, more))["subscribe"]);
  return client;
}

/** A publication every 10 ms; answers the times at which the client got what it got. */
async function stream(
  b: EngineBench,
  client: TestClient,
  from: number,
  to: number,
  channel = "vm:a",
): Promise<readonly (readonly number[])[]> {
  const seen: (readonly number[])[] = [];
  const start = b.clock.monotonicMs();
  const before = client.publications(channel).length;
  for (let n = from; n <= to; n++) {
    await publish(b, n, channel);
    for (const offset of offsets(client, channel).slice(before + seen.length)) seen.push([b.clock.monotonicMs() - start, offset]);
    await b.clock.advance(10);
    for (const offset of offsets(client, channel).slice(before + seen.length)) seen.push([b.clock.monotonicMs() - start, offset]);
  }
  return seen;
}

test("[PA1] the first comes at once, then the newest of each interval, and the last one always", async () => {
  const b = bench();
  const client = await subscriber(b);
  const seen = await stream(b, client, 1, 100);
  assert.deepEqual(seen, [
    [0, 1],
    [250, 25],
    [500, 50],
    [750, 75],
    [1_000, 100],
  ]);
  await b.clock.advance(10_000);
  assert.deepEqual(offsets(client), [1, 25, 50, 75, 100]);
  await publish(b, 101);
  assert.deepEqual(offsets(client).at(-1), 101, "after a pause the next one leaves at once");
  assert.equal(b.engine.stats().skippedPublications, 95);
});

test("[PA1] what is slower than the rate is not touched, and an unpaced channel neither", async () => {
  const b = bench();
  const [slow, fast] = [await subscriber(b), await subscriber(b, {}, "fast:a")];
  for (let n = 1; n <= 8; n++) {
    await publish(b, n);
    for (let more = 1; more <= 3; more++) await publish(b, n * 3 + more - 3, "fast:a");
    assert.deepEqual([offsets(slow).at(-1), offsets(fast, "fast:a").at(-1)], [n, n * 3]);
    await b.clock.advance(251);
  }
});

test("[PA1] no second sees more than the rate, whatever the publisher does", async () => {
  const b = bench();
  const client = await subscriber(b);
  const times: number[] = [];
  let state = 5;
  for (let n = 1; n <= 400; n++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    await publish(b, n);
    while (times.length < offsets(client).length) times.push(b.clock.monotonicMs());
    for (let left = state % 80; left > 0; left -= 5) {
      await b.clock.advance(Math.min(left, 5));
      while (times.length < offsets(client).length) times.push(b.clock.monotonicMs());
    }
  }
  await b.clock.advance(300);
  assert.equal(offsets(client).at(-1), 400);
  for (const [at, ms] of times.entries()) assert.ok(at < 4 || ms - (times[at - 4] ?? 0) >= 995, `${times[at - 4]} to ${ms}`);
});

test("[PA2] skipped offsets are no gap, live and for the position check; a lost publication is told", async () => {
  const b = bench({ options: { pingIntervalMs: 0, channelPositionCheckDelayMs: 1_000, presenceUpdateIntervalMs: 1_000 } });
  const client = await subscriber(b);
  await stream(b, client, 1, 100);
  await b.clock.advance(20_000);
  assert.equal(client.pushes.filter((push) => "unsubscribe" in push).length, 0);
  await publish(b, 101);
  b.gate.holdCommits();
  await publish(b, 102);
  b.gate.loseHeldCommits();
  for (const n of [103, 104]) await publish(b, n);
  await b.clock.advance(300);
  assert.equal(client.pushes.at(-1)?.["unsubscribe"]["code"], 2500);
});

test("[PA2] who subscribes within an interval stands at the top, and is not sent what was published before", async () => {
  const b = bench();
  const first = await subscriber(b);
  for (const n of [1, 2, 3]) await publish(b, n);
  const second = await b.connect();
  assert.equal((await second.subscribe("vm:a"))["subscribe"]["offset"], 3);
  await b.clock.advance(250);
  await publish(b, 4);
  await b.clock.advance(250);
  assert.deepEqual([offsets(first), offsets(second)], [[1, 3, 4], [4]]);
});

test("[PA3] a filter is sent the newest that it lets through, also where it is not the newest of all", async () => {
  const b = bench();
  const even = await subscriber(b, { tf: { key: "even", cmp: "eq", val: "yes" } });
  const third = await subscriber(b, { tf: { key: "n", cmp: "eq", val: "3" } });
  const all = await subscriber(b);
  for (let n = 1; n <= 7; n++) await publish(b, n);
  await b.clock.advance(250);
  for (let n = 8; n <= 9; n++) await publish(b, n);
  await b.clock.advance(1_000);
  assert.deepEqual([offsets(even), offsets(third), offsets(all)], [[6, 8], [3], [1, 7, 9]]);
});

test("[PA4] [L11] a client that returns is recovered as everywhere, and gets the newest of what it missed", async () => {
  const b = bench();
  for (let n = 1; n <= 9; n++) await publish(b, n);
  const { epoch } = (await b.engine.history({ channel: "vm:a", limit: 0 })).top;
  const ask = async (more: Readonly<Record<string, unknown>>) => {
    const { subscribe } = await (await b.connect()).subscribe("vm:a", { recover: true, epoch, ...more });
    return [subscribe.recovered === true, (subscribe.publications ?? []).map((p: { offset: number }) => p.offset), subscribe.offset];
  };
  assert.deepEqual(await ask({ offset: 2 }), [true, [9], 2]);
  assert.deepEqual(await ask({ offset: 9 }), [true, [], 9]);
  assert.deepEqual(await ask({ offset: 2, tf: { key: "even", cmp: "eq", val: "yes" } }), [true, [8], 2]);
  assert.deepEqual(await ask({ offset: 2, epoch: "other" }), [false, [], 9]);
  for (let n = 10; n <= 120; n++) await publish(b, n);
  assert.deepEqual(await ask({ offset: 2 }), [false, [], 120]);
});

test("[PA4] what waits for its interval is recovered, and does not come again", async () => {
  const b = bench();
  await subscriber(b);
  for (let n = 1; n <= 5; n++) await publish(b, n);
  const client = await b.connect();
  const { subscribe } = await client.subscribe("vm:a", { recover: true, offset: 1 });
  assert.deepEqual(
    subscribe.publications.map((p: { offset: number }) => p.offset),
    [5],
  );
  await b.clock.advance(1_000);
  assert.deepEqual(offsets(client), []);
});

test("[PA5] a patch is made to what was sent last", async () => {
  const b = bench();
  const client = await subscriber(b, { delta: "fossil" });
  await stream(b, client, 1, 100);
  await b.clock.advance(300);
  const publications = client.publications("vm:a");
  assert.deepEqual(
    publications.map(({ delta }) => delta === true),
    [false, true, true, true, true],
  );
  assert.deepEqual(new DeltaReader().readAll(publications), [1, 25, 50, 75, 100].map(payload));
});

test("[PA6] a publication without history is paced, gives way to a newer one, and takes the place of none that history holds", async () => {
  const b = bench();
  const client = await subscriber(b);
  const passing = (n: number) => b.engine.publish({ channel: "vm:a", data: bytes(JSON.stringify({ n })), skipHistory: true });
  await publish(b, 1);
  await passing(91);
  await passing(92);
  await b.clock.advance(250);
  await passing(93);
  for (let n = 2; n <= 3; n++) await publish(b, n);
  await passing(94);
  await b.clock.advance(1_000);
  assert.deepEqual(
    client.publications("vm:a").map(({ data, offset }) => [data["n"], offset]),
    [
      [1, 1],
      [92, undefined],
      [3, 3],
    ],
  );
  assert.equal(client.pushes.filter((push) => "unsubscribe" in push).length, 0);
});

test("[PA6] where nothing has a position the newest wins, too", async () => {
  const b = bench();
  const client = await subscriber(b, {}, "loose:a");
  await stream(b, client, 1, 30, "loose:a");
  await b.clock.advance(300);
  assert.deepEqual(
    client.publications("loose:a").map(({ data }) => data["n"]),
    [1, 25, 30],
  );
});

test("[PA7] joins, leaves and history are not paced", async () => {
  const b = bench({ namespaces: { vm: { ...paced, joinLeave: true, forcePushJoinLeave: true, allowHistoryForClient: true } } });
  const client = await subscriber(b);
  for (let n = 1; n <= 5; n++) await publish(b, n);
  for (let n = 0; n < 5; n++) (await subscriber(b)).cut();
  await b.clock.settle();
  assert.equal(client.pushes.filter(({ join, leave }) => join !== undefined || leave !== undefined).length, 11);
  const { history } = await client.call("history", { channel: "vm:a", limit: 10 });
  assert.equal(history.publications.length, 5);
});

test("[PA1] [P7] nothing is left of a channel whose subscribers are gone, and a stop gives up what waits", async () => {
  const b = bench();
  const client = await subscriber(b);
  for (let n = 1; n <= 5; n++) await publish(b, n);
  client.cut();
  await b.clock.advance(1_000);
  b.memoryLog.close();
  assert.equal(b.clock.pending, 0);
  const other = await subscriber(b, {}, "loose:a");
  for (let n = 1; n <= 5; n++) await publish(b, n, "loose:a");
  await b.engine.stop(1_000);
  assert.equal(other.closeCode, 3001);
  b.memoryLog.close();
  await b.clock.advance(600_000);
  assert.equal(b.clock.pending, 0);
});
