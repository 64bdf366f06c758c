import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SeededChance } from "@fleetcast/engine/testing";
import { journalContract } from "../../testing/journal-contract.ts";
import { openSqliteJournal } from "./sqlite-journal.ts";

journalContract("SQLite", () => {
  const dir = mkdtempSync(join(tmpdir(), "fleetcast-journal-"));
  return {
    open: ({ clock }) => openSqliteJournal({ dir, clock, chance: new SeededChance(1) }),
    clear: () => rmSync(dir, { recursive: true, force: true }),
  };
});
