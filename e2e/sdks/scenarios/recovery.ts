import assert from "node:assert/strict";
import { scenario } from "../driver/scenario.ts";

const upTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1);

export default [
  scenario("[SDK18] what is published while the line is down comes once and in order when it is up again", {}, async (session) => {
    const channel = session.channel("kept:a");
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    const first = await ann.subscribe(channel);
    assert.equal(first.wasRecovering, false);
    for (let n = 1; n <= 3; n++) await session.publish(channel, n);
    await ann.next("publication", ({ data }) => data === 3);
    for (const [from, to] of [
      [4, 20],
      [21, 21],
    ] as const) {
      line.down();
      await ann.next("connecting", ({ code }) => code !== 0);
      for (let n = from; n <= to; n++) await session.publish(channel, n);
      line.up();
      const back = await ann.next("subscribed");
      assert.deepEqual([back.wasRecovering, back.recovered], [true, true]);
      await ann.next("publication", ({ data }) => data === to);
    }
    await session.publish(channel, 22);
    await ann.next("publication", ({ data }) => data === 22);
    assert.deepEqual(
      ann.all("publication").map(({ data, offset }) => [data, offset]),
      upTo(22).map((n) => [n, n]),
    );
  }),

  scenario(
    "[SDK19] cuts in the middle of a stream of publications lose nothing and repeat nothing",
    { limitMs: 60_000 },
    async (session) => {
      const channel = session.channel("kept:a");
      const line = await session.line();
      const ann = await session.connected("ann", { line });
      await ann.subscribe(channel);
      for (let n = 1; n <= 90; n++) {
        await session.publish(channel, n);
        if (n % 30 !== 15) continue;
        await ann.next("publication", ({ data }) => data === n);
        line.cut();
        await ann.next("connecting", ({ code }) => code !== 0);
      }
      await ann.next("publication", ({ data }) => data === 90);
      assert.deepEqual(
        ann.all("publication").map(({ data }) => data),
        upTo(90),
      );
      assert.deepEqual(
        ann.all("subscribed").map(({ recovered }) => recovered),
        [false, true, true, true],
      );
    },
  ),

  scenario("[SDK20] what history no longer holds is not recovered, and the SDK is told", {}, async (session) => {
    const channel = session.channel("kept:a");
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    await ann.subscribe(channel);
    await session.publish(channel, 1);
    await ann.next("publication");
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    for (let n = 2; n <= 5; n++) await session.publish(channel, n);
    await session.api("history_remove", { channel });
    await session.publish(channel, 6);
    line.up();
    const back = await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true);
    assert.deepEqual([back.recovered, back.position?.offset], [false, 6]);
    await session.publish(channel, 7);
    await ann.next("publication", ({ data }) => data === 7);
    assert.deepEqual(
      ann.all("publication").map(({ data }) => data),
      [1, 7],
    );
  }),

  scenario("[SDK21] recovery that the client asks for, and the newest value alone in cache mode", {}, async (session) => {
    const [asked, latest] = [session.channel("asked:a"), session.channel("latest:a")];
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    assert.deepEqual((await ann.subscribe(asked, { recoverable: true, positioned: true })).wasRecovering, false);
    await session.publish(latest, "before");
    await ann.subscribe(latest);
    await session.publish(asked, 1);
    await ann.next("publication");
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    for (const n of [2, 3]) await session.publish(asked, n);
    for (const value of ["one", "two", "three"]) await session.publish(latest, value);
    line.up();
    await ann.next("publication", ({ data }) => data === 3);
    await ann.next("publication", ({ data }) => data === "three");
    assert.deepEqual(
      ann.all("publication", latest).map(({ data }) => data),
      ["three"],
    );
  }),

  scenario("[SDK22] server-side subscriptions are recovered, too", {}, async (session) => {
    const channel = session.channel("kept:mine");
    const line = await session.line();
    const ann = await session.client("ann", { line, claims: { channels: [channel] } });
    await ann.connect();
    await ann.next("server-subscribed");
    await session.publish(channel, 1);
    await ann.next("server-publication");
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    for (let n = 2; n <= 6; n++) await session.publish(channel, n);
    line.up();
    const back = await ann.next("server-subscribed");
    assert.deepEqual([back.wasRecovering, back.recovered], [true, true]);
    await ann.next("server-publication", ({ data }) => data === 6);
    assert.deepEqual(
      ann.all("server-publication").map(({ data, offset }) => [data, offset]),
      upTo(6).map((n) => [n, n]),
    );
  }),

  scenario("[SDK23] a client that read its state elsewhere gets what was published since", {}, async (session) => {
    const channel = session.channel("kept:a");
    for (let n = 1; n <= 5; n++) await session.publish(channel, n);
    const reader = await session.connected("bob");
    const position = (await reader.subscribe(channel)).position!;
    await session.publish(channel, 6);
    const ann = await session.connected("ann");
    await ann.subscribe(channel, { state: { offset: position.offset - 2, epoch: position.epoch } });
    await ann.next("publication", ({ data }) => data === 6);
    assert.deepEqual(
      ann.all("publication").map(({ data }) => data),
      [4, 5, 6],
    );
  }),

  scenario("[SDK24] deltas: every publication comes whole, live and recovered", { needs: ["delta"] }, async (session) => {
    const channel = session.channel("delta:a");
    const text = "some words that stay as they are, 温度 -18.5 °C, ".repeat(10);
    const payload = (n: number) => ({ text, n, list: upTo(n) });
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    const bob = await session.connected("bob");
    await ann.subscribe(channel, { delta: "fossil" });
    await bob.subscribe(channel);
    for (let n = 1; n <= 5; n++) await session.publish(channel, payload(n));
    await ann.next("publication", ({ data }) => data.n === 5);
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    for (let n = 6; n <= 12; n++) await session.publish(channel, payload(n));
    line.up();
    assert.equal((await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true)).recovered, true);
    await session.publish(channel, payload(13));
    for (const client of [ann, bob]) {
      await client.next("publication", ({ data }) => data.n === 13);
      assert.deepEqual(
        client.all("publication").map(({ data }) => data),
        upTo(13).map(payload),
      );
    }
  }),

  scenario("[SDK40] a client of 60 channels gets back into all of them after a cut, and misses nothing in any", {}, async (session) => {
    const channels = Array.from({ length: 60 }, (_, n) => session.channel(`kept:many-${n}`));
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    await Promise.all(channels.map((channel) => ann.subscribe(channel)));
    await session.api("broadcast", { channels, data: 1 });
    for (const channel of channels) await ann.next("publication", (event) => event.channel === channel);
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    for (const n of [2, 3]) await session.api("broadcast", { channels, data: n });
    line.up();
    for (const channel of channels) {
      await ann.next("publication", (event) => event.channel === channel && event.data === 3);
      assert.deepEqual(
        ann.all("publication", channel).map(({ data }) => data),
        [1, 2, 3],
      );
    }
    assert.equal(ann.all("subscribed").filter(({ recovered }) => recovered).length, channels.length);
  }),

  scenario(
    "[SDK41] the server is stopped and started again: everybody comes back, and is told what memory has forgotten",
    {
      pace: "restart",
      limitMs: 60_000,
    },
    async (session) => {
      const channel = session.channel("kept:a");
      const ann = await session.connected();
      const first = await ann.subscribe(channel);
      for (let n = 1; n <= 3; n++) await session.publish(channel, n);
      await ann.next("publication", ({ data }) => data === 3);
      await session.restarted();
      assert.equal((await ann.next("connecting", ({ code }) => code !== 0)).code, 3_001);
      const back = await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true, 30_000);
      assert.equal(back.recovered, false);
      assert.notEqual(back.position?.epoch, first.position?.epoch);
      await session.publish(channel, 4);
      await ann.next("publication", ({ data }) => data === 4);
      assert.deepEqual(
        ann.all("publication").map(({ data, offset }) => [data, offset]),
        [
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 1],
        ],
      );
    },
  ),
];
