import type { Journal, JournalRecord, MachineRow, RevocationRow, UserRow } from "@fleetcast/storage";

/** The two tables that auth reads and writes, for tests of auth alone; the routes' tests use the real store. */
export interface MemoryTables {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly records: JournalRecord[];
  /** The next append is refused by the store. */
  refuseNext: boolean;
}

export function memoryTables(
  start: {
    readonly users?: readonly UserRow[];
    readonly machines?: readonly Partial<MachineRow>[];
    readonly revocations?: readonly RevocationRow[];
  } = {},
): MemoryTables {
  const records: JournalRecord[] = [];
  const fleet = {
    users: async () => start.users ?? [],
    machines: async () => start.machines ?? [],
    revocations: async () => start.revocations ?? [],
  } as unknown as Journal["fleet"];
  const tables: MemoryTables = {
    records,
    refuseNext: false,
    journal: {
      fleet,
      append(entry, done) {
        const verdict = tables.refuseNext ? ("bad" as const) : ("stored" as const);
        tables.refuseNext = false;
        if (verdict === "stored") records.push(...entry.records);
        queueMicrotask(() => done({ verdict, positions: [], gap: 0 }));
      },
    },
  };
  return tables;
}
