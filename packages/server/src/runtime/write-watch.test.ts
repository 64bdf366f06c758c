import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import { type BlockedSocket, WriteWatch } from "./write-watch.ts";

class Peer implements BlockedSocket {
  bufferedBytes: number;
  timeouts = 0;
  constructor(bufferedBytes: number) {
    this.bufferedBytes = bufferedBytes;
  }
  onWriteTimeout(): void {
    this.timeouts++;
  }
}

test("[TR30] a peer that takes nothing is told after its timeout, and again after each further one", async () => {
  const clock = new ManualClock();
  const watch = new WriteWatch(clock);
  const frozen = new Peer(100);
  watch.blocked(frozen, 1_000);
  await clock.advance(900);
  assert.equal(frozen.timeouts, 0);
  await clock.advance(400);
  assert.equal(frozen.timeouts, 1);
  await clock.advance(1_200);
  assert.equal(frozen.timeouts, 2);
});

test("[TR30] whoever takes something, however little, begins anew; who is released is forgotten, and no timer stays", async () => {
  const clock = new ManualClock();
  const watch = new WriteWatch(clock);
  const slow = new Peer(100);
  const released = new Peer(100);
  watch.blocked(slow, 1_000);
  watch.blocked(released, 1_000);
  for (let step = 0; step < 10; step++) {
    await clock.advance(500);
    slow.bufferedBytes--;
    if (step === 0) watch.released(released);
  }
  assert.deepEqual([slow.timeouts, released.timeouts, watch.size], [0, 0, 1]);
  watch.released(slow);
  await clock.advance(2_000);
  assert.equal(clock.pending, 0);
});

test("[TR30] sockets with different timeouts are each told in their time", async () => {
  const clock = new ManualClock();
  const watch = new WriteWatch(clock);
  const patient = new Peer(1);
  const strict = new Peer(1);
  watch.blocked(patient, 10_000);
  watch.blocked(strict, 400);
  await clock.advance(3_000);
  assert.ok(strict.timeouts >= 1, String(strict.timeouts));
  assert.equal(patient.timeouts, 0);
});
