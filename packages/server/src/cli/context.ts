import type { Command } from "commander";
import { processEnvironment } from "../config/environment.ts";
import { type Loaded, loadConfig } from "../config/load.ts";

/** What every command understands. */
export interface CommonFlags {
  readonly config?: string;
  readonly dataDir?: string;
}

/** `-c` and `--data-dir`, for every command alike. */
export function withCommonFlags(command: Command): Command {
  return command
    .option("-c, --config <file>", "configuration file (YAML, JSON or TOML); else FLEETCAST_CONFIG, else fleetcast.yaml or .json here")
    .option("--data-dir <folder>", "folder of the store and the secrets; else FLEETCAST_DATA_DIR, else ./fleetcast-data");
}

/** @throws ConfigError */
export function load(
  flags: CommonFlags,
  options: {
    readonly strict?: boolean;
    readonly writeSecrets?: boolean;
    readonly keys?: Readonly<Record<string, string | boolean>>;
  } = {},
): Loaded {
  return loadConfig(
    {
      flags: { config: flags.config, dataDir: flags.dataDir, keys: options.keys },
      environment: processEnvironment(),
      folder: process.cwd(),
      strict: options.strict,
    },
    options.writeSecrets ?? true,
  );
}

/** The command cannot do what was asked: one line for the person, exit code 2. */
export class CommandRefused extends Error {
  override readonly name = "CommandRefused";
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A quiet logger for commands that open the store for a moment: only what went wrong is said. */
export const quietLogger = {
  debug: () => {},
  info: () => {},
  warn: (_fields: Readonly<Record<string, unknown>>, message: string) => complain(`fleetcast: ${message}`),
  error: (_fields: Readonly<Record<string, unknown>>, message: string) => complain(`fleetcast: ${message}`),
};
