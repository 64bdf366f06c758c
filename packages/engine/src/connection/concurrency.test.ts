import assert from "node:assert/strict";
import { type BenchSetup, EngineBench, type TestClient, test, token } from "../../testing/index.ts";
import { noProxies, type ProxyAnswer, type SubscribeProxyResult } from "../proxies.ts";

type RpcAnswer = ProxyAnswer<{ readonly data: Uint8Array | undefined }>;

/** A bench whose backend answers each question when a test says so. */
function held(options: BenchSetup["options"]) {
  const rpcs = new Map<string, (answer: RpcAnswer) => void>();
  const subscribes = new Map<string, (answer: ProxyAnswer<SubscribeProxyResult>) => void>();
  const b = new EngineBench({
    namespaces: {
      slow: { subscribeProxyName: "backend" },
      free: { allowSubscribeForClient: true, presence: true, allowPresenceForClient: true },
    },
    options: {
      pingIntervalMs: 0,
      rpc: { namespaceBoundary: ":", withoutNamespaceProxyName: "backend", namespaces: new Map(), pingMethod: "" },
      ...options,
    },
    ports: {
      proxies: {
        ...noProxies,
        rpc: new Map([
          [
            "backend",
            (_caller: unknown, { method }: { readonly method: string }) => new Promise<RpcAnswer>((resolve) => rpcs.set(method, resolve)),
          ],
        ]),
        subscribe: new Map([
          [
            "backend",
            (_caller: unknown, { channel }: { readonly channel: string }) =>
              new Promise<ProxyAnswer<SubscribeProxyResult>>((resolve) => subscribes.set(channel, resolve)),
          ],
        ]),
      },
    },
  });
  return {
    b,
    asked: () => [...rpcs.keys(), ...subscribes.keys()],
    answer: async (question: string) => {
      rpcs.get(question)?.({ kind: "result", result: undefined });
      subscribes.get(question)?.({ kind: "result", result: undefined });
      rpcs.delete(question);
      subscribes.delete(question);
      await b.clock.settle();
    },
  };
}
const rpcs = (...methods: readonly number[]) => methods.map((n) => `{"id":${n},"rpc":{"method":"${n}"}}`).join("\n");
const ids = (client: TestClient) => client.messages.slice(1).map((message) => message["id"]);

test("[CC1] without concurrency commands are worked on one after another: one question at a time, replies in order", async () => {
  for (const concurrency of [0, 1]) {
    const { b, asked, answer } = held({ concurrency });
    const client = await b.connect();
    client.say(rpcs(10, 11));
    client.say(rpcs(12));
    for (const n of ["10", "11", "12"]) {
      await b.clock.settle();
      assert.deepEqual(asked(), [n]);
      await answer(n);
    }
    assert.deepEqual(ids(client), [10, 11, 12]);
  }
});

test("[CC2] with it as many are worked on at once, and replies come as they are ready", async () => {
  const { b, asked, answer } = held({ concurrency: 3 });
  const client = await b.connect();
  client.say(rpcs(10, 11, 12, 13, 14));
  await b.clock.settle();
  assert.deepEqual(asked(), ["10", "11", "12"]);
  await answer("12");
  assert.deepEqual(asked(), ["10", "11", "13"]);
  await answer("10");
  for (const n of ["14", "13", "11"]) await answer(n);
  assert.deepEqual(ids(client), [12, 10, 14, 13, 11]);
});

test("[CC2] quick commands overtake slow ones; a frame behind one that waits for a place keeps its order", async () => {
  const { b, asked, answer } = held({ concurrency: 2 });
  const client = await b.connect();
  client.say(rpcs(10));
  client.say('{"id":11,"subscribe":{"channel":"free:a"}}\n{"id":12,"presence":{"channel":"free:a"}}');
  await b.clock.settle();
  assert.deepEqual(ids(client), [11, 12]);
  client.say(rpcs(13, 14));
  client.say('{"id":15,"unsubscribe":{"channel":"free:a"}}');
  await b.clock.settle();
  assert.deepEqual(
    [asked(), ids(client)],
    [
      ["10", "13"],
      [11, 12],
    ],
  );
  await answer("10");
  assert.deepEqual(
    [asked(), ids(client)],
    [
      ["13", "14"],
      [11, 12, 10, 15],
    ],
  );
});

test("[CC3] a channel that is being subscribed is subscribed already: 105, and counts towards the limit: 106", async () => {
  const { b, answer } = held({ concurrency: 8, channelLimit: 2 });
  const client = await b.connect();
  client.say(
    '{"id":10,"subscribe":{"channel":"slow:a"}}\n{"id":11,"subscribe":{"channel":"slow:a"}}\n{"id":12,"subscribe":{"channel":"slow:b"}}\n{"id":13,"subscribe":{"channel":"free:c"}}',
  );
  await b.clock.settle();
  assert.deepEqual([client.reply(11)?.["error"]["code"], client.reply(13)?.["error"]["code"]], [105, 106]);
  await answer("slow:a");
  await answer("slow:b");
  assert.deepEqual(
    [client.reply(10), client.reply(12)],
    [
      { id: 10, subscribe: {} },
      { id: 12, subscribe: {} },
    ],
  );
});

test("[CC4] an unsubscribe waits for the subscribe that is in flight, and ends it", async () => {
  const { b, answer } = held({ concurrency: 8 });
  const client = await b.connect();
  client.say(
    '{"id":10,"subscribe":{"channel":"slow:a"}}\n{"id":11,"unsubscribe":{"channel":"slow:a"}}\n{"id":12,"presence":{"channel":"free:a"}}',
  );
  await b.clock.advance(4_000);
  assert.deepEqual(ids(client), []);
  await answer("slow:a");
  assert.deepEqual(ids(client), [10, 11, 12]);
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[CC4] after 5 s it is answered all the same, and the connection begins anew: 3004", async () => {
  const { b, answer } = held({ concurrency: 8 });
  const client = await b.connect();
  client.say('{"id":10,"subscribe":{"channel":"slow:a"}}\n{"id":11,"unsubscribe":{"channel":"slow:a"}}');
  await b.clock.advance(5_100);
  assert.deepEqual([ids(client), client.closeCode], [[11], 3004]);
  await answer("slow:a");
  assert.deepEqual([b.engine.stats().subscriptions, b.reports, b.clock.pending], [0, [], 0]);
});

test("[CC5] connect and send keep to their place", async () => {
  const { b } = held({ concurrency: 8 });
  const client = b.open();
  client.say(
    `${JSON.stringify({ id: 1, connect: { token: token({ user: "ann" }) } })}\n{"id":2,"presence":{"channel":"free:a"}}\n{"send":{}}`,
  );
  await b.clock.settle();
  assert.deepEqual([ids(client), client.closeCode], [[2], 3508]);
});

test("[CC6] a connection that ends while commands are worked on leaves nothing behind", async () => {
  const { b, asked, answer } = held({ concurrency: 2 });
  const client = await b.connect();
  client.say(rpcs(10, 11, 12));
  client.say(rpcs(13));
  await b.clock.settle();
  client.cut();
  for (const n of asked()) await answer(n);
  assert.deepEqual([asked(), b.reports, b.clock.pending, b.engine.stats().connections], [[], [], 0, 0]);
});

test("[CC6] [R2] frames that wait are bounded with concurrency, too: 3013", async () => {
  const { b } = held({ concurrency: 2, queueBytesMax: 2_000 });
  const client = await b.connect();
  client.say(rpcs(10, 11, 12));
  for (let n = 0; n < 20 && client.closeCode === undefined; n++) client.say(rpcs(13));
  assert.equal(client.closeCode, 3013);
});
