import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { API_KEY } from "../harness/fleetcast.ts";
import { OwnProcess } from "../harness/process.ts";
import { inCi, requirePath, skipReason } from "../parts/find.ts";
import { findSchemathesis } from "../parts/schemathesis.ts";
import { type Document, documentOf, startApiWorld } from "./world.ts";

/** Whoever finds something with another seed runs it again: FLEETCAST_FUZZ_SEED=17 bun test e2e/api/fuzz.test.ts */
const seed = process.env["FLEETCAST_FUZZ_SEED"] ?? "7";
const limitMs = 60_000;
const checks = ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"];

const schemathesis = await findSchemathesis({ build: inCi });

test("[OA9] every operation, asked with damaged requests, answers within its document and never with an error of the server", {
  skip: skipReason(schemathesis),
  timeout: 120_000,
}, async () => {
  const world = await startApiWorld();
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-fuzz-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, JSON.stringify(withoutKnownFailures(await documentOf(world))));
    const fuzzer = new OwnProcess(
      "schemathesis",
      requirePath(schemathesis),
      [
        ...["run", file, "--url", world.fleetcast.base, "--seed", seed, "--max-examples", "6", "--checks", checks.join(",")],
        ...["--phases", "examples,coverage,fuzzing", "--continue-on-failure", "--generation-database", "none", "--no-color"],
        // Signing out would end the session that the others need.
        ...["--exclude-operation-id", "logout"],
        ...["-H", `X-API-Key: ${API_KEY}`, "-H", `Cookie: ${world.cookie}`, "-H", `X-Fleetcast-CSRF: ${world.csrf}`],
      ],
      { cwd: folder },
    );
    const started = performance.now();
    const code = await Promise.race([fuzzer.exited, new Promise<"late">((resolve) => setTimeout(() => resolve("late"), limitMs))]);
    if (code === "late") await fuzzer.end("SIGKILL");
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    assert.equal(code, 0, `seed ${seed}, ${seconds} s\n${fuzzer.output}`);
    const cases = Number(fuzzer.output.match(/(\d+) generated/)?.[1]);
    assert.ok(cases > 1_000, fuzzer.output);
    process.stdout.write(`${cases} requests in ${seconds} s\n`);
    const log = world.fleetcast.process.output;
    assert.ok(!log.includes('"level":"error"'), log.slice(-2_000));
    assert.equal((await fetch(`${world.fleetcast.base}/readyz`)).status, 200);
  } finally {
    await world.fleetcast.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});

/**
 * Error 100 is what the protocol says to a bad glob and to a reversed history from offset 0 (H7), and in transport mode that is
 * status 500: asked for in the bad-input tests, and no finding here.
 */
function withoutKnownFailures(document: Document): Document {
  for (const path of ["/api/history", "/api/channels"]) document.paths[path].post.parameters = [];
  return document;
}
