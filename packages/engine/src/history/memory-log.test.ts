import assert from "node:assert/strict";
import { test } from "node:test";
import { logContract } from "../../testing/log-contract.ts";
import { ManualClock } from "../../testing/manual-clock.ts";
import { SeededChance } from "../../testing/seeded-chance.ts";
import { MemoryLog } from "./memory-log.ts";

logContract(
  "memory",
  (ports) => {
    const log = new MemoryLog(ports);
    return { log, close: () => log.close() };
  },
  { forgetsEpochs: true },
);

test("[P7] memory: what time takes away is freed by the sweep, and then no timer is left", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, chance: new SeededChance(1) });
  await log.append([
    {
      channel: "pump",
      data: new Uint8Array([49]),
      idempotencyKey: "k",
      window: { sizeMax: 3, ttlMs: 1_000, metaTtlMs: 60_000 },
    },
  ]);
  assert.deepEqual(log.size, { streams: 1, idempotencyKeys: 1 });
  await clock.advance(400_000);
  assert.deepEqual(log.size, { streams: 0, idempotencyKeys: 0 });
  assert.equal(clock.pending, 0);
});

test("[LOG9] memory: a long stream keeps the window only", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, chance: new SeededChance(1) });
  const window = { sizeMax: 100, ttlMs: 60_000, metaTtlMs: 60_000 };
  for (let n = 0; n < 1_000; n++) await log.append([{ channel: "pump", data: new Uint8Array([n & 255]), window }]);
  const { publications } = await log.read({ channel: "pump", window, limit: -1, reverse: false });
  assert.deepEqual([publications.length, publications[0]?.offset, publications.at(-1)?.offset], [100, 901, 1_000]);
});

test("[R2] memory: names that were only asked for are forgotten after 10 minutes, those still asked for are not", async () => {
  const clock = new ManualClock();
  const log = new MemoryLog({ clock, chance: new SeededChance(1) });
  const window = { sizeMax: 10, ttlMs: 60_000, metaTtlMs: 2_592_000_000 };
  const kept = await log.top("kept", window);
  for (let n = 0; n < 100; n++) await log.top(`asked:${n}`, window);
  for (let minute = 0; minute < 15; minute++) {
    await clock.advance(60_000);
    assert.deepEqual(await log.top("kept", window), kept);
  }
  assert.equal(log.size.streams, 1);
  log.close();
});
