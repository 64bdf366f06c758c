import assert from "node:assert/strict";
import { bytes, EngineBench, type TestClient, test, text } from "../../testing/index.ts";
import { noProxies, type ProxyAnswer, type SubRefreshProxyResult } from "../proxies.ts";

type Answer = ProxyAnswer<SubRefreshProxyResult>;
const later = (b: EngineBench, seconds: number) => Math.floor(b.clock.wallMs() / 1_000) + seconds;
const renewed = (more: Partial<SubRefreshProxyResult> = {}): Answer => ({
  kind: "result",
  result: { expired: false, expireAtS: undefined, info: undefined, ...more },
});
const expired = { channel: "vm:a", unsubscribe: { code: 2501, reason: "subscription expired" } };

/** A bench whose sub_refresh proxy answers like this, and how often it was asked. */
function asking(answer: (b: EngineBench) => Answer): { readonly b: EngineBench; readonly count: () => number } {
  let count = 0;
  const b: EngineBench = new EngineBench({
    namespaces: { vm: { subscribeProxyName: "p", subRefreshProxyName: "p", presence: true } },
    options: { pingIntervalMs: 0 },
    ports: {
      proxies: {
        ...noProxies,
        subscribe: new Map([["p", () => ({ kind: "result", result: { expireAtS: later(b, 20), info: bytes("1") } })]]),
        subRefresh: new Map([
          [
            "p",
            async () => {
              count++;
              return answer(b);
            },
          ],
        ]),
      },
    },
  });
  return { b, count: () => count };
}

/** Subscribed by itself, with 20 s to go. */
async function subscribed(b: EngineBench): Promise<TestClient> {
  const client = await b.connect();
  await client.subscribe("vm:a");
  return client;
}

for (const [what, answer] of [
  ["no result", () => ({ kind: "result", result: undefined })],
  ["`expired`", () => renewed({ expired: true })],
  ["an `expire_at` that is past", () => renewed({ expireAtS: 1 })],
  ["an error alone", () => ({ kind: "error", code: 1_000, message: "no", temporary: false })],
  ["a disconnect alone", () => ({ kind: "disconnect", code: 4_500, reason: "no" })],
] as const satisfies [string, () => Answer][]) {
  test(`[SB7] [X3] [X4] ${what} ends the subscription with 2501`, async () => {
    const { b, count } = asking(answer);
    const client = await subscribed(b);
    await b.clock.advance(90_000);
    assert.deepEqual([client.pushes, client.closeCode, count()], [[expired], undefined, 1]);
  });
}

test("[SB7] [X3] a result without anything keeps the subscription, and it does not expire any more", async () => {
  const { b, count } = asking(() => renewed());
  const client = await subscribed(b);
  await b.clock.advance(1_000_000);
  assert.deepEqual([client.pushes, count()], [[], 1]);
});

test("[SB7] the proxy is asked at the first presence tick after the expiry and its grace, and again after the next expiry", async () => {
  const { b, count } = asking((b) => renewed({ expireAtS: later(b, 100) }));
  await subscribed(b);
  await b.clock.advance(44_000);
  assert.equal(count(), 0);
  await b.clock.advance(30_000);
  assert.equal(count(), 1);
  await b.clock.advance(120_000);
  assert.equal(count(), 1);
  await b.clock.advance(40_000);
  assert.equal(count(), 2);
});

test("[SB7] its info replaces the subscription's; presence shows it from the next tick on", async () => {
  const { b } = asking(() => renewed({ info: bytes("2") }));
  const client = await subscribed(b);
  const info = () => text(b.engine.presence("vm:a").get(client.id)?.chanInfo);
  assert.equal(info(), "1");
  await b.clock.advance(120_000);
  assert.equal(info(), "2");
});

test("[SB7] [API8] a subscription that the server made is asked about, too; it ends with the connection: 3006", async () => {
  for (const [answer, code] of [
    [renewed(), undefined],
    [renewed({ expired: true }), 3006],
  ] as const) {
    const { b } = asking(() => answer);
    const client = await b.connect();
    void b.engine.subscribe({ user: "ann" }, { channel: "vm:a", expireAtS: later(b, 20) });
    await b.clock.advance(90_000);
    assert.equal(client.closeCode, code);
  }
});

test("[SB7] a client may not refresh what its backend renews: 3501", async () => {
  const { b } = asking(() => renewed());
  const client = await subscribed(b);
  await client.call("sub_refresh", { channel: "vm:a", token: JSON.stringify({ user: "ann", channel: "vm:a" }) });
  assert.equal(client.closeCode, 3501);
});
