import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@fleetcast/engine/testing";
import { ConnectionGate } from "./connection-gate.ts";

function gateOf(limits: { connectionsMax?: number; connectionsPerSecondMax?: number }, connections = { count: 0 }) {
  const clock = new ManualClock();
  const warnings: string[] = [];
  const log = { debug: () => {}, info: () => {}, warn: (_fields: object, text: string) => warnings.push(text), error: () => {} };
  const gate = new ConnectionGate(
    { connectionsMax: 0, connectionsPerSecondMax: 0, ...limits },
    { clock, log, connectionCount: () => connections.count },
  );
  return { gate, clock, warnings };
}

test("[TR5] without limits everybody is let in", () => {
  const { gate } = gateOf({}, { count: 1_000_000 });
  for (let n = 0; n < 1_000; n++) assert.ok(gate.lets());
});

test("[TR5] the connection limit counts connections that are there; one that leaves makes room; the log says it at most every 3 s", async () => {
  const connections = { count: 2 };
  const { gate, clock, warnings } = gateOf({ connectionsMax: 2 }, connections);
  for (let n = 0; n < 50; n++) assert.equal(gate.lets(), false);
  assert.equal(warnings.length, 1);
  await clock.advance(3_100);
  assert.equal(gate.lets(), false);
  assert.equal(warnings.length, 2);
  connections.count = 1;
  assert.equal(gate.lets(), true);
});

test("[TR5] the rate is a bucket of as many as a second brings, filled evenly", async () => {
  const { gate, clock } = gateOf({ connectionsPerSecondMax: 10 });
  const letIn = (asked: number): number => Array.from({ length: asked }, () => gate.lets()).filter(Boolean).length;
  assert.equal(letIn(30), 10);
  await clock.advance(500);
  assert.equal(letIn(30), 5);
  await clock.advance(60_000);
  assert.equal(letIn(30), 10);
});
