import { SQLiteError } from "bun:sqlite";

/**
 * What an error of SQLite means for a batch (L3).
 *
 * `transient`: locked, or no space: nothing is broken, the same batch is repeated. `lasting`: the disk or the file is not
 * to be trusted any more (D43: after a failed fsync the kernel may have dropped what it could not write, so a retry may
 * lie): nothing more is acknowledged. `bad`: this row cannot be stored; everybody else's can.
 */
export type FailureKind = "transient" | "lasting" | "bad";

const code = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  interrupt: 9,
  full: 13,
  protocol: 15,
  constraint: 19,
  mismatch: 20,
  tooBig: 18,
  range: 25,
} as const;

/** The shared-memory index could not grow: a full disk that SQLite reports as an I/O error. Nothing was synced or lost. */
const ioErrorShmSize = 10 | (19 << 8);

export function failureKind(cause: unknown): FailureKind {
  // Not from SQLite: a value that could not be bound, or a judgement of ours about one entry.
  if (!(cause instanceof SQLiteError)) return "bad";
  if (cause.errno === ioErrorShmSize) return "transient";
  switch (cause.errno & 0xff) {
    case code.busy:
    case code.locked:
    case code.full:
    case code.interrupt:
    case code.protocol:
    case code.noMemory:
      return "transient";
    case code.constraint:
    case code.mismatch:
    case code.tooBig:
    case code.range:
      return "bad";
    default:
      return "lasting";
  }
}

/** The batch changed nothing and may be repeated as it is. */
export class TransientFailure extends Error {
  override readonly name = "TransientFailure";
}

/** The store must not be written any more. */
export class LastingFailure extends Error {
  override readonly name = "LastingFailure";
}
