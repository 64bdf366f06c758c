import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Child } from "../../testing/child.ts";
import { withTemporaryFolder } from "../../testing/temporary-folder.ts";

const workspace = fileURLToPath(new URL("../../../../", import.meta.url));

test("[L1] all threads are found inside a single executable too", { timeout: 60_000 }, async () => {
  await withTemporaryFolder(async (dir) => {
    const executable = join(dir, "program");
    const entries = [
      "testing/appending-child.ts",
      "src/sqlite/writer-worker.ts",
      "src/sqlite/reader-worker.ts",
      "src/sqlite/checkpoint-worker.ts",
    ];
    const build = spawnSync(
      process.execPath,
      ["build", "--compile", "--root", ".", "--outfile", executable, ...entries.map((entry) => `packages/storage/${entry}`)],
      { cwd: workspace, encoding: "utf8" },
    );
    assert.equal(build.status, 0, build.stderr);
    const child = new Child([executable, join(dir, "data"), "1"]);
    await child.said("ready");
    while (!child.lines.some((line) => line.startsWith("ack"))) await new Promise((resolve) => setTimeout(resolve, 10));
    await child.kill();
  });
});
