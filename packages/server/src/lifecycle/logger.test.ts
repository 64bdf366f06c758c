import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { createLogger } from "./logger.ts";

async function written(write: (log: ReturnType<typeof createLogger>) => void, level: "trace" | "warn" = "trace"): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-log-"));
  try {
    const log = createLogger({ level, file: join(folder, "log") });
    write(log);
    await log.flush();
    log.abandon();
    return readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("[S20] fields that are secrets by their name are not written, however deep they lie", async () => {
  const [line = ""] = await written((log) =>
    log.info(
      {
        token: "s1",
        Authorization: "s2",
        request: { headers: { cookie: "s3", "x-api-key": "s4" }, list: [{ password: "s5" }] },
        user: "u",
      },
      "m",
    ),
  );
  assert.doesNotMatch(line, /"s\d"/);
  assert.match(line, /"user":"u"/);
  assert.equal(line.match(/\(secret\)/g)?.length, 5);
});

test("[S20] secrets inside of texts and of errors are taken out: passwords of addresses, keys of queries, headers", async () => {
  const inner = new Error("GET /api?api_key=s1secret&x=1 said: Bearer s2secret.s2secret.s2secret");
  const [line = ""] = await written((log) =>
    log.warn({ cause: new Error("postgres://ann:s3secret@host/db", { cause: inner }), text: "password=s4secret" }, "m"),
  );
  assert.doesNotMatch(line, /s\dsecret/);
  assert.match(line, /postgres:\/\/ann:\(secret\)@host\/db/);
  assert.match(line, /&x=1/);
});

test("[H14] a field is cut at 1,024 characters, a secret at the cut is none that is half written", async () => {
  const [line = ""] = await written((log) => log.info({ text: `${"x".repeat(1_000)} api_key=${"k".repeat(40)}` }, "m"));
  assert.doesNotMatch(line, /kkk/);
  assert.ok(line.length < 1_300);
});

test("a line is JSON with a level in words, a time and a sentence; what is below the level is not written", async () => {
  const lines = await written((log) => {
    log.info({}, "not this");
    log.error({ n: 1, at: new Date(0) }, "this");
  }, "warn");
  assert.equal(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0]!) as { time: string };
  assert.match(time, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual(rest, { level: "error", n: 1, at: "1970-01-01T00:00:00.000Z", msg: "this" });
});
