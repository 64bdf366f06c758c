import assert from "node:assert/strict";
import { test } from "node:test";
import { SeededChance } from "../../testing/seeded-chance.ts";
import { compareBytewise, OrderedKeys } from "./ordered-keys.ts";

const letters = ["a", "b", "\u0000", "z", "é", "\ue000", "\ufffd", "\u{10000}", "\u{1f600}", "\ud7ff"];

function randomKey(dice: SeededChance): string {
  return Array.from({ length: dice.below(5) }, () => letters[dice.below(letters.length)]).join("");
}

test("[ML10] keys compare as their UTF-8 bytes do", () => {
  const dice = new SeededChance(3);
  for (let n = 0; n < 20_000; n++) {
    const [a, b] = [randomKey(dice), randomKey(dice)];
    assert.equal(Math.sign(compareBytewise(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)), JSON.stringify([a, b]));
  }
});

test("[ML10] keys stay in order while they come and go by the thousand", () => {
  const dice = new SeededChance(5);
  const keys = new OrderedKeys();
  const model = new Set<string>();
  for (let step = 0; step < 30_000; step++) {
    const key = `${dice.below(4_000)}`;
    const grows = step < 15_000 ? 0.7 : 0.2;
    if (dice.random() < grows) {
      if (!model.has(key)) keys.add(key);
      model.add(key);
    } else {
      keys.remove(key);
      model.delete(key);
    }
    if (step % 1_000 !== 0) continue;
    const sorted = [...model].toSorted();
    assert.deepEqual([keys.after("", -1), keys.size], [sorted, sorted.length]);
    const cursor = `${dice.below(4_000)}`;
    assert.deepEqual(keys.after(cursor, 50), sorted.filter((one) => one > cursor).slice(0, 50));
    assert.equal(
      keys.hasAfter(cursor),
      sorted.some((one) => one > cursor),
    );
  }
  for (const key of model) keys.remove(key);
  assert.deepEqual([keys.size, keys.after("", -1), keys.hasAfter("")], [0, [], false]);
});
