import type { Command } from "commander";
import { centrifugoConfig } from "../push/centrifugo/config-file.ts";
import { type CommonFlags, load, withCommonFlags } from "./context.ts";

/** `fleetcast centrifugo-config`: the file that a real Centrifugo is started with. */
export function centrifugoConfigCommand(program: Command): void {
  withCommonFlags(program.command("centrifugo-config"))
    .description("print the configuration for a real Centrifugo v6 beside this Fleetcast (it holds secrets)")
    .action((flags: CommonFlags) => {
      const { config, settings } = load(flags);
      process.stdout.write(centrifugoConfig(config, settings.written));
    });
}
