import { chmodSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { centrifugoConfig } from "../push/centrifugo/config-file.ts";
import { CommandRefused, type CommonFlags, load, withCommonFlags } from "./context.ts";

/** Its owner and group: Centrifugo often runs as another user, of the same group. */
const fileMode = 0o640;

/** `fleetcast centrifugo-config`: the file that a real Centrifugo is started with. */
export function centrifugoConfigCommand(program: Command): void {
  withCommonFlags(program.command("centrifugo-config"))
    .description("print the configuration for a real Centrifugo v6 beside this Fleetcast (it holds secrets)")
    .option("-o, --out <file>", "write it there instead, readable by its owner and group")
    .action((flags: CommonFlags & { readonly out?: string }) => {
      const { config, settings } = load(flags);
      const text = centrifugoConfig(config, settings.written);
      if (flags.out === undefined) process.stdout.write(text);
      else write(flags.out, text);
    });
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: fileMode });
    chmodSync(file, fileMode);
  } catch (cause) {
    throw new CommandRefused(`${file} cannot be written (${(cause as NodeJS.ErrnoException).code ?? String(cause)})`, { cause });
  }
}
