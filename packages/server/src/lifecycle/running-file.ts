import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StartRefused } from "./start-refused.ts";

/**
 * `<data>/running.json`: where the server that owns this folder answers its admin routes. The commands of the command line
 * read it, so that they need not be told the server's ports. After a kill it stays behind and means nothing: the store is
 * free then, and nobody asks.
 * @throws StartRefused
 */
export function writeRunningFile(dataDir: string, adminUrl: string): void {
  try {
    writeFileSync(fileOf(dataDir), `${JSON.stringify({ admin_url: adminUrl, pid: process.pid })}\n`, { mode: 0o600 });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new StartRefused(`${fileOf(dataDir)} cannot be written (${code}); --data-dir or FLEETCAST_DATA_DIR names another folder`, {
      cause,
    });
  }
}

export function removeRunningFile(dataDir: string): void {
  rmSync(fileOf(dataDir), { force: true });
}

/** Undefined where there is none, or none that can be read. */
export function readRunningFile(dataDir: string): string | undefined {
  try {
    const { admin_url: url } = JSON.parse(readFileSync(fileOf(dataDir), "utf8")) as { admin_url?: unknown };
    return typeof url === "string" && URL.canParse(url) ? url : undefined;
  } catch {
    // No server wrote one, or it is writing it now.
    return undefined;
  }
}

const fileOf = (dataDir: string): string => join(dataDir, "running.json");
