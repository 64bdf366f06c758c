#!/usr/bin/env node
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bunFlags, findBun } from "./bun-binary.mjs";
import { runChild } from "./run-child.mjs";

/** `npx fleetcast <command>`: the command line on the Bun that npm installed. It installs nothing itself. */
const server = join(dirname(fileURLToPath(import.meta.url)), "..");
const bun = findBun(join(server, "..", ".."));
if ("missing" in bun) {
  process.stderr.write(`fleetcast: ${bun.missing}\n`);
  process.exit(2);
}
process.exit(await runChild(bun.path, [...bunFlags, join(server, "src", "cli", "main.ts"), ...process.argv.slice(2)]));
