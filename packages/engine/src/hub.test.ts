import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "../testing/index.ts";
import type { Namespace } from "./channel/namespaces.ts";
import type { Connection } from "./connection/connection.ts";
import type { Subscription } from "./connection/subscription.ts";
import { Hub, HubChannel } from "./hub.ts";
import { EngineMetrics } from "./metrics/engine-metrics.ts";
import { TimerWheel, type WheelEntry, wheelStepMs } from "./timer-wheel.ts";

const member = (id: number) => ({ id, index: -1, terms: { receivesJoinLeave: id % 2 === 0 } }) as unknown as Subscription & { id: number };

test("[HB1] removals before, at and behind a running fan-out: everybody who stays is visited exactly once", () => {
  const steps = fc.array(fc.tuple(fc.constantFrom("visit", "remove", "add"), fc.nat(50)), { maxLength: 80 });
  fc.assert(
    fc.property(fc.nat(20), steps, (size, plan) => {
      const channel = new HubChannel("c", {} as Namespace);
      let nextId = 0;
      const present = new Map<number, Subscription & { id: number }>();
      const visited = new Map<number, number>();
      const late = new Set<number>();
      const add = () => {
        const one = member(nextId++);
        channel.add(one);
        present.set(one.id, one);
        return one;
      };
      for (let n = 0; n < size; n++) add();
      const visit = () => {
        const one = channel.subscriptions[channel.cursor++] as (Subscription & { id: number }) | undefined;
        if (one !== undefined) visited.set(one.id, (visited.get(one.id) ?? 0) + 1);
      };
      for (const [what, n] of plan) {
        if (what === "visit" && channel.cursor < channel.subscriptions.length) visit();
        if (what === "add") late.add(add().id);
        if (what === "remove") {
          const one = [...present.values()][n % Math.max(1, present.size)];
          if (one === undefined) continue;
          channel.remove(one);
          present.delete(one.id);
        }
      }
      while (channel.cursor < channel.subscriptions.length) visit();
      for (const [id, one] of present) {
        assert.equal(visited.get(id), 1, `member ${id}${late.has(id) ? " (late)" : ""}`);
        assert.equal(channel.subscriptions[one.index], one);
      }
      for (const times of visited.values()) assert.equal(times, 1);
      assert.equal(channel.subscriptions.length, present.size);
      assert.equal(channel.joinLeaveReceivers, [...present.keys()].filter((id) => id % 2 === 0).length);
    }),
    { numRuns: 500 },
  );
});

test("[HB2] connections are found by user, one or many, and counted exactly", () => {
  const hub = new Hub(new EngineMetrics(false));
  const [a, b, c] = [{}, {}, {}] as Connection[];
  assert.ok(a && b && c);
  hub.enter(a, "ann");
  hub.enter(b, "ann");
  hub.enter(c, "bob");
  assert.deepEqual([hub.connectionsOf("ann").length, hub.connectionCount, hub.userCount], [2, 3, 2]);
  hub.leave(c, "ann");
  hub.leave(a, "ann");
  hub.leave(a, "ann");
  assert.deepEqual([hub.connectionsOf("ann"), hub.connectionCount, hub.userCount], [[b], 2, 2]);
  hub.leave(b, "ann");
  hub.leave(c, "bob");
  hub.leave(c, "bob");
  assert.deepEqual([hub.connectionsOf("ann"), hub.connectionCount, hub.userCount], [[], 0, 0]);
});

class Entry implements WheelEntry {
  wheelDueMs = 0;
  wheelSlot = -1;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  readonly firedAtMs: number[] = [];
  onDeadline(nowMs: number): void {
    this.firedAtMs.push(nowMs);
  }
}

test("[TW1] every deadline fires once, never early and at most a step late, however it was moved; then no timer is left", async () => {
  const plans = fc.array(
    fc.record({ first: fc.nat(120_000), moved: fc.option(fc.nat(120_000), { nil: undefined }), removed: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 30,
    },
  );
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const clock = new ManualClock();
      const wheel = new TimerWheel(clock);
      const entries = plan.map(({ first, moved, removed }) => {
        const entry = new Entry();
        wheel.set(entry, first);
        if (moved !== undefined) wheel.set(entry, moved);
        if (removed) wheel.remove(entry);
        return { entry, dueMs: moved ?? first, removed };
      });
      await clock.advance(121_000);
      for (const { entry, dueMs, removed } of entries) {
        assert.equal(entry.firedAtMs.length, removed ? 0 : 1);
        const [at] = entry.firedAtMs;
        if (at !== undefined) assert.ok(at >= dueMs && at <= dueMs + 2 * wheelStepMs, `due ${dueMs}, fired ${at}`);
      }
      assert.deepEqual([wheel.size, clock.pending], [0, 0]);
    }),
    { numRuns: 40 },
  );
});

test("[TW2] after a stop of minutes (a frozen process) everything that is due fires once, in one turn", async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const entries = [50, 5_000, 51_300, 90_000, 300_000].map((dueMs) => {
    const entry = new Entry();
    wheel.set(entry, dueMs);
    return entry;
  });
  clock.spend(200_000);
  await clock.advance(200);
  assert.deepEqual(
    entries.map((entry) => entry.firedAtMs.length),
    [1, 1, 1, 1, 0],
  );
});
