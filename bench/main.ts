import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { codec } from "./codec.ts";
import { fanout } from "./fanout/fanout.ts";
import { type Extent, fullExtent, type Group, groups, quickExtent } from "./fanout/scenarios.ts";
import { ingest } from "./ingest.ts";
import { pipeline } from "./pipeline.ts";

/**
 * `npm run bench -- codec|fanout|ingest|pipeline [--rounds N] [--seconds S]`; writes `docs/bench/<name>.md`. For fanout also
 * `--subs 1,100,...`, `--quick` (four minutes, for a first look) and `--only saturated,paced,channels,idle,connects,recoveries`,
 * and then it is only printed.
 */
const [name = "", ...rest] = process.argv.slice(2);
const option = (word: string, fallback: string): string => {
  const index = rest.indexOf(`--${word}`);
  return index < 0 ? fallback : (rest[index + 1] ?? fallback);
};
const isQuick = rest.includes("--quick");
const rounds = Number(option("rounds", isQuick ? "1" : "3"));
const seconds = Number(option("seconds", isQuick ? "1" : "4"));
const base = isQuick ? quickExtent : fullExtent;
const extent: Extent = { ...base, rounds, seconds, subscribers: option("subs", base.subscribers.join(",")).split(",").map(Number) };
const only = option("only", groups.join(",")).split(",") as Group[];
const isPartial = name === "fanout" && (isQuick || rest.includes("--only") || rest.includes("--subs"));

const benches: Record<string, () => Promise<string>> = {
  fanout: () => fanout(extent, only, isPartial ? undefined : "docs/bench/fanout.svg"),
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
if (!isPartial) writePage(join(dirname(fileURLToPath(import.meta.url)), "..", "docs", "bench", `${name}.md`), text);
console.log(text);
process.exit(0);

/** What people wrote below the line stays. */
function writePage(file: string, measured: string): void {
  const line = "\n<!-- below: written by hand -->\n";
  const former = existsSync(file) ? readFileSync(file, "utf8") : "";
  const written = former.includes(line) ? former.slice(former.indexOf(line)) : "";
  mkdirSync(dirname(file), { recursive: true });
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  writeFileSync(file, `# bench/${name}\n\nCommand: \`${command}\`\n\n${measured}\n${written}`);
}
