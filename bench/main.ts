import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { codec } from "./codec.ts";
import { fanout } from "./fanout.ts";
import { ingest } from "./ingest.ts";
import { pipeline } from "./pipeline.ts";

/** `npm run bench -- codec|fanout|ingest|pipeline [--rounds N] [--seconds S] [--subs 1,100,...]`; writes `docs/bench/<name>.md`. */
const [name = "", ...rest] = process.argv.slice(2);
const option = (word: string, fallback: string): string => {
  const index = rest.indexOf(`--${word}`);
  return index < 0 ? fallback : (rest[index + 1] ?? fallback);
};
const rounds = Number(option("rounds", "3"));
const seconds = Number(option("seconds", "4"));
const benches: Record<string, () => Promise<string>> = {
  fanout: () => fanout({ rounds, seconds, subs: option("subs", "1,100,1000,10000").split(",").map(Number) }),
  codec: async () => codec(),
  ingest: () => ingest({ rounds, seconds }),
  pipeline: () => pipeline({ rounds, seconds }),
};
const bench = benches[name];
if (bench === undefined) {
  console.error(`unknown benchmark "${name}": expected ${Object.keys(benches).join(", ")}`);
  process.exit(2);
}
const text = await bench();
const folder = join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "bench");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, `${name}.md`),
  `# bench/${name}\n\nCommand: \`npm run bench -- ${process.argv.slice(2).join(" ")}\`\n\n${text}\n`,
);
console.log(text);
process.exit(0);
