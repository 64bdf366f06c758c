import assert from "node:assert/strict";
import { transports } from "../configs/transports.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "emulation-sdk",
  title: "The official client over HTTP streaming and SSE",
  about: "One session of the official JavaScript client on each of the transports that need `/emulation`.",
  config: transports,
});

for (const [number, transport] of (["http_stream", "sse"] as const).entries()) {
  // The client speaks Protobuf on HTTP streaming only.
  const formats = transport === "http_stream" ? (["json", "protobuf"] as const) : (["json"] as const);

  rule(
    `[TR42.${number * 5 + 1}] ${transport}: subscribe, publish, history, presence, unsubscribe`,
    { formats, limitMs: 30_000, compare: { anyOrder: "each request of the client is a connection of its own" } },
    async (side) => {
      const sdk = side.sdk({ transports: [transport] });
      assert.equal((await sdk.connect()).transport, transport);
      const channel = side.channel("anon:a");
      await sdk.subscribe(channel);
      await sdk.call("publish", { channel, data: { text: "a\nb", n: 1 } });
      assert.deepEqual((await sdk.next("publication")).data, { text: "a\nb", n: 1 });
      await side.publish(channel, "from the server");
      assert.equal((await sdk.next("publication")).data, "from the server");
      const history = await sdk.call<{ publications: { data: unknown }[] }>("history", { channel, options: { limit: 10 } });
      assert.equal(history.publications.length, 2);
      const presence = await sdk.call<{ clients: Record<string, { user: string }> }>("presence", { channel });
      assert.deepEqual(
        Object.values(presence.clients).map(({ user }) => user),
        [side.user()],
      );
      await sdk.call("unsubscribe", { channel });
      await sdk.next("unsubscribed");
      await sdk.call("disconnect");
      await sdk.next("disconnected");
    },
  );

  rule(`[TR42.${number * 5 + 2}] ${transport}: what was missed while away is recovered`, { formats, limitMs: 30_000 }, async (side) => {
    const sdk = side.sdk({ transports: [transport] });
    await sdk.connect();
    const channel = side.channel("rec:a");
    await sdk.subscribe(channel);
    await side.publish(channel, 1);
    await sdk.next("publication");
    await sdk.call("disconnect");
    for (const n of [2, 3, 4]) await side.publish(channel, n);
    await sdk.call("connect");
    const again = await sdk.next("subscribed");
    assert.deepEqual([again.wasRecovering, again.recovered], [true, true]);
    await sdk.next("publication", (event) => event.data === 4);
    assert.deepEqual(
      sdk.publications(channel).map((event) => event.data),
      [1, 2, 3, 4],
    );
  });

  rule(
    `[TR42.${number * 5 + 3}] ${transport}: a disconnect that allows it is followed by a new connection, another is not`,
    { formats, limitMs: 30_000 },
    async (side) => {
      const sdk = side.sdk({ transports: [transport] });
      await sdk.connect();
      await side.api("disconnect", { user: side.user(), disconnect: { code: 3012, reason: "no pong" } });
      assert.equal((await sdk.next("connecting", (event) => event.code === 3012)).code, 3012);
      await sdk.next("connected");
      await side.api("disconnect", { user: side.user(), disconnect: { code: 3503, reason: "force disconnect" } });
      assert.equal((await sdk.next("disconnected")).code, 3503);
    },
  );
}

export default group;
