import { Command, CommanderError } from "commander";
import { version } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import { exitCodes, StartRefused } from "../lifecycle/start-refused.ts";
import { complain } from "./context.ts";
import { serveCommand } from "./serve.ts";

/** The command line: `fleetcast <command>`. One file per command. */
const program = new Command("fleetcast")
  .description("Live data from fleets of machines to dashboards: MQTT in, Centrifugo v6 protocol out, nothing lost between.")
  .version(version)
  .showHelpAfterError('("fleetcast --help" lists the commands)')
  .exitOverride();

for (const add of [serveCommand]) add(program);
program.commands.forEach((command) => command.exitOverride());

try {
  await program.parseAsync(process.argv);
} catch (cause) {
  process.exitCode = tell(cause);
}

/** What the person reads and what the shell gets: 2 for a refused start or a wrong call, 1 for a failure of ours. */
function tell(cause: unknown): number {
  // Commander wrote its own text, `--help` and `--version` among it.
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? exitCodes.done : exitCodes.refused;
  if (cause instanceof ConfigError) {
    for (const line of cause.message.split("\n")) complain(`fleetcast: ${line}`);
    return exitCodes.refused;
  }
  if (cause instanceof StartRefused) {
    complain(`fleetcast: ${cause.message}`);
    return exitCodes.refused;
  }
  complain(`fleetcast: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
  return exitCodes.failed;
}
