import assert from "node:assert/strict";
import { test as jsonTest } from "node:test";
import { askForMap, bytes, DeltaReader, MapBench, mapOptions, type TestClient, test, type Wire } from "../../testing/index.ts";

const long = "x".repeat(80);
const payload = (n: number) => `{"long":"${long}","n":${n}}`;
const bench = () =>
  new MapBench({
    namespaces: {
      d: mapOptions({}, { allowedDeltaTypes: ["fossil"] }),
      eph: mapOptions({ mode: "ephemeral", keyTtlMs: 9_000 }, { allowedDeltaTypes: ["fossil"] }),
    },
  });

async function set(b: MapBench, key: string, n: number, delta = true, channel = "d:a"): Promise<void> {
  await b.engine.maps.publish({ channel, key, data: bytes(payload(n)), delta });
  await b.clock.settle();
}

/** Reads what came as an SDK does: a patch is applied to what the same key held before. */
class KeyedReader {
  readonly #readers = new Map<string, DeltaReader>();

  read(publications: readonly Wire[] | undefined): string[] {
    return (publications ?? []).map((publication) => {
      const { key, removed, delta } = publication;
      if (removed === true) {
        this.#readers.delete(key);
        return `-${key}`;
      }
      const reader = this.#readers.get(key) ?? new DeltaReader();
      this.#readers.set(key, reader);
      return `${key}=${JSON.parse(reader.read(publication))["n"]}${delta === true ? "*" : ""}`;
    });
  }
}

const subscribe = (client: TestClient, more: Readonly<Record<string, unknown>> = {}, channel = "d:a") =>
  askForMap(client, channel, { delta: "fossil", ...more });

test("[MS18] a change is a patch to what its key held before, at once; without a predecessor, or not published for patches, it is whole", async () => {
  const b = bench();
  await set(b, "a", 1, false);
  const client = await b.connect();
  const reply = await subscribe(client);
  assert.equal(reply["delta"], true);
  const reader = new KeyedReader();
  assert.deepEqual(reader.read(reply["state"]), ["a=1"]);
  await set(b, "a", 2);
  await set(b, "b", 3);
  await set(b, "b", 4);
  await set(b, "a", 5);
  await set(b, "a", 6, false);
  await b.remove("d:a", "b");
  await set(b, "b", 7);
  assert.deepEqual(reader.read(client.publications("d:a")), ["a=2*", "b=3", "b=4*", "a=5*", "a=6", "-b", "b=7"]);
});

test("[MS18] pages of changes come whole, the changes of the live reply as patches by key; live ones go on from there", async () => {
  const b = bench();
  await set(b, "a", 1);
  const { epoch } = await b.position("d:a");
  for (const [key, n] of [
    ["a", 2],
    ["b", 3],
    ["a", 4],
    ["b", 5],
  ] as const)
    await set(b, key, n);
  await b.remove("d:a", "b");
  const client = await b.connect();
  const reader = new KeyedReader();
  const page = await subscribe(client, { phase: 1, recover: true, epoch, offset: 0 });
  assert.deepEqual([page["phase"], reader.read(page["publications"])], [1, ["a=1", "a=2"]]);
  const more = await subscribe(client, { phase: 1, epoch, offset: page["offset"], limit: 4 });
  assert.deepEqual([more["delta"], reader.read(more["publications"])], [true, ["b=3", "a=4", "b=5*", "-b"]]);
  await set(b, "a", 7);
  assert.deepEqual(reader.read(client.publications("d:a")), ["a=7*"]);
  const nothingMissed = await b.connect();
  await subscribe(nothingMissed, { phase: 0, recover: true, ...(await b.position("d:a")) });
  await set(b, "a", 8);
  assert.deepEqual(
    nothingMissed.publications("d:a").map(({ delta }) => delta),
    [true],
  );
});

test("[MS18] what changes while a subscriber goes live is a patch to what it is then told", async () => {
  const b = bench();
  await set(b, "a", 1);
  const client = await b.connect();
  b.mapGate.holdReads();
  client.say('{"id":9,"subscribe":{"channel":"d:a","type":1,"phase":2,"delta":"fossil"}}');
  await b.clock.settle();
  await set(b, "a", 2);
  b.mapGate.releaseReads();
  b.mapGate.holdReads();
  await b.clock.settle();
  await set(b, "a", 3);
  b.mapGate.releaseReads();
  await b.clock.settle();
  await set(b, "a", 4);
  const reader = new KeyedReader();
  const reply = client.reply(9)?.["subscribe"];
  const said = [reader.read(reply["state"]), reader.read(reply["publications"]), reader.read(client.publications("d:a"))];
  assert.deepEqual(said.flat().at(-1), "a=4*");
  assert.deepEqual(
    said.flat().map((one) => one.replace("*", "")),
    ["a=1", "a=2", "a=3", "a=4"],
  );
});

test("[MS18] it is granted where the namespace allows it; without a stream everything comes whole", async () => {
  const b = bench();
  const client = await b.connect();
  assert.equal((await askForMap(client, "per:a", { delta: "fossil" }))["delta"], undefined);
  assert.equal((await subscribe(client, {}, "eph:a"))["delta"], true);
  for (const n of [1, 2]) await set(b, "a", n, true, "eph:a");
  assert.deepEqual(new KeyedReader().read(client.publications("eph:a")), ["a=1", "a=2"]);
});

jsonTest("[MS18] towards a JSON client with delta every value is a string, in the state, in pages and live", async () => {
  const b = bench();
  await b.set("d:a", ["a", "b", "c"]);
  const client = await b.connect({ user: "ann" }, {}, { protocol: "json" });
  const first = await subscribe(client);
  const last = await subscribe(client, { cursor: first["cursor"], epoch: first["epoch"], offset: first["offset"] });
  await b.set("d:a", ["d"]);
  const data = [...first["state"], ...last["state"], ...client.publications("d:a")].map((publication: Wire) => publication["data"]);
  assert.deepEqual(data, ['"a"', '"b"', '"c"', '"d"']);
});
