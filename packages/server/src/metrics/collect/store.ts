import { readdirSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Journal } from "@fleetcast/storage";
import type { Exposition } from "../exposition.ts";
import { fleetcastFamilies as ours } from "../table/fleetcast.ts";

/** The journal, and the disk that it stands on. */
export function collectStore(out: Exposition, journal: Pick<Journal, "backlog" | "healthy" | "counters">, dataDir: string): void {
  out.put(ours.storeHealthy, journal.healthy ? 1 : 0);
  out.put(ours.storeBacklogEntries, journal.backlog.entries);
  out.put(ours.storeBacklogBytes, journal.backlog.bytes);
  const { counters } = journal;
  if (counters !== undefined) {
    out.put(ours.storeCommits, counters.commitSeconds.count);
    out.put(ours.storeEntries, counters.entries);
    out.put(ours.storeFailures, counters.failures);
    out.histogram(ours.storeCommitSeconds, counters.commitSeconds);
  }
  const size = storeBytes(dataDir);
  if (size === undefined) return;
  out.put(ours.storeSize, size);
  const disk = statfsSync(dataDir);
  out.put(ours.storeFree, disk.bavail * disk.bsize);
  out.put(ours.storeCapacity, disk.blocks * disk.bsize);
}

/** Undefined where the folder is not there to be looked at. */
function storeBytes(dataDir: string): number | undefined {
  try {
    const files = readdirSync(dataDir).filter((name) => name.startsWith("journal.db"));
    return files.reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0);
  } catch {
    // Between the list and the look a checkpoint may take a file away; the next scrape sees what is there.
    return undefined;
  }
}
