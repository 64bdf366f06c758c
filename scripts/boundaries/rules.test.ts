import assert from "node:assert/strict";
import { test } from "node:test";
import { cyclesIn } from "./cycles.ts";
import { findingsIn, importsOf } from "./rules.ts";

const texts = (path: string, text: string): string[] => findingsIn(path, text).map((finding) => `${finding.line}: ${finding.text}`);
const clean = (path: string, text: string): void => assert.deepEqual(texts(path, text), []);
const caught = (path: string, text: string, what: RegExp): void => assert.match(texts(path, text).join("\n"), what, text);

test("packages import in one direction only", () => {
  clean("packages/storage/src/a.ts", 'import { x } from "@fleetcast/engine";\n');
  caught("packages/engine/src/a.ts", 'import { x } from "@fleetcast/storage";\n', /engine may not import storage/);
  caught("packages/mqtt/src/a.ts", 'export type { x } from "@fleetcast/server";\n', /mqtt may not import server/);
  caught("packages/dashboard/src/a.tsx", 'const a = await import("@fleetcast/engine");\n', /dashboard may not import engine/);
  caught("packages/server/src/a.ts", 'import {\n  a,\n  b,\n} from "@fleetcast/storage/src/journal.ts";\n', /4: .*only the index/);
  caught("packages/server/src/a.ts", 'import { x } from "@fleetcast/engine/testing";\n', /only the index/);
  clean("packages/server/src/a.test.ts", 'import { x } from "@fleetcast/engine/testing";\n');
  caught("packages/server/src/a.ts", 'import { x } from "@fleetcast/server";\n', /does not import itself/);
});

test("relative imports name the file that defines the thing, with its ending", () => {
  clean("packages/server/src/a.ts", 'import "./b.ts";\nimport { c } from "../c.json" with { type: "json" };\n');
  caught("packages/server/src/a.ts", 'import { b } from "./b";\n', /1: "\.\/b" must end in \.ts/);
  caught("packages/engine/src/hub/a.ts", 'import { b } from "../index.ts";\n', /index of one's own package/);
});

test("protocol and engine depend on nothing", () => {
  caught("packages/engine/src/a.ts", 'import { createHash } from "node:crypto";\n', /engine has no dependencies/);
  caught("packages/protocol/src/a.ts", 'import { z } from "zod";\n', /protocol has no dependencies/);
  clean("packages/protocol/src/a.test.ts", 'import { test } from "node:test";\n');
});

test("Bun, the environment, the console, clocks, timers and chance have their places", () => {
  for (const [text, what] of [
    ["const s = Bun.serve({});", /Bun's own API/],
    ["type S = Bun.Server<unknown>;", /Bun's own types/],
    ['import { Database } from "bun:sqlite";', /belongs to/],
    ['import type { Server } from "bun";', /belongs to/],
    ['const x = process.env["X"];', /process\.env/],
    ['console.log("x");', /console/],
    ["const t = Date.now();", /wall clock/],
    ["const d = new Date();", /wall clock/],
    ["const r = Math.random();", /Math\.random/],
    ["setTimeout(() => {}, 1);", /a timer/],
  ] as const) {
    caught("packages/server/src/http/a.ts", `${text}\n`, what);
    clean("packages/server/src/http/a.test.ts", `${text.startsWith("import") ? "" : text}\n`);
  }
  clean("packages/server/src/runtime/a.ts", "const s = Bun.serve({}); Date.now(); setTimeout(() => {}, 1); Math.random();\n");
  clean("packages/storage/src/sqlite/a.ts", 'import { Database } from "bun:sqlite";\n');
  clean("packages/server/src/config/a.ts", "const e = process.env;\n");
});

test("comments, strings and names that only look alike are not findings", () => {
  clean(
    "packages/server/src/http/a.ts",
    '// Bun.serve and console.log\n/* Date.now() */\nconst a = "process.env", b = clock.setTimeout(1), c = my.Bun.x;\nnew Date(0);\n',
  );
  clean("packages/server/src/http/a.ts", 'const url = "http://x"; // import { x } from "@fleetcast/none"\n');
});

test("imports are found over lines, with their line", () => {
  assert.deepEqual(importsOf('import type { a } from "./a.ts";\n\nexport {\n  b,\n} from "./b.ts";\nimport "./c.ts";\n'), [
    { from: "./a.ts", line: 1, typeOnly: true },
    { from: "./b.ts", line: 5, typeOnly: false },
    { from: "./c.ts", line: 6, typeOnly: false },
  ]);
});

test("a circle of imports is told once, with its way", () => {
  const graph = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", ["a"]],
    ["d", []],
  ]);
  assert.deepEqual(cyclesIn(graph), [["a", "b", "c", "a"]]);
});
