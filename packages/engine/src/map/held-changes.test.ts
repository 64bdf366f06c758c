import assert from "node:assert/strict";
import { askForMap, bytes, MapBench, mapOptions, test, told } from "../../testing/index.ts";

/** Ephemeral maps: what a page told does not come again, what it could not tell is not lost. */
test("[MS17] without a stream, what changes behind a page that was read follows the live reply, once", async () => {
  const b = new MapBench();
  await b.set("eph:a", ["a", "b", "c", "d"]);
  const client = await b.connect();
  const first = await askForMap(client, "eph:a");
  assert.deepEqual([told(first["state"]), first["cursor"], first["offset"]], [["a=a", "b=b"], "b", undefined]);
  await b.set("eph:a", ["a=2", "c=2", "e"]);
  await b.remove("eph:a", "b");
  const last = await askForMap(client, "eph:a", { cursor: "b", epoch: first["epoch"], limit: 4 });
  assert.deepEqual({ ...last, state: told(last["state"]) }, { type: 1, epoch: first["epoch"], state: ["c=2", "d=d", "e=e"] });
  assert.deepEqual(told(client.publications("eph:a")), ["a=2", "-b"]);
  await b.set("eph:a", ["q"]);
  assert.deepEqual(told(client.publications("eph:a")), ["a=2", "-b", "q=q"]);
});

test("[MS17] a change that is still on its way when its page is read comes once", async () => {
  const b = new MapBench();
  const client = await b.connect();
  const watcher = await b.connect();
  await askForMap(watcher, "eph:a");
  // Nothing is settled: the deliveries wait for their slice while the request is worked on.
  for (const n of [1, 2, 3]) void b.engine.maps.publish({ channel: "eph:a", key: `k${n}`, data: bytes(`${n}`) });
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
  client.say('{"id":9,"subscribe":{"channel":"eph:a","type":1,"phase":2,"limit":4}}');
  void b.engine.maps.publish({ channel: "eph:a", key: "k9", data: bytes("9") });
  await b.clock.settle();
  assert.deepEqual(told(client.reply(9)?.["subscribe"]["state"]), ["k1=1", "k2=2", "k3=3"]);
  assert.deepEqual(told(client.publications("eph:a")), ["k9=9"]);
  assert.deepEqual(told(watcher.publications("eph:a")), ["k1=1", "k2=2", "k3=3", "k9=9"]);
});

test("[MS17] [P6] what is held while a map is paged in is bounded: the last change of each key, and if that is too much, 3008", async () => {
  const b = new MapBench({ options: { queueBytesMax: 2_000 } });
  await b.set("eph:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { cursor, epoch } = await askForMap(client, "eph:a");
  const value = "x".repeat(400);
  for (let n = 0; n < 40; n++) await b.set("eph:a", [`a=${n}${value}`]);
  assert.equal(client.closeCode, undefined);
  await askForMap(client, "eph:a", { cursor, epoch });
  assert.deepEqual(
    told(client.publications("eph:a")).map((one) => one.slice(0, 4)),
    ["a=39"],
  );
  const slow = await b.connect();
  await askForMap(slow, "eph:a");
  for (const key of ["a", "aa", "ab", "ac", "ad", "ae"]) await b.set("eph:a", [`${key}=${value}`]);
  assert.equal(slow.closeCode, 3008);
});

test("[MS17] [R2] small changes are counted, too", async () => {
  const b = new MapBench({ options: { queueBytesMax: 20_000 }, namespaces: { eph: mapOptions({ mode: "ephemeral", keyTtlMs: 60_000 }) } });
  await b.set("eph:a", ["a", "b", "c"]);
  const client = await b.connect();
  await askForMap(client, "eph:a");
  const memberOf = () => b.engine.stats().subscriptions;
  for (let n = 0; n < 500; n++) {
    void b.engine.maps.publish({ channel: "eph:a", key: `a${n}`, data: bytes("1") });
    void b.engine.maps.remove({ channel: "eph:a", key: `a${n}` });
  }
  await b.clock.settle();
  assert.deepEqual([client.closeCode, memberOf()], [3008, 0]);
});

test("[MS17] [P7] a catch-up that is given up holds nothing once its time is over; its next page is 3008", async () => {
  const b = new MapBench({ options: { pingIntervalMs: 0 } });
  await b.set("eph:a", ["a", "b", "c"]);
  const client = await b.connect();
  const { cursor, epoch } = await askForMap(client, "eph:a");
  assert.equal(b.engine.stats().subscriptions, 1);
  await b.clock.advance(30_000);
  assert.deepEqual([b.engine.stats().subscriptions, b.engine.stats().channels], [0, 0]);
  assert.equal((await askForMap(client, "eph:a", { cursor, epoch }))["refused"], 3008);
});
