import { journalWith, startPlanted } from "./start-planted.ts";

/** Planted bug 29: a payload is parsed and written again instead of being kept as bytes. */
const again = (data: Uint8Array): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(data)), undefined, 1));
await startPlanted((journal) =>
  journalWith(journal, {
    append: (entry, done) =>
      journal.append(
        { ...entry, publications: entry.publications.map((publication) => ({ ...publication, data: again(publication.data) })) },
        done,
      ),
  }),
);
