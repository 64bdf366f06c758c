import type { JournalOutcome } from "@fleetcast/storage";
import { journalWith, later, startPlanted } from "./start-planted.ts";

/** Planted bug 1: the machine hears PUBACK before its message is stored. */
const stored: JournalOutcome = { verdict: "stored", positions: [], gap: 0 };
await startPlanted((journal) =>
  journalWith(journal, {
    append: (entry, done) => {
      done(stored);
      later(20, () => journal.append(entry, () => undefined));
    },
  }),
);
