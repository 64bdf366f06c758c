import { posix } from "node:path";

/** The rules of design section 3, each a question to one file's text. Paths are relative to the repository, with `/`. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

export interface Import {
  readonly from: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** `protocol <- engine <- storage, mqtt <- server`, and `protocol <- dashboard, simulator` (the server runs the simulator). */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  engine: ["protocol"],
  storage: ["protocol", "engine"],
  mqtt: ["protocol"],
  server: ["protocol", "engine", "storage", "mqtt", "simulator"],
  dashboard: ["protocol"],
  simulator: ["protocol"],
};
const withTesting = new Set(["protocol", "engine", "storage"]);
/** No package of npm's and nothing of Node's: these two also run in a browser. */
const withoutDependencies = new Set(["protocol", "engine"]);

interface PlaceRule {
  readonly pattern: RegExp;
  readonly what: string;
  /** Where it may stand; a folder ends in `/`. */
  readonly allowed: readonly string[];
  /** Packages the rule is about; all where absent. */
  readonly packages?: readonly string[];
}

const serverSide = ["protocol", "engine", "storage", "mqtt", "server", "simulator"];
const bunPlaces = ["packages/server/src/runtime/", "packages/storage/src/sqlite/"];
const places: readonly PlaceRule[] = [
  { pattern: /(?<![\w.$])Bun\s*\.(?!(Server|ServerWebSocket|WebSocketHandler)\b)/, what: "Bun's own API", allowed: bunPlaces },
  { pattern: /(?<![\w.$])Bun\s*\.(Server|ServerWebSocket|WebSocketHandler)\b/, what: "Bun's own types", allowed: bunPlaces },
  { pattern: /process\.env\b/, what: "process.env", allowed: ["packages/server/src/config/"] },
  { pattern: /(?<![\w.$])console\s*\./, what: "console", allowed: [] },
  {
    pattern: /(?<![\w.$])Date\.now\(|new Date\(\)/,
    what: "the wall clock (take it from the clock handed in)",
    allowed: ["packages/server/src/runtime/"],
    packages: serverSide,
  },
  {
    pattern: /(?<![\w.$])Math\.random\(/,
    what: "Math.random (take it from the chance handed in)",
    allowed: ["packages/server/src/runtime/"],
  },
  {
    pattern: /(?<![\w.$])(setTimeout|setInterval|setImmediate)\(/,
    what: "a timer (take it from the clock handed in)",
    allowed: ["packages/server/src/runtime/", "packages/server/src/app.ts", "packages/server/src/lifecycle/run.ts"],
    packages: serverSide,
  },
];

export function findingsIn(path: string, text: string): Finding[] {
  const [, name = "", area = ""] = path.match(/^packages\/([^/]+)\/([^/]+)/) ?? [];
  const isTest = area === "testing" || /(^|\/)testing[-/]/.test(path) || /\.(test|bench)\.tsx?$/.test(path);
  return [...importFindings(path, name, isTest, text), ...(isTest || area !== "src" ? [] : placeFindings(path, name, text))];
}

function importFindings(path: string, name: string, isTest: boolean, text: string): Finding[] {
  const findings: Finding[] = [];
  const allowed = mayImport[name] ?? [];
  for (const { from, line } of importsOf(text)) {
    const tell = (what: string): void => {
      findings.push({ path, line, text: what });
    };
    if (from.startsWith(".")) {
      if (!/\.(ts|tsx|css|json|js|svg)(\?.*)?$/.test(from)) tell(`"${from}" must end in .ts`);
      if (isOwnIndex(path, from) && !isTest) tell(`"${from}": import the file that defines it, not the index of one's own package`);
      continue;
    }
    const [, ours, rest = ""] = from.match(/^@fleetcast\/([^/]+)(\/.*)?$/) ?? [];
    if (ours !== undefined) {
      if (ours === name) tell(`"${from}": a package does not import itself by name`);
      else if (!allowed.includes(ours)) tell(`${name} may not import ${ours}`);
      if (rest === "/testing" ? !withTesting.has(ours) || !isTest : rest !== "") tell(`"${from}": only the index of a package is open`);
      continue;
    }
    if (from === "bun" || from.startsWith("bun:")) {
      if (from !== "bun:test" && !bunPlaces.some((place) => path.startsWith(place)))
        tell(`"${from}" belongs to ${bunPlaces.join(" and ")}`);
      continue;
    }
    if (withoutDependencies.has(name) && !isTest) tell(`${name} has no dependencies; "${from}" is one`);
  }
  return findings;
}

function isOwnIndex(path: string, from: string): boolean {
  const target = posix.join(posix.dirname(path), from);
  return /^packages\/[^/]+\/(src|testing)\/index\.ts$/.test(target);
}

function placeFindings(path: string, name: string, text: string): Finding[] {
  const findings: Finding[] = [];
  const code = withoutComments(text).split("\n");
  for (const rule of places) {
    if (rule.packages !== undefined && !rule.packages.includes(name)) continue;
    if (rule.allowed.some((place) => (place.endsWith("/") ? path.startsWith(place) : path === place))) continue;
    for (const [index, line] of code.entries()) {
      if (rule.pattern.test(line)) findings.push({ path, line: index + 1, text: `${rule.what} may not stand here` });
    }
  }
  return findings;
}

/** Every `import ... from "x"`, `export ... from "x"`, `import "x"` and `import("x")`. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text, true);
  const found: Import[] = [];
  const statement =
    /(?:^|[\n;])\s*(?:import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/g;
  for (const match of code.matchAll(statement)) {
    const from = match[2] ?? match[3]!;
    found.push({ from, line: code.slice(0, match.index + match[0].length).split("\n").length, typeOnly: match[1] !== undefined });
  }
  return found;
}

/** Comments become spaces, so that lines and columns stay; strings too, unless they are asked for. */
function withoutComments(text: string, keepStrings = false): string {
  const blank = (part: string): string => part.replaceAll(/[^\n]/g, " ");
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:\w"'`])\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g, (part) =>
    part.startsWith("/") || !keepStrings ? blank(part) : part,
  );
}
