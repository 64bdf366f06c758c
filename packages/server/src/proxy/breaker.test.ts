import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../auth/testing/hand-clock.ts";
import { Breaker } from "./breaker.ts";

function failing(breaker: Breaker, calls: number): number {
  let through = 0;
  for (let call = 0; call < calls; call++) {
    if (!breaker.admits()) continue;
    through++;
    breaker.notAnswered();
  }
  return through;
}

test("[PX6] after ten calls without an answer nobody is asked, then one call tries", () => {
  const clock = handClock(0);
  const breaker = new Breaker(clock);
  assert.equal(failing(breaker, 100), 10);
  clock.advance(499);
  assert.equal(breaker.admits(), false);
  clock.advance(1);
  assert.equal(breaker.admits(), true);
  assert.equal(breaker.admits(), false, "one at a time");
  breaker.answered();
  assert.equal(failing(breaker, 9), 9);
  assert.equal(breaker.admits(), true);
});

test("[PX6] an answer in between counts from the beginning", () => {
  const breaker = new Breaker(handClock(0));
  for (let round = 0; round < 20; round++) {
    assert.equal(failing(breaker, 9), 9);
    assert.equal(breaker.admits(), true);
    breaker.answered();
  }
});

test("[PX6] each try that fails doubles the pause, up to ten seconds", () => {
  const clock = handClock(0);
  const breaker = new Breaker(clock);
  failing(breaker, 10);
  for (const pauseMs of [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    clock.advance(pauseMs - 1);
    assert.equal(breaker.admits(), false, `${pauseMs}`);
    clock.advance(1);
    assert.equal(failing(breaker, 5), 1, `${pauseMs}`);
  }
});

test("[PX6] calls that were under way when it opened change nothing, and their answer closes it", () => {
  const clock = handClock(0);
  const breaker = new Breaker(clock);
  failing(breaker, 10);
  breaker.notAnswered();
  breaker.notAnswered();
  clock.advance(500);
  assert.equal(breaker.admits(), true);
  failing(breaker, 0);
  breaker.notAnswered();
  assert.equal(breaker.admits(), false);
  breaker.answered();
  assert.equal(breaker.admits(), true);
});
