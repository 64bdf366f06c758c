import assert from "node:assert/strict";
import { maps } from "../configs/maps.ts";
import type { Client } from "../harness/client.ts";
import { askForMap, changes, position, removeKeys, setKeys, told } from "../harness/maps.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { raw, type Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "map-changes",
  title: "Setting and removing keys",
  about: "Who may change a map, what is checked first, and what its subscribers are told.",
  config: maps,
});

const set = (client: Client, channel: string, key: string, more: Wire = {}): Promise<Wire> =>
  client.ok("publish", { channel, type: 1, key, data: "v", ...more });
const remove = (client: Client, channel: string, key: string, more: Wire = {}): Promise<Wire> =>
  client.ok("publish", { channel, type: 1, key, removed: true, ...more });

/** Everything a map holds, as `told` writes it. */
async function held(side: Side, channel: string): Promise<string[]> {
  return told((await side.api("map_read_state", { channel, limit: -1 }))["entries"]);
}

/** A change of a connected user is refused with this error. */
function refused(id: string, what: string, code: number, request: (side: Side) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    await (await side.connect()).refused("publish", { type: 1, key: "k", data: "v", ...request(side) }, code);
  });
}

rule("[MP1.1] a change without a channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, publish: { type: 1, key: "k", data: "v" } });
  await client.closed(3501);
});

refused("MP1.2", "an unknown namespace", 102, (side) => ({ channel: side.channel("nowhere:a") }));
refused("MP1.3", "a wrong name", 107, (side) => ({ channel: side.channel("re:UPPER") }));
refused("MP1.4", "no data, before the right", 107, (side) => ({ channel: side.channel("closed:a"), data: undefined }));
refused("MP1.5", "no object where one is asked for, before the right", 107, (side) => ({ channel: side.channel("obj:a") }));
refused("MP1.6", "a namespace that allows nobody, before the key", 103, (side) => ({ channel: side.channel("closed:a"), key: "" }));
refused("MP1.7", "no key", 107, (side) => ({ channel: side.channel("per:a"), key: "" }));
refused("MP1.8", "a key on a stream", 103, (side) => ({ channel: side.channel("open:a") }));
refused("MP1.9", "a plain publication where only keys may be set", 103, (side) => ({
  channel: side.channel("per:a"),
  type: 0,
  key: undefined,
}));

refused("MP1.15", "a key on a stream whose namespace has rights for keys", 100, (side) => ({ channel: side.channel("odd:a") }));
refused("MP1.16", "and none removed from there", 100, (side) => ({ channel: side.channel("odd:a"), removed: true }));

rule("[MP1.10] a subscriber hears what it sets itself, with its info, and before the reply", async (side) => {
  const client = await side.connect({ claims: { info: { i: 1 } } });
  const channel = side.channel("per:a");
  await askForMap(client, channel);
  client.send({ id: 70, publish: { channel, type: 1, key: "k", data: { v: 1 } } });
  const { push } = await client.next();
  assert.deepEqual([push.pub.key, push.pub.data, push.pub.offset], ["k", { v: 1 }, 1]);
  assert.deepEqual(push.pub.info, { user: side.user(), client: client.id, conn_info: { i: 1 } });
  assert.deepEqual(await client.next(), { id: 70, publish: {} });
});

rule("[MP1.11] the first change of a map tells its epoch", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await setKeys(side, channel, ["a", "b"]);
  const first = await client.push("pub", channel);
  const second = await client.push("pub", channel);
  assert.deepEqual([first["epoch"], second["epoch"]], [(await position(side, channel)).epoch, undefined]);
});

rule("[MP1.12] the payload's bytes stay as they are", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await set(client, channel, "k", { data: raw('{"a": 1.0,  "b":[1e2]}') });
  await client.push("pub", channel);
});

rule("[MP1.13] keys are any text", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  for (const key of ["é", '"', "a b", "\\", "\u{1F600}", "<&>", "x".repeat(300), "\u2028"]) {
    await set(client, channel, key);
    assert.equal((await client.push("pub", channel))["key"], key);
  }
});

rule("[MP1.14] bytes that are no JSON, where binary is allowed", { formats: ["protobuf"] }, async (side) => {
  const channel = side.channel("bin:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await set(client, channel, "k", { data: raw(Buffer.from([0xff, 0x00, 0x80])) });
  assert.deepEqual((await client.push("pub", channel))["data"], { bytes: "ff0080" });
});

rule("[MP2.1] a removal needs no data; its subscribers hear key and position, not whose it is", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["k"]);
  const client = await side.connect();
  await askForMap(client, channel);
  await remove(client, channel, "k");
  assert.deepEqual(await client.push("pub", channel), { offset: 2, key: "k", removed: true });
  assert.deepEqual(await held(side, channel), []);
});

rule("[MP2.2] a key that is not there is no error, and nobody hears of it", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await remove(client, channel, "nothing");
  await client.settled();
  assert.deepEqual(client.pushed("pub"), []);
});

rule("[MP2.3] a removal of an ephemeral key has no position", async (side) => {
  const channel = side.channel("eph:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await set(client, channel, "k");
  await remove(client, channel, "k");
  assert.deepEqual(await changes(client, channel, 2), ["k=v", "-k"]);
});

refused("MP2.4", "removing without a key", 107, (side) => ({ channel: side.channel("per:a"), key: "", removed: true, data: undefined }));
refused("MP2.5", "removing where nobody may", 103, (side) => ({ channel: side.channel("closed:a"), removed: true, data: undefined }));
refused("MP2.6", "removing in an unknown namespace", 102, (side) => ({ channel: side.channel("nowhere:a"), removed: true }));
refused("MP2.7", "removing from a stream", 103, (side) => ({ channel: side.channel("open:a"), removed: true }));

rule("[MP2.8] a removal carries the tags of the value that goes", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await setKeys(side, channel, ["a"], { tags: { t: "1" } });
  await removeKeys(side, channel, ["a"]);
  await client.push("pub", channel);
  assert.deepEqual((await client.push("pub", channel))["tags"], { t: "1" });
});

rule("[MP3.1] `for_subscriber` is for subscribers", async (side) => {
  const channel = side.channel("subs:a");
  const client = await side.connect();
  for (const removed of [false, true]) await client.refused("publish", { channel, type: 1, key: "k", data: "v", removed }, 103);
  await askForMap(client, channel);
  await set(client, channel, "k");
  await remove(client, channel, "k");
});

rule("[MP3.2] who is still paging the map in is no subscriber", async (side) => {
  const channel = side.channel("subs:a");
  await setKeys(side, channel, ["a", "b", "c"]);
  const client = await side.connect();
  const { epoch, offset, cursor } = await askForMap(client, channel);
  await client.refused("publish", { channel, type: 1, key: "k", data: "v" }, 103);
  await askForMap(client, channel, { epoch, offset, cursor });
  await set(client, channel, "k");
});

rule("[MP3.3] the anonymous set and remove where they may, each by its own rule", async (side) => {
  const client = await side.connect({ token: "" });
  const channel = side.channel("anon:a");
  await set(client, channel, "k");
  await client.refused("publish", { channel, type: 1, key: "k", removed: true }, 103);
  await client.refused("publish", { channel: side.channel("per:a"), type: 1, key: "k", data: "v" }, 103);
});

rule("[MP4.1] client_key client_id: the key is the connection's id, whatever it names", async (side) => {
  const channel = side.channel("cid:a");
  const [client, other] = [await side.connect(), await side.connect({ user: side.user("bob") })];
  await askForMap(other, channel);
  await set(client, channel, "mine");
  await set(client, channel, "");
  assert.deepEqual(await changes(other, channel, 2), [`${client.id}=v@1`, `${client.id}=v@2`]);
  await remove(client, channel, other.id);
  assert.deepEqual(await changes(other, channel, 1), [`-${client.id}@3`]);
});

rule("[MP4.2] client_key user_id: the user's", async (side) => {
  const channel = side.channel("uid:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await set(client, channel, "mine");
  assert.deepEqual(await changes(client, channel, 1), [`${side.user()}=v@1`]);
});

rule("[MP4.3] who is nobody has none: error 103", async (side) => {
  const client = await side.connect({ token: "" });
  await client.refused("publish", { channel: side.channel("uid:a"), type: 1, key: "k", data: "v" }, 103);
});

for (const [n, [how, leave]] of (
  [
    ["it unsubscribes", (client: Client, channel: string) => client.ok("unsubscribe", { channel })],
    ["it leaves", async (client: Client) => client.end()],
    ["its connection breaks", async (client: Client) => client.cut()],
  ] as const
).entries()) {
  rule(`[MP5.${n + 1}] remove_client_on_unsubscribe: a connection's key goes when ${how}`, async (side) => {
    const channel = side.channel("cid:a");
    const watching = await side.connect({ user: side.user("bob") });
    await askForMap(watching, channel);
    const client = await side.connect();
    await askForMap(client, channel);
    await set(client, channel, "k");
    await leave(client, channel);
    assert.deepEqual(await changes(watching, channel, 2), [`${client.id}=v@1`, `-${client.id}@2`]);
  });
}

rule("[MP5.4] the user's key stays", async (side) => {
  const channel = side.channel("uid:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await set(client, channel, "k");
  await client.ok("unsubscribe", { channel });
  assert.deepEqual(await held(side, channel), [`${side.user()}=v@1`]);
});

rule("[MP6.1] a plain publication on a map channel comes as it is, and is kept nowhere", async (side) => {
  const channel = side.channel("plain:a");
  const client = await side.connect();
  await askForMap(client, channel);
  await client.ok("publish", { channel, data: { p: 1 } });
  const publication = await client.push("pub", channel);
  assert.deepEqual([publication["key"], publication["data"], publication["offset"]], [undefined, { p: 1 }, undefined]);
  assert.deepEqual(await held(side, channel), []);
});

rule("[MP6.2] the server's publish is refused on a map channel (107), and a map has no history (108)", async (side) => {
  const channel = side.channel("per:a");
  const answers = [];
  for (const [method, params] of [
    ["publish", { channel, data: 1 }],
    ["history", { channel }],
    ["history_remove", { channel }],
  ] as const)
    answers.push(JSON.parse((await side.apiAnswer(method, params)).body));
  assert.deepEqual(
    answers.map(({ error }) => error.code),
    [107, 108, 108],
  );
});

rule("[MP6.3] a client asks a map for its history: error 108", async (side) => {
  const client = await side.connect();
  const channel = side.channel("per:a");
  await askForMap(client, channel);
  await client.refused("history", { channel, limit: 1 }, 108);
});

rule("[ML17.1] if_new and if_exists: what is suppressed nobody hears", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  const set = (key: string, data: number, key_mode: string) => side.api("map_publish", { channel, key, data, key_mode });
  const answers = [
    await set("a", 1, "if_exists"),
    await set("a", 2, "if_new"),
    await set("a", 3, "if_new"),
    await set("a", 4, "if_exists"),
  ];
  assert.deepEqual(
    answers.map(({ suppress_reason }) => suppress_reason),
    ["key_not_found", undefined, "key_exists", undefined],
  );
  assert.deepEqual(await changes(client, channel, 2), ["a=2@1", "a=4@2"]);
});

rule("[ML18.1] a change whose version is not above the key's is suppressed", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  const set = (data: number, version: number) => side.api("map_publish", { channel, key: "a", data, version });
  assert.deepEqual(
    [
      (await set(1, 5))["suppressed"],
      (await set(2, 5))["suppress_reason"],
      (await set(3, 4))["suppress_reason"],
      (await set(4, 6))["offset"],
    ],
    [undefined, "version", "version", 2],
  );
  assert.deepEqual(await changes(client, channel, 2), ["a=1@1", "a=4@2"]);
});

rule("[ML19.1] an idempotency key changes a map once", async (side) => {
  const channel = side.channel("per:a");
  const client = await side.connect();
  await askForMap(client, channel);
  for (const data of [1, 2]) await side.api("map_publish", { channel, key: "a", data, idempotency_key: "i" });
  await setKeys(side, channel, ["b"]);
  assert.deepEqual(await changes(client, channel, 2), ["a=1@1", "b=b@2"]);
});

rule("[MA4.1] changes from another epoch: error 112", { formats: ["http"] }, async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a"]);
  assert.equal(JSON.parse((await side.apiAnswer("map_read_stream", earlier(channel))).body).error.code, 112);
});

rule(
  "[MA4.2] also of a map that nobody has touched",
  {
    formats: ["http"],
    differs: {
      deviation: "`map_read_stream` from another epoch, of a map that nobody has touched",
      real: async (side) => {
        const { epoch, ...more } = await side.api("map_read_stream", earlier(side.channel("per:a")));
        assert.deepEqual([typeof epoch, more], ["string", {}]);
      },
    },
  },
  async (side) => {
    assert.equal(JSON.parse((await side.apiAnswer("map_read_stream", earlier(side.channel("per:a")))).body).error.code, 112);
  },
);

const earlier = (channel: string): Wire => ({ channel, limit: 10, since_offset: 1, since_epoch: "earlier" });

rule("[MA5.1] clear takes everything; the stats know", async (side) => {
  const channel = side.channel("per:a");
  await setKeys(side, channel, ["a", "b"]);
  assert.deepEqual(await side.api("map_stats", { channel }), { num_keys: 2 });
  await side.api("map_clear", { channel });
  assert.deepEqual(await side.api("map_stats", { channel }), {});
  assert.deepEqual(await held(side, channel), []);
});

const numbers = { map_publish: 33, map_remove: 34, map_read_state: 35, map_read_stream: 36, map_stats: 37, map_clear: 38 };

rule("[MA8.1] map methods in a batch, by name and by number", async (side) => {
  const channel = side.channel("per:a");
  const commands = [
    { map_publish: { channel, key: "a", data: 1 } },
    { map_publish: { channel, key: "b", data: 2 } },
    { map_remove: { channel, key: "a" } },
    { map_read_state: { channel, limit: 10 } },
    { map_read_stream: { channel, limit: 10 } },
    { map_stats: { channel } },
    { map_clear: { channel } },
    { map_stats: { channel } },
    { map_publish: { channel, data: 1 } },
  ];
  const { replies } = JSON.parse((await side.apiAnswer("batch", { commands })).body) as { replies: readonly Wire[] };
  assert.deepEqual(
    replies.map((reply) => Object.keys(reply)[0]),
    ["map_publish", "map_publish", "map_remove", "map_read_state", "map_read_stream", "map_stats", "map_clear", "map_stats", "error"],
  );
  const named = commands.map((command) => ({ method: Object.keys(command)[0], params: Object.values(command)[0] }));
  const numbered = named.map(({ method, params }) => ({ method: numbers[method as keyof typeof numbers], params }));
  for (const list of [named, numbered]) await side.apiAnswer("/api", list.map((command) => JSON.stringify(command)).join("\n"));
});

rule("[MP9.1] a publish proxy decides alone, and may replace key, data and tags", withProxies("/map_publish", "k=v@1"), async (side) => {
  side.backend.on("/map_publish", ({ body }) => {
    if (body.key === "no") return { error: { code: 1403, message: "not you" } };
    if (body.key === "bye") return { disconnect: { code: 4500, reason: "bye" } };
    return body.key === "k" ? { result: {} } : { result: { key: "other", data: { by: "backend" }, tags: { t: "1" } } };
  });
  const client = await side.connect();
  const channel = side.channel("written:a");
  await askForMap(client, channel);
  await set(client, channel, "k");
  await set(client, channel, "else");
  assert.deepEqual(await changes(client, channel, 2), ["k=v@1", 'other={"by":"backend"}@2']);
  assert.equal((await client.call("publish", { channel, type: 1, key: "no", data: 1 }))["error"].code, 1403);
  client.send({ id: 80, publish: { channel, type: 1, key: "bye", data: 1 } });
  await client.until("the end", () => client.ending);
  assert.deepEqual(client.ending, { kind: "close", code: 4500, reason: "bye" });
});

rule("[MP9.2] and so does a remove proxy", withProxies("/map_remove", "-k@2"), async (side) => {
  side.backend.on("/map_publish", () => ({ result: {} }));
  side.backend.on("/map_remove", ({ body }) => (body.key === "no" ? { error: { code: 1403, message: "not you" } } : { result: {} }));
  const client = await side.connect();
  const channel = side.channel("written:a");
  await askForMap(client, channel);
  await set(client, channel, "k");
  await remove(client, channel, "k");
  assert.deepEqual(await changes(client, channel, 2), ["k=v@1", "-k@2"]);
  assert.equal((await client.call("publish", { channel, type: 1, key: "no", removed: true }))["error"].code, 1403);
});

rule("[MP9.3] a proxy that does not answer allows nothing: error 100", async (side) => {
  for (const path of ["/map_publish", "/map_remove"]) side.backend.on(path, () => ({ status: 500, text: "" }));
  const client = await side.connect();
  const channel = side.channel("written:a");
  await client.refused("publish", { channel, type: 1, key: "k", data: 1 }, 100);
  await client.refused("publish", { channel, type: 1, key: "k", removed: true }, 100);
  assert.deepEqual(await held(side, channel), []);
});

rule("[MP9.4] what the backend is asked", async (side) => {
  for (const path of ["/map_publish", "/map_remove"]) side.backend.on(path, () => ({ error: { code: 1403, message: "no" } }));
  const client = await side.connect();
  const channel = side.channel("written:a");
  await client.call("publish", { channel, type: 1, key: "k", data: { v: 1 } });
  await client.call("publish", { channel, type: 1, key: "k", removed: true });
  assert.deepEqual(
    side.backend.asked.map(({ body }) => [body.channel, body.key, body.data]),
    [
      [channel, "k", { v: 1 }],
      [channel, "k", undefined],
    ],
  );
});

/** The real one makes the change and answers 107. */
function withProxies(path: string, made: string) {
  return {
    differs: {
      deviation: "publish and remove proxies",
      real: async (side: Side): Promise<void> => {
        for (const door of ["/map_publish", "/map_remove"]) side.backend.on(door, () => ({ result: {} }));
        const client = await side.connect();
        const channel = side.channel("written:a");
        await askForMap(client, channel);
        if (path === "/map_remove") await setKeys(side, channel, ["k"]);
        await client.refused("publish", { channel, type: 1, key: "k", data: "v", removed: path === "/map_remove" }, 107);
        assert.equal((await changes(client, channel, path === "/map_remove" ? 2 : 1)).at(-1), made);
      },
    },
  };
}

export default group;
