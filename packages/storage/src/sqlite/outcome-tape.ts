import type { JournalOutcome } from "../journal.ts";
import type { TapeReader, TapeWriter } from "./tape.ts";

/** What the writer did with one entry; `previous` only where a publication asked for `delta` and the channel held one. */
export interface WriterOutcome {
  readonly verdict: JournalOutcome["verdict"];
  readonly reason: string;
  readonly gap: number;
  readonly positions: readonly WriterPosition[];
}

export interface WriterPosition {
  readonly offset: number;
  readonly epoch: string;
  readonly id: number;
  readonly suppressed: "" | "idempotency" | "version";
  readonly previous: PreviousRow | null;
}

export interface PreviousRow {
  readonly id: number;
  readonly offset: number;
  readonly atMs: number;
  readonly tags: string | null;
  readonly info: Uint8Array | null;
  readonly data: Uint8Array;
}

const verdicts = ["stored", "duplicate", "conflict", "bad"] as const;
const suppressions = ["", "idempotency", "version"] as const;

export function encodeOutcome(tape: TapeWriter, outcome: WriterOutcome): void {
  tape.number(verdicts.indexOf(outcome.verdict));
  if (outcome.verdict !== "stored") {
    tape.text(outcome.reason);
    return;
  }
  tape.number(outcome.gap);
  tape.number(outcome.positions.length);
  for (const position of outcome.positions) {
    tape.number(position.offset);
    tape.text(position.epoch);
    tape.number(position.id);
    tape.number(suppressions.indexOf(position.suppressed));
    encodePrevious(tape, position.previous);
  }
}

export function decodeOutcome(tape: TapeReader): WriterOutcome {
  const verdict = verdicts[tape.number()];
  if (verdict === undefined) throw new Error("an outcome tape holds an unknown verdict");
  if (verdict !== "stored") return { verdict, reason: tape.text(), gap: 0, positions: [] };
  const gap = tape.number();
  const count = tape.number();
  const positions: WriterPosition[] = [];
  for (let at = 0; at < count; at++) {
    positions.push({
      offset: tape.number(),
      epoch: tape.text(),
      id: tape.number(),
      suppressed: suppressions[tape.number()]!,
      previous: decodePrevious(tape),
    });
  }
  return { verdict, reason: "", gap, positions };
}

function encodePrevious(tape: TapeWriter, previous: PreviousRow | null): void {
  if (previous === null) {
    tape.number(0);
    return;
  }
  tape.number(previous.id);
  tape.number(previous.offset);
  tape.number(previous.atMs);
  tape.nullableText(previous.tags);
  tape.nullableBytes(previous.info);
  tape.bytes(previous.data);
}

/** Copies its bytes: the tape's buffers go back to the writer. */
function decodePrevious(tape: TapeReader): PreviousRow | null {
  const id = tape.number();
  if (id === 0) return null;
  return {
    id,
    offset: tape.number(),
    atMs: tape.number(),
    tags: tape.nullableText(),
    info: tape.nullableBytes()?.slice() ?? null,
    data: tape.bytes().slice(),
  };
}
