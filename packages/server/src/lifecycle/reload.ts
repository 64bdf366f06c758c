import type { Config } from "../config/config.ts";
import type { Loaded } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import { differences } from "../config/reload.ts";
import type { Logger } from "../log.ts";
import { storeWindow } from "./store.ts";

/** How often SIGHUP was heard, by what came of it. */
export interface ReloadCounts {
  taken: number;
  refused: number;
}

/** Reads everything again and takes all of it or nothing (R6); says which in one line, and counts it. */
export function createReload(ports: {
  readonly first: Loaded;
  /** Reads file, environment and flags as the start did, and writes nothing. @throws ConfigError */
  readonly read: () => Loaded;
  /** Takes the values that may change while it runs; counts what came of it. */
  readonly app: { reload(next: Config): void; readonly reloads: ReloadCounts };
  /** Called with what was taken. */
  readonly onTaken?: (next: Loaded) => void;
  readonly log: Logger;
}): () => void {
  const { read, app, log } = ports;
  let current = ports.first;
  return () => {
    try {
      const next = read();
      const { live, restart } = differences(current.settings, next.settings);
      refuseWhatNeedsAStart(restart, ports.first, next);
      if (live.length > 0) app.reload(next.config);
      current = next;
      ports.onTaken?.(next);
      app.reloads.taken += 1;
      log.info({ changed: live.join(" ") }, live.length === 0 ? "the configuration is as it was" : "the configuration was reloaded");
      for (const warning of next.warnings) log.warn({}, warning);
    } catch (cause) {
      app.reloads.refused += 1;
      log.error({}, `the configuration was not reloaded, the old one stays: ${reasonOf(cause)}`);
    }
  };
}

/** A reload that cannot be taken whole. */
class NotTaken extends Error {
  override readonly name = "NotTaken";
}

function refuseWhatNeedsAStart(restart: readonly string[], first: Loaded, after: Loaded): void {
  if (restart.length > 0) throw new NotTaken(`only a restart takes ${restart.join(", ")}`);
  if (after.secretsMade.length > 0) throw new NotTaken(`only a restart makes a key where none is set (${after.secretsMade.join(", ")})`);
  if (storeWindow(after.config) > storeWindow(first.config)) {
    throw new NotTaken("only a restart lets the journal keep a longer history than any namespace had");
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof ConfigError) return cause.message.replaceAll("\n", "; ");
  return cause instanceof Error ? cause.message : String(cause);
}
