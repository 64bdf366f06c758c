import assert from "node:assert/strict";
import { maps } from "../configs/maps.ts";
import type { Client } from "../harness/client.ts";
import { deltaPayloads } from "../harness/fossil.ts";
import { askForMap, changes, position, refusedMap, removeKeys, setKeys, told } from "../harness/maps.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "map-delta",
  title: "Maps: delta compression and tags filters",
  about: "What is a patch to what, and what a filter withholds, while a map is paged in and later.",
  config: maps,
});

/** A payload whose change stands at its beginning: there is one patch that anybody would make of it. */
const payload = (n: number): unknown => [n, "the door of machine seven was closed at noon, 湿度 unknown; nobody has to come before friday"];

async function set(side: Side, channel: string, key: string, n: number, more: Wire = {}): Promise<void> {
  await side.api("map_publish", { channel, key, data: payload(n), ...more });
}

const ask = (client: Client, channel: string, more: Wire = {}): Promise<Wire> => askForMap(client, channel, { delta: "fossil", ...more });

/** Reads what came as an SDK does, a patch against what the same key held before: `key=n`, with a `*` for patches. */
class Keys {
  readonly #said = new Map<string, Wire[]>();

  read(publications: readonly Wire[] | undefined): string[] {
    return (publications ?? []).map((publication) => {
      const { key, removed, delta } = publication;
      if (removed === true) {
        this.#said.delete(key);
        return `-${key}`;
      }
      const said = [...(this.#said.get(key) ?? []), publication];
      this.#said.set(key, said);
      const [n] = deltaPayloads(said).at(-1) as [number];
      return `${key}=${n}${delta === true ? "*" : ""}`;
    });
  }

  async live(client: Client, channel: string, count: number): Promise<string[]> {
    const publications: Wire[] = [];
    for (let n = 0; n < count; n++) publications.push(await client.push("pub", channel));
    return this.read(publications);
  }
}

rule("[MS18.1] a change is a patch to what its key held before, at once", async (side) => {
  const channel = side.channel("delta:a");
  await set(side, channel, "a", 1);
  const client = await side.connect();
  const reply = await ask(client, channel);
  assert.equal(reply["delta"], true);
  const keys = new Keys();
  assert.deepEqual(keys.read(reply["state"]), ["a=1"]);
  for (const [key, n] of [
    ["a", 2],
    ["b", 3],
    ["b", 4],
    ["a", 5],
  ] as const)
    await set(side, channel, key, n);
  assert.deepEqual(await keys.live(client, channel, 4), ["a=2*", "b=3", "b=4*", "a=5*"]);
});

rule("[MS18.2] a key that comes again after its removal comes whole", { formats: ["protobuf"] }, async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await ask(client, channel);
  await set(side, channel, "a", 1);
  await removeKeys(side, channel, ["a"]);
  await set(side, channel, "a", 2);
  assert.deepEqual(await new Keys().live(client, channel, 3), ["a=1", "-a", "a=2"]);
});

rule(
  "[MS18.3] a removal has no data",
  {
    formats: ["json"],
    differs: {
      deviation: "a removal towards a JSON delta subscriber, live",
      real: async (side) => assert.equal((await removal(side))["data"], ""),
    },
  },
  async (side) => assert.deepEqual(await removal(side), { offset: 2, key: "a", removed: true }),
);

async function removal(side: Side): Promise<Wire> {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await ask(client, channel);
  await set(side, channel, "a", 1);
  await removeKeys(side, channel, ["a"]);
  await client.push("pub", channel);
  return client.push("pub", channel);
}

rule("[MS18.4] what was not published for patches comes whole; `delta` makes a single change one for patches", async (side) => {
  const channel = side.channel("deltaasked:a");
  const client = await side.connect();
  assert.equal((await ask(client, channel))["delta"], true);
  await set(side, channel, "a", 1);
  await set(side, channel, "a", 2);
  await set(side, channel, "a", 3, { delta: true });
  await set(side, channel, "a", 4);
  assert.deepEqual(await new Keys().live(client, channel, 4), ["a=1", "a=2", "a=3*", "a=4"]);
});

rule("[MS18.5] who did not ask gets everything as it is, beside one who did", async (side) => {
  const channel = side.channel("delta:a");
  const [plain, delta] = [await side.connect(), await side.connect({ user: side.user("bob") })];
  await askForMap(plain, channel);
  await ask(delta, channel);
  await set(side, channel, "a", 1);
  await set(side, channel, "a", 2);
  assert.deepEqual([(await plain.push("pub", channel))["data"], (await plain.push("pub", channel))["data"]], [payload(1), payload(2)]);
  assert.deepEqual(await new Keys().live(delta, channel, 2), ["a=1", "a=2*"]);
});

rule("[MS18.6] without a stream everything comes whole", async (side) => {
  const channel = side.channel("deltaeph:a");
  await set(side, channel, "a", 1);
  const client = await side.connect();
  const reply = await ask(client, channel);
  const keys = new Keys();
  assert.deepEqual([reply["delta"], keys.read(reply["state"])], [true, ["a=1"]]);
  await set(side, channel, "a", 2);
  await set(side, channel, "a", 3);
  assert.deepEqual(await keys.live(client, channel, 2), ["a=2", "a=3"]);
});

rule("[MS18.7] the changes of the live reply are patches by key, live ones go on from there", async (side) => {
  const channel = side.channel("delta:a");
  await set(side, channel, "a", 1);
  const from = await position(side, channel);
  for (const [key, n] of [
    ["a", 2],
    ["b", 3],
    ["a", 4],
    ["b", 5],
  ] as const)
    await set(side, channel, key, n);
  await removeKeys(side, channel, ["b"]);
  const client = await side.connect();
  const reply = await ask(client, channel, { phase: 0, recover: true, ...from });
  const keys = new Keys();
  assert.deepEqual(keys.read(reply["publications"]), ["a=2", "b=3", "a=4*", "b=5*", "-b"]);
  await set(side, channel, "a", 6);
  await set(side, channel, "c", 7);
  assert.deepEqual(await keys.live(client, channel, 2), ["a=6*", "c=7"]);
});

rule("[MS18.8] pages of changes come whole", async (side) => {
  const channel = side.channel("delta:a");
  const from = await position(side, channel);
  for (let n = 1; n <= 10; n++) await set(side, channel, "a", n);
  const client = await side.connect();
  const keys = new Keys();
  const page = await ask(client, channel, { phase: 1, recover: true, ...from });
  assert.deepEqual([page["phase"], page["delta"], keys.read(page["publications"])], [1, undefined, ["a=1", "a=2"]]);
  const live = await ask(client, channel, { phase: 1, epoch: from.epoch, offset: page["offset"], limit: 8 });
  assert.deepEqual(keys.read(live["publications"]), ["a=3", "a=4*", "a=5*", "a=6*", "a=7*", "a=8*", "a=9*", "a=10*"]);
});

rule("[MS18.9] towards a JSON client with delta every value is a string, in the state and live", { formats: ["json"] }, async (side) => {
  const channel = side.channel("delta:a");
  await setKeys(side, channel, ["a", "b", "c"]);
  const client = await side.connect();
  const first = await ask(client, channel);
  const last = await ask(client, channel, { cursor: first["cursor"], epoch: first["epoch"], offset: first["offset"] });
  await setKeys(side, channel, ["d"]);
  const data = [...first["state"], ...last["state"], await client.push("pub", channel)].map((publication: Wire) => publication["data"]);
  assert.deepEqual(data, ['"a"', '"b"', '"c"', '"d"']);
});

rule("[MS18.10] what a client sets is published for patches, too", async (side) => {
  const channel = side.channel("delta:a");
  const client = await side.connect();
  await ask(client, channel);
  for (const n of [1, 2]) await client.ok("publish", { channel, type: 1, key: "a", data: payload(n) });
  assert.deepEqual(await new Keys().live(client, channel, 2), ["a=1", "a=2*"]);
});

const one = { tf: { key: "t", cmp: "eq", val: "1" } };
const tag = (t: string): Wire => ({ tags: { t } });

rule("[MS19.1] a filter holds for the state; withheld keys make pages shorter, not fewer", async (side) => {
  const channel = side.channel("tf:a");
  await setKeys(side, channel, ["a", "c"], tag("1"));
  await setKeys(side, channel, ["b", "d"], tag("2"));
  const client = await side.connect();
  const first = await askForMap(client, channel, one);
  assert.deepEqual([told(first["state"]), first["cursor"]], [["a=a@1"], "b"]);
  const { epoch, offset, cursor } = first;
  const last = await askForMap(client, channel, { ...one, epoch, offset, cursor });
  assert.deepEqual([told(last["state"]), last["offset"]], [["c=c@2"], 4]);
});

rule("[MS19.2] for the changes of the live reply, for those of who comes back, and for what comes live", async (side) => {
  const channel = side.channel("tf:a");
  await setKeys(side, channel, ["a", "c", "d"], tag("1"));
  const client = await side.connect();
  const { epoch, offset, cursor } = await askForMap(client, channel, one);
  await setKeys(side, channel, ["b"], tag("1"));
  await setKeys(side, channel, ["a=2"], tag("2"));
  const last = await askForMap(client, channel, { ...one, epoch, offset, cursor, limit: 4 });
  assert.deepEqual([told(last["publications"]), last["offset"]], [["b=b@4"], 5]);
  await setKeys(side, channel, ["x"], tag("2"));
  await setKeys(side, channel, ["x=2"], tag("1"));
  await removeKeys(side, channel, ["x"]);
  await setKeys(side, channel, ["y"]);
  assert.deepEqual(await changes(client, channel, 2), ["x=2@7", "-x@8"]);
  const back = await askForMap(await side.connect(), channel, { ...one, phase: 0, recover: true, epoch, offset: 5 });
  assert.deepEqual([told(back["publications"]), back["offset"], back["recovered"]], [["x=2@7", "-x@8"], 9, true]);
});

rule("[MS19.3] withheld changes move the position: the check is content", async (side) => {
  const channel = side.channel("tf:a");
  const client = await side.connect();
  await askForMap(client, channel, one);
  await setKeys(side, channel, ["x", "y"], tag("2"));
  await client.silent(3_000);
  await setKeys(side, channel, ["z"], tag("1"));
  assert.deepEqual(await changes(client, channel, 1), ["z=z@3"]);
});

rule("[MS19.4] of an ephemeral map, too", async (side) => {
  const channel = side.channel("tfeph:a");
  await setKeys(side, channel, ["a"], tag("1"));
  await setKeys(side, channel, ["b"], tag("2"));
  const client = await side.connect();
  assert.deepEqual(told((await askForMap(client, channel, one))["state"]), ["a=a"]);
  await setKeys(side, channel, ["c"], tag("2"));
  await setKeys(side, channel, ["d"], tag("1"));
  assert.deepEqual(await changes(client, channel, 1), ["d=d"]);
});

rule("[MS19.5] a filter beside the last request that is not well formed: error 107", async (side) => {
  const channel = side.channel("tf:a");
  await setKeys(side, channel, ["a", "b", "c"], tag("1"));
  const client = await side.connect();
  const { epoch, offset, cursor } = await askForMap(client, channel, one);
  await refusedMap(client, channel, 107, { epoch, offset, cursor, tf: { key: "t", cmp: "near" } });
});

rule(
  "[MS19.6] with delta a filter withholds the same, and a patch is made only from a value that was sent",
  {
    differs: {
      deviation: "a delta subscription with a tags filter",
      real: async (side) => {
        const { client, channel } = await filteredDelta(side);
        const offsets = [];
        for (let n = 0; n < 5; n++) offsets.push((await client.push("pub", channel))["offset"]);
        assert.deepEqual(offsets, [1, 2, 3, 4, 5]);
      },
    },
  },
  async (side) => {
    const { client, channel } = await filteredDelta(side);
    assert.deepEqual(await new Keys().live(client, channel, 4), ["k=1", "k=2*", "k=4", "k=5*"]);
  },
);

async function filteredDelta(side: Side): Promise<{ client: Client; channel: string }> {
  const channel = side.channel("tfdelta:a");
  const client = await side.connect();
  await ask(client, channel, one);
  for (const [n, t] of [
    [1, "1"],
    [2, "1"],
    [3, "2"],
    [4, "1"],
    [5, "1"],
  ] as const)
    await set(side, channel, "k", n, tag(t));
  return { client, channel };
}

export default group;
