import assert from "node:assert/strict";
import { type BenchSetup, EngineBench, type TestClient, test, token, type Wire } from "../../testing/index.ts";
import { limitedUsersMax, UserBuckets } from "./limiter.ts";
import type { RateLimits } from "./rate-limits.ts";
import { TokenBucket } from "./token-bucket.ts";

const open = {
  allowSubscribeForClient: true,
  allowPublishForClient: true,
  presence: true,
  allowPresenceForClient: true,
  historySize: 5,
  historyTtlMs: 60_000,
  allowHistoryForClient: true,
};
const limited = (limits: Partial<RateLimits>, setup: BenchSetup = {}) =>
  new EngineBench({
    namespaces: { open },
    ...setup,
    options: { rateLimits: { connection: {}, user: {}, refusals: undefined, ...limits } },
  });
const code = (reply: Wire): number => (reply["error"] as { code: number } | undefined)?.code ?? 0;
const publish = async (client: TestClient): Promise<number> => code(await client.call("publish", { channel: "open:a", data: 1 }));

test("[RATE1] a command above its limit is error 111, temporary, and nothing comes of it; others are not touched", async () => {
  const b = limited({ connection: { publish: { perMinute: 60, burst: 2 } } });
  const [ann, bob] = [await b.connect(), await b.connect({ user: "bob" })];
  assert.deepEqual([await publish(ann), await publish(ann)], [0, 0]);
  const refused = await ann.call("publish", { channel: "open:a", data: 1 });
  assert.deepEqual(refused["error"], { code: 111, message: "too many requests", temporary: true });
  assert.equal((await b.engine.history({ channel: "open:a", limit: -1 })).publications.length, 2);
  assert.equal(code(await ann.call("history", { channel: "open:a" })), 0);
  assert.equal(await publish(bob), 0);
});

test("[RATE2] a bucket fills at its rate and no further than its burst", async () => {
  const b = limited({ connection: { publish: { perMinute: 60, burst: 2 } } });
  const ann = await b.connect();
  await publish(ann);
  await publish(ann);
  await b.pass(999, ann);
  assert.equal(await publish(ann), 111);
  await b.pass(2, ann);
  assert.deepEqual([await publish(ann), await publish(ann)], [0, 111]);
  await b.pass(60_000, ann);
  assert.deepEqual([await publish(ann), await publish(ann), await publish(ann)], [0, 0, 111]);
});

test("[RATE3] a user's limit holds for all their connections together, also for one that comes back; the anonymous user has none", async () => {
  const limits = { user: { publish: { perMinute: 1, burst: 2 } } };
  const b = limited(limits);
  const [one, two] = [await b.connect(), await b.connect()];
  assert.deepEqual([await publish(one), await publish(two), await publish(one)], [0, 0, 111]);
  two.cut();
  const back = await b.connect();
  assert.equal(await publish(back), 111);
  const anonymous = await b.connect({ user: "" });
  const codes = [await publish(anonymous), await publish(anonymous), await publish(anonymous)];
  assert.ok(!codes.includes(111), String(codes));
});

test("[RATE1] `commands` counts whatever is asked, each operation what is its own", async () => {
  const b = limited({ connection: { commands: { perMinute: 1, burst: 3 }, presence: { perMinute: 1, burst: 1 } } });
  const ann = await b.connect();
  assert.equal(code(await ann.call("presence", { channel: "open:a" })), 0);
  assert.equal(code(await ann.call("presence_stats", { channel: "open:a" })), 111);
  assert.equal(code(await ann.subscribe("open:a")), 0);
  assert.equal(code(await ann.call("history", { channel: "open:a" })), 0);
  assert.equal(code(await ann.call("unsubscribe", { channel: "open:a" })), 111);
});

test("[RATE4] whoever goes on all the same is closed with 3013", async () => {
  const b = limited({ connection: { publish: { perMinute: 1, burst: 1 } }, refusals: { perMinute: 3, burst: 3 } });
  const ann = await b.connect();
  assert.deepEqual([await publish(ann), await publish(ann), await publish(ann), await publish(ann)], [0, 111, 111, 111]);
  await ann.call("publish", { channel: "open:a", data: 1 }).catch(() => undefined);
  assert.equal(ann.closeCode, 3013);
});

test("[RATE5] connects of a user above their limit are closed with 3013, after which SDKs come back later", async () => {
  const b = limited({ user: { connect: { perMinute: 60, burst: 2 } } });
  await b.connect();
  await b.connect();
  const third = b.open();
  await third.call("connect", { token: token({ user: "ann" }) }).catch(() => undefined);
  assert.equal(third.closeCode, 3013);
  assert.notEqual((await b.connect({ user: "bob" })).id, "");
  await b.pass(1_000);
  assert.equal((await b.connect()).closeCode, undefined);
});

test("[RATE6] without limits nothing is counted and nothing kept", async () => {
  const b = new EngineBench({ namespaces: { open } });
  const ann = await b.connect();
  for (let n = 0; n < 50; n++) assert.equal(await publish(ann), 0);
});

test("[RATE6] users that are remembered are bounded, the one longest silent is forgotten", () => {
  const users = new UserBuckets();
  const first = users.of("first");
  const second = users.of("second");
  users.of("first");
  for (let n = 0; n < limitedUsersMax - 1; n++) users.of(`u${n}`);
  assert.equal(users.size, limitedUsersMax);
  assert.equal(users.of("first"), first);
  assert.notEqual(users.of("second"), second);
});

test("[RATE2] a bucket never gives more than its burst and what its rate brought, however it is asked", () => {
  const limit = { perMinute: 90, burst: 7 };
  const bucket = new TokenBucket(limit, 0);
  let [taken, nowMs] = [0, 0];
  for (let n = 0; n < 5_000; n++) {
    nowMs += (n * 7_919) % 997;
    if (bucket.take(limit, nowMs)) taken++;
    assert.ok(taken <= limit.burst + (nowMs * limit.perMinute) / 60_000 + 1e-6);
  }
  assert.ok(taken >= ((nowMs * limit.perMinute) / 60_000) * 0.95);
});
