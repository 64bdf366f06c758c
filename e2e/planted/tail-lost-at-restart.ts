import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { journalWith, startPlanted } from "./start-planted.ts";

/** Planted bug 14: the newest rows are gone after a restart, and their offsets are given again under the same epoch. */
function loseTail(dataDir: string): void {
  const file = join(dataDir, "journal.db");
  if (!existsSync(file)) return;
  const database = new Database(file);
  try {
    const newest = database.query<{ id: number }, []>("SELECT max(id) AS id FROM publication").get()?.id ?? 0;
    const rows = database
      .query<{ id: number; channel_id: number; prev: number }, [number]>(
        "SELECT id, channel_id, prev FROM publication WHERE id > ? ORDER BY id DESC",
      )
      .all(newest - 10);
    for (const row of rows) {
      database.run("DELETE FROM publication WHERE id = ?", [row.id]);
      database.run("UPDATE channel SET top = top - 1, top_row = ? WHERE id = ?", [row.prev, row.channel_id]);
    }
  } finally {
    database.close();
  }
}

await startPlanted((journal) => journalWith(journal, {}), loseTail);
