import type { CommittedBatch } from "@fleetcast/storage";
import { journalWith, later, startPlanted } from "./start-planted.ts";

/** Planted bug 9: subscribers are given a publication a moment before it is stored. */
await startPlanted((journal) => {
  const tops = new Map<string, { epoch: string; offset: number; id: number }>();
  let listener: (batch: CommittedBatch) => void = () => undefined;
  const early = new Set<string>();
  journal.onCommitted((batch) => {
    for (const row of batch) {
      const top = tops.get(row.channel);
      if (top === undefined || top.offset < row.offset) tops.set(row.channel, { epoch: row.epoch, offset: row.offset, id: row.id });
    }
    listener(batch.filter((row) => !early.delete(`${row.channel} ${row.offset}`)));
  });
  return journalWith(journal, {
    onCommitted: (given) => {
      listener = given;
    },
    append: (entry, done) => {
      const batch = entry.publications.flatMap((publication) => {
        const top = tops.get(publication.channel);
        if (top === undefined) return [];
        top.offset++;
        early.add(`${publication.channel} ${top.offset}`);
        return [
          { id: top.id, channel: publication.channel, offset: top.offset, epoch: top.epoch, atMs: entry.atMs, data: publication.data },
        ];
      });
      listener(batch);
      later(40, () => journal.append(entry, done));
    },
  });
});
