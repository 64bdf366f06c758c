import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { intervalsMax, ReceivedIntervals } from "./received-intervals.ts";

const seqs = fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 200 });

test("[L10] intervals know exactly the numbers a Set knows, through text and back", () => {
  fc.assert(
    fc.property(seqs, fc.integer({ min: 1, max: 20 }), (received, reloadEvery) => {
      const oracle = new Set<number>();
      let intervals = new ReceivedIntervals();
      received.forEach((seq, index) => {
        assert.equal(intervals.has(seq), oracle.has(seq));
        if (!oracle.has(seq)) intervals.add(seq);
        oracle.add(seq);
        assert.equal(intervals.highest, Math.max(...oracle));
        if (index % reloadEvery === 0) intervals = new ReceivedIntervals(intervals.toString());
      });
      for (let seq = 0; seq <= 91; seq++) assert.equal(intervals.has(seq), oracle.has(seq), `seq ${seq} in ${intervals}`);
    }),
    { numRuns: 500 },
  );
});

test("[L10] beyond 64 intervals the oldest are forgotten, and nothing that never came is called received", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 2_000 }), { minLength: 100, maxLength: 400 }), (received) => {
      const intervals = new ReceivedIntervals();
      const oracle = new Set<number>();
      for (const seq of received) {
        if (!intervals.has(seq)) intervals.add(seq);
        oracle.add(seq);
      }
      assert.ok(intervals.toString().split(",").length <= intervalsMax);
      for (let seq = 0; seq <= 2_000; seq++) {
        if (intervals.has(seq)) assert.ok(oracle.has(seq), `seq ${seq} never came`);
      }
    }),
    { numRuns: 200 },
  );
});

test("[L10] numbers up to 2^53-1 are kept as they are", () => {
  const intervals = new ReceivedIntervals();
  for (const seq of [Number.MAX_SAFE_INTEGER, 0, Number.MAX_SAFE_INTEGER - 1]) intervals.add(seq);
  assert.equal(intervals.toString(), `0-0,${Number.MAX_SAFE_INTEGER - 1}-${Number.MAX_SAFE_INTEGER}`);
  assert.equal(new ReceivedIntervals(intervals.toString()).highest, Number.MAX_SAFE_INTEGER);
});
