import type { Command } from "commander";
import { version } from "../config/load.ts";
import { runtimeName } from "../runtime/runtime-name.ts";
import { print } from "./context.ts";

/** `fleetcast version`: for a bug report. `--version` prints the number alone. */
export function versionCommand(program: Command): void {
  program
    .command("version")
    .description("print the version, and what it runs on")
    .action(() => print(`Fleetcast v${version} (${runtimeName()}; speaks Centrifugo v6.9.6)`));
}
