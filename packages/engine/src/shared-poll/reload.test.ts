import assert from "node:assert/strict";
import { channelOptions, engineOptions, PollBench, PollReader, pollOptions, test, track } from "../../testing/index.ts";
import type { ChannelOptions } from "../options.ts";

/** What an operator's new file says, beside what the bench had. */
function next(namespaces: Readonly<Record<string, Partial<ChannelOptions>>>) {
  const byName = new Map(Object.entries(namespaces).map(([name, opened]) => [name, channelOptions(opened)]));
  return engineOptions({ namespaces: byName, pingIntervalMs: 0 });
}

const unsubscribed = (news: readonly string[]) => news.filter((line) => /^\d+$/.test(line));

test("[SP50] another interval and other limits hold at once, also for a channel that is followed", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const client = await b.follower("plain:a", ["k"]);
  const reader = new PollReader(client, "plain:a");
  b.backend.questions();
  b.engine.reload(next({ plain: pollOptions({ refreshIntervalMs: 1_000, keysPerConnectionMax: 1 }) }), {});
  b.backend.set("k", 2);
  await b.clock.advance(1_000);
  assert.deepEqual([reader.news(), b.backend.questions()], [["k=1@1", "k=2@2"], ["k"]]);
  assert.equal((await track(client, "plain:a", ["l"]))["error"]?.code, 106);
  assert.equal(client.closeCode, undefined);
});

test("[SP50] a channel whose mode has changed begins anew, one whose namespace is gone ends, with keys and without", async () => {
  const b = new PollBench();
  b.backend.set("k", 1, 7);
  const readers = [];
  for (const channel of ["plain:a", "ver:a"]) {
    for (const keys of [["k"], []]) readers.push(new PollReader(await b.follower(channel, keys), channel));
  }
  b.engine.reload(next({ plain: pollOptions({ mode: "versioned" }) }), {});
  await b.clock.settle();
  assert.deepEqual(
    readers.map((reader) => unsubscribed(reader.news())),
    [["2500"], ["2500"], ["2000"], ["2000"]],
  );
  await b.clock.advance(1_000);
  assert.equal(b.engine.stats().sharedPollChannels, 0);
  const again = await b.follower("plain:a", ["k"]);
  assert.deepEqual(new PollReader(again, "plain:a").news(), ["k=1@7"]);
});

test("[SP50] a file that asks for what nobody brought changes nothing", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const reader = new PollReader(await b.follower("plain:a", ["k"]), "plain:a");
  const wrong = [
    pollOptions({ proxyName: "nobody" }),
    pollOptions({ proxyName: "" }),
    pollOptions({ publishEnabled: true }),
    pollOptions({}, { slowReaders: "latest" }),
    pollOptions({}, { ratePerSMax: 1 }),
  ];
  for (const namespace of wrong) assert.throws(() => b.engine.reload(next({ plain: namespace }), {}));
  assert.throws(() => b.engine.reload(next({ plain: pollOptions() }), { trackVerifier: undefined }));
  b.backend.set("k", 2);
  await b.clock.advance(10_000);
  assert.deepEqual(reader.news(), ["k=1@1", "k=2@2"]);
});

test("[SP25] [P7] a stopped engine asks nothing any more, whatever was under way", async () => {
  const b = new PollBench();
  b.backend.set("k", 1);
  const client = await b.follower("plain:a", ["k"]);
  b.backend.hold();
  await b.clock.advance(10_000);
  const stopped = b.engine.stop(1_000);
  await b.clock.settle();
  assert.equal(client.closeCode, 3_001);
  client.cut();
  await stopped;
  b.backend.release();
  b.backend.questions();
  await b.clock.advance(60_000);
  assert.deepEqual([b.backend.questions(), b.clock.pending, b.reports], [[], 0, []]);
});
