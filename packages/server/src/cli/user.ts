import type { Command } from "commander";
import { UserRefusal } from "../auth/users/user.ts";
import { Refusal } from "../refusal.ts";
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
  shutOutCommands(user, "user", "name");
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

const untilOption = ["--until <time>", "ISO time at which they are let in again; without it only unblock does"] as const;
const reasonOption = ["--reason <text>", "why, for the audit"] as const;

interface ShutOutFlags extends CommonFlags {
  readonly until?: string;
  readonly reason?: string;
}

/** `block NAME` and `unblock NAME` of users and machines. */
export function shutOutCommands(parent: Command, what: "user" | "machine", argument: string): void {
  withCommonFlags(parent.command(`block <${argument}>`))
    .description(
      what === "user"
        ? "shut out a user of ours (by name) or of your backend (by their sub): log-ins, tokens and connections end at once"
        : "shut out a machine: its MQTT connection ends at once, and it is refused until unblock",
    )
    .option(...untilOption)
    .option(...reasonOption)
    .action(async (name: string, flags: ShutOutFlags) => {
      const { config } = load(flags);
      const request = { what, subject: name, untilMs: timeOf(flags.until, "--until"), reason: flags.reason };
      const { subject } = await refusing(() => withAdmin(config, (actions) => actions.shutOut(request)));
      print(`${name}${subject === name ? "" : ` (${subject})`} is shut out`);
    });
  withCommonFlags(parent.command(`unblock <${argument}>`))
    .description(`let a ${what} in again`)
    .action(async (name: string, flags: CommonFlags) => {
      const { config } = load(flags);
      await refusing(() => withAdmin(config, (actions) => actions.letIn(what, name)));
      print(`${name} may come in again`);
    });
}

/** Unix milliseconds of an ISO time. @throws CommandRefused */
export function timeOf(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new CommandRefused(`${flag} is an ISO time such as 2027-01-31T12:00:00Z`);
  return ms;
}

/** Refusals of the rooms become the one line of a command. */
export async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof UserRefusal || cause instanceof Refusal) throw new CommandRefused(cause.message, { cause });
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
