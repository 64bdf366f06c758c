import { startEmbedded, startProduction } from "./harness/stack.ts";
import { type KillResult, report, runKillCycles } from "./torture/driver.ts";
import { embeddedPolicy, productionPolicy, productionVictim } from "./torture/policies.ts";

/**
 * The long runs, by hand: `npm run torture -- --tier ci|night [--seed N] [--only embedded|production]`. Prints a line a
 * stack and exits with 1 when the checker found anything.
 */
const tiers = { ci: { embedded: 40, production: 12 }, night: { embedded: 300, production: 60 } } as const;

const option = (name: string): string | undefined => {
  const index = process.argv.indexOf(`--${name}`);
  return index < 0 ? undefined : process.argv[index + 1];
};
const tier = option("tier") ?? "ci";
if (tier !== "ci" && tier !== "night") {
  console.error(`unknown tier ${tier}: expected ci or night`);
  process.exit(2);
}
const seed = Number(option("seed") ?? Math.floor(Math.random() * 1_000_000));
const only = option("only");
const results: KillResult[] = [];
console.log(`tier ${tier}, seed ${seed} (repeat with: npm run torture -- --tier ${tier} --seed ${seed})`);

if (only === undefined || only === "embedded") {
  const stack = await startEmbedded();
  const progress = (line: string): void => console.log(`embedded: ${line}`);
  try {
    results.push(
      await runKillCycles(stack, { cycles: tiers[tier].embedded, seed, victim: () => "fleetcast", policy: embeddedPolicy, progress }),
    );
  } finally {
    await stack.stop();
  }
  console.log(`embedded stack: ${report(results.at(-1)!)}`);
}
if (only === undefined || only === "production") {
  const stack = await startProduction();
  const progress = (line: string): void => console.log(`Mosquitto + Centrifugo: ${line}`);
  try {
    results.push(
      await runKillCycles(stack, { cycles: tiers[tier].production, seed, victim: productionVictim, policy: productionPolicy, progress }),
    );
  } finally {
    await stack.stop();
  }
  console.log(`Mosquitto + Centrifugo: ${report(results.at(-1)!)}`);
}
process.exit(results.some((result) => result.violations.length > 0) ? 1 : 0);
