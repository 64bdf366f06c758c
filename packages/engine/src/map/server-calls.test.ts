import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, MapBench, mapOptions } from "../../testing/index.ts";
import { EngineRefusal } from "../refusal.ts";

const code = (call: Promise<unknown>): Promise<number | undefined> =>
  call.then(
    () => undefined,
    (cause: unknown) => {
      assert.ok(cause instanceof EngineRefusal);
      return cause.code;
    },
  );

test("[MA1] every call refuses an empty channel (107), an unknown namespace (102), and channels that are no maps (107)", async () => {
  const { maps } = new MapBench().engine;
  const calls = (channel: string) => [
    maps.publish({ channel, key: "k", data: bytes("1") }),
    maps.remove({ channel, key: "k" }),
    maps.readState({ channel, limit: 1 }),
    maps.readStream({ channel, limit: 1 }),
    maps.stats(channel),
    maps.clear(channel),
  ];
  for (const [channel, expected] of [
    ["", 107],
    ["nope:a", 102],
    ["plain:a", 107],
    ["per:a", undefined],
  ] as const) {
    assert.deepEqual(await Promise.all(calls(channel).map(code)), new Array(6).fill(expected), channel);
  }
});

test("[MA2] publish: key, data and key mode are needed as they are meant; names and rights are not looked at", async () => {
  const { maps } = new MapBench({ namespaces: { bin: mapOptions({}, { publicationDataFormat: "binary" }) } }).engine;
  const data = bytes("1");
  assert.deepEqual(
    [
      await code(maps.publish({ channel: "per:a", key: "", data })),
      await code(maps.publish({ channel: "nope:a", key: "", data })),
      await code(maps.publish({ channel: "per:a", key: "k", data: bytes("") })),
      await code(maps.publish({ channel: "per:a", key: "k", data, keyMode: "other" })),
      await code(maps.publish({ channel: "nope:a", key: "k", data, keyMode: "other" })),
      await code(maps.publish({ channel: "eph:a", key: "k", data, version: 1 })),
      await code(maps.publish({ channel: "bin:a", key: "k", data: bytes("") })),
      await code(maps.publish({ channel: "per:é", key: "k", data })),
    ],
    [107, 107, 107, 107, 102, 100, undefined, undefined],
  );
  assert.equal(await code(maps.remove({ channel: "per:a", key: "" })), 107);
});

test("[MA2] a full map is 106", async () => {
  const { maps } = new MapBench({ namespaces: { per: mapOptions({ keysMax: 1 }) } }).engine;
  await maps.publish({ channel: "per:a", key: "a", data: bytes("1") });
  assert.equal(await code(maps.publish({ channel: "per:a", key: "b", data: bytes("1") })), 106);
});

test("[MA3] reading the state: limit, cursor, one key, revision", async () => {
  const b = new MapBench();
  const { maps } = b.engine;
  await b.set("per:a", ["c", "a", "b"]);
  const read = async (more: object) => {
    const page = await maps.readState({ channel: "per:a", limit: 0, ...more });
    return [page.entries.map(({ key }) => key), page.cursor];
  };
  assert.deepEqual(await read({}), [[], ""]);
  assert.deepEqual(await read({ limit: -1 }), [["a", "b", "c"], ""]);
  assert.deepEqual(await read({ limit: 2 }), [["a", "b"], "b"]);
  assert.deepEqual(await read({ limit: 2, cursor: "b" }), [["c"], ""]);
  assert.deepEqual(
    [await read({ key: "c", cursor: "z" }), await read({ key: "z", limit: 5 })],
    [
      [["c"], ""],
      [[], ""],
    ],
  );
  for (const epoch of ["other", ""])
    assert.equal(await code(maps.readState({ channel: "per:a", limit: 1, revision: { offset: 1, epoch } })), 112);
});

test("[MA4] reading changes: those behind a position that are no longer kept are 112", async () => {
  const b = new MapBench();
  const { maps } = b.engine;
  await b.set(
    "rec:a",
    Array.from({ length: 12 }, (_, n) => `k${n}`),
  );
  const offsets = async (more: object) =>
    (await maps.readStream({ channel: "rec:a", limit: -1, ...more })).changes.map(({ offset }) => offset);
  const since = (offset: number) => ({ since: { offset, epoch: "" } });
  assert.deepEqual([(await offsets({})).length, await offsets({ limit: 0 }), await offsets({ ...since(10) })], [10, [], [11, 12]]);
  assert.deepEqual(
    [await offsets({ reverse: true, limit: 2 }), await offsets({ reverse: true, limit: 2, ...since(5) })],
    [
      [12, 11],
      [4, 3],
    ],
  );
  assert.equal(await code(maps.readStream({ channel: "rec:a", limit: -1, ...since(1) })), 112);
  assert.equal(await code(maps.readStream({ channel: "rec:a", limit: -1, since: { offset: 1, epoch: "other" } })), 112);
  assert.equal((await offsets({ ...since(0) })).length, 10);
});

test("[MA5] stats count the keys, clear takes them", async () => {
  const b = new MapBench();
  await b.set("per:a", ["a", "b"]);
  assert.deepEqual(await b.engine.maps.stats("per:a"), { keys: 2 });
  await b.engine.maps.clear("per:a");
  assert.deepEqual([await b.engine.maps.stats("per:a"), await b.engine.maps.stats("per:never")], [{ keys: 0 }, { keys: 0 }]);
});

test("[MA6] delta_publish makes every publication one for patches", async () => {
  const b = new MapBench({ namespaces: { per: mapOptions({}, { deltaPublish: true }) } });
  const previous: unknown[] = [];
  b.memoryMapLog.onCommitted((batch) => previous.push(...batch.map((one) => one.previous !== undefined)));
  await b.set("per:a", ["a", "a=2"]);
  assert.deepEqual(previous, [false, true]);
});
