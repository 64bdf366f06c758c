import { journalWith, startPlanted } from "./start-planted.ts";

/** Planted bug 16: what a returning subscriber is given stands at the wrong positions. */
await startPlanted((journal) =>
  journalWith(journal, {
    read: async (request) => {
      const result = await journal.read(request);
      if (result.rows.length < 2) return result;
      const [first, second, ...rest] = result.rows;
      return { ...result, rows: [{ ...first!, data: second!.data }, { ...second!, data: first!.data }, ...rest] };
    },
  }),
);
