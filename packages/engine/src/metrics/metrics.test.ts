import assert from "node:assert/strict";
import { test } from "node:test";
import type { Delivery } from "../delivery.ts";
import { CodeCounts } from "./code-counts.ts";
import { DeliveryWatch } from "./delivery-watch.ts";
import { EngineMetrics } from "./engine-metrics.ts";
import { RecentTimes } from "./recent-times.ts";

test("[MET5] a publication is told once, when the outboxes that its fan-out woke have been flushed, in order", () => {
  const told: string[] = [];
  const watch = new DeliveryWatch((channel, offset, offeredAtMs, atMs) => told.push(`${channel} ${offset} ${offeredAtMs} ${atMs}`));
  const publication = (offset: number): Delivery =>
    ({ channel: { name: "a" }, push: { kind: "publication" }, offset, offeredAtMs: offset * 10 }) as unknown as Delivery;
  watch.fannedOut(publication(1), 2);
  watch.fannedOut({ ...publication(9), push: { kind: "join" } } as unknown as Delivery, 2);
  watch.fannedOut(publication(2), 5);
  watch.flushed(1, 100);
  assert.deepEqual(told, []);
  watch.flushed(4, 101);
  assert.deepEqual(told, ["a 1 10 101"]);
  watch.flushed(5, 102);
  watch.flushed(5, 103);
  assert.deepEqual(told, ["a 1 10 101", "a 2 20 102"]);
});

test("[MET6] codes that others choose are a hundred at most, the rest is counted together", () => {
  const counts = new CodeCounts();
  for (let code = 0; code < 1_000; code++) counts.add(String(code));
  counts.add("7");
  const all = new Map(counts.entries());
  assert.deepEqual([all.size, all.get("7"), all.get("other")], [101, 2, 900]);
});

test("[MET7] sizes of frames are shared out among their commands, and asked for only where somebody reads them", () => {
  const frame = '{"id":1,"history":{}}\n{"id":2,"history":{}}';
  const commands = [
    { kind: "history", id: 1, request: { channel: "", limit: 0, since: undefined, reverse: false } },
    { kind: "pong" },
  ] as const;
  const [timed, untimed] = [new EngineMetrics(true), new EngineMetrics(false)];
  for (const metrics of [timed, untimed]) metrics.heard(frame, 0, { commands, violation: false });
  assert.deepEqual(
    [...timed.byFrameType(timed.receivedBytes)],
    [
      { frameType: "client_pong", transport: "websocket", count: frame.length / 2 },
      { frameType: "history", transport: "websocket", count: frame.length / 2 },
    ],
  );
  assert.deepEqual([...untimed.byFrameType(untimed.received)], []);
});

test("[MET8] what is older than ten minutes does not count", () => {
  const times = new RecentTimes();
  times.observe(8, 0);
  times.observe(0.001, 301_000);
  assert.ok(times.quantile(1, 302_000) >= 8);
  assert.ok(times.quantile(1, 602_000) < 0.0011);
  assert.ok(Number.isNaN(times.quantile(1, 5_000_000)));
});
