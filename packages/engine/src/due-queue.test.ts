import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededChance } from "../testing/seeded-chance.ts";
import { type DueItem, DueQueue } from "./due-queue.ts";

test("[ML29] the earliest item is first, whatever was added, moved and taken out", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const dice = new SeededChance(seed);
    const queue = new DueQueue<DueItem>();
    const items: DueItem[] = Array.from({ length: 40 }, () => ({ dueMs: 0, duePlace: -1 }));
    const inside = new Set<DueItem>();
    for (let step = 0; step < 400; step++) {
      const item = items[dice.below(items.length)];
      assert.ok(item);
      if (dice.random() < 0.7) {
        queue.set(item, dice.below(1_000));
        inside.add(item);
      } else {
        if (dice.random() < 0.5) queue.remove(item);
        else queue.set(item, Number.POSITIVE_INFINITY);
        inside.delete(item);
      }
      assert.equal(queue.size, inside.size);
      const earliest = Math.min(...[...inside].map(({ dueMs }) => dueMs));
      assert.equal(queue.first?.dueMs ?? Number.POSITIVE_INFINITY, earliest, `seed=${seed} step=${step}`);
    }
  }
});
