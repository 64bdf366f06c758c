import assert from "node:assert/strict";
import { test } from "node:test";
import { startEmbedded, startProduction } from "../harness/stack.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { inCi, mosquitto, nginx, skipReason } from "../parts/find.ts";
import { report, runKillCycles } from "../torture/driver.ts";
import { embeddedPolicy, productionPolicy } from "../torture/policies.ts";

/**
 * The checker is only worth its words if it finds bugs: each of these entry points plants one around the real product, and
 * the same kill cycles must bring it to light, named as the invariant that it breaks.
 */
const planted = [
  { bug: "ack-before-commit", breaks: ["I1"] },
  { bug: "second-row-on-redelivery", breaks: ["I2", "I4"] },
  { bug: "payload-encoded-again", breaks: ["P5"] },
  { bug: "tail-lost-at-restart", breaks: ["I1", "P1", "P3"] },
  { bug: "publish-before-commit", breaks: ["I5", "P3", "P1"] },
  { bug: "recovery-mixes-payloads", breaks: ["P3", "P5", "I4", "P1"] },
] as const;

for (const { bug, breaks } of planted) {
  test(`[G17] the checker finds the planted bug ${bug}`, { skip: inCi ? false : "the quick set runs without planted bugs" }, async () => {
    const stack = await startEmbedded({ entry: `e2e/planted/${bug}.ts`, command: [] });
    try {
      const result = await runKillCycles(stack, {
        cycles: 6,
        seed: 17,
        machines: 5,
        subscribers: 2,
        perSecond: 30,
        victim: () => "fleetcast",
        policy: embeddedPolicy,
      });
      assertFound(result, breaks);
    } finally {
      await stack.stop();
    }
  });
}

const skip = inCi ? skipReason(mosquitto, nginx, findCentrifugo({ build: false })) : "the quick set runs without planted bugs";
test("[G17] the checker finds the planted bug cursor-ahead-of-push behind a real Centrifugo", { skip }, async () => {
  const stack = await startProduction({ entry: "e2e/planted/cursor-ahead-of-push.ts", command: [] });
  try {
    const result = await runKillCycles(stack, {
      cycles: 6,
      seed: 17,
      machines: 5,
      subscribers: 2,
      perSecond: 30,
      victim: () => "fleetcast",
      policy: productionPolicy,
    });
    assertFound(result, ["I6", "P2"]);
  } finally {
    await stack.stop();
  }
});

function assertFound(result: Awaited<ReturnType<typeof runKillCycles>>, breaks: readonly string[]): void {
  console.log(report(result).split("\nfirst:")[0]);
  const found = new Set(result.violations.map((violation) => violation.invariant));
  assert.ok(
    breaks.some((invariant) => found.has(invariant)),
    `found ${[...found].join(", ") || "nothing"}, expected one of ${breaks.join(", ")}`,
  );
}
