import { journalWith, later, startPlanted } from "./start-planted.ts";

/** Planted bug 10, behind a real Centrifugo: the cursor says "pushed" for what is only stored. */
await startPlanted((journal) => {
  let newest = 0;
  const tops = new Map<string, number>();
  return journalWith(journal, {
    onCommitted: (listener) =>
      journal.onCommitted((batch) => {
        for (const row of batch) {
          newest = row.id;
          tops.set(row.channel, row.offset);
        }
        void journal.saveCursors("centrifugo", newest, new Map(tops)).catch(() => undefined);
        later(150, () => listener(batch));
      }),
  });
});
