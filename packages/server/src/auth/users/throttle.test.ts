import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { Throttle } from "./throttle.ts";

const limits = { freeAttempts: 2, delayMs: 100, delayMsMax: 400, forgetMs: 10_000, keysMax: 3 };

test("[R2] the throttle remembers a bounded number of keys, the longest untouched goes first", () => {
  const throttle = new Throttle(limits, handClock(0));
  for (const key of ["a", "b", "a", "c", "d"]) throttle.count(key);
  assert.equal(throttle.size, 3);
  assert.equal(throttle.waitMs("a"), 100);
  throttle.count("b");
  assert.equal(throttle.waitMs("b"), 0);
});

test("delays double up to their maximum and end after a silence", () => {
  const clock = handClock(0);
  const throttle = new Throttle(limits, clock);
  const waits: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    throttle.count("a");
    waits.push(throttle.waitMs("a"));
    clock.advance(waits.at(-1)!);
  }
  assert.deepEqual(waits, [0, 100, 200, 400, 400, 400]);
  clock.advance(10_000);
  throttle.count("a");
  assert.equal(throttle.waitMs("a"), 0);
});

test("a refund takes one attempt back, not all", () => {
  const throttle = new Throttle(limits, handClock(0));
  throttle.count("a");
  throttle.count("a");
  throttle.refund("a");
  assert.equal(throttle.waitMs("a"), 0);
  throttle.count("a");
  assert.equal(throttle.waitMs("a"), 100);
});
