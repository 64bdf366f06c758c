import assert from "node:assert/strict";
import { mapSessions } from "../configs/maps.ts";
import { playMapSession } from "../harness/random-map-session.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "map-sessions",
  title: "Random map sessions",
  about: "Maps that are read and changed as a seed says: both servers must say the same.",
  config: mapSessions,
});

const stepsPerSession = 60;
/** More of them, or others: `CONFORMANCE_SEED=17 CONFORMANCE_SESSIONS=500`. */
const firstSeed = Number(process.env["CONFORMANCE_SEED"] ?? 1);
const sessions = Number(process.env["CONFORMANCE_SESSIONS"] ?? 12);

for (let number = 1; number <= 4; number++) {
  rule(`[MS17.${number + 10}] random map sessions, part ${number} of 4`, { limitMs: 20_000 + sessions * 2_000 }, async (side) => {
    for (let i = 0; i < sessions; i++) await playMapSession(side, firstSeed * 1_000_000 + number * 10_000 + i, stepsPerSession);
    assert.equal(side.engine.isRunning, true);
  });
}

export default group;
