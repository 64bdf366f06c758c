import assert from "node:assert/strict";
import { inSeconds } from "../../conformance/harness/jwt.ts";
import { eventually, sleep } from "../../harness/process.ts";
import { scenario } from "../driver/scenario.ts";

export default [
  scenario("[SDK7] what may not be subscribed to is refused with its code, and the connection lives on", {}, async (session) => {
    const ann = await session.connected("ann", { tokens: () => undefined, asksForConnection: false });
    const wrong = session.subscriptionToken(session.channel("$closed:other"), { sub: session.user("bob") });
    for (const [channel, code, options] of [
      [session.channel("closed:a"), 103, {}],
      [session.channel("unknown:a"), 102, {}],
      [session.channel("open:ü"), 107, {}],
      [session.channel("$closed:a"), 103, { token: `${wrong}x` }],
      // Whoever is asked for the token refuses.
      [session.channel("$closed:b"), 1, { asks: true }],
    ] as const) {
      await ann.call("subscribe", { channel, ...options });
      assert.equal((await ann.next("unsubscribed", (event) => event.channel === channel)).code, code);
    }
    await ann.subscribe(session.channel("open:a"));
  }),

  scenario("[SDK8] a subscription token opens a private channel, brings data, and is refreshed before it ends", {}, async (session) => {
    const channel = session.channel("$closed:a");
    let given = 0;
    const tokens = (asked: string | undefined) =>
      session.subscriptionToken(asked!, { sub: session.user("ann"), exp: inSeconds(given++ === 0 ? 4 : 3_600), data: { from: "token" } });
    const ann = await session.connected("ann", { tokens, asksForConnection: false });
    const { data } = await ann.subscribe(channel, { asks: true });
    assert.deepEqual(data, { from: "token" });
    await eventually("a second token", 10_000, () => ann.asked.length === 2);
    await sleep(4_500);
    await session.publish(channel, "still here");
    await ann.next("publication", (event) => event.data === "still here");
    assert.deepEqual(ann.asked, [channel, channel]);
    assert.deepEqual([ann.all("unsubscribed").length, ann.all("subscribing").length], [0, 1]);
  }),

  scenario("[SDK9] an expired subscription token asks for another one", {}, async (session) => {
    const channel = session.channel("$closed:a");
    const tokens = (asked: string | undefined) => session.subscriptionToken(asked!, { sub: session.user("ann") });
    const ann = await session.connected("ann", { tokens, asksForConnection: false });
    const token = session.subscriptionToken(channel, { sub: session.user("ann"), exp: inSeconds(-60) });
    await ann.subscribe(channel, { token, asks: true });
    assert.deepEqual(ann.asked, [channel]);
  }),

  scenario("[SDK10] unsubscribed by the client, by the server for good, and by the server to come back", {}, async (session) => {
    const channel = session.channel("kept:a");
    const ann = await session.connected();
    await ann.subscribe(channel);
    await ann.call("unsubscribe", { channel });
    assert.equal((await ann.next("unsubscribed")).code, 0);
    await session.publish(channel, "missed");
    await ann.call("resubscribe", { channel });
    await ann.next("subscribed");
    await session.api("unsubscribe", { user: session.user("ann"), channel });
    const ended = await ann.next("unsubscribed");
    assert.equal(ended.code, 2_000);
    await ann.call("resubscribe", { channel });
    await ann.next("subscribed");
    await session.publish(channel, "seen");
    await ann.next("publication", ({ data }) => data === "seen");
  }),

  scenario("[SDK11] server-side subscriptions: by token and by the server's call, with what is published there", {}, async (session) => {
    const [first, second] = [session.channel("kept:mine"), session.channel("kept:later")];
    const ann = await session.client("ann", { claims: { subs: { [first]: { data: { why: "token" } } } } });
    await ann.connect();
    assert.deepEqual((await ann.next("server-subscribed")).data, { why: "token" });
    await session.api("subscribe", { user: session.user("ann"), channel: second, data: { why: "call" } });
    assert.deepEqual((await ann.next("server-subscribed", ({ channel }) => channel === second)).data, { why: "call" });
    for (const channel of [first, second]) {
      await session.publish(channel, { on: channel }, { tags: { kind: "test" } });
      const { data, tags } = await ann.next("server-publication", (event) => event.channel === channel);
      assert.deepEqual([data, tags], [{ on: channel }, { kind: "test" }]);
    }
    await session.api("unsubscribe", { user: session.user("ann"), channel: second });
    await ann.next("server-unsubscribed", ({ channel }) => channel === second);
  }),

  scenario("[SDK12] a filter by tags lets through what it names", { needs: ["filter"] }, async (session) => {
    const channel = session.channel("tagged:a");
    const ann = await session.connected();
    await ann.subscribe(channel, { tag: { key: "level", value: "high" } });
    for (const [n, level] of ["low", "high", "low", "high"].entries()) await session.publish(channel, n, { tags: { level } });
    await session.publish(channel, 4);
    await session.publish(channel, 5, { tags: { level: "high" } });
    await ann.next("publication", ({ data }) => data === 5);
    assert.deepEqual(
      ann.all("publication").map(({ data, offset }) => [data, offset]),
      [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    );
  }),
];
