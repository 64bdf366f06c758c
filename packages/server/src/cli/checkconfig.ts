import type { Command } from "commander";
import { type CommonFlags, complain, load, print, withCommonFlags } from "./context.ts";

/** `fleetcast checkconfig`: everything a start would say about its configuration, without starting. */
export function checkconfigCommand(program: Command): void {
  withCommonFlags(program.command("checkconfig"))
    .description("check the configuration: file, environment and flags together")
    .option("-s, --strict", "unknown keys are refused instead of warned about")
    .action((flags: CommonFlags & { readonly strict?: boolean }) => {
      const { settings, warnings } = load(flags, { strict: flags.strict ?? false, writeSecrets: false });
      for (const warning of warnings) complain(`warning: ${warning}`);
      print(`${settings.source}: ok (${settings.set.size} keys set, ${settings.namespaces.size} namespaces)`);
    });
}
