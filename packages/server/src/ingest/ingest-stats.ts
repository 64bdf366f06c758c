import type { RefusalCode } from "./refusal.ts";

/** Counters since the start. `stored + duplicates + conflicts + deadLetters + ignored` is what was acknowledged. */
export interface IngestStats {
  readonly received: Readonly<Record<"telemetry" | "events" | "status" | "ack" | "other", number>>;
  readonly stored: number;
  /** Redelivered: the identity was in the store with the same body. */
  readonly duplicates: number;
  /** The identity was in the store with another body: kept as a dead letter. An alarm for the operator. */
  readonly conflicts: number;
  readonly deadLetters: number;
  /** By reason code; `store` for entries the store itself refused, `internal` for a mistake of ours. */
  readonly deadLettersByReason: Readonly<Record<string, number>>;
  /** Nothing to store: an external broker's retained copies, acknowledgements that change nothing. */
  readonly ignored: number;
  readonly late: number;
  /** Sequence numbers that never came, as the store found them. */
  readonly missing: number;
  /** Messages above `ratePerSecondMax` of their machine; they are stored all the same. */
  readonly overRate: number;
}

export class IngestCounters {
  readonly received = { telemetry: 0, events: 0, status: 0, ack: 0, other: 0 };
  readonly byReason = new Map<string, number>();
  stored = 0;
  duplicates = 0;
  conflicts = 0;
  deadLetters = 0;
  ignored = 0;
  late = 0;
  missing = 0;
  overRate = 0;

  /** The new count of this reason. */
  deadLetter(code: RefusalCode | "store" | "internal"): number {
    this.deadLetters++;
    const count = (this.byReason.get(code) ?? 0) + 1;
    this.byReason.set(code, count);
    return count;
  }

  snapshot(): IngestStats {
    const { conflicts, deadLetters, duplicates, ignored, late, missing, overRate, stored } = this;
    return {
      received: { ...this.received },
      stored,
      duplicates,
      conflicts,
      deadLetters,
      deadLettersByReason: Object.fromEntries(this.byReason),
      ignored,
      late,
      missing,
      overRate,
    };
  }
}
