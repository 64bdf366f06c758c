import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { surfaces } from "./codec-surfaces.ts";

/** Inputs each; both run beside each other. */
const count = process.env["CI"] === "true" ? 1_000_000 : 100_000;
const program = join(dirname(fileURLToPath(import.meta.url)), "run.ts");
const mebibyte = 1_048_576;

interface Report {
  readonly valid: number;
  readonly slowestMs: number;
  readonly corpus: number;
  readonly heapGrowthBytes: number;
  readonly rssGrowthBytes: number;
}

function fuzz(surface: string, seed: number): Promise<Report> {
  const child = spawn(process.execPath, [program, "--surface", surface, "--count", String(count), "--seed", String(seed)]);
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString("utf8");
  });
  return new Promise((resolve, reject) => {
    child.on("exit", (code) => {
      process.stderr.write(out);
      if (code === 0) resolve(JSON.parse(out) as Report);
      else reject(new Error(`bun e2e/fuzz/run.ts --surface ${surface} --count ${count} --seed ${seed}\n${err}`));
    });
  });
}

test("[G12] [R1] [R2] damaged frames end no process, none takes longer than 100 ms, and no memory stays behind", async () => {
  const seed = Number(process.env["FUZZ_SEED"] ?? Math.trunc(performance.timeOrigin) % 1_000_000_000);
  const reports = await Promise.all(Object.keys(surfaces).map((surface) => fuzz(surface, seed)));
  for (const report of reports) {
    assert.ok(report.valid > count / 50, `only ${report.valid} of ${count} frames were valid: the mutator breaks too much`);
    assert.ok(report.valid < count / 2, `${report.valid} of ${count} frames were valid: the mutator breaks too little`);
    assert.ok(report.corpus > 0, "the corpus is there");
    assert.ok(report.heapGrowthBytes < mebibyte, `the heap grew by ${report.heapGrowthBytes} bytes`);
    assert.ok(report.rssGrowthBytes < 24 * mebibyte, `the process grew by ${report.rssGrowthBytes} bytes`);
  }
});
