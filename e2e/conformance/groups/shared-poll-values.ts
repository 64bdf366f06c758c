import assert from "node:assert/strict";
import { sharedPolls } from "../configs/shared-polls.ts";
import { type Client, pause } from "../harness/client.ts";
import { deltaPayloads } from "../harness/fossil.ts";
import { conformance } from "../harness/rule.ts";
import { batch, eventually, follower, track, untrack, Values, values } from "../harness/shared-polls.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "shared-poll-values",
  title: "Shared polls: values",
  about: "When the backend is asked for which keys, and what followers are told of its answers.",
  config: sharedPolls,
});

const atOwnTimes = { compare: { off: "rounds come at their own times" } } as const;
const together = { compare: { off: "the real one asks for keys one by one (deviations.md)" } } as const;

rule("[SP20.1] a new key is asked for at once, without a version, and its value follows the reply", async (side) => {
  new Values(side, { k: { data: { n: 1 } } });
  const channel = side.channel("plain:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await client.push("pub", channel), { data: { n: 1 }, key: "k", version: 1 });
  const [asked] = side.backend.asked;
  assert.deepEqual(asked?.body, { channel, items: [{ key: "k" }] });
  assert.equal(asked?.headers["x-static"], "static");
});

rule("[SP20.2] a second follower gets the value at once, by another question; the first is not told again", async (side) => {
  const backend = new Values(side, { k: { data: 1 } });
  const channel = side.channel("plain:a");
  const one = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(one, channel, 1), ["k=1@1"]);
  const other = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(other, channel, 1), ["k=1@1"]);
  assert.deepEqual(backend.asked, ["k", "k"]);
  await one.silent();
});

rule("[SP20.3] who has the newest version is not told, and causes no question", async (side) => {
  const backend = new Values(side, { k: { data: 1 } });
  const channel = side.channel("plain:a");
  const one = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(one, channel, 1), ["k=1@1"]);
  const other = await follower(side, channel);
  await track(side, other, channel, ["k@1"]);
  await other.silent();
  assert.deepEqual(backend.asked, ["k"]);
});

rule("[SP20.4] who has an older version gets the newest", async (side) => {
  const backend = new Values(side, { k: { data: 3, version: 3 } });
  const channel = side.channel("ver:a");
  const one = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(one, channel, 1), ["k=3@3"]);
  const other = await follower(side, channel);
  await track(side, other, channel, ["k@2"]);
  assert.deepEqual(await values(other, channel, 1), ["k=3@3"]);
  // Asked without a version: the value is wanted whether it has changed or not.
  assert.deepEqual(backend.asked, ["k", "k"]);
  await one.silent();
});

rule("[SP20.5] with versions, a key that is new and that the client has a version of waits for the round", async (side) => {
  const backend = new Values(side, { k: { data: 3, version: 3 } });
  const channel = side.channel("ver:a");
  const client = await follower(side, channel);
  await track(side, client, channel, ["k@2"]);
  await client.silent(150);
  assert.deepEqual(backend.asked, []);
});

rule("[SP20.6] and gets the value from it", atOwnTimes, async (side) => {
  new Values(side, { k: { data: 3, version: 3 }, l: { data: 1, version: 1 } });
  const channel = side.channel("verquick:a");
  const client = await follower(side, channel);
  await track(side, client, channel, ["k@2", "l@1"]);
  assert.deepEqual(await values(client, channel, 1), ["k=3@3"]);
  await client.silent(600);
});

rule("[SP20.7] tracked again without a version, a key is told again, to this client alone", async (side) => {
  new Values(side, { k: { data: 1 } });
  const channel = side.channel("plain:a");
  const [one, other] = [await follower(side, channel, ["k"]), await side.connect()];
  assert.deepEqual(await values(one, channel, 1), ["k=1@1"]);
  await other.subscribe(channel, { type: 4 });
  await track(side, one, channel, ["k"]);
  assert.deepEqual(await values(one, channel, 1), ["k=1@1"]);
  await other.silent();
});

rule("[SP20.8] several new keys: all values come, numbered in one row", together, async (side) => {
  new Values(side, { a: { data: 1 }, b: { data: 2 }, c: { data: 3 } });
  const channel = side.channel("plain:a");
  const client = await follower(side, channel, ["a", "b", "c"]);
  assert.deepEqual(await values(client, channel, 3), ["a=1@1", "b=2@2", "c=3@3"]);
});

rule(
  "[SP20.9] they are asked for together, a batch at a time",
  {
    differs: {
      deviation: "several keys that are wanted at once",
      real: async (side) => {
        const backend = new Values(side, { a: { data: 1 }, b: { data: 2 }, c: { data: 3 } });
        await values(await follower(side, side.channel("plain:a"), ["a", "b", "c"]), side.channel("plain:a"), 3);
        assert.deepEqual(backend.asked, ["a", "b", "c"]);
      },
    },
  },
  async (side) => {
    const backend = new Values(side, { a: { data: 1 }, b: { data: 2 }, c: { data: 3 } });
    await values(await follower(side, side.channel("plain:a"), ["a", "b", "c"]), side.channel("plain:a"), 3);
    assert.deepEqual(backend.asked, ["a,b,c"]);
  },
);

rule(
  "[SP20.10] a version that the channel never gave counts as none",
  {
    differs: {
      deviation: "a version that a client claims, and that its channel never gave",
      real: async (side) => {
        new Values(side, { k: { data: 1 } });
        const client = await follower(side, side.channel("quick:a"));
        await track(side, client, side.channel("quick:a"), ["k@9"]);
        await client.silent(800);
      },
    },
  },
  async (side) => {
    new Values(side, { k: { data: 1 } });
    const client = await follower(side, side.channel("quick:a"));
    await track(side, client, side.channel("quick:a"), ["k@9"]);
    assert.deepEqual(await values(client, side.channel("quick:a"), 1), ["k=1@1"]);
  },
);

rule("[SP21.1] rounds bring what has changed, to every follower, and nothing else", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1 }, l: { data: 1 } });
  const channel = side.channel("quick:a");
  const clients: Client[] = [];
  for (let n = 0; n < 2; n++) {
    const client = await follower(side, channel);
    for (const key of ["k", "l"]) {
      await track(side, client, channel, [key]);
      await values(client, channel, 1);
    }
    clients.push(client);
  }
  await clients[0]!.silent(400);
  backend.items = { k: { data: 2 }, l: { data: 1 } };
  for (const client of clients) assert.deepEqual(await values(client, channel, 1), ["k=2@3"]);
  await clients[0]!.silent(400);
  assert.equal(backend.asked.at(-1), "k,l");
});

rule("[SP21.2] a round asks in batches, in the order of the names", atOwnTimes, async (side) => {
  const backend = new Values(side, { a: { data: 1 }, b: { data: 1 }, c: { data: 1 } });
  const channel = side.channel("batches:a");
  const client = await follower(side, channel);
  for (const key of ["c", "a", "b"]) await track(side, client, channel, [key]);
  await values(client, channel, 3);
  const isRound = (at: number): boolean => backend.asked[at] === "a,b" && backend.asked[at + 1] === "c";
  // Where the tracks came slowly, rounds of fewer keys went before.
  await eventually("two rounds of two requests", () => backend.asked.some((_, at) => isRound(at) && isRound(at + 2)));
});

rule("[SP22.1] with versions, the backend is told them, and may leave out what has not changed", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 7 } });
  backend.leavesOutUnchanged = true;
  const channel = side.channel("verquick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@7"]);
  await client.silent(600);
  assert.equal(backend.asked.at(-1), "k@7");
  backend.items = { k: { data: 2, version: 8 } };
  assert.deepEqual(await values(client, channel, 1), ["k=2@8"]);
});

rule("[SP23.1] a backend that refuses, fails or answers nonsense is asked again; nobody is told", atOwnTimes, async (side) => {
  const channel = side.channel("quick:a");
  const bad: readonly (readonly [string, object | "cut"])[] = [
    ["an error", { error: { code: 1000, message: "not now" } }],
    ["a status", { status: 500, text: "" }],
    ["no JSON", { status: 200, text: "<html>" }],
    ["no answer", "cut"],
    ["nothing", {}],
    ["items of another kind", { result: { items: [{ key: 5 }] } }],
  ];
  let n = 0;
  side.backend.on("/values", () => {
    const [, answer] = bad[n++] ?? [];
    return (answer ?? { result: { items: [{ key: "k", data: 1 }] } }) as Wire;
  });
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  assert.ok(n > bad.length);
});

rule("[SP23.2] a backend that is slow holds nobody up but its followers", { ...atOwnTimes, limitMs: 20_000 }, async (side) => {
  const [slow, fast] = [side.channel("quick:a"), side.channel("own:a")];
  side.backend.on("/values", () => "hang");
  side.backend.on("/own", () => ({ result: { items: [{ key: "k", data: 2 }] } }));
  const client = await follower(side, slow, ["k"]);
  await client.subscribe(fast, { type: 4 });
  await track(side, client, fast, ["k"]);
  assert.deepEqual(await values(client, fast, 1), ["k=2@1"]);
  side.backend.on("/values", () => ({ result: { items: [{ key: "k", data: 1 }] } }));
  assert.deepEqual(await values(client, slow, 1), ["k=1@1"]);
});

rule("[SP23.3] a value of another format spoils the answer; an item without data does not", atOwnTimes, async (side) => {
  const channel = side.channel("object:a");
  side.backend.on("/values", ({ body }) => ({
    result: {
      items: (body.items as Wire[]).map(({ key }) =>
        key === "empty" ? { key } : { key, data: key === "text" ? "no object" : { ok: true } },
      ),
    },
  }));
  const client = await follower(side, channel, ["text"]);
  await client.silent(150);
  await track(side, client, channel, ["good"]);
  assert.deepEqual(await values(client, channel, 1), ['good={"ok":true}@1']);
  await track(side, client, channel, ["empty"]);
  assert.deepEqual(await client.push("pub", channel), { key: "empty", version: 2 });
});

rule("[SP25.1] a key that nobody follows is asked for no longer", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1 }, l: { data: 1 } });
  const channel = side.channel("quick:a");
  const [one, other] = [await follower(side, channel, ["k"]), await follower(side, channel, ["k"])];
  await track(side, other, channel, ["l"]);
  await values(other, channel, 2);
  await untrack(one, channel, ["k"]);
  await eventually("a round of both", () => backend.asked.at(-1) === "k,l");
  other.cut();
  await pause(700);
  const { length } = backend.asked;
  await one.silent(600);
  assert.equal(backend.asked.length, length);
});

rule("[SP30.1] what was not asked for and nobody follows is not told; what somebody follows is", async (side) => {
  side.backend.on("/values", ({ body }) => ({
    result: {
      items: [
        { key: body.items[0].key, data: 1 },
        { key: "x", data: 2 },
        { key: "first", data: 3 },
      ],
    },
  }));
  const channel = side.channel("plain:a");
  const client = await follower(side, channel, ["first"]);
  assert.deepEqual(await values(client, channel, 2), ["first=1@1", "first=3@2"]);
  await track(side, client, channel, ["second"]);
  assert.deepEqual(await values(client, channel, 1), ["second=1@3"]);
  await client.silent();
});

rule("[SP31.1] a value that comes back to a former one is a change each time", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: "a" } });
  const channel = side.channel("quick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=a@1"]);
  backend.items = { k: { data: "b" } };
  assert.deepEqual(await values(client, channel, 1), ["k=b@2"]);
  backend.items = { k: { data: "a" } };
  assert.deepEqual(await values(client, channel, 1), ["k=a@3"]);
});

rule("[SP31.2] an item with a version where none is expected is read as with versions", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 5 } });
  const channel = side.channel("quick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@5"]);
  backend.items = { k: { data: 2, version: 5 } };
  await client.silent(600);
  backend.items = { k: { data: 3, version: 6 } };
  assert.deepEqual(await values(client, channel, 1), ["k=3@6"]);
});

rule("[SP32.1] with versions, the same and a lower one are no change, whatever the data", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 5 } });
  const channel = side.channel("verquick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@5"]);
  for (const version of [5, 4, 0]) {
    backend.items = { k: { data: 2, version } };
    await client.silent(400);
  }
  backend.items = { k: { data: 3, version: 6 } };
  assert.deepEqual(await values(client, channel, 1), ["k=3@6"]);
});

rule("[SP32.2] with versions, an item without one is not told", async (side) => {
  new Values(side, { k: { data: 1 } });
  const client = await follower(side, side.channel("ver:a"), ["k"]);
  await client.silent(150);
});

rule("[SP35.1] a removed key is told and followed no longer", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1 }, l: { data: 1 } });
  const channel = side.channel("quick:a");
  const [one, other] = [await follower(side, channel, ["k"]), await follower(side, channel, ["k"])];
  for (const client of [one, other]) assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await track(side, one, channel, ["l"]);
  assert.deepEqual(await values(one, channel, 1), ["l=1@2"]);
  backend.items = { k: { removed: true }, l: { data: 1 } };
  for (const client of [one, other]) assert.deepEqual(await client.push("pub", channel), { key: "k", removed: true });
  await eventually("rounds without it", () => backend.asked.at(-1) === "l");
  backend.items = { k: { data: 2 }, l: { data: 1 } };
  await other.silent(400);
  await track(side, other, channel, ["k"]);
  assert.deepEqual(await values(other, channel, 1), ["k=2@3"]);
  await one.silent(300);
});

rule("[SP35.2] a key that is gone already is told when it is asked for", async (side) => {
  new Values(side, { k: { removed: true, data: "not looked at" } });
  const channel = side.channel("plain:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await client.push("pub", channel), { key: "k", removed: true });
  await client.silent();
});

/** Subscribes anew after the 2500 that the first epoch brings, and follows the key. */
async function settledOn(side: Side, channel: string, epoch: string, more: Wire = {}): Promise<Client> {
  const client = await follower(side, channel, ["k"], more);
  assert.equal((await client.push("unsubscribe", channel))["code"], 2500);
  assert.equal((await client.subscribe(channel, { type: 4, ...more }))["epoch"], epoch);
  await track(side, client, channel, ["k"]);
  return client;
}

rule("[SP36.1] the first epoch begins anew: 2500, and then the reply to a subscribe names it", async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 1 } });
  backend.epoch = "first";
  const channel = side.channel("ver:a");
  const client = await settledOn(side, channel, "first");
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  await client.silent();
});

rule("[SP36.2] another epoch tells everybody who follows a key, and lower versions count again", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1, version: 9 } });
  backend.epoch = "first";
  const channel = side.channel("verquick:a");
  const client = await settledOn(side, channel, "first");
  assert.deepEqual(await values(client, channel, 1), ["k=1@9"]);
  backend.epoch = "second";
  backend.items = { k: { data: 2, version: 1 } };
  const told = await client.push("unsubscribe", channel);
  assert.deepEqual(told, { code: 2500, reason: "insufficient state" });
  assert.equal((await client.subscribe(channel, { type: 4 }))["epoch"], "second");
  await track(side, client, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=2@1"]);
});

rule(
  "[SP36.3] an answer that names no epoch says nothing about it",
  {
    ...atOwnTimes,
    differs: {
      deviation: "an answer or a publication without an epoch, after one that named one",
      real: async (side) => {
        const backend = new Values(side, { k: { data: 1, version: 1 } });
        backend.epoch = "first";
        const client = await settledOn(side, side.channel("verquick:a"), "first");
        await values(client, side.channel("verquick:a"), 1);
        backend.epoch = undefined;
        assert.equal((await client.push("unsubscribe"))["code"], 2500);
      },
    },
  },
  async (side) => {
    const backend = new Values(side, { k: { data: 1, version: 1 } });
    backend.epoch = "first";
    const channel = side.channel("verquick:a");
    const client = await settledOn(side, channel, "first");
    assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
    backend.epoch = undefined;
    await client.silent(400);
    backend.items = { k: { data: 2, version: 2 } };
    assert.deepEqual(await values(client, channel, 1), ["k=2@2"]);
  },
);

rule("[SP36.4] without versions an epoch of the backend means nothing", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: 1 } });
  const channel = side.channel("quick:a");
  const client = await follower(side, channel, ["k"]);
  assert.deepEqual(await values(client, channel, 1), ["k=1@1"]);
  backend.epoch = "any";
  await client.silent(600);
});

/** A payload whose change stands at its beginning: there is one patch that anybody would make of it. */
const payload = (n: number): unknown => [n, "the door of machine seven was closed at noon, 湿度 unknown; nobody has to come before friday"];
const delta = { delta: "fossil" } as const;

rule("[SP37.1] a delta subscriber gets the first value whole and then patches, from `prev_data`", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: payload(1), version: 1 } });
  const channel = side.channel("patchquick:a");
  const [client, plain] = [await follower(side, channel, ["k"], delta), await follower(side, channel, ["k"])];
  const said = [await client.push("pub", channel)];
  await plain.push("pub", channel);
  for (const n of [2, 3]) {
    backend.items = { k: { data: payload(n), prev_data: payload(n - 1), version: n } };
    said.push(await client.push("pub", channel));
    assert.deepEqual(await plain.push("pub", channel), { data: payload(n), key: "k", version: n });
  }
  assert.deepEqual(
    said.map(({ delta: isPatch = false, version, key }) => [isPatch, version, key]),
    [
      [false, 1, "k"],
      [true, 2, "k"],
      [true, 3, "k"],
    ],
  );
  assert.deepEqual(deltaPayloads(said), [payload(1), payload(2), payload(3)]);
});

rule("[SP37.2] without `prev_data`, and without versions, every value comes whole", atOwnTimes, async (side) => {
  for (const [name, version] of [["patchquick:b", 1] as const, ["plainpatched:b", undefined] as const]) {
    const backend = new Values(side, { k: { data: payload(1), ...(version === undefined ? {} : { version }) } });
    const channel = side.channel(name);
    const client = await follower(side, channel, ["k"], delta);
    const said = [await client.push("pub", channel)];
    const more = version === undefined ? { prev_data: payload(1) } : { version: version + 1 };
    backend.items = { k: { data: payload(2), ...more } };
    said.push(await client.push("pub", channel));
    assert.deepEqual(deltaPayloads(said), [payload(1), payload(2)]);
    assert.ok(said.every(({ delta: isPatch }) => isPatch !== true));
  }
});

rule("[SP37.3] who follows later begins whole, while the others get patches", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: payload(1), version: 1 } });
  const channel = side.channel("patchquick:c");
  const one = await follower(side, channel, ["k"], delta);
  const said = [await one.push("pub", channel)];
  const other = await follower(side, channel, ["k"], delta);
  const later = [await other.push("pub", channel)];
  backend.items = { k: { data: payload(2), prev_data: payload(1), version: 2 } };
  said.push(await one.push("pub", channel));
  later.push(await other.push("pub", channel));
  assert.deepEqual(
    [deltaPayloads(said), deltaPayloads(later)],
    [
      [payload(1), payload(2)],
      [payload(1), payload(2)],
    ],
  );
  assert.deepEqual([said[1]!["delta"], later[0]!["delta"]], [true, undefined]);
});

rule("[SP37.4] who comes back with a version gets the next value whole", atOwnTimes, async (side) => {
  const backend = new Values(side, { k: { data: payload(1), version: 1 } });
  const channel = side.channel("patchquick:d");
  const client = await follower(side, channel, [], delta);
  await client.ok("sub_refresh", { channel, type: 1, track: [batch(side, channel, ["k@1"])] });
  await client.silent(400);
  backend.items = { k: { data: payload(2), prev_data: payload(1), version: 2 } };
  const publication = await client.push("pub", channel);
  assert.notEqual(publication["delta"], true);
  assert.deepEqual(deltaPayloads([publication]), [payload(2)]);
});

export default group;
