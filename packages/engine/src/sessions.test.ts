import assert from "node:assert/strict";
import { type BenchSetup, EngineBench, type TestClient, test, token, type Wire } from "../testing/index.ts";
import { frameOf, wireFormat } from "../testing/wire-format.ts";
import type { ProxyAnswer, SubscribeProxyResult } from "./proxies.ts";
import { noProxies } from "./proxies.ts";

const namespaces = { vm: { allowSubscribeForClient: true, presence: true, allowPresenceForClient: true } };
const httpStream = { transport: "http_stream", emulated: true, disconnectPush: true } as const;
const connectOver = async (b: EngineBench): Promise<{ client: TestClient; session: string }> => {
  const client = await b.connect({ user: "ann" }, {}, httpStream);
  return { client, session: client.messages[0]?.["connect"]["session"] };
};
const frame = (...commands: readonly Wire[]) => frameOf(wireFormat(), commands);

/** A namespace whose proxy answers when a test says so. */
function heldUp(): { readonly setup: BenchSetup; readonly allow: () => void } {
  const waiting: ((answer: ProxyAnswer<SubscribeProxyResult>) => void)[] = [];
  const ask = () => new Promise<ProxyAnswer<SubscribeProxyResult>>((resolve) => waiting.push(resolve));
  const proxies = { ...noProxies, subscribe: new Map([["slow", ask]]) };
  return {
    setup: { namespaces: { ...namespaces, slow: { subscribeProxyName: "slow" } }, ports: { proxies } },
    allow: () => waiting.shift()?.({ kind: "result", result: undefined }),
  };
}

/** Whether a promise is done by now. */
async function isDone(b: EngineBench, promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  void promise.then(() => {
    done = true;
  });
  await b.clock.settle();
  return done;
}

test("[EM1] the connect reply of an emulated transport names session and node", async () => {
  const b = new EngineBench({ namespaces });
  const { client, session } = await connectOver(b);
  assert.match(session, /^[0-9a-f-]{36}$/);
  assert.notEqual(session, client.id);
  assert.equal(client.messages[0]?.["connect"]["node"], b.engine.nodeId);
});

test("[EM2] a command that comes by its session is answered on the stream, and the call ends then", async () => {
  const b = new EngineBench({ namespaces });
  const { client, session } = await connectOver(b);
  await b.engine.emulate(session, frame({ id: 7, subscribe: { channel: "vm:a" } }, { id: 8, presence: { channel: "vm:a" } }));
  await b.clock.settle();
  assert.deepEqual(client.reply(7), { id: 7, subscribe: {} });
  assert.deepEqual(Object.keys(client.reply(8)?.["presence"]["presence"]), [client.id]);
});

test("[EM2] the call waits for a command that takes its time, and another one does not wait behind it", async () => {
  const { setup, allow } = heldUp();
  const b = new EngineBench(setup);
  const { client, session } = await connectOver(b);
  const slow = b.engine.emulate(session, frame({ id: 7, subscribe: { channel: "slow:a" } }));
  assert.equal(await isDone(b, slow), false);
  await b.engine.emulate(session, frame({ id: 8, presence: { channel: "vm:a" } }));
  await b.clock.settle();
  assert.notEqual(client.reply(8), undefined);
  allow();
  assert.equal(await isDone(b, slow), true);
  assert.deepEqual(client.reply(7), { id: 7, subscribe: {} });
});

test("[EM3] nobody is told that a session is unknown, or gone", async () => {
  const b = new EngineBench({ namespaces });
  await b.engine.emulate("nobody", frame({ id: 1, subscribe: { channel: "vm:a" } }));
  const { client, session } = await connectOver(b);
  client.cut();
  await b.engine.emulate(session, frame({ id: 1, subscribe: { channel: "vm:a" } }));
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[EM3] the id of a connection, which others may see, is no session", async () => {
  const b = new EngineBench({ namespaces });
  const { client } = await connectOver(b);
  await b.engine.emulate(client.id, frame({ id: 1, subscribe: { channel: "vm:a" } }));
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[EM4] pongs come by their session, too; what cannot be read is 3501, as a push and then the end of the stream", async () => {
  const b = new EngineBench({ namespaces });
  const { client, session } = await connectOver(b);
  await b.clock.advance(25_000);
  assert.equal(client.pingCount, 1);
  await b.engine.emulate(session, frame({}));
  await b.clock.advance(9_000);
  assert.equal(client.closeCode, undefined);
  await b.engine.emulate(session, frame({}));
  assert.deepEqual(client.messages.at(-1), { push: { disconnect: { code: 3501, reason: "bad request" } } });
  assert.equal(client.closeCode, 3501);
});

test("[EM5] frames of a session that are worked on are bounded: 3013", async () => {
  const { setup } = heldUp();
  const b = new EngineBench({ ...setup, options: { queueBytesMax: 4_096 } });
  const { client, session } = await connectOver(b);
  for (let n = 1; n <= 40; n++) void b.engine.emulate(session, frame({ id: n, subscribe: { channel: `slow:${n}` } }));
  assert.equal(client.closeCode, 3013);
});

test("[EM6] [C3] a connect error leaves the stream open until it is stale; then it is told so", async () => {
  const b = new EngineBench({ namespaces });
  const client = b.open(httpStream);
  await client.call("connect", { token: token({ fails: "expired" }) });
  await b.clock.advance(9_000);
  assert.equal(client.closeCode, undefined);
  await b.clock.advance(1_100);
  assert.deepEqual(client.messages.at(-1), { push: { disconnect: { code: 3502, reason: "stale" } } });
});

test("[EM6] a WebSocket has no session", async () => {
  const client = await new EngineBench({ namespaces }).connect();
  assert.deepEqual([client.messages[0]?.["connect"]["session"], client.messages[0]?.["connect"]["node"]], [undefined, undefined]);
});

test("[API5] a disconnect that names a session ends that connection alone, and none where nobody has it", async () => {
  const b = new EngineBench({ namespaces });
  const [one, two] = [await connectOver(b), await connectOver(b)];
  const webSocket = await b.connect({ user: "ann" });
  b.engine.disconnect({ user: "ann", session: "none has one" }, 3503, "force disconnect", []);
  b.engine.disconnect({ user: "bob", session: one.session }, 3503, "force disconnect", []);
  b.engine.disconnect({ user: "ann", session: one.session }, 3503, "force disconnect", []);
  await b.clock.settle();
  assert.deepEqual(
    [one, two, { client: webSocket }].map(({ client }) => client.closeCode),
    [3503, undefined, undefined],
  );
});
