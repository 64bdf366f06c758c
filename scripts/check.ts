import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** `npm run check`: format, lint, types, boundaries. All run at once; what failed is printed whole at the end. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const started = performance.now();

interface Check {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
}

// The bins of npm are scripts for Node; Bun runs the repository's own files.
const bin = (...path: string[]): string => join(root, "node_modules", ...path);
// Prose keeps its own line breaks and tables.
const sources = ["packages", "e2e", "bench", "scripts", "examples", "docs/.vitepress", "biome.json", "package.json", "tsconfig.json"];
const checks: readonly Check[] = [
  {
    name: "format and lint",
    command: "node",
    args: [bin("@biomejs", "biome", "bin", "biome"), "check", "--error-on-warnings", ...sources],
  },
  { name: "types", command: "node", args: [bin("typescript", "bin", "tsc"), "-p", "."] },
  { name: "types of the dashboard", command: "node", args: [bin("typescript", "bin", "tsc"), "-p", "packages/dashboard"] },
  { name: "boundaries", command: process.execPath, args: ["scripts/check-boundaries.ts"] },
];

function run({ command, args }: Check): Promise<{ readonly code: number; readonly output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const keep = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", (error) => resolve({ code: 127, output: String(error) }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

const results = await Promise.all(
  checks.map(async (check) => {
    const begin = performance.now();
    const result = await run(check);
    const seconds = ((performance.now() - begin) / 1_000).toFixed(1);
    process.stdout.write(`${result.code === 0 ? "ok    " : "FAILED"} ${check.name} (${seconds} s)\n`);
    return { ...check, ...result };
  }),
);
const failed = results.filter((result) => result.code !== 0);
for (const { name, output } of failed) process.stderr.write(`\n=== ${name}\n${output}\n`);
process.stdout.write(
  `${failed.length === 0 ? "all checks passed" : `${failed.length} checks failed`} in ${((performance.now() - started) / 1_000).toFixed(1)} s\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
