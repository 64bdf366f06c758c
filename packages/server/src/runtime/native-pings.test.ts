import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import { NativePings, type PingedSocket } from "./native-pings.ts";

class Peer implements PingedSocket {
  pings = 0;
  missing = 0;
  answer: () => void = () => {};
  sendPing(): void {
    this.pings++;
    this.answer();
  }
  onPongMissing(): void {
    this.missing++;
  }
}

const setup = () => {
  const clock = new ManualClock();
  return { clock, pings: new NativePings(clock, { intervalMs: 1_000, timeoutMs: 400 }) };
};

test("[TR12] a peer is pinged every interval while it answers", async () => {
  const { clock, pings } = setup();
  const peer = new Peer();
  peer.answer = () => pings.ponged(peer);
  pings.add(peer);
  await clock.advance(999);
  assert.equal(peer.pings, 0);
  await clock.advance(4_100);
  assert.deepEqual([peer.pings, peer.missing, pings.size], [5, 0, 1]);
});

test("[TR12] one that does not answer in time is told once and pinged no more", async () => {
  const { clock, pings } = setup();
  const silent = new Peer();
  pings.add(silent);
  await clock.advance(1_390);
  assert.equal(silent.missing, 0);
  await clock.advance(5_000);
  assert.deepEqual([silent.pings, silent.missing, pings.size, clock.pending], [1, 1, 0, 0]);
});

test("[TR12] sockets that come at different times keep their own time; one that leaves is forgotten with its timer", async () => {
  const { clock, pings } = setup();
  const early = new Peer();
  const late = new Peer();
  for (const peer of [early, late]) peer.answer = () => pings.ponged(peer);
  pings.add(early);
  await clock.advance(600);
  pings.add(late);
  await clock.advance(500);
  assert.deepEqual([early.pings, late.pings], [1, 0]);
  await clock.advance(600);
  assert.deepEqual([early.pings, late.pings], [1, 1]);
  pings.remove(early);
  pings.remove(late);
  await clock.advance(3_000);
  assert.deepEqual([early.pings, late.pings, clock.pending], [1, 1, 0]);
});
