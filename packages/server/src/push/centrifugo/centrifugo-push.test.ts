import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Centrifuge, type PublicationContext, type SubscribedContext } from "centrifuge";
import type { SubscribePolicy } from "../../auth/subscribe-policy.ts";
import { PushError } from "../push-engine.ts";
import { withoutCentrifugo } from "./testing-centrifugo.ts";
import { type CentrifugoStack, type StackOptions, startCentrifugoStack } from "./testing-stack.ts";

/** The push over a real Centrifugo, watched by the official client. */
const skip = withoutCentrifugo();
const utf8 = (raw: Uint8Array) => Buffer.from(raw).toString("utf8");
const data = (n: number) => new Uint8Array(Buffer.from(`{"n":${n}}`));
const everybody: SubscribePolicy = { subscribe: () => ({ kind: "allow" }) };

async function withStack(
  policy: SubscribePolicy,
  use: (stack: CentrifugoStack) => Promise<void>,
  options: StackOptions = {},
): Promise<void> {
  const stack = await startCentrifugoStack(policy, options);
  try {
    await use(stack);
  } finally {
    await stack.stop();
  }
}

async function eventually(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}

/** What one subscriber was given of a channel, and where it was told of a break. */
interface Seen {
  readonly epoch: string;
  readonly numbers: number[];
}

function watch(
  stack: CentrifugoStack,
  channels: readonly string[],
): { readonly seen: Map<string, Seen[]>; close(): void; ready(): Promise<void> } {
  const client = new Centrifuge(`ws://127.0.0.1:${stack.centrifugo.port}/connection/websocket`, {
    token: stack.token("watcher"),
    minReconnectDelay: 20,
    maxReconnectDelay: 100,
  });
  const seen = new Map<string, Seen[]>();
  for (const channel of channels) {
    const lives: Seen[] = [];
    seen.set(channel, lives);
    const subscription = client.newSubscription(channel, { minResubscribeDelay: 20, maxResubscribeDelay: 100 });
    subscription.on("subscribed", (context: SubscribedContext) => {
      if (!context.recovered) lives.push({ epoch: context.streamPosition!.epoch, numbers: [] });
    });
    subscription.on("publication", (context: PublicationContext) => lives.at(-1)!.numbers.push((context.data as { n: number }).n));
    subscription.subscribe();
  }
  client.connect();
  return {
    seen,
    close: () => client.disconnect(),
    ready: () => eventually("all channels subscribed", 5_000, () => [...seen.values()].every((lives) => lives.length > 0)),
  };
}

/** Appends numbered publications to the journal at a steady rate, as intake does; resolves when the last one is committed. */
async function feed(
  stack: CentrifugoStack,
  channels: readonly string[],
  count: number,
  everyMs: number,
  at: (n: number) => Promise<void> | void,
): Promise<void> {
  let committed = Promise.resolve();
  for (let n = 1; n <= count; n += 1) {
    for (const channel of channels) {
      const entry = { atMs: Date.now(), records: [], publications: [{ channel, data: data(n), historyTtlMs: 86_400_000 }] };
      committed = new Promise((resolve) => stack.journal.append(entry, () => resolve()));
    }
    await at(n);
    await sleep(everyMs);
  }
  await committed;
}

async function numbersInHistory(stack: CentrifugoStack, channel: string): Promise<number[]> {
  const { publications } = await stack.push.history({ channel, limit: -1 });
  return publications.map((publication) => (JSON.parse(utf8(publication.data)) as { n: number }).n);
}

const upTo = (count: number, from = 1) => Array.from({ length: count - from + 1 }, (_, index) => from + index);

test("[I6] what the journal commits reaches the official client once and in order", { skip }, async () => {
  await withStack(everybody, async (stack) => {
    const channels = ["events:a", "events:b", "p_alert:global"];
    const watcher = watch(stack, channels);
    await watcher.ready();
    await feed(stack, channels, 60, 2, () => {});
    await eventually("nothing waits", 5_000, () => stack.push.lag === 0);
    await eventually("all seen", 2_000, () => channels.every((channel) => watcher.seen.get(channel)![0]!.numbers.length === 60));
    for (const channel of channels) assert.deepEqual(watcher.seen.get(channel)![0]!.numbers, upTo(60));
    watcher.close();
  });
});

test("[F12] Centrifugo killed in the middle: nothing lost, order kept, at most one publication a channel twice", { skip }, async () => {
  await withStack(everybody, async (stack) => {
    const channels = ["events:a", "events:b", "events:c"];
    const watcher = watch(stack, channels);
    await watcher.ready();
    let restarted: Promise<void> | undefined;
    await feed(stack, channels, 200, 4, (n) => {
      if (n === 60)
        restarted = stack.centrifugo
          .kill()
          .then(() => sleep(150))
          .then(() => stack.centrifugo.start());
    });
    await restarted;
    await eventually("nothing waits", 5_000, () => stack.push.lag === 0);
    assert.equal(stack.push.healthy, true);
    await eventually("the client is back", 5_000, () => [...watcher.seen.values()].every((lives) => lives.length === 2));
    for (const channel of channels) {
      const before = watcher.seen.get(channel)![0]!.numbers;
      assert.deepEqual(before, upTo(before.length), "before the kill: complete and in order");
      const after = await numbersInHistory(stack, channel);
      assert.deepEqual(after, upTo(200, after[0]), "after the kill: complete and in order");
      assert.ok(after[0]! >= before.length, `${channel}: more than one publication came twice`);
      // The last ones before the kill were taken and died with it, on their way to the watcher.
      assert.ok(after[0]! <= before.length + 25, `${channel}: ${after[0]! - before.length} publications were taken and not delivered`);
    }
    watcher.close();
  });
});

test("[N3] our side killed in the middle, five times: everything once and in order", { skip }, async () => {
  await withStack(everybody, async (stack) => {
    const channels = ["events:a", "events:b", "user_cmd:u"];
    await feed(stack, channels, 90, 3, async (n) => {
      if (n % 15 === 0) await stack.replacePush();
    });
    await eventually("nothing waits", 5_000, () => stack.push.lag === 0);
    for (const channel of channels) assert.deepEqual(await numbersInHistory(stack, channel), upTo(90));
  });
});

test("[F12] Centrifugo frozen: requests end by themselves, and what it took late comes once", { skip }, async () => {
  const frozen = async (stack: CentrifugoStack) => {
    let thawed: Promise<void> | undefined;
    await feed(stack, ["events:a"], 40, 5, (n) => {
      if (n !== 20) return;
      stack.centrifugo.freeze();
      thawed = sleep(1_200).then(() => stack.centrifugo.thaw());
    });
    await thawed;
    await eventually("nothing waits", 3_000, () => stack.push.lag === 0);
    assert.deepEqual(await numbersInHistory(stack, "events:a"), upTo(40));
  };
  await withStack(everybody, frozen, { limits: { requestTimeoutMs: 250 } });
});

test("[N5] a journaled publish answers with Centrifugo's position; while it is away, as queued, and follows later", { skip }, async () => {
  await withStack(everybody, async (stack) => {
    await stack.push.publish({ channel: "events:first", data: data(0) });
    const { position } = await stack.push.publish({ channel: "events:a", data: data(1) });
    assert.equal(position!.offset, 1);
    assert.equal(position!.epoch, (await stack.push.history({ channel: "events:a" })).top.epoch);
    await stack.centrifugo.kill();
    const started = performance.now();
    assert.deepEqual(await stack.push.publish({ channel: "events:a", data: data(2) }), { queued: true });
    assert.ok(performance.now() - started < stack.config.push.centrifugo.answerTimeoutMs + 500);
    await assert.rejects(stack.push.presence("events:a"), (error) => error instanceof PushError && error.code === 100);
    await assert.rejects(
      stack.push.publish({ channel: "public", data: data(1) }),
      (error) => error instanceof PushError && error.code === 100,
    );
    await stack.centrifugo.start();
    await eventually("nothing waits", 5_000, () => stack.push.lag === 0);
    assert.deepEqual(await numbersInHistory(stack, "events:a"), [2]);
  });
});

test("[L7] a repeated idempotency key is answered like the first and pushed once", { skip }, async () => {
  await withStack(everybody, async (stack) => {
    const request = { channel: "events:a", data: data(1), idempotencyKey: "k" };
    const [first, second] = await Promise.all([stack.push.publish(request), stack.push.publish(request)]);
    await stack.push.publish({ channel: "events:a", data: data(2) });
    assert.deepEqual(second, first);
    assert.deepEqual(await stack.push.publish(request), first);
    assert.deepEqual(await numbersInHistory(stack, "events:a"), [1, 2]);
  });
});

test("[N6] Centrifugo asks our policy, with the connection's meta, and tells the client its word", { skip }, async () => {
  const asked: { readonly user: string; readonly channel: string; readonly meta: string }[] = [];
  const policy: SubscribePolicy = {
    subscribe: ({ user, channel, meta }) => {
      asked.push({ user, channel, meta: meta === undefined ? "" : utf8(meta) });
      if (channel === "user_cmd:somebody-else") return { kind: "error", code: 103, message: "permission denied" };
      return { kind: "allow", info: new Uint8Array(Buffer.from('{"role":"x"}')), data: new Uint8Array(Buffer.from('{"hello":1.0}')) };
    },
  };
  await withStack(policy, async (stack) => {
    const client = new Centrifuge(`ws://127.0.0.1:${stack.centrifugo.port}/connection/websocket`, {
      token: stack.token("admin_user_01", { vms: ["VM-1"] }),
    });
    const outcome = (channel: string) =>
      new Promise<string>((resolve) => {
        const subscription = client.newSubscription(channel);
        subscription.on("subscribed", (context) => resolve(`subscribed ${JSON.stringify(context.data)}`));
        subscription.on("unsubscribed", ({ code }) => resolve(`unsubscribed ${code}`));
        subscription.on("error", ({ error }) => resolve(`error ${error.code}`));
        subscription.subscribe();
      });
    client.connect();
    assert.equal(await outcome("telemetry:VM-1"), 'subscribed {"hello":1}');
    assert.equal(await outcome("user_cmd:somebody-else"), "unsubscribed 103");
    assert.deepEqual(asked, [
      { user: "admin_user_01", channel: "telemetry:VM-1", meta: '{"vms":["VM-1"]}' },
      { user: "admin_user_01", channel: "user_cmd:somebody-else", meta: '{"vms":["VM-1"]}' },
    ]);
    const [info] = (await stack.push.presence("telemetry:VM-1")).values();
    assert.deepEqual([info!.user, utf8(info!.chanInfo!)], ["admin_user_01", '{"role":"x"}']);
    client.disconnect();
  });
});

test("[N6] a revoked permission ends the subscription when it is asked for again", { skip }, async () => {
  let allowed = true;
  const policy: SubscribePolicy = {
    subscribe: () =>
      allowed
        ? { kind: "allow", expireAtS: Math.floor(Date.now() / 1_000) + 1 }
        : { kind: "error", code: 103, message: "permission denied" },
  };
  const revoked = async (stack: CentrifugoStack) => {
    const client = new Centrifuge(`ws://127.0.0.1:${stack.centrifugo.port}/connection/websocket`, { token: stack.token("u") });
    const subscription = client.newSubscription("events:a", { minResubscribeDelay: 20, maxResubscribeDelay: 50 });
    const told: string[] = [];
    subscription.on("subscribed", () => told.push("subscribed"));
    subscription.on("subscribing", ({ code }) => told.push(`subscribing ${code}`));
    subscription.on("unsubscribed", ({ code }) => told.push(`unsubscribed ${code}`));
    subscription.subscribe();
    client.connect();
    await subscription.ready(2_000);
    allowed = false;
    await eventually("the subscription ends", 4_500, () => told.at(-1) === "unsubscribed 103");
    assert.deepEqual(told, ["subscribing 0", "subscribed", "subscribing 2501", "unsubscribed 103"]);
    client.disconnect();
  };
  await withStack(policy, revoked, { client: { presence_update_interval: "500ms", expired_sub_close_delay: "1ms" } });
});
