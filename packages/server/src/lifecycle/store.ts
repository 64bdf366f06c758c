import { mkdirSync } from "node:fs";
import { type Journal, openSqliteJournal, StoreRefused } from "@fleetcast/storage";
import type { Config } from "../config/config.ts";
import type { Logger } from "../log.ts";
import { systemChance } from "../runtime/chance.ts";
import { systemClock } from "../runtime/clock.ts";
import { StartRefused } from "./start-refused.ts";

/** Another process has the store open: the command line then asks that process instead. */
export class StoreInUse extends StartRefused {}

/** The longest history of a journaled channel that the store keeps at hand. */
export function storeWindow({ engine }: Pick<Config, "engine">): number {
  const journaled = [engine.withoutNamespace, ...engine.namespaces.values()].filter((options) => options.journal);
  return Math.max(300, ...journaled.map((options) => Math.max(options.historySize, options.recoverySize)));
}

/** @throws StartRefused with one line that says what to change. */
export async function openStore(config: Config, log: Logger): Promise<Journal> {
  try {
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StartRefused(`the data folder ${config.dataDir} cannot be made (${code}); ${otherFolder}`, { cause });
  }
  try {
    return await openSqliteJournal({
      dir: config.dataDir,
      clock: systemClock,
      chance: systemChance,
      keepTelemetryMs: config.storage.keepTelemetryMs,
      keepEventsMs: config.storage.keepEventsMs,
      keepDeadLettersMax: config.storage.keepDeadLettersMax,
      windowMax: storeWindow(config),
      commitSpacingMs,
      log,
    });
  } catch (cause) {
    if (!(cause instanceof StoreRefused)) throw cause;
    if (/another process/.test(cause.why)) {
      throw new StoreInUse(`the data folder ${config.dataDir} is in use by another Fleetcast; ${otherFolder}`, { cause });
    }
    throw new StartRefused(`${cause.message}; ${otherFolder}`, { cause });
  }
}

/**
 * Milliseconds. At 1,000 messages a second a commit for each costs more than everything else together; three share one at
 * this spacing, and their acknowledgement comes at most this much later. A message after a pause does not wait.
 */
const commitSpacingMs = 3;

const otherFolder = "--data-dir or FLEETCAST_DATA_DIR names another folder";
