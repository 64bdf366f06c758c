import assert from "node:assert/strict";
import { concurrent } from "../configs/concurrent.ts";
import { pause } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "concurrency",
  title: "Commands side by side",
  about: "`client.concurrency` with a backend that takes its time, and what waits for whom.",
  config: concurrent,
});

/** The backend answers a question of this path when the rule says so; questions are known by what stands in them. */
function slow(
  side: Side,
  path: string,
): { readonly asked: () => number; readonly answer: (part: string, answer?: object) => Promise<void> } {
  const waiting: { readonly text: string; readonly resolve: (answer: Record<string, unknown>) => void }[] = [];
  let count = 0;
  side.backend.on(path, ({ text }) => {
    count++;
    return new Promise((resolve) => waiting.push({ text, resolve }));
  });
  return {
    asked: () => count,
    answer: async (part, answer = { result: {} }) => {
      for (let tries = 0; tries < 200; tries++) {
        const at = waiting.findIndex(({ text }) => text.includes(part));
        if (at !== -1) return waiting.splice(at, 1)[0]!.resolve(answer as Record<string, unknown>);
        await pause(10);
      }
      throw new Error(`nobody asked about ${part}`);
    },
  };
}
const named = (name: string, side: Side) => `"method":"${name}-${side.tag}"`;
const rpc = (id: number, name: string, side: Side) => ({ id, rpc: { method: `${name}-${side.tag}` } });
const severalQuestions = { compare: { off: "the backend hears several questions at once, in any order" } } as const;
const anyOrder = { compare: { anyOrder: "replies and questions are" } } as const;

rule("[CC2.10] replies come as the backend answers", severalQuestions, async (side) => {
  const { answer } = slow(side, "/rpc");
  const client = await side.connect();
  client.send(rpc(10, "a", side), rpc(11, "b", side), rpc(12, "c", side));
  for (const [name, id] of [
    ["c", 12],
    ["a", 10],
    ["b", 11],
  ] as const) {
    await answer(named(name, side));
    assert.equal((await client.next())["id"], id);
  }
});

rule("[CC2.11] a fourth command waits for a place, and what stands behind it in its order", severalQuestions, async (side) => {
  const { answer, asked } = slow(side, "/rpc");
  const client = await side.connect();
  client.send(rpc(10, "a", side), rpc(11, "b", side), rpc(12, "c", side), rpc(13, "d", side));
  client.send({ id: 14, unsubscribe: { channel: "nothing" } });
  await client.silent(200);
  assert.equal(asked(), 3);
  await answer(named("b", side));
  assert.equal((await client.next())["id"], 11);
  assert.equal((await client.next())["id"], 14);
  for (const name of ["a", "c", "d"]) await answer(named(name, side));
  for (const id of [10, 12, 13]) await client.reply(id);
});

rule("[CC2.12] what needs no backend overtakes what does", anyOrder, async (side) => {
  const { answer } = slow(side, "/rpc");
  const client = await side.connect();
  client.send(rpc(10, "a", side), { id: 11, subscribe: { channel: side.channel("open:a") } });
  assert.equal((await client.next())["id"], 11);
  await answer(named("a", side));
  assert.equal((await client.next())["id"], 10);
});

rule("[CC3.10] a channel that the backend is asked about is subscribed already: error 105; and it counts: 106", anyOrder, async (side) => {
  const { answer } = slow(side, "/subscribe");
  const client = await side.connect();
  for (const name of ["open:a", "open:b", "open:c"]) await client.subscribe(side.channel(name));
  client.send({ id: 10, subscribe: { channel: side.channel("asked:a") } });
  client.send({ id: 11, subscribe: { channel: side.channel("asked:a") } }, { id: 12, subscribe: { channel: side.channel("open:d") } });
  assert.equal((await client.reply(11))["error"].code, 105);
  assert.equal((await client.reply(12))["error"].code, 106);
  await answer(side.channel("asked:a"));
  assert.ok((await client.reply(10))["subscribe"]);
});

rule("[CC3.11] one that the backend refused may be asked for again", anyOrder, async (side) => {
  const { answer } = slow(side, "/subscribe");
  const client = await side.connect();
  client.send({ id: 10, subscribe: { channel: side.channel("asked:a") } });
  await answer(side.channel("asked:a"), { error: { code: 1_000, message: "no" } });
  assert.equal((await client.reply(10))["error"].code, 1_000);
  client.send({ id: 11, subscribe: { channel: side.channel("asked:a") } });
  await answer(side.channel("asked:a"));
  assert.ok((await client.reply(11))["subscribe"]);
});

rule("[CC4.10] unsubscribe waits for the subscribe in flight, then ends it; what stands behind it waits, too", async (side) => {
  const { answer } = slow(side, "/subscribe");
  const client = await side.connect();
  const channel = side.channel("asked:a");
  client.send(
    { id: 10, subscribe: { channel } },
    { id: 11, unsubscribe: { channel } },
    { id: 12, presence: { channel: side.channel("open:a") } },
  );
  await client.silent(300);
  await answer(channel);
  for (const id of [10, 11, 12]) assert.equal((await client.next())["id"], id);
  assert.deepEqual((await side.api("channels", { pattern: channel }))["channels"], {});
});

rule("[CC4.11] after 5 s it is answered, and the connection ends with 3004", async (side) => {
  slow(side, "/subscribe");
  const client = await side.connect();
  const channel = side.channel("asked:a");
  client.send({ id: 10, subscribe: { channel } }, { id: 11, unsubscribe: { channel } });
  await client.silent(4_500);
  assert.ok((await client.reply(11))["unsubscribe"]);
  await client.closed(3004);
});

rule("[API10.10] the server's unsubscribe waits for it as well", async (side) => {
  const { answer } = slow(side, "/subscribe");
  const client = await side.connect();
  const channel = side.channel("asked:a");
  client.send({ id: 10, subscribe: { channel } });
  await client.silent(100);
  const call = side.api("unsubscribe", { user: side.user(), channel });
  await client.silent(300);
  await answer(channel);
  assert.deepEqual(await call, {});
  assert.ok((await client.next())["subscribe"]);
  assert.equal((await client.next())["push"].unsubscribe.code, 2000);
});

rule("[API8.10] the server cannot subscribe a channel that is being subscribed: error 100", async (side) => {
  const { answer } = slow(side, "/subscribe");
  const client = await side.connect();
  const channel = side.channel("asked:a");
  client.send({ id: 10, subscribe: { channel } });
  await client.silent(100);
  assert.equal(JSON.parse((await side.apiAnswer("subscribe", { user: side.user(), channel })).body).error.code, 100);
  await answer(channel);
  assert.ok((await client.next())["subscribe"]);
});

rule(
  "[API5.10] a disconnect waits for nothing",
  { compare: { off: "what the backend answers too late is heard or not" } },
  async (side) => {
    const { answer } = slow(side, "/subscribe");
    const client = await side.connect();
    const channel = side.channel("asked:a");
    client.send({ id: 10, subscribe: { channel } });
    await client.silent(100);
    await side.api("disconnect", { user: side.user() });
    await client.closed(3503);
    await answer(channel);
    await pause(100);
    assert.deepEqual((await side.api("channels", { pattern: channel }))["channels"], {});
  },
);

rule(
  "[CC6.10] a client that leaves while the backend thinks leaves nothing",
  { compare: { off: "it hears nothing of it" } },
  async (side) => {
    const { answer } = slow(side, "/subscribe");
    const client = await side.connect();
    const channels = ["a", "b", "c"].map((name) => side.channel(`asked:${name}`));
    client.send(...channels.map((channel, n) => ({ id: 10 + n, subscribe: { channel } })));
    await client.silent(100);
    client.cut();
    for (const channel of channels) await answer(channel);
    await pause(200);
    assert.deepEqual((await side.api("channels", { pattern: `asked:*-${side.tag}` }))["channels"], {});
  },
);

export default group;
