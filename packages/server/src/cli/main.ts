import { Command, CommanderError } from "commander";
import { version } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import { exitCodes, StartRefused } from "../lifecycle/start-refused.ts";
import { centrifugoConfigCommand } from "./centrifugo-config.ts";
import { checkconfigCommand } from "./checkconfig.ts";
import { checksubtokenCommand, checktokenCommand } from "./checktoken.ts";
import { configdocCommand } from "./configdoc.ts";
import { CommandRefused, complain } from "./context.ts";
import { defaultconfigCommand, defaultenvCommand } from "./defaultconfig.ts";
import { doctorCommand } from "./doctor.ts";
import { genconfigCommand } from "./genconfig.ts";
import { gensubtokenCommand, gentokenCommand } from "./gentoken.ts";
import { refuseOtherKeys } from "./key-flags.ts";
import { machineCommand } from "./machine.ts";
import { mosquittoConfigCommand } from "./mosquitto-config.ts";
import { readyCommand } from "./ready.ts";
import { serveCommand } from "./serve.ts";
import { simulateCommand } from "./simulate.ts";
import { startCommand } from "./start.ts";
import { tokenCommand } from "./token.ts";
import { userCommand } from "./user.ts";
import { versionCommand } from "./version.ts";

/** The command line: `fleetcast <command>`. One file per command. */
const program = new Command("fleetcast")
  .description("Live data from fleets of machines to dashboards: MQTT in, Centrifugo v6 protocol out, nothing lost between.")
  .version(version)
  .showHelpAfterError('("fleetcast --help" lists the commands)')
  .exitOverride();

const commands = [
  startCommand,
  serveCommand,
  gentokenCommand,
  gensubtokenCommand,
  checktokenCommand,
  checksubtokenCommand,
  userCommand,
  tokenCommand,
  machineCommand,
  simulateCommand,
  checkconfigCommand,
  genconfigCommand,
  defaultconfigCommand,
  defaultenvCommand,
  configdocCommand,
  doctorCommand,
  readyCommand,
  centrifugoConfigCommand,
  mosquittoConfigCommand,
  versionCommand,
];
for (const add of commands) add(program);

// Store and log hold password hashes and what machines say; the data folder itself may be one that others can enter (S21).
process.umask(0o077);

try {
  refuseOtherKeys(process.argv.slice(2));
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
  if (cause instanceof StartRefused || cause instanceof CommandRefused) {
    complain(`fleetcast: ${cause.message}`);
    return exitCodes.refused;
  }
  complain(`fleetcast: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`);
  return exitCodes.failed;
}
