import assert from "node:assert/strict";
import type { Info, SdkEvent } from "../driver/program.ts";
import { scenario } from "../driver/scenario.ts";

const payloads = [
  { text: "出餐成功 – ü, 🙂, \u2028, <b>&</b>", n: 1 },
  [1, -2.5, 1e21, true, null, { deep: [[["x"]]] }],
  "one line\nand another",
  { long: "y".repeat(20_000) },
  0,
];

interface History {
  readonly publications: readonly SdkEvent[];
  readonly offset: number;
  readonly epoch: string;
}

export default [
  scenario("[SDK13] what a client and the server publish arrives as it was said, with who said it", {}, async (session) => {
    const channel = session.channel("kept:a");
    const ann = await session.connected("ann", { claims: { info: { name: "Ann" } } });
    const bob = await session.connected("bob");
    await ann.subscribe(channel);
    await bob.subscribe(channel);
    for (const data of payloads) {
      await ann.call("publish", { channel, data });
      for (const client of [ann, bob]) {
        const publication = await client.next("publication");
        assert.deepEqual([publication.data, publication.info?.user, publication.info?.conn], [data, session.user("ann"), { name: "Ann" }]);
      }
    }
    await session.publish(channel, { from: "server" }, { tags: { a: "1", b: "2" } });
    const { data, tags, offset } = await bob.next("publication");
    assert.deepEqual([data, tags, offset], [{ from: "server" }, { a: "1", b: "2" }, payloads.length + 1]);
    await assert.rejects(ann.call("publish", { channel: session.channel("closed:a"), data: 1 }), { code: 103 });
    await assert.rejects(ann.call("publish", { channel: session.channel("unknown:a"), data: 1 }), { code: 102 });
  }),

  scenario("[SDK14] presence tells who is there, presence_stats how many", {}, async (session) => {
    const channel = session.channel("room:a");
    const ann = await session.connected("ann", { claims: { info: { name: "Ann" } } });
    const again = await session.connected("ann");
    const bob = await session.connected("bob");
    for (const client of [ann, again, bob]) await client.subscribe(channel);
    const there = await ann.call<Info[]>("presence", { channel });
    assert.deepEqual(there.map(({ user }) => user).sort(), [session.user("ann"), session.user("ann"), session.user("bob")].sort());
    assert.deepEqual(
      there.flatMap(({ conn }) => (conn === undefined ? [] : [conn])),
      [{ name: "Ann" }],
    );
    // Their order is the server's own affair.
    ann.answers.pop();
    assert.deepEqual(await bob.call("presence_stats", { channel }), { clients: 3, users: 2 });
    await assert.rejects(ann.call("presence", { channel: session.channel("open:a") }), { code: 108 });
    await assert.rejects(ann.call("presence_stats", { channel: session.channel("room:other") }), { code: 103 });
  }),

  scenario("[SDK15] joins and leaves are told to whoever asked for them", {}, async (session) => {
    const channel = session.channel("room:a");
    const ann = await session.connected();
    await ann.subscribe(channel, { joinLeave: true });
    await ann.next("join", ({ info }) => info?.user === session.user("ann"));
    const bob = await session.connected("bob", { claims: { info: { name: "Bob" } } });
    await bob.subscribe(channel);
    const { info } = await ann.next("join");
    assert.deepEqual([info?.user, info?.conn], [session.user("bob"), { name: "Bob" }]);
    await bob.call("unsubscribe", { channel });
    assert.equal((await ann.next("leave")).info?.user, session.user("bob"));
    assert.deepEqual(bob.all("join"), []);
  }),

  scenario("[SDK16] history: the position alone, a limit, backwards, and since a position", {}, async (session) => {
    const channel = session.channel("kept:a");
    const ann = await session.connected();
    await ann.subscribe(channel);
    for (let n = 1; n <= 7; n++) await session.publish(channel, { n });
    const numbers = async (options: Record<string, unknown>) => {
      const { publications } = await ann.call<History>("history", { channel, ...options });
      return publications.map(({ data }) => data.n as number);
    };
    const { publications, offset, epoch } = await ann.call<History>("history", { channel });
    assert.deepEqual([publications, offset], [[], 7]);
    assert.deepEqual(await numbers({ limit: 3 }), [1, 2, 3]);
    assert.deepEqual(await numbers({ limit: 3, reverse: true }), [7, 6, 5]);
    assert.deepEqual(await numbers({ limit: 100, since: { offset: 4, epoch } }), [5, 6, 7]);
    assert.deepEqual(await numbers({ limit: 2, reverse: true, since: { offset: 4, epoch } }), [3, 2]);
    await assert.rejects(ann.call("history", { channel, limit: 1, since: { offset: 1, epoch: "another" } }), { code: 112 });
    await assert.rejects(ann.call("history", { channel: session.channel("open:a"), limit: 1 }), { code: 108 });
  }),

  scenario("[SDK17] rpc is answered by the operator's backend, its errors and disconnects too", {}, async (session) => {
    session.backend.on("/rpc", ({ body }) => {
      switch (body.method) {
        case "echo":
          return { result: { data: { said: body.data, to: body.user } } };
        case "refuse":
          return { error: { code: 1_042, message: "not today" } };
        default:
          return { disconnect: { code: 4_501, reason: "go away" } };
      }
    });
    const ann = await session.connected();
    for (const data of payloads)
      assert.deepEqual(await ann.call("rpc", { method: "echo", data: { data } }), { data: { said: { data }, to: session.user("ann") } });
    await assert.rejects(ann.call("rpc", { method: "refuse", data: {} }), { code: 1_042, message: /not today/ });
    await assert.rejects(ann.call("rpc", { method: "unknown:method", data: {} }), { code: 104 });
    await assert.rejects(ann.call("rpc", { method: "leave", data: {} }));
    const { code, reason } = await ann.next("disconnected");
    assert.deepEqual([code, reason], [4_501, "go away"]);
  }),

  scenario("[SDK36] the backend decides about channels: who enters, and what is published", {}, async (session) => {
    const channel = session.channel("guarded:a");
    session.backend.on("/subscribe", ({ body }) => {
      if (body.channel !== channel) return { error: { code: 1_004, message: "not there" } };
      return { result: { data: { for: body.data }, info: { seat: 7 } } };
    });
    session.backend.on("/publish", ({ body }) =>
      body.data.n < 10 ? { result: { data: { ...body.data, checked: true } } } : { error: { code: 1_005, message: "too much" } },
    );
    const ann = await session.connected();
    assert.deepEqual((await ann.subscribe(channel, { data: { ticket: "x" } })).data, { for: { ticket: "x" } });
    await ann.call("publish", { channel, data: { n: 1 } });
    const { data, info } = await ann.next("publication");
    assert.deepEqual([data, info?.chan], [{ n: 1, checked: true }, { seat: 7 }]);
    await assert.rejects(ann.call("publish", { channel, data: { n: 10 } }), { code: 1_005 });
    await ann.call("subscribe", { channel: session.channel("guarded:other") });
    assert.equal((await ann.next("unsubscribed")).code, 1_004);
  }),

  scenario(
    "[SDK37] a message above the size limit ends the connection: for good in JavaScript, Go and Python come back",
    {
      ways: ({ transport }) => transport === "websocket",
      compare: { off: "the text of a close frame with 1009 is the runtime's" },
    },
    async (session) => {
      const channel = session.channel("kept:a");
      const ann = await session.connected();
      await ann.subscribe(channel);
      await ann.call("publish", { channel, data: "z".repeat(65_000) });
      await ann.next("publication", ({ data }) => data.length === 65_000);
      await assert.rejects(ann.call("publish", { channel, data: "z".repeat(66_000) }));
      const { sdk, protobuf } = session.way;
      // In fragments, as the Go client sends it, or compressed, the real server takes it for a broken command (docs/spec/deviations.md).
      const asBroken = session.name === "real" && protobuf;
      if (asBroken) assert.equal((await ann.next("disconnected")).code, 3_501);
      else if (sdk === "js") assert.equal((await ann.next("disconnected")).code, 3);
      else {
        assert.equal((await ann.next("connecting", ({ code }) => code !== 0)).code, 3);
        assert.equal((await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true)).recovered, true);
      }
    },
  ),

  scenario("[SDK38] bytes that are no JSON reach whoever speaks Protobuf, and end a connection that speaks JSON", {}, async (session) => {
    const channel = session.channel("kept:a");
    const ann = await session.connected();
    await ann.subscribe(channel);
    await session.api("publish", { channel, b64data: "AP8B" });
    if (session.way.protobuf) assert.deepEqual((await ann.next("publication")).data, { bytes: "AP8B" });
    else assert.equal((await ann.next("disconnected")).code, 3_506);
  }),

  scenario(
    "[SDK39] many calls at once are all answered, each by its own answer",
    { compare: { off: "which of many calls at once comes first is chance" } },
    async (session) => {
      const channel = session.channel("kept:a");
      session.backend.on("/rpc", ({ body }) => ({ result: { data: { said: body.data.n } } }));
      const ann = await session.connected();
      await ann.subscribe(channel);
      const many = Array.from({ length: 20 }, (_, n) => n);
      const answers = await Promise.all([
        ...many.map((n) => ann.call("rpc", { method: "echo", data: { n } })),
        ...many.map((n) => ann.call("publish", { channel, data: n })),
      ]);
      assert.deepEqual(
        answers.slice(0, many.length),
        many.map((n) => ({ data: { said: n } })),
      );
      await ann.next("publication", ({ offset }) => offset === many.length);
      const published = ann.all("publication").map(({ data }) => data as number);
      assert.deepEqual(
        published.sort((a, b) => a - b),
        many,
      );
    },
  ),
];
