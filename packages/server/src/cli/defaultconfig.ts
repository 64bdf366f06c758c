import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { processEnvironment } from "../config/environment.ts";
import { environmentLines } from "../config/print/environment-lines.ts";
import { formatOf, written } from "../config/print/formats.ts";
import { wholeTree } from "../config/print/whole-tree.ts";
import { readSettings, type Settings } from "../config/settings.ts";
import { CommandRefused, print } from "./context.ts";

/** `fleetcast defaultconfig`: a complete file, every key with its value. */
export function defaultconfigCommand(program: Command): void {
  program
    .command("defaultconfig")
    .description("write a complete configuration file: every key with its default, or with what a base file says")
    .option("-c, --config <file>", "file to write (.yaml, .json or .toml); it must not exist", "fleetcast.yaml")
    .option("-b, --base <file>", "file whose values are taken")
    .option("-d, --dry-run", "print it instead of writing it")
    .action(({ config, base, dryRun }: { readonly config: string; readonly base?: string; readonly dryRun?: boolean }) => {
      const format = formatOf(config);
      if (format === undefined) throw new CommandRefused(`${config}: the name must end in .yaml, .json or .toml`);
      const text = written(wholeTree(settingsOf(base).written), format);
      if (dryRun === true) process.stdout.write(text);
      else writeNew(config, text);
    });
}

/** `fleetcast defaultenv`: the same as variables. */
export function defaultenvCommand(program: Command): void {
  program
    .command("defaultenv")
    .description("print every key as an environment variable, with its default or with what a base file says")
    .option("-b, --base <file>", "file whose values are taken")
    .option("--base-non-zero-only", "only what the base file sets")
    .action(({ base, baseNonZeroOnly }: { readonly base?: string; readonly baseNonZeroOnly?: boolean }) => {
      for (const line of environmentLines(settingsOf(base).written, baseNonZeroOnly === true)) print(line);
    });
}

/** Of this file and the environment; of the environment alone without one, whatever lies in the working folder. */
function settingsOf(base: string | undefined): Settings {
  return readSettings({ flags: { config: base ?? "" }, environment: processEnvironment(), folder: process.cwd() });
}

/** A file with secrets: for its owner alone, and never over another one. */
export function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new CommandRefused(code === "EEXIST" ? `${file} is there already` : `${file} cannot be written (${code})`, { cause });
  }
}
