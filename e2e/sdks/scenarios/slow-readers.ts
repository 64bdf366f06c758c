import assert from "node:assert/strict";
import { rawHttp } from "../../conformance/harness/raw-http.ts";
import { API_KEY } from "../../conformance/harness/side.ts";
import { eventually, sleep } from "../../harness/process.ts";
import type { RemoteClient } from "../driver/remote-client.ts";
import { scenario } from "../driver/scenario.ts";
import type { Session } from "../driver/session.ts";
import type { Way } from "../driver/ways.ts";

/** As config.ts says for `paced`. */
const perSecond = 5;
const numbers = (client: RemoteClient) => client.all("publication").map(({ data }) => data.n as number);
const grows = (list: readonly number[]) => list.every((n, at) => n > (list[at - 1] ?? 0));

/** The kernel takes some megabytes for a peer that reads nothing; only what comes behind shows a policy. */
const count = 1_500;
const together = 50;
const pad = "x".repeat(8_000);
const heavy = { on: "ours", pace: "heavy", limitMs: 60_000 } as const;
/** A stream over HTTP is closed when nothing is taken for a second, whatever the policy. */
const onWebSocket = { ...heavy, ways: ({ transport }: Way) => transport === "websocket" };

/** `count` publications to a reader whose line is stopped up, as fast as a healthy one beside it takes them. */
async function publishToStalled(session: Session, channel: string): Promise<RemoteClient> {
  const line = await session.line();
  const stalled = await session.connected("ann", { line });
  await stalled.subscribe(channel, { brief: true });
  const healthy = await session.connected("bob");
  await healthy.subscribe(channel, { brief: true });
  line.stall();
  for (let n = 1; n <= count; n += together) {
    const commands = Array.from({ length: together }, (_, at) => ({ publish: { channel, data: { n: n + at, pad } } }));
    // Not by `session.api`, which would keep the megabytes for the transcript.
    const answer = await rawHttp(session.port, {
      path: "/api/batch",
      headers: { "X-API-Key": API_KEY },
      body: JSON.stringify({ commands }),
    });
    assert.equal(answer.status, 200);
    await healthy.next("publication", ({ data }) => data.n === n + together - 1, 20_000);
  }
  assert.equal(numbers(healthy).length, count, "the healthy reader misses nothing");
  assert.ok(numbers(stalled).length < count, "the other one is stalled");
  line.flow();
  return stalled;
}

export default [
  scenario("[SDK29] a paced channel: at most its rate, the newest always, a cut, and recovery true", { on: "ours" }, async (session) => {
    const channel = session.channel("paced:a");
    const line = await session.line();
    const ann = await session.connected("ann", { line });
    await ann.subscribe(channel);
    const publish = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) {
        await session.publish(channel, { n });
        await sleep(15);
      }
    };
    const started = performance.now();
    await publish(1, 80);
    const seconds = (performance.now() - started) / 1_000;
    await ann.next("publication", ({ data }) => data.n === 80);
    const live = numbers(ann);
    assert.ok(live.length >= 3 && live.length <= Math.ceil(seconds * perSecond) + 1, `${live.length} in ${seconds} s`);
    // Long enough for the server to look whether the client stands where it should.
    await sleep(2_500);
    line.down();
    await ann.next("connecting", ({ code }) => code !== 0);
    await publish(81, 120);
    line.up();
    const back = await ann.next("subscribed", ({ wasRecovering }) => wasRecovering === true);
    assert.equal(back.recovered, true);
    await publish(121, 130);
    await ann.next("publication", ({ data }) => data.n === 130);
    assert.equal(numbers(ann)[live.length], 120, "of what was missed the newest");
    assert.ok(grows(numbers(ann)), String(numbers(ann)));
    assert.deepEqual([ann.all("unsubscribed"), ann.all("subscribing").length], [[], 2], "nobody was told of a gap");
  }),

  scenario(
    "[SDK30] a stalled reader under `catch_up` gets every publication once and in order, on the same connection",
    onWebSocket,
    async (session) => {
      const stalled = await publishToStalled(session, session.channel("catch:a"));
      await stalled.next("publication", ({ data }) => data.n === count, 20_000);
      await eventually("all of them", 10_000, () => numbers(stalled).length === count);
      assert.deepEqual(
        numbers(stalled),
        Array.from({ length: count }, (_, at) => at + 1),
      );
      assert.equal(stalled.all("connecting").length, 1);
    },
  ),

  scenario(
    "[SDK31] a stalled reader under `latest` gets the newest when it reads again, on the same connection",
    onWebSocket,
    async (session) => {
      const channel = session.channel("newest:a");
      const stalled = await publishToStalled(session, channel);
      await stalled.next("publication", ({ data }) => data.n === count, 20_000);
      assert.ok(numbers(stalled).length < count, "some were left out");
      assert.ok(grows(numbers(stalled)));
      await session.publish(channel, { n: count + 1 });
      await stalled.next("publication", ({ data }) => data.n === count + 1);
      assert.equal(stalled.all("connecting").length, 1);
      assert.equal(stalled.all("subscribing").length, 1);
    },
  ),

  scenario(
    "[SDK32] a stalled reader under `close` is closed, comes back by itself, and has everything or is told",
    heavy,
    async (session) => {
      const channel = session.channel("strict:a");
      const stalled = await publishToStalled(session, channel);
      const back = await stalled.next("subscribed", ({ wasRecovering }) => wasRecovering === true, 20_000);
      await session.publish(channel, { n: count + 1 });
      await stalled.next("publication", ({ data }) => data.n === count + 1);
      assert.ok(grows(numbers(stalled)));
      if (session.way.transport === "websocket") assert.deepEqual([back.recovered, back.position?.offset], [false, count]);
      if (back.recovered === true) assert.equal(numbers(stalled).length, count + 1);
    },
  ),
];
