import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { eventually } from "../../harness/process.ts";
import { POLL_SECRET } from "../config.ts";
import type { SdkEvent } from "../driver/program.ts";
import { scenario } from "../driver/scenario.ts";

const byKey = (entries: readonly SdkEvent[]) =>
  entries.map(({ key, data }) => [key, data]).sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));

/** As the operator's backend signs what a user may follow, in the order in which it is asked for. */
function signatureOf(user: string, channel: string, keys: readonly string[]): string {
  const [made, ends] = [Math.floor(Date.now() / 1_000), Math.floor(Date.now() / 1_000) + 600];
  const digest = createHash("sha256").update(keys.join("\0")).digest("hex");
  const text = [made, ends, user, channel, digest].join("\0");
  return `${made}:${ends}:${createHmac("sha256", POLL_SECRET).update(text).digest("hex")}`;
}

export default [
  scenario("[SDK25] a map: all of it in pages, then every change, over a cut line too", { needs: ["map"] }, async (session) => {
    const channel = session.channel("map:a");
    const put = (key: string, data: unknown) => session.api("map_publish", { channel, key, data });
    for (let n = 1; n <= 5; n++) await put(`k${n}`, { n });
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    await ann.call("map", { channel });
    const { entries } = await ann.next("sync");
    assert.deepEqual(
      byKey(entries!),
      [1, 2, 3, 4, 5].map((n) => [`k${n}`, { n }]),
    );
    await put("k2", { n: 22 });
    await ann.next("update", ({ key, data }) => key === "k2" && data.n === 22);
    await ann.call("map_publish", { channel, key: "mine", data: { by: "ann" } });
    assert.equal((await ann.next("update", ({ key }) => key === "mine")).info?.user, session.user("ann"));
    await ann.call("map_remove", { channel, key: "mine" });
    await ann.next("update", ({ key, removed }) => key === "mine" && removed === true);
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    await put("k3", { n: 33 });
    await session.api("map_remove", { channel, key: "k1" });
    line.up();
    await ann.next("update", ({ key, data }) => key === "k3" && data.n === 33);
    await ann.next("update", ({ key, removed }) => key === "k1" && removed === true);
    assert.equal(ann.all("sync").length, 1, "what was missed came as changes");
  }),

  scenario("[SDK26] a map with deltas: every value comes whole", { needs: ["map", "delta"] }, async (session) => {
    const channel = session.channel("map:a");
    const text = "what stays as it is, 温度, ".repeat(20);
    const put = (key: string, n: number) => session.api("map_publish", { channel, key, data: { text, n } });
    for (const key of ["a", "b"]) await put(key, 0);
    const ann = await session.connected();
    await ann.call("map", { channel, delta: "fossil" });
    assert.equal((await ann.next("sync")).entries!.length, 2);
    for (let n = 1; n <= 6; n++) await put(n % 2 === 0 ? "a" : "b", n);
    await ann.next("update", ({ data }) => data.n === 6);
    assert.deepEqual(
      ann.all("update").map(({ key, data }) => [key, data]),
      [1, 2, 3, 4, 5, 6].map((n) => [n % 2 === 0 ? "a" : "b", { text, n }]),
    );
  }),

  scenario("[SDK27] who is in a channel, as a map of its clients", { needs: ["map"] }, async (session) => {
    const channel = session.channel("game:a");
    const ann = await session.connected();
    await ann.subscribe(channel);
    const watcher = await session.connected("watcher");
    await watcher.call("map_clients", { channel: `who:${channel}` });
    assert.deepEqual(
      (await watcher.next("sync")).entries!.map(({ info }) => info?.user),
      [session.user("ann")],
    );
    const bob = await session.connected("bob");
    await bob.subscribe(channel);
    assert.equal((await watcher.next("update")).info?.user, session.user("bob"));
    await bob.call("disconnect");
    await watcher.next("update", ({ removed }) => removed === true);
  }),

  scenario(
    "[SDK28] a shared poll: the keys that a client follows, their changes, and what is gone",
    { needs: ["shared_poll"], compare: { off: "how many keys one poll asks for, and how often, is a matter of time" } },
    async (session) => {
      const channel = session.channel("poll:a");
      const values = new Map([
        ["a", { price: 1 }],
        ["b", { price: 2 }],
        ["c", { price: 3 }],
      ]);
      session.backend.on("/poll", ({ body }) => ({
        result: {
          items: body.items.map(({ key }: { key: string }) => (values.has(key) ? { key, data: values.get(key) } : { key, removed: true })),
        },
      }));
      const user = session.user("ann");
      const line = await session.line();
      const tokens = (asked: string | undefined, keys: readonly string[] | undefined) => signatureOf(user, asked!, keys!);
      // Somebody else stays: what nobody follows the real server forgets, and then counts its versions from the beginning.
      const signed = (asked: string | undefined, keys: readonly string[] | undefined) => signatureOf(session.user("bob"), asked!, keys!);
      const bob = await session.connected("bob", { tokens: signed, asksForConnection: false });
      await bob.call("poll", { channel });
      await bob.next("subscribed");
      await bob.call("track", { channel, keys: ["a"] });
      await bob.next("update");
      const ann = await session.connected("ann", { line, tokens, asksForConnection: false });
      await ann.call("poll", { channel });
      await ann.next("subscribed");
      await ann.call("track", { channel, keys: ["a", "b"] });
      for (const key of ["a", "b"]) assert.deepEqual((await ann.next("update", (event) => event.key === key)).data, values.get(key));
      values.set("b", { price: 20 });
      await ann.next("update", ({ key, data }) => key === "b" && data.price === 20);
      await ann.call("untrack", { channel, keys: ["b"] });
      await ann.call("track", { channel, keys: ["c"] });
      await ann.next("update", ({ key }) => key === "c");
      const before = session.backend.asked.length;
      line.cut();
      await ann.next("subscribed");
      values.set("a", { price: 10 });
      await ann.next("update", ({ key, data }) => key === "a" && data.price === 10);
      values.delete("c");
      await ann.next("update", ({ key, removed }) => key === "c" && removed === true);
      await eventually("polls of what is still followed", 5_000, () =>
        session.backend.asked.slice(before).some(({ body }) => body.items.length === 1 && body.items[0].key === "a"),
      );
      assert.deepEqual(
        ann.all("update").filter(({ key, data }) => key === "b" && data?.price !== 2 && data?.price !== 20),
        [],
      );
    },
  ),
];
