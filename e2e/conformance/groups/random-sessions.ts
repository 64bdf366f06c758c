import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { playSession } from "../harness/random-session.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "random-sessions",
  title: "Random sessions",
  about: "Sessions of commands and calls drawn from a seed: both servers must say the same, whatever is asked.",
  config: standard,
});

const sessionsPerRule = 12;
const stepsPerSession = 40;
/** More of them, or others: `CONFORMANCE_SEED=17 CONFORMANCE_SESSIONS=500`; one alone: `CONFORMANCE_SESSION=1060006 ... --show`. */
const firstSeed = Number(process.env["CONFORMANCE_SEED"] ?? 1);
const oneSession = process.env["CONFORMANCE_SESSION"];
const sessions = Number(process.env["CONFORMANCE_SESSIONS"] ?? sessionsPerRule);

for (let number = 1; number <= 6; number++) {
  rule(`[G14.${number}] random sessions, part ${number} of 6`, { limitMs: 20_000 + sessions * 2_000 }, async (side) => {
    const first = firstSeed * 1_000_000 + number * 10_000;
    const seeds = oneSession === undefined ? Array.from({ length: sessions }, (_, i) => first + i) : [Number(oneSession)];
    for (const seed of seeds) await playSession(side, seed, stepsPerSession);
    assert.equal(side.engine.isRunning, true);
  });
}

export default group;
