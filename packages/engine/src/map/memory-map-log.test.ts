import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../testing/manual-clock.ts";
import { ephemeralTerms, mapLogContract, persistentTerms, recoverableTerms } from "../../testing/map-log-contract.ts";
import { SeededChance } from "../../testing/seeded-chance.ts";
import type { MapTerms } from "./map-log.ts";
import { MemoryMapLog } from "./memory-map-log.ts";

mapLogContract("memory", (ports) => {
  const log = new MemoryMapLog(ports);
  return { log, close: () => log.close() };
});

const value = new TextEncoder().encode("1");

function memoryMap(seed = 1) {
  const clock = new ManualClock();
  const log = new MemoryMapLog({ clock, chance: new SeededChance(seed) });
  const set = (channel: string, key: string, terms: MapTerms) => log.publish({ channel, key, data: value, terms });
  return { clock, log, set };
}

test("[P7] memory: what time takes away is freed, and then no timer is left", async () => {
  const { clock, log, set } = memoryMap();
  await set("recoverable", "a", recoverableTerms);
  await set("ephemeral", "a", ephemeralTerms);
  await log.publish({ channel: "repeats", key: "a", data: value, terms: recoverableTerms, idempotencyKey: "k" });
  await log.top("only asked for", persistentTerms);
  assert.deepEqual(log.size, { channels: 4, keys: 3, idempotencyKeys: 1 });
  await clock.advance(700_000);
  assert.deepEqual([log.size, clock.pending], [{ channels: 0, keys: 0, idempotencyKeys: 0 }, 0]);
});

test("[R2] memory: a persistent channel is kept while it holds keys; emptied, its epoch lives 30 days", async () => {
  const { clock, log, set } = memoryMap();
  const { position } = await set("map", "a", persistentTerms);
  await clock.advance(40 * 86_400_000);
  assert.deepEqual([log.size.channels, clock.pending], [1, 0]);
  await log.remove({ channel: "map", key: "a", terms: persistentTerms });
  await clock.advance(29 * 86_400_000);
  assert.equal((await log.top("map", persistentTerms)).epoch, position.epoch);
  await clock.advance(31 * 86_400_000);
  assert.deepEqual([log.size.channels, clock.pending], [0, 0]);
});

test("[P7] memory: cleared and closed, nothing waits", async () => {
  const { clock, log, set } = memoryMap();
  await set("map", "a", recoverableTerms);
  await log.clear("map");
  log.close();
  assert.deepEqual([log.size.channels, clock.pending], [0, 0]);
});

test("[ML27] memory: a change among 100,000 keys costs no walk through them", async () => {
  const { clock, log, set } = memoryMap();
  const keyOf = (n: number) => `vm-${(n * 7_919) % 100_000}`;
  const perKeyMs = async (count: number) => {
    const startedAt = performance.now();
    for (let n = 0; n < count; n++) {
      await set("map", keyOf(n), recoverableTerms);
      if (n % 10 === 0) await log.readState({ channel: "map", terms: recoverableTerms, cursor: keyOf(n), limit: 10 });
    }
    return (performance.now() - startedAt) / count;
  };
  await perKeyMs(100_000);
  assert.equal((await log.stats("map")).keys, 100_000);
  const large = await perKeyMs(2_000);
  // A sort of all keys for each page would cost about 5 ms.
  assert.ok(large < 1, `${large} ms a change with 100,000 keys`);
  await clock.advance(11_000);
  assert.equal((await log.stats("map")).keys, 0);
});

test("[ML28] memory: any run of changes and reads answers what a plain list would", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const dice = new SeededChance(seed);
    const { clock, log, set } = memoryMap(seed);
    const model = new Map<string, number>();
    for (let step = 0; step < 300; step++) {
      const key = `k${dice.below(1_500)}`;
      if (dice.random() < 0.6) {
        await set("map", key, recoverableTerms);
        model.set(key, clock.monotonicMs() + recoverableTerms.keyTtlMs);
      } else if (dice.random() < 0.5) {
        const { suppressed } = await log.remove({ channel: "map", key, terms: recoverableTerms });
        assert.equal(suppressed === undefined, model.delete(key), `seed=${seed} step=${step}`);
      } else if (dice.random() < 0.05) {
        await clock.advance(dice.below(6_000));
        // Deadlines may be a little late; they are looked at where nothing is near.
        await clock.advance(200);
        for (const [name, expiresAtMs] of model) if (expiresAtMs <= clock.monotonicMs() - 150) model.delete(name);
      }
      const sorted = [...model.keys()].filter((name) => (model.get(name) ?? 0) > clock.monotonicMs()).toSorted();
      const cursor = dice.random() < 0.5 ? "" : `k${dice.below(1_500)}`;
      const limit = 1 + dice.below(40);
      const page = await log.readState({ channel: "map", terms: recoverableTerms, cursor, limit });
      const alive = page.entries.map((entry) => entry.key).filter((name) => (model.get(name) ?? 0) > clock.monotonicMs());
      const expected = sorted.filter((name) => name > cursor).slice(0, limit);
      assert.deepEqual(alive, expected.slice(0, alive.length), `seed=${seed} step=${step}`);
      assert.ok(alive.length === expected.length || page.entries.length === limit, `seed=${seed} step=${step}`);
    }
  }
});
