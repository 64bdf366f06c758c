import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbedded, startProduction } from "../harness/stack.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { inCi, mosquitto, nginx, skipReason } from "../parts/find.ts";
import { report, runKillCycles } from "../torture/driver.ts";
import { embeddedPolicy, productionPolicy, productionVictim } from "../torture/policies.ts";

const seed = Number(process.env["FLEETCAST_SEED"] ?? Math.floor(Math.random() * 1_000_000));

test(`[F01] kill -9 under load on the embedded stack: nothing lost, doubled, reordered (seed ${seed})`, async () => {
  const stack = await startEmbedded();
  try {
    const result = await runKillCycles(stack, { cycles: inCi ? 40 : 8, seed, victim: () => "fleetcast", policy: embeddedPolicy });
    console.log(report(result));
    assert.equal(result.violations.length, 0, report(result));
    assert.ok(result.acked > 100);
  } finally {
    await stack.stop();
  }
});

const skip = skipReason(mosquitto, nginx, findCentrifugo({ build: false }));
test(`[F01 F12] kill -9 of Fleetcast and of Centrifugo behind a real Mosquitto (seed ${seed})`, { skip }, async () => {
  const stack = await startProduction();
  try {
    const result = await runKillCycles(stack, { cycles: inCi ? 12 : 3, seed, victim: productionVictim, policy: productionPolicy });
    console.log(report(result));
    assert.equal(result.violations.length, 0, report(result));
    assert.ok(result.acked > 100);
  } finally {
    await stack.stop();
  }
});
