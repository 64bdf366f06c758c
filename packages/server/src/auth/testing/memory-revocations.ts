import { createRevocations, type Revocations } from "../revocations/revocations.ts";
import { memoryTables } from "./memory-tables.ts";

/** Revocations over tables in memory: nobody is shut out at first. */
export function memoryRevocations(clock: { wallMs(): number } = { wallMs: () => 0 }): Revocations {
  return createRevocations([], { journal: memoryTables().journal, clock });
}
