import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logContract } from "@fleetcast/engine/testing";
import { JournalLog } from "./journal-log.ts";
import { openSqliteJournal } from "./sqlite/sqlite-journal.ts";

logContract(
  "JournalLog on SQLite",
  async ({ clock, chance }) => {
    const dir = mkdtempSync(join(tmpdir(), "fleetcast-log-"));
    const journal = await openSqliteJournal({ dir, clock, chance });
    const log = new JournalLog({ journal, clock });
    journal.onCommitted((batch) => log.offer(batch));
    return {
      log,
      close: async () => {
        await journal.close();
        rmSync(dir, { recursive: true, force: true });
      },
    };
  },
  { forgetsEpochs: false },
);
