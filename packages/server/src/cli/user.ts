import type { Command } from "commander";
import { UserRefusal } from "../auth/users/user.ts";
import { AdminRefusal } from "../lifecycle/admin-routes.ts";
import { withAdmin } from "./admin-client.ts";
import { CommandRefused, type CommonFlags, load, print, withCommonFlags } from "./context.ts";

interface Flags extends CommonFlags {
  readonly role: string;
  readonly passwordStdin?: boolean;
}

/** `fleetcast user add NAME` and `fleetcast user password NAME`: people who sign in to the dashboard. */
export function userCommand(program: Command): void {
  const user = program.command("user").description("people who sign in to the dashboard");
  withCommonFlags(user.command("add <name>"))
    .description("add a user and print a password for them, once")
    .option("--role <role>", "viewer, operator, developer or admin", "viewer")
    .option("--password-stdin", "read the password from standard input instead of making one")
    .action(async (name: string, flags: Flags) => {
      const { config } = load(flags);
      const given = await givenPassword(flags);
      const { id, password } = await refusing(() => withAdmin(config, (actions) => actions.addUser(name, flags.role, given)));
      print(`user:     ${name} (${id}, ${flags.role})`);
      if (given === undefined) print(`password: ${password}`);
    });
  withCommonFlags(user.command("password <name>"))
    .description("give a user a new password; every session and token of theirs ends")
    .option("--password-stdin", "read the password from standard input instead of making one")
    .action(async (name: string, flags: Flags) => {
      const { config } = load(flags);
      const given = await givenPassword(flags);
      const { password } = await refusing(() => withAdmin(config, (actions) => actions.setPassword(name, given)));
      print(`user:     ${name}`);
      print(given === undefined ? `password: ${password}` : "the password is set");
    });
}

/** Refusals of the rooms become the one line of a command. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof UserRefusal || cause instanceof AdminRefusal) throw new CommandRefused(cause.message, { cause });
    throw cause;
  }
}

/** A password on the command line would stand in the shell's history and in the process list (K7). */
async function givenPassword(flags: Pick<Flags, "passwordStdin">): Promise<string | undefined> {
  if (flags.passwordStdin !== true) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
