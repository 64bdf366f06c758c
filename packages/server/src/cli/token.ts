import { type Command, Option } from "commander";
import type { ShutOut } from "../administration/desk.ts";
import { withAdmin } from "./admin-client.ts";
import { CommandRefused, type CommonFlags, load, print, withCommonFlags } from "./context.ts";
import { refusing, timeOf } from "./user.ts";

interface Flags extends CommonFlags {
  readonly jti?: string;
  readonly user?: string;
  readonly before?: string;
  readonly until?: string;
  readonly reason?: string;
}

/** `fleetcast token revoke` and `fleetcast token restore`: one token by its `jti`, or a user's tokens issued before a moment. */
export function tokenCommand(program: Command): void {
  const token = program.command("token").description("tokens that must not open anything any more");
  withWhich(token.command("revoke"))
    .description("revoke a token, or all of a user's issued before a moment; what they opened ends at once")
    .option("--before <time>", "with --user: ISO time; those issued before it. Without it: all up to now")
    .option("--until <time>", "ISO time at which it may be forgotten: when the tokens have expired by themselves")
    .option("--reason <text>", "why, for the audit")
    .action(async (flags: Flags) => {
      const { config } = load(flags);
      const beforeMs = timeOf(flags.before, "--before");
      const request: ShutOut = {
        ...which(flags),
        beforeS: beforeMs === undefined ? undefined : Math.floor(beforeMs / 1_000),
        untilMs: timeOf(flags.until, "--until"),
        reason: flags.reason,
      };
      const { subject } = await refusing(() => withAdmin(config, (actions) => actions.shutOut(request)));
      print(request.what === "token" ? `the token ${subject} is revoked` : `tokens of ${subject} are revoked`);
    });
  withWhich(token.command("restore"))
    .description("take a revocation back")
    .action(async (flags: Flags) => {
      const { config } = load(flags);
      const { what, subject } = which(flags);
      await refusing(() => withAdmin(config, (actions) => actions.letIn(what, subject)));
      print("the revocation is taken back");
    });
}

function withWhich(command: Command): Command {
  return withCommonFlags(command)
    .addOption(new Option("--jti <id>", "the token's jti claim").conflicts("user"))
    .option("--user <user>", "a user of ours by name, or a sub");
}

function which({ jti, user }: Flags): Pick<ShutOut, "what" | "subject"> {
  if (jti !== undefined) return { what: "token", subject: jti };
  if (user !== undefined) return { what: "tokens", subject: user };
  throw new CommandRefused("which token: --jti ID, or --user USER");
}
