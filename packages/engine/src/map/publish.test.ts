import assert from "node:assert/strict";
import { test as onceOnly } from "node:test";
import { askForMap, bytes, MapBench, mapOptions, type TestClient, test, token, told } from "../../testing/index.ts";
import { type MapPublishProxy, type MapRemoveProxy, noProxies, type Proxies } from "../proxies.ts";

async function codeOf(client: TestClient, request: Readonly<Record<string, unknown>>): Promise<number | undefined> {
  const reply = await client.call("publish", { type: 1, ...request });
  return reply["error"]?.["code"] ?? client.closeCode;
}

const open = { allowPublishForClient: true, allowRemoveForClient: true };

test("[MP1] setting a key is checked in order: channel, namespace, name, data, permission, key", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open), objects: mapOptions(open, { publicationDataFormat: "json_object" }) } });
  const client = await b.connect();
  const asked = [
    { channel: "nope:a", key: "k", data: 1 },
    { channel: "open:é", key: "k", data: 1 },
    { channel: "per:a", key: "k" },
    { channel: "per:a", key: "", data: 1 },
    { channel: "plain:a", key: "k", data: 1 },
    { channel: "open:a", key: "", data: 1 },
    { channel: "objects:a", key: "k", data: 1 },
    { channel: "objects:a", key: "k", data: {} },
    { channel: "open:a", key: "k", data: null },
  ];
  const codes = [];
  for (const request of asked) codes.push(await codeOf(client, request));
  assert.deepEqual(codes, [102, 107, 107, 103, 103, 107, 107, undefined, undefined]);
  assert.equal(await codeOf(client, { channel: "", key: "k", data: 1 }), 3501);
});

test("[MP1] a subscribed publisher sees its change, with its info, before the reply", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open, { allowSubscribeForClient: false }) } });
  const client = await b.connect({ user: "ann", info: '{"n":1}' });
  await askForMap(client, "open:a", { token: token({ user: "ann", channel: "open:a", info: '{"c":1}' }) });
  client.rest();
  assert.equal(await codeOf(client, { channel: "open:a", key: "k", data: { x: 1 } }), undefined);
  const [push, reply] = client.rest();
  assert.deepEqual(push?.["push"]["pub"]["info"], { user: "ann", client: client.id, conn_info: { n: 1 }, chan_info: { c: 1 } });
  assert.deepEqual(reply?.["publish"], {});
});

test("[MP2] removing: no data is asked for, a key that is not there is no error, and says nothing", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open), kept: mapOptions({ allowPublishForClient: true }) } });
  const client = await b.connect();
  await askForMap(client, "open:a");
  await codeOf(client, { channel: "open:a", key: "k", data: 1 });
  for (const request of [
    { key: "k", removed: true, data: 5 },
    { key: "k", removed: true },
  ]) {
    assert.equal(await codeOf(client, { channel: "open:a", ...request }), undefined);
  }
  assert.deepEqual(told(client.publications("open:a")), ["k=1@1", "-k@2"]);
  assert.deepEqual(
    [
      await codeOf(client, { channel: "open:a", key: "", removed: true }),
      await codeOf(client, { channel: "kept:a", key: "k", removed: true }),
    ],
    [107, 103],
  );
});

test("[MP3] who may set and remove: clients, subscribers, the anonymous where the others may, everybody in insecure mode", async () => {
  const rules = { allowPublishForSubscriber: true, allowRemoveForSubscriber: true };
  const b = new MapBench({
    namespaces: {
      sub: mapOptions(rules),
      anon: mapOptions({ ...open, allowPublishForAnonymous: true }),
      only: mapOptions({ allowPublishForAnonymous: true }),
    },
  });
  const [ann, nobody] = [await b.connect(), await b.connect({ user: "" })];
  const set = (channel: string) => ({ channel, key: "k", data: 1 });
  assert.equal(await codeOf(ann, set("sub:a")), 103);
  await askForMap(ann, "sub:a");
  assert.deepEqual(
    [await codeOf(ann, set("sub:a")), await codeOf(ann, { channel: "sub:a", key: "k", removed: true })],
    [undefined, undefined],
  );
  await askForMap(nobody, "sub:a");
  assert.deepEqual(
    [await codeOf(nobody, set("sub:a")), await codeOf(nobody, set("anon:a")), await codeOf(nobody, set("only:a"))],
    [103, undefined, 103],
  );
  assert.equal(await codeOf(nobody, { channel: "anon:a", key: "k", removed: true }), 103);
  const insecure = new MapBench({ options: { insecure: true } });
  const client = await insecure.connect();
  assert.deepEqual([await codeOf(client, set("per:a")), await codeOf(client, set("plain:a"))], [undefined, 100]);
});

test("[MP3] while a map is paged in its client is no subscriber yet", async () => {
  const b = new MapBench({ namespaces: { sub: mapOptions({ allowPublishForSubscriber: true }) } });
  await b.set("sub:a", ["a", "b", "c"]);
  const client = await b.connect();
  await askForMap(client, "sub:a");
  assert.equal(await codeOf(client, { channel: "sub:a", key: "k", data: 1 }), 103);
});

test("[MP4] client_key: the connection's or the user's own key, whatever the client names", async () => {
  const b = new MapBench({
    namespaces: {
      cid: mapOptions({ ...open, clientKey: "client_id" }),
      uid: mapOptions({ ...open, clientKey: "user_id", allowPublishForAnonymous: true, allowRemoveForAnonymous: true }),
    },
  });
  const [ann, nobody] = [await b.connect(), await b.connect({ user: "" })];
  const keys = async (channel: string) => (await b.engine.maps.readState({ channel, limit: -1 })).entries.map(({ key }) => key);
  for (const channel of ["cid:a", "uid:a"]) await codeOf(ann, { channel, key: "other", data: 1 });
  assert.deepEqual([await keys("cid:a"), await keys("uid:a")], [[ann.id], ["ann"]]);
  for (const channel of ["cid:a", "uid:a"]) await codeOf(ann, { channel, key: "other", removed: true });
  assert.deepEqual([await keys("cid:a"), await keys("uid:a")], [[], []]);
  assert.deepEqual(
    [await codeOf(nobody, { channel: "uid:a", key: "k", data: 1 }), await codeOf(nobody, { channel: "uid:a", key: "k", removed: true })],
    [103, 103],
  );
});

test("[MP5] remove_client_on_unsubscribe takes the connection's key away when its subscription ends, however it ends", async () => {
  const map = { allowPublishForSubscriber: true, clientKey: "client_id", removeClientOnUnsubscribe: true } as const;
  const b = new MapBench({ namespaces: { cur: mapOptions(map) } });
  const watcher = await b.connect({ user: "eve" });
  await askForMap(watcher, "cur:a");
  for (const end of ["unsubscribe", "server", "cut"]) {
    const client = await b.connect();
    await askForMap(client, "cur:a");
    await codeOf(client, { channel: "cur:a", data: { x: 1 } });
    if (end === "unsubscribe") await client.call("unsubscribe", { channel: "cur:a" });
    else if (end === "server") await b.engine.unsubscribe({ user: "ann" }, "cur:a");
    else client.cut();
    await b.clock.settle();
    assert.equal(watcher.publications("cur:a").at(-1)?.["removed"], true, end);
    assert.ok(!told(client.publications("cur:a")).some((one) => one.startsWith("-")), "the one that left does not hear it");
    client.cut();
  }
  assert.equal((await b.engine.maps.stats("cur:a")).keys, 0);
});

test("[MP6] a plain publication on a map channel is delivered as it is, without a key", async () => {
  const b = new MapBench({ namespaces: { both: mapOptions({}, { allowPublishForClient: true }) } });
  const client = await b.connect();
  await askForMap(client, "both:a");
  for (const type of [0, 2, 7]) await codeOf(client, { type, channel: "both:a", key: "k", data: { t: type }, removed: true });
  const said = client.publications("both:a").map(({ data, key, offset }) => [data["t"], key, offset]);
  assert.deepEqual(said, [
    [0, undefined, undefined],
    [2, undefined, undefined],
    [7, undefined, undefined],
  ]);
  assert.equal((await b.engine.maps.stats("both:a")).keys, 0);
});

test("[MP7] a map that is full refuses new keys with 106", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions({ ...open, keysMax: 1 }) } });
  const client = await b.connect();
  const set = (key: string) => codeOf(client, { channel: "open:a", key, data: 1 });
  assert.deepEqual([await set("a"), await set("b"), await set("a"), b.reports.length], [undefined, 106, undefined, 0]);
});

test("[MP8] a log that fails is error 100, reported", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open) } });
  const client = await b.connect();
  b.mapGate.failWith(new Error("broken"));
  assert.deepEqual([await codeOf(client, { channel: "open:a", key: "a", data: 1 }), b.reports.length], [100, 1]);
});

test("[DL9] delta_publish holds for what clients set", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open, { deltaPublish: true, allowedDeltaTypes: ["fossil"] }) } });
  const client = await b.connect();
  await askForMap(client, "open:a", { delta: "fossil" });
  const long = "x".repeat(100);
  for (const n of [1, 2]) await codeOf(client, { channel: "open:a", key: "k", data: { long, n } });
  assert.deepEqual(
    client.publications("open:a").map(({ delta }) => delta),
    [undefined, true],
  );
});

const changed = (publish: MapPublishProxy | undefined, remove?: MapRemoveProxy): Proxies => ({
  ...noProxies,
  mapPublish: new Map(publish === undefined ? [] : [["default", publish]]),
  mapRemove: new Map(remove === undefined ? [] : [["default", remove]]),
});
const nothingSaid = {
  key: "",
  data: undefined,
  tags: undefined,
  keyMode: "",
  idempotencyKey: "",
  delta: false,
  version: 0,
  versionEpoch: "",
} as const;

function proxied(publish: MapPublishProxy, remove?: MapRemoveProxy): MapBench {
  const map = { publishProxyName: "default", ...(remove === undefined ? {} : { removeProxyName: "default" }) };
  return new MapBench({
    namespaces: { asks: mapOptions(map, { publicationDataFormat: "json_object" }) },
    ports: { proxies: changed(publish, remove) },
  });
}

test("[MP9] a proxy decides alone, what it leaves open stays the client's, and the client hears that it is done", async () => {
  const asked: unknown[] = [];
  const b = proxied(
    async ({ user }, { channel, key, data }) => {
      asked.push([user, channel, key, new TextDecoder().decode(data)]);
      return { kind: "result", result: undefined };
    },
    async ({ user }, { channel, key }) => {
      asked.push([user, channel, key]);
      return { kind: "result", result: undefined };
    },
  );
  const client = await b.connect();
  await askForMap(client, "asks:a");
  assert.equal(await codeOf(client, { channel: "asks:a", key: "k", data: { x: 1 } }), undefined);
  assert.equal(await codeOf(client, { channel: "asks:a", key: "k", removed: true }), undefined);
  assert.deepEqual(asked, [
    ["ann", "asks:a", "k", '{"x":1}'],
    ["ann", "asks:a", "k"],
  ]);
  assert.deepEqual(
    client.publications("asks:a").map(({ key, removed, info }) => [key, removed, info?.["user"]]),
    [
      ["k", undefined, "ann"],
      ["k", true, undefined],
    ],
  );
});

test("[MP9] a proxy may replace key, data and tags, and set the conditions", async () => {
  let result: Partial<typeof nothingSaid> | Record<string, unknown> = {};
  const b = proxied(
    async () => ({ kind: "result", result: { ...nothingSaid, ...result } }),
    async () => ({ kind: "result", result: { key: "theirs", tags: { t: "2" }, idempotencyKey: "" } }),
  );
  const client = await b.connect();
  await askForMap(client, "asks:a");
  const set = (more: Record<string, unknown>) => {
    result = more;
    return codeOf(client, { channel: "asks:a", key: "k", data: { mine: 1 } });
  };
  assert.equal(await set({ key: "theirs", data: bytes('{"y":1}'), tags: { t: "1" }, version: 5 }), undefined);
  assert.deepEqual(
    [await set({ key: "theirs", version: 4 }), await set({ key: "theirs", keyMode: "if_new" }), await set({ keyMode: "if_exists" })],
    [undefined, undefined, undefined],
  );
  assert.equal(await set({ data: bytes("1") }), 107, "what it says instead is checked, too");
  assert.equal(await codeOf(client, { channel: "asks:a", key: "k", removed: true }), undefined);
  assert.deepEqual(
    client.publications("asks:a").map(({ key, tags, removed }) => [key, tags?.["t"], removed]),
    [
      ["theirs", "1", undefined],
      ["theirs", "2", true],
    ],
  );
  assert.equal(await codeOf(client, { channel: "asks:a", key: "k", data: 1 }), 107, "before the proxy is asked");
});

test("[MP9] [A3] a proxy's refusals reach the client; one that fails allows nothing", async () => {
  for (const [answer, code] of [
    [{ kind: "error", code: 450, message: "no", temporary: false }, 450],
    [{ kind: "disconnect", code: 4_500, reason: "go" }, 4_500],
    [undefined, 100],
  ] as const) {
    const b = proxied(async () => {
      if (answer === undefined) throw new Error("away");
      return answer;
    });
    const client = await b.connect();
    assert.equal(await codeOf(client, { channel: "asks:a", key: "k", data: {} }), code);
    assert.deepEqual([(await b.engine.maps.stats("asks:a")).keys, b.reports.length], [0, answer === undefined ? 1 : 0]);
  }
});

test("[MP9] a key is needed in the end", async () => {
  const b = proxied(async () => ({ kind: "result", result: nothingSaid }));
  assert.equal(await codeOf(await b.connect(), { channel: "asks:a", key: "", data: {} }), 107);
});

onceOnly("[C21] from a JSON client bytes that are not UTF-8 are 107 for a key, too", async () => {
  const b = new MapBench({ namespaces: { open: mapOptions(open) } });
  const client = await b.connect({ user: "ann" }, {}, { protocol: "json" });
  client.say(new Uint8Array([...bytes('{"id":90,"publish":{"type":1,"key":"k","channel":"open:a","data":"'), 0xff, ...bytes('"}}')]));
  await b.clock.settle();
  assert.equal(client.reply(90)?.["error"]["code"], 107);
});

test("[OPT1] options that contradict each other, or need what was not handed in, stop the start", () => {
  const bad = [
    { map: { mode: "" } },
    { map: { mode: "ephemeral", keyTtlMs: 0 } },
    { map: { mode: "recoverable", keyTtlMs: 0 } },
    { map: { mode: "persistent", keyTtlMs: 1 } },
    { map: { mode: "ephemeral", keyTtlMs: 1, streamSize: 1 } },
    { map: { mode: "recoverable", keyTtlMs: 1_000, metaTtlMs: 1 } },
    { map: { mode: "persistent", metaTtlMs: 90_000 } },
    { map: { mode: "persistent", keysMax: 0 } },
    { map: { publishProxyName: "nobody" } },
    { more: { subscriptionType: "map_users" } },
    { more: { journal: true } },
    { more: { slowReaders: "latest" } },
    { more: { ratePerSMax: 1 } },
    { more: { mapClientsPresenceChannelPrefix: "per:" } },
    { more: { mapUsersPresenceChannelPrefix: "nowhere:" } },
  ] as const;
  for (const { map, more } of bad as readonly { readonly map?: object; readonly more?: object }[]) {
    assert.throws(() => new MapBench({ namespaces: { bad: mapOptions(map, more) } }), JSON.stringify({ map, more }));
  }
  assert.throws(() => new MapBench({ ports: { mapLog: undefined } }), /no map log/);
});
