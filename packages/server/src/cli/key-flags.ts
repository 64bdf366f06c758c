import type { Command } from "commander";
import { variableName } from "../config/environment.ts";
import { flagKeys } from "../config/table/flags.ts";
import type { Option } from "../config/table/option.ts";
import { options } from "../config/table/options.ts";
import { CommandRefused } from "./context.ts";

const table: Readonly<Record<string, Option<unknown>>> = options;

/** `--http_server.port 9000` and the like, for the commands that start a server. A switch may stand alone: `--admin.enabled`. */
export function withKeyFlags(command: Command): Command {
  for (const [path, letter] of Object.entries(flagKeys)) {
    const { kind, sentence } = table[path]!;
    command.option(`${letter === "" ? "" : `-${letter}, `}--${path} ${kind === "bool" ? "[yes]" : "<value>"}`, sentence);
  }
  return command;
}

/** Those of them that were given. */
export function keysOf(flags: Readonly<Record<string, unknown>>): Record<string, string | boolean> {
  return Object.fromEntries(
    Object.entries(flags).filter(
      (entry): entry is [string, string | boolean] =>
        entry[0] in flagKeys && (typeof entry[1] === "string" || typeof entry[1] === "boolean"),
    ),
  );
}

/**
 * A key that is no flag, given as one: secrets above all, which everybody on the machine could read there (K7). The value is
 * not repeated.
 * @throws CommandRefused
 */
export function refuseOtherKeys(args: readonly string[]): void {
  for (const arg of args) {
    const path = arg.match(/^--([a-z0-9_.]+)(=|$)/)?.[1] ?? "";
    const option = Object.hasOwn(table, path) && !(path in flagKeys) ? table[path] : undefined;
    if (option === undefined) continue;
    const why = option.kind === "secret" ? "a secret on the command line can be read by everybody on this machine" : "is not a flag";
    throw new CommandRefused(`--${path}: ${why}; ${variableName(path)} or the configuration file sets it`);
  }
}
