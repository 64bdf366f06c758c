import assert from "node:assert/strict";
import { test } from "node:test";
import { NoTurn, Turns } from "./turns.ts";

/** Timers that a test runs by hand. */
function manual() {
  const due: { atMs: number; task: () => void }[] = [];
  let nowMs = 0;
  return {
    schedule: (delayMs: number, task: () => void) => {
      const timer = { atMs: nowMs + delayMs, task };
      due.push(timer);
      return () => void due.splice(due.indexOf(timer), 1);
    },
    advance: (byMs: number) => {
      nowMs += byMs;
      for (const timer of due.filter(({ atMs }) => atMs <= nowMs)) {
        due.splice(due.indexOf(timer), 1);
        timer.task();
      }
    },
    pending: () => due.length,
  };
}

test("[PX7] as many calls as allowed run at once, the others in the order in which they came", async () => {
  const clock = manual();
  const turns = new Turns({ atOnceMax: 2, waitingMax: 10 }, clock);
  assert.equal(turns.enter(1_000), undefined);
  assert.equal(turns.enter(1_000), undefined);
  const order: number[] = [];
  for (const call of [1, 2, 3]) void turns.enter(1_000)?.then(() => order.push(call));
  await Promise.resolve();
  assert.deepEqual(order, []);
  for (let turn = 0; turn < 3; turn++) {
    turns.leave();
    await Promise.resolve();
  }
  assert.deepEqual(order, [1, 2, 3]);
  assert.equal(clock.pending(), 0);
  turns.leave();
  turns.leave();
  assert.equal(turns.enter(1_000), undefined);
});

test("[PX7] who waits too long, or behind too many, has no turn, and takes nobody else's", async () => {
  const clock = manual();
  const turns = new Turns({ atOnceMax: 1, waitingMax: 2 }, clock);
  assert.equal(turns.enter(1_000), undefined);
  const late = turns.enter(100)!;
  const patient = turns.enter(1_000)!;
  await assert.rejects(turns.enter(1_000)!, NoTurn);
  clock.advance(100);
  await assert.rejects(late, NoTurn);
  turns.leave();
  await patient;
  assert.equal(clock.pending(), 0);
});
