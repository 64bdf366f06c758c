import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { surfaces } from "./codec-surfaces.ts";

/**
 * `bun e2e/fuzz/run.ts --surface json-codec --count 1000000 --seed 7`: first every input of the corpus, then so many new ones.
 * In a process of its own, because it measures its memory: after each tenth of the run it collects what is free and looks
 * at the heap and at the resident size; from the second look on neither may grow. Prints one line of JSON.
 */
const { values } = parseArgs({
  options: { surface: { type: "string" }, count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" } },
});
const name = values.surface ?? "";
const surface = surfaces[name];
if (surface === undefined) throw new Error(`--surface: one of ${Object.keys(surfaces).join(", ")}`);
const count = Number(values.count);
const seed = Number(values.seed);
const corpus = join(dirname(fileURLToPath(import.meta.url)), "..", "corpus", name);

/** Slower than this is a failure (reliability goal G12). */
const inputMsMax = 100;
/** One input of so many is also judged by the dear rules. */
const sampledEvery = 64;
/** The foreign codec that they ask recurses, and large inputs are made to nest. */
const sampledBytesMax = 16_384;
const looks = 10;

let valid = 0;
let slowestMs = 0;

function run(input: Uint8Array, isSampled: boolean, label: string): void {
  const startMs = performance.now();
  try {
    if (surface?.judge(input, isSampled) === true) valid++;
  } catch (cause) {
    throw new Error(`${label}: kept as ${keep(input)}`, { cause });
  }
  let tookMs = performance.now() - startMs;
  // A pause of the machine is not the input's: what is slow is slow three times.
  for (let turn = 0; turn < 2 && tookMs > inputMsMax; turn++) tookMs = Math.min(tookMs, judgedMs(input));
  if (tookMs > slowestMs) slowestMs = tookMs;
  if (tookMs > inputMsMax) throw new Error(`${label} took ${tookMs.toFixed(0)} ms: kept as ${keep(input)}`);
}

function judgedMs(input: Uint8Array): number {
  const startMs = performance.now();
  surface?.judge(input, false);
  return performance.now() - startMs;
}

function keep(input: Uint8Array): string {
  mkdirSync(corpus, { recursive: true });
  const path = join(corpus, `${createHash("sha256").update(input).digest("hex").slice(0, 16)}.bin`);
  writeFileSync(path, input);
  return path;
}

function look(): { readonly heapBytes: number; readonly rssBytes: number } {
  Bun.gc(true);
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, rssBytes: rss };
}

const startMs = performance.now();
const kept = existsSync(corpus) ? readdirSync(corpus) : [];
for (const file of kept) {
  const input = new Uint8Array(readFileSync(join(corpus, file)));
  run(input, input.length <= sampledBytesMax, file);
}
const next = surface.inputs(seed);
const memory: ReturnType<typeof look>[] = [];
for (let done = 0; done < count; done++) {
  run(next(), done % sampledEvery === 0, `seed ${seed}, input ${done}`);
  if ((done + 1) % Math.ceil(count / looks) === 0) memory.push(look());
}
const [, early] = memory;
const late = memory.at(-1);
console.log(
  JSON.stringify({
    surface: name,
    seed,
    count,
    corpus: kept.length,
    valid,
    slowestMs: Number(slowestMs.toFixed(1)),
    seconds: Number(((performance.now() - startMs) / 1_000).toFixed(1)),
    heapGrowthBytes: (late?.heapBytes ?? 0) - (early?.heapBytes ?? 0),
    rssGrowthBytes: (late?.rssBytes ?? 0) - (early?.rssBytes ?? 0),
  }),
);
