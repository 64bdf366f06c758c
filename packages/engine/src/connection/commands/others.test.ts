import assert from "node:assert/strict";
import { bytes, EngineBench, type TestClient, test, token } from "../../../testing/index.ts";

const open = { allowSubscribeForClient: true };
const history = { historySize: 10, historyTtlMs: 60_000 };

async function codeOf(client: TestClient, method: string, request: Readonly<Record<string, unknown>>): Promise<number | undefined> {
  return (await client.call(method, request))["error"]?.code ?? client.closeCode;
}

test("[C23] rpc is 108, send ends with 3508", async () => {
  const client = await new EngineBench().connect();
  assert.deepEqual((await client.call("rpc", { method: "a:b" }))["error"], { code: 108, message: "not available" });
  client.say('{"send":{"data":1}}');
  assert.equal(client.closeCode, 3508);
});

test("[C21] publish: empty channel 3501, namespace 102, name 107, data before permission 107, permission 103", async () => {
  const b = new EngineBench({ namespaces: { pub: { allowPublishForClient: true }, shut: {}, json: { publicationDataFormat: "json" } } });
  const client = await b.connect();
  assert.equal(await codeOf(client, "publish", { channel: "nope:a" }), 102);
  assert.equal(await codeOf(client, "publish", { channel: "shut:é", data: 1 }), 107);
  assert.equal(await codeOf(client, "publish", { channel: "shut:a" }), 107);
  assert.equal(await codeOf(client, "publish", { channel: "shut:a", data: 1 }), 103);
  assert.equal(await codeOf(client, "publish", { channel: "pub:a", data: 1, type: 1, key: "k" }), 103);
  assert.equal(await codeOf(client, "publish", { channel: "pub:a", data: null }), undefined);
  assert.equal(await codeOf(client, "publish", { channel: "" }), 3501);
});

test("[C21] bytes that are not UTF-8: 107 from a JSON client, any bytes are good from a Protobuf client where no format is asked for", async () => {
  const b = new EngineBench({ namespaces: { pub: { ...open, allowPublishForClient: true }, json: { publicationDataFormat: "json" } } });
  const json = await b.connect({ user: "ann" }, {}, { protocol: "json" });
  json.say(new Uint8Array([...bytes('{"id":90,"publish":{"channel":"pub:a","data":"'), 0xff, ...bytes('"}}')]));
  await b.clock.settle();
  assert.equal(json.reply(90)?.["error"]["code"], 107);
  const protobuf = await b.connect({ user: "bob" }, {}, { protocol: "protobuf" });
  await protobuf.subscribe("pub:a");
  const data = new Uint8Array([0, 0xff, 0x0a]);
  assert.equal(await codeOf(protobuf, "publish", { channel: "pub:a", data }), undefined);
  assert.deepEqual(protobuf.publications("pub:a")[0]?.["data"], data);
  assert.equal(await codeOf(protobuf, "publish", { channel: "json:a", data }), 107);
});

test("[PB1] publish is open by client, by subscription, to the anonymous, or in insecure mode", async () => {
  const publishes = async (namespace: Readonly<Record<string, boolean>>, user: string, subscribed = false, insecure = false) => {
    const b = new EngineBench({ namespaces: { vm: { ...open, allowSubscribeForAnonymous: true, ...namespace } }, options: { insecure } });
    const client = await b.connect({ user });
    if (subscribed) await client.subscribe("vm:a");
    return (await codeOf(client, "publish", { channel: "vm:a", data: 1 })) === undefined;
  };
  assert.equal(await publishes({ allowPublishForClient: true }, "ann"), true);
  assert.equal(await publishes({ allowPublishForClient: true }, ""), false);
  assert.equal(await publishes({ allowPublishForClient: true, allowPublishForAnonymous: true }, ""), true);
  assert.equal(await publishes({ allowPublishForAnonymous: true }, ""), false);
  assert.equal(await publishes({ allowPublishForSubscriber: true }, "ann"), false);
  assert.equal(await publishes({ allowPublishForSubscriber: true }, "ann", true), true);
  assert.equal(await publishes({}, "ann", true, true), true);
});

test("[PB2] a publisher that is subscribed sees its publication before the reply, with who it is", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...open, ...history, allowPublishForClient: true } } });
  const client = await b.connect({ user: "ann", info: '{"n" :1}' });
  await client.subscribe("vm:a");
  client.rest();
  await client.call("publish", { channel: "vm:a", data: { x: [1, "<>"] } });
  const [push, reply] = client.rest();
  assert.deepEqual(push?.["push"], {
    channel: "vm:a",
    pub: {
      data: { x: [1, "<>"] },
      info: { user: "ann", client: client.id, conn_info: { n: 1 } },
      offset: 1,
      epoch: push?.["push"]["pub"]["epoch"],
    },
  });
  assert.deepEqual(reply, { id: 3, publish: {} });
});

test("[PB2] a publication goes through the namespace's own log, and a log that fails is error 100", async () => {
  const b = new EngineBench({ namespaces: { vm: { allowPublishForClient: true } } });
  const client = await b.connect();
  b.gate.failWith(new Error("disk full"));
  assert.equal(await codeOf(client, "publish", { channel: "vm:a", data: 1 }), 100);
  assert.equal(b.reports.length, 1);
  assert.equal(client.closeCode, undefined);
});

test("[C22] presence: off 108, not allowed 103; entries carry conn_info and chan_info", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...open, presence: true, allowPresenceForSubscriber: true }, off: open } });
  const client = await b.connect({ user: "ann", info: "1" });
  for (const method of ["presence", "presence_stats"]) {
    assert.equal(await codeOf(client, method, { channel: "off:a" }), 108);
    assert.equal(await codeOf(client, method, { channel: "vm:a" }), 103);
    assert.equal(await codeOf(client, method, { channel: "nope:a" }), 102);
    assert.equal(await codeOf(client, method, { channel: "vm:é" }), 107);
  }
  await client.subscribe("vm:a", { token: token({ user: "ann", channel: "vm:a", info: "2" }) });
  await (await b.connect({ user: "ann" })).subscribe("vm:a");
  const { presence } = await client.call("presence", { channel: "vm:a" });
  assert.deepEqual(presence["presence"][client.id], { user: "ann", client: client.id, conn_info: 1, chan_info: 2 });
  assert.deepEqual((await client.call("presence_stats", { channel: "vm:a" }))["presence_stats"], { num_clients: 2, num_users: 1 });
  assert.equal(await codeOf(client, "presence", { channel: "" }), 3501);
});

test("[C22] history: off 108, not allowed 103, other epoch 112, reverse from 0 107", async () => {
  const b = new EngineBench({ namespaces: { vm: { ...open, ...history, allowHistoryForSubscriber: true }, off: open } });
  const client = await b.connect();
  for (let n = 1; n <= 3; n++) await b.publish("vm:a", `{"n" : ${n}}`);
  assert.equal(await codeOf(client, "history", { channel: "off:a" }), 108);
  assert.equal(await codeOf(client, "history", { channel: "vm:a" }), 103);
  await client.subscribe("vm:a");
  const { history: top } = await client.call("history", { channel: "vm:a" });
  assert.deepEqual({ ...top, epoch: "" }, { publications: [], epoch: "", offset: 3 });
  const offsets = async (request: Readonly<Record<string, unknown>>) => {
    const reply = await client.call("history", { channel: "vm:a", ...request });
    return reply["error"]?.code ?? reply["history"]["publications"].map((publication: { offset: number }) => publication.offset);
  };
  assert.deepEqual(await offsets({ limit: -1 }), [1, 2, 3]);
  assert.deepEqual(await offsets({ limit: 1_000_000_000 }), [1, 2, 3]);
  assert.deepEqual(await offsets({ limit: 2 }), [1, 2]);
  assert.deepEqual(await offsets({ limit: 2, reverse: true }), [3, 2]);
  assert.deepEqual(await offsets({ limit: 5, since: { offset: 1, epoch: top["epoch"] } }), [2, 3]);
  assert.deepEqual(await offsets({ limit: 5, since: {} }), [1, 2, 3]);
  assert.deepEqual(await offsets({ limit: 5, since: { offset: 2 }, reverse: true }), [1]);
  assert.deepEqual(await offsets({ limit: 5, since: { offset: 2, epoch: "other" } }), 112);
  assert.deepEqual(await offsets({ limit: 5, since: { offset: 0 }, reverse: true }), 107);
  client.say('{"id":99,"history":{"channel":"vm:a","limit":5,"since":{"offset":18446744073709551615}}}');
  await b.clock.settle();
  assert.deepEqual(client.reply(99)?.["history"]["publications"], []);
});

test("[C22] history gives 300 publications at most, however many are asked for", async () => {
  const b = new EngineBench({ namespaces: { vm: { allowHistoryForClient: true, historySize: 400, historyTtlMs: 60_000 } } });
  for (let n = 1; n <= 400; n++) await b.publish("vm:a", "1");
  const client = await b.connect();
  for (const limit of [-1, 301, 2_147_483_647]) {
    assert.equal((await client.call("history", { channel: "vm:a", limit }))["history"]["publications"].length, 300);
  }
});

test("[C21] a payload that JSON cannot carry ends its subscribers with 3506, live, in history and in recovery; publishers are unharmed", async () => {
  const b = new EngineBench({
    namespaces: { vm: { ...open, ...history, forceRecovery: true, allowHistoryForClient: true, publicationDataFormat: "binary" } },
  });
  const json = () => b.connect({ user: "ann" }, {}, { protocol: "json" });
  const [one, two] = [await json(), await json()];
  await one.subscribe("vm:a");
  await two.subscribe("vm:a");
  const { position } = await b.engine.publish({ channel: "vm:a", data: new Uint8Array([0, 255]) });
  await b.clock.settle();
  assert.equal(position.offset, 1);
  assert.deepEqual([one.closeCode, two.closeCode], [3506, 3506]);
  const reader = await json();
  await reader.call("history", { channel: "vm:a", limit: 5 });
  assert.equal(reader.closeCode, 3506);
  const recovering = await json();
  await recovering.subscribe("vm:a", { recover: true });
  assert.equal(recovering.closeCode, 3506);
  assert.equal(b.engine.stats().subscriptions, 0);
});

test("[C8] repeated and unordered ids, and thousands of commands in one frame, are each answered with their id", async () => {
  const ids = Array.from({ length: 4_000 }, (_, n) => (n * 7) % 100 || 4_294_967_295);
  const b = new EngineBench();
  const other = await b.connect();
  other.say(ids.map((id) => `{"id":${id},"rpc":{}}`).join("\n"));
  await b.clock.settle();
  assert.deepEqual(
    other.messages.slice(1).map((message) => message["id"]),
    ids,
  );
});
