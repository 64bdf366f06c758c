import assert from "node:assert/strict";
import { askForMap, bytes, MapBench, mapOptions, test, told } from "../../testing/index.ts";

const filtered = { allowTagsFilter: true, allowedDeltaTypes: ["fossil"] } as const;
const bench = () =>
  new MapBench({ namespaces: { f: mapOptions({}, filtered), eph: mapOptions({ mode: "ephemeral", keyTtlMs: 60_000 }, filtered) } });
const one = { tf: { key: "t", cmp: "eq", val: "1" } };
const tag = (t: string) => ({ tags: { t } });

test("[MS19] a tags filter holds for the state, for what is recovered and for what comes live; the position moves on", async () => {
  const b = bench();
  await b.set("f:a", ["a", "c"], tag("1"));
  await b.set("f:a", ["b", "d"], tag("2"));
  const client = await b.connect();
  const first = await askForMap(client, "f:a", one);
  assert.deepEqual([told(first["state"]), first["cursor"]], [["a=a@1"], "b"]);
  const { epoch, offset, cursor } = first;
  await b.set("f:a", ["b=2"], tag("1"));
  await b.set("f:a", ["a=2"], tag("2"));
  // The filter was said in the first request and holds on.
  const last = await askForMap(client, "f:a", { epoch, offset, cursor, limit: 4 });
  assert.deepEqual([told(last["state"]), told(last["publications"]), last["offset"]], [["c=c@2"], ["b=2@5"], 6]);
  await b.set("f:a", ["x"], tag("2"));
  await b.set("f:a", ["x=2"], tag("1"));
  await b.remove("f:a", "x");
  await b.set("f:a", ["y"]);
  assert.deepEqual(told(client.publications("f:a")), ["x=2@8", "-x@9"]);
  assert.equal(client.pushes.length, 2);
  const back = await askForMap(await b.connect(), "f:a", { ...one, phase: 0, recover: true, epoch, offset: 6 });
  assert.deepEqual([told(back["publications"]), back["offset"], back["recovered"]], [["x=2@8", "-x@9"], 10, true]);
});

test("[MS19] of an ephemeral map, too, also for what was held while it was paged in", async () => {
  const b = bench();
  await b.set("eph:a", ["a", "b", "c"], tag("1"));
  const client = await b.connect();
  const { epoch, cursor } = await askForMap(client, "eph:a", one);
  await b.set("eph:a", ["a=2"], tag("1"));
  await b.set("eph:a", ["a=3"], tag("2"));
  await askForMap(client, "eph:a", { epoch, cursor });
  await b.set("eph:a", ["q"], tag("2"));
  assert.deepEqual(told(client.publications("eph:a")), ["a=2"]);
});

test("[MS19] a filter beside the last request replaces that of the first; one that is not well formed is 107", async () => {
  const b = bench();
  await b.set("f:a", ["a", "b", "c"], tag("1"));
  const client = await b.connect();
  const { epoch, offset, cursor } = await askForMap(client, "f:a", one);
  await askForMap(client, "f:a", { epoch, offset, cursor, tf: { key: "t", cmp: "eq", val: "2" } });
  await b.set("f:a", ["x"], tag("1"));
  await b.set("f:a", ["y"], tag("2"));
  assert.deepEqual(told(client.publications("f:a")), ["y=y@5"]);
  const other = await b.connect();
  assert.equal((await askForMap(other, "f:a", { tf: { key: "t", cmp: "bogus", val: "1" } }))["refused"], 107);
  await askForMap(other, "f:a", one);
  assert.equal(
    (await askForMap(other, "f:a", { epoch, offset, cursor, limit: 4, tf: { key: "t", cmp: "bogus", val: "1" } }))["refused"],
    107,
  );
  assert.equal((await askForMap(other, "per:a", one))["refused"], 107);
});

test("[MS19] [MS18] a patch is made only from a value that the filter let through", async () => {
  const b = bench();
  const long = "x".repeat(80);
  const set = async (n: number, t: string) => {
    await b.engine.maps.publish({ channel: "f:a", key: "k", data: bytes(`{"long":"${long}","n":${n}}`), delta: true, ...tag(t) });
    await b.clock.settle();
  };
  const client = await b.connect();
  await askForMap(client, "f:a", { ...one, delta: "fossil" });
  for (const [n, t] of [
    [1, "1"],
    [2, "1"],
    [3, "2"],
    [4, "1"],
    [5, "1"],
  ] as const)
    await set(n, t);
  const deltas = client.publications("f:a").map(({ offset, delta }) => [offset, delta]);
  assert.deepEqual(deltas, [
    [1, undefined],
    [2, true],
    [4, undefined],
    [5, true],
  ]);
  // A client that comes back may have had another filter: what it has of older values is not known.
  const back = await b.connect();
  await askForMap(back, "f:a", { ...one, delta: "fossil", phase: 0, recover: true, ...(await b.position("f:a")) });
  await set(6, "1");
  await set(7, "1");
  assert.deepEqual(
    back.publications("f:a").map(({ delta }) => delta),
    [undefined, true],
  );
});
