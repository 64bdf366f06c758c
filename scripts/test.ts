import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findCentrifugo } from "../e2e/parts/centrifugo.ts";

/**
 * Runs everything that `npm test` promises: checks, unit tests, end-to-end tests and the browser. The quick set takes the
 * real parts it finds; with `CI=true` every one must be there. Closes on one plain line: `N passed, N failed, N skipped`.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const inCi = process.env["CI"] === "true";
const reports = mkdtempSync(join(tmpdir(), "fleetcast-reports-"));
const started = performance.now();

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}
interface Stage {
  readonly name: string;
  readonly run: () => Promise<Count>;
}

/** The rooms that run on Bun; the dashboard's tests want a page and run under Vitest. */
const rooms = ["protocol", "engine", "storage", "mqtt", "server", "simulator"].map((room) => `packages/${room}`);

const stages: Stage[] = [
  { name: "checks", run: () => exitCode("checks", ["scripts/check.ts"]) },
  { name: "unit tests", run: () => bunTest("unit", [...rooms, "scripts", "e2e/checker", "e2e/conformance", "e2e/fuzz"], 60) },
  { name: "dashboard", run: dashboard },
  { name: "conformance", run: conformance },
  { name: "sdks", run: sdks },
  { name: "end to end", run: () => bunTest("e2e", endToEndFiles(), 240) },
  { name: "browser", run: browser },
  { name: "guides", run: () => bunTest("guides", ["e2e/docs"], 120) },
  { name: "site", run: site },
];

const only = process.argv.slice(2);
const total: Count = { passed: 0, failed: 0, skipped: 0 };
if (inCi) {
  const centrifugo = findCentrifugo({ build: true });
  if (!centrifugo.found) process.stderr.write(`${centrifugo.why}\n`);
}
for (const stage of stages) {
  if (only.length > 0 && !only.some((word) => stage.name.startsWith(word))) continue;
  const begin = performance.now();
  process.stdout.write(`\n=== ${stage.name} (${clock()})\n`);
  const count = await stage.run();
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  process.stdout.write(`=== ${stage.name}: ${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped in ${seconds} s\n`);
}
rmSync(reports, { recursive: true, force: true });
process.stdout.write(`\nall of it took ${clock()}\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

function clock(): string {
  const seconds = Math.round((performance.now() - started) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function endToEndFiles(): string[] {
  return [
    "e2e/api",
    "e2e/deploy",
    "e2e/document",
    "e2e/examples",
    "e2e/executable",
    "e2e/observability",
    "e2e/pipeline",
    "e2e/reliability",
    "e2e/sdks",
    "e2e/start",
    "e2e/streams",
    "e2e/tls",
  ].filter((folder) => existsSync(join(root, folder)));
}

function run(command: string, args: readonly string[], cwd = root): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { cwd, stdio: ["ignore", "inherit", "inherit"] });
    child.on("exit", (code) => resolve(code ?? 1));
    child.on("error", () => resolve(127));
  });
}

async function exitCode(name: string, args: readonly string[]): Promise<Count> {
  const code = await run(process.execPath, args);
  if (code !== 0) process.stderr.write(`${name}: exit code ${code}\n`);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function bunTest(name: string, paths: readonly string[], timeoutS: number): Promise<Count> {
  if (paths.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const report = join(reports, `${name}.xml`);
  const arguments_ = [
    "test",
    `--timeout=${timeoutS * 1000}`,
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...paths.map((path) => `./${path}`),
  ];
  const code = await run(process.execPath, arguments_);
  const count = existsSync(report) ? junit(readFileSync(report, "utf8")) : { passed: 0, failed: 0, skipped: 0 };
  // A file that does not load leaves no failed case in the report, only the exit code.
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/** Our server and a real Centrifugo by one table of rules; counts its runs, a rule in JSON and in Protobuf as two. */
function conformance(): Promise<Count> {
  return counted("conformance", "e2e/conformance/main.ts");
}

/** The stock SDKs of JavaScript, Go and Python by one script, on our server and on a real Centrifugo. */
function sdks(): Promise<Count> {
  return counted("sdks", "e2e/sdks/main.ts");
}

/** A suite with a runner of its own, which writes down what it counted. */
async function counted(name: string, entry: string): Promise<Count> {
  const report = join(reports, `${name}.json`);
  const code = await run(process.execPath, [entry, `--counts=${report}`]);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const count = JSON.parse(readFileSync(report, "utf8")) as Count;
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

function junit(xml: string): Count {
  const head = xml.match(/<testsuites[^>]*>/)?.[0] ?? "";
  const number = (name: string): number => Number(head.match(new RegExp(`${name}="(\\d+)"`))?.[1] ?? 0);
  const failed = number("failures") + number("errors");
  const skipped = number("skipped");
  return { passed: number("tests") - failed - skipped, failed, skipped };
}

async function dashboard(): Promise<Count> {
  const report = join(reports, "vitest.json");
  const folder = join(root, "packages", "dashboard");
  const code = await run(
    "node",
    [join(root, "node_modules", "vitest", "vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    folder,
  );
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const result = JSON.parse(readFileSync(report, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numPendingTests: number;
    numTodoTests: number;
  };
  const count = { passed: result.numPassedTests, failed: result.numFailedTests, skipped: result.numPendingTests + result.numTodoTests };
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}

/** The documentation's site: a link to nothing, or something loaded from another host, stops its build. */
async function site(): Promise<Count> {
  const code = await run("node", [join(root, "scripts", "launch.mjs"), "docs"]);
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

async function browser(): Promise<Count> {
  if (!existsSync("/usr/bin/chromium")) {
    process.stderr.write("SKIPPED: the browser tests, /usr/bin/chromium is not installed (Debian package chromium)\n");
    return inCi ? { passed: 0, failed: 1, skipped: 0 } : { passed: 0, failed: 0, skipped: 1 };
  }
  const report = join(reports, "playwright.json");
  process.env["PLAYWRIGHT_JSON_OUTPUT_NAME"] = report;
  process.env["FLEETCAST_BUN"] = process.execPath;
  const code = await run("node", [
    join(root, "node_modules", "@playwright", "test", "cli.js"),
    "test",
    "--config",
    "e2e/browser/playwright.config.ts",
    "--reporter=list,json",
  ]);
  if (!existsSync(report)) return { passed: 0, failed: 1, skipped: 0 };
  const stats = (
    JSON.parse(readFileSync(report, "utf8")) as { stats: { expected: number; unexpected: number; flaky: number; skipped: number } }
  ).stats;
  const count = { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped };
  if (code !== 0 && count.failed === 0) count.failed = 1;
  return count;
}
