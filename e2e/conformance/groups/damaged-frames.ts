import { standard } from "../configs/standard.ts";
import { sendDamaged } from "../harness/damaged-frames.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "damaged-frames",
  title: "Damaged frames",
  about: "Commands with a few bytes changed, taken out, put in or doubled, drawn from a seed: both servers must read the same.",
  config: standard,
});

const framesPerRule = 400;
/** More of them, or others: `CONFORMANCE_SEED=17 CONFORMANCE_FRAMES=5000`. */
const firstSeed = Number(process.env["CONFORMANCE_SEED"] ?? 1);
const frames = Number(process.env["CONFORMANCE_FRAMES"] ?? framesPerRule);

for (let number = 1; number <= 4; number++) {
  rule(`[G14.${10 + number}] damaged frames, part ${number} of 4`, { limitMs: 20_000 + frames * 20 }, async (side) => {
    await sendDamaged(side, firstSeed * 1_000 + number, frames);
  });
}

export default group;
