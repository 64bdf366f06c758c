import { journalWith, later, startPlanted } from "./start-planted.ts";

/** Planted bug 5: a message delivered again is stored again. The acknowledgement is late, so that kills come in between. */
await startPlanted((journal) =>
  journalWith(journal, {
    append: (entry, done) => journal.append({ ...entry, identity: undefined }, (outcome) => later(40, () => done(outcome))),
  }),
);
