import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { cyclesIn } from "./boundaries/cycles.ts";
import { type Finding, findingsIn, importsOf } from "./boundaries/rules.ts";

/** Who may import whom, and where a runtime, a clock or chance may be named. Run by `npm run check`. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const packages = ["protocol", "engine", "storage", "mqtt", "server", "dashboard", "simulator"];

function sourcesIn(folder: string): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.name === "node_modules" || entry.name === "dist") continue;
      const inner = join(path, entry.name);
      if (entry.isDirectory()) walk(inner);
      else if (/\.(ts|tsx)$/.test(entry.name) && !entry.name.endsWith(".d.ts")) found.push(inner);
    }
  };
  walk(folder);
  return found;
}

const findings: Finding[] = [];
const graph = new Map<string, string[]>();
for (const name of packages) {
  for (const file of sourcesIn(join(root, "packages", name))) {
    const path = relative(root, file).split(sep).join("/");
    const text = readFileSync(file, "utf8");
    findings.push(...findingsIn(path, text));
    graph.set(
      path,
      importsOf(text)
        .filter((specifier) => specifier.from.startsWith(".") && !specifier.typeOnly)
        .map((specifier) =>
          relative(root, resolve(dirname(file), specifier.from))
            .split(sep)
            .join("/"),
        ),
    );
  }
}
for (const cycle of cyclesIn(graph)) findings.push({ path: cycle[0]!, line: 1, text: `imports in a circle: ${cycle.join(" -> ")}` });

for (const { path, line, text } of findings) process.stderr.write(`${path}:${line}: ${text}\n`);
process.stdout.write(`boundaries: ${graph.size} files, ${findings.length} findings\n`);
process.exit(findings.length === 0 ? 0 : 1);
