import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bunFlags, findBun, thisMachine } from "../packages/server/bin/bun-binary.mjs";
import { runChild } from "../packages/server/bin/run-child.mjs";
import { buildDone, buildNeeded, forget, installDone, installNeeded } from "./launch/stamp.mjs";

/**
 * What `npm start`, `npm test` and their like begin with. It runs on plain Node with nothing installed: installs what the
 * lock file says, builds the dashboard, both only when a stamp says that they are not up to date, then starts Bun.
 */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const nodeMin = [20, 19];

const commands = {
  start: { build: true, run: ["packages/server/src/cli/main.ts", "start"] },
  test: { build: true, run: ["scripts/test.ts"] },
  check: { build: false, run: ["scripts/check.ts"] },
  torture: { build: false, run: ["e2e/torture.ts"] },
  bench: { build: false, run: ["bench/main.ts"] },
  build: { build: true, run: undefined },
  docs: { build: false, node: "node_modules/vitepress/bin/vitepress.js" },
  executable: { build: true, run: ["scripts/build-executable.ts"] },
};

process.exit(await main(process.argv[2] ?? "", process.argv.slice(3)));

async function main(name, args) {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) return refuse(`unknown command "${name}"; there are ${Object.keys(commands).join(", ")}`);
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < nodeMin[0] || (major === nodeMin[0] && minor < nodeMin[1])) {
    return refuse(`this is Node ${process.versions.node}; Fleetcast needs ${nodeMin.join(".")} or newer`);
  }
  const machine = thisMachine();
  if (installNeeded(root, machine)) {
    const code = await install(machine);
    if (code !== 0) return refuse(`npm ci ended with code ${code}; nothing was started`, code);
  }
  if (command.build && buildNeeded(root)) {
    const code = await build();
    if (code !== 0) return refuse(`building the dashboard ended with code ${code}; nothing was started`, code);
  }
  if (command.node !== undefined) return await documentation(command.node, args);
  if (command.run === undefined) return 0;
  const bun = findBun(root, machine);
  if ("missing" in bun) return refuse(bun.missing);
  const [script, ...rest] = command.run;
  if (!existsSync(join(root, script))) return refuse(`${script} is not there`);
  return await runChild(bun.path, [...bunFlags, join(root, script), ...rest, ...args]);
}

/** The documentation's own builder is a program for Node: `npm run docs` builds, `npm run docs -- dev` serves while one writes. */
async function documentation(script, args) {
  const [action, ...rest] = args.length > 0 ? args : ["build"];
  return await runChild(process.execPath, [join(root, script), action, join(root, "docs"), ...rest]);
}

async function install(machine) {
  say("installing packages (the first start takes a minute or two)");
  forget(root, "install");
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  // npm tells its own script; `npm` by name would need a shell on Windows.
  const npm = process.env.npm_execpath;
  const code =
    npm !== undefined && /\.c?js$/.test(npm)
      ? await runChild(process.execPath, [npm, ...args], { cwd: root })
      : await runChild("npm", args, { cwd: root });
  if (code === 0) installDone(root, machine);
  return code;
}

async function build() {
  say("building the dashboard");
  forget(root, "build");
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const code = await runChild(process.execPath, [vite, "build", "--logLevel", "warn"], { cwd: join(root, "packages", "dashboard") });
  if (code === 0) buildDone(root);
  return code;
}

function say(text) {
  process.stdout.write(`fleetcast: ${text} ...\n`);
}

function refuse(text, code = 2) {
  process.stderr.write(`fleetcast: ${text}\n`);
  return code;
}
