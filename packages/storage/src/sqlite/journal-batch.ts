import type { CommittedBatch, JournalEntry, JournalOutcome, JournalRow } from "../journal.ts";
import { encodeCursors, encodeEntries, encodeRemove, encodeSingleEntry } from "./batch-tape.ts";
import { decodeOutcome, type WriterOutcome, type WriterPosition } from "./outcome-tape.ts";
import { optional } from "./row-tape.ts";
import { type SealedTape, TapeReader, TapeWriter } from "./tape.ts";
import type { SpentBuffers } from "./writer-protocol.ts";

export const batchEntriesMax = 2_000;
export const batchBytesMax = 4 * 1_048_576;
/** What an entry costs beside its payloads, for the limits. */
const entryBytes = 256;

/** What waits for the commit of its unit. */
type Waiting =
  | { readonly kind: "entry"; readonly entry: JournalEntry; readonly done: (outcome: JournalOutcome) => void }
  | {
      readonly kind: "group";
      readonly entries: readonly JournalEntry[];
      readonly done: (outcomes: readonly JournalOutcome[]) => void;
    }
  | { readonly kind: "work"; readonly done: () => void };

/**
 * One batch on this side: the tape that goes to the writer, and who waits for it. The payloads stay here as well, so that
 * what is delivered are the very bytes that were handed in; the writer sends back only numbers.
 */
export class JournalBatch {
  readonly #tape: TapeWriter;
  readonly #waiting: Waiting[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(recycled: SpentBuffers | undefined) {
    this.#tape = new TapeWriter(recycled);
  }

  get units(): number {
    return this.#waiting.length;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A group larger than a batch gets one of its own: it is never split. */
  hasRoomFor(entries: number, bytes: number): boolean {
    return this.#waiting.length === 0 || (this.#entries + entries <= batchEntriesMax && this.#bytes + bytes <= batchBytesMax);
  }

  addEntry(entry: JournalEntry, bytes: number, done: (outcome: JournalOutcome) => void): void {
    this.#add({ kind: "entry", entry, done }, 1, bytes, () => encodeSingleEntry(this.#tape, entry));
  }

  addGroup(entries: readonly JournalEntry[], bytes: number, done: (outcomes: readonly JournalOutcome[]) => void): void {
    this.#add({ kind: "group", entries, done }, entries.length, bytes, () => encodeEntries(this.#tape, entries));
  }

  addRemove(channel: string, done: () => void): void {
    this.#add({ kind: "work", done }, 1, entryBytes, () => encodeRemove(this.#tape, channel));
  }

  addCursors(publisher: string, lastId: number, channels: ReadonlyMap<string, number>, done: () => void): void {
    const bytes = entryBytes * (1 + channels.size);
    this.#add({ kind: "work", done }, 1, bytes, () => encodeCursors(this.#tape, publisher, lastId, channels));
  }

  seal(): SealedTape {
    return this.#tape.seal();
  }

  /** Publications in commit order, and the calls to make once they were delivered. */
  settle(outcomes: SealedTape): { readonly committed: CommittedBatch; readonly calls: readonly (() => void)[] } {
    const tape = new TapeReader(outcomes);
    const committed: CommittedBatch[number][] = [];
    const calls = this.#waiting.map((waiting) => settleOne(waiting, tape, committed));
    return { committed, calls };
  }

  /** An entry that cannot even be written down is the caller's mistake: it hears so at once and nobody else is touched. */
  #add(waiting: Waiting, entries: number, bytes: number, encode: () => void): void {
    const mark = this.#tape.mark();
    try {
      encode();
    } catch (cause) {
      this.#tape.reset(mark);
      throw cause;
    }
    this.#waiting.push(waiting);
    this.#entries += entries;
    this.#bytes += bytes;
  }
}

function settleOne(waiting: Waiting, tape: TapeReader, committed: CommittedBatch[number][]): () => void {
  switch (waiting.kind) {
    case "entry": {
      const outcome = settleEntry(waiting.entry, decodeOutcome(tape), committed);
      return () => waiting.done(outcome);
    }
    case "group": {
      const all = waiting.entries.map((entry) => settleEntry(entry, decodeOutcome(tape), committed));
      return () => waiting.done(all);
    }
    case "work":
      return waiting.done;
  }
}

/** Bytes that an entry counts for in batches and in the backlog. */
export function bytesOf(entry: JournalEntry): number {
  let bytes = entryBytes + (entry.payload?.length ?? 0);
  for (const publication of entry.publications) {
    if (publication.data !== entry.payload) bytes += publication.data.length;
  }
  for (const record of entry.records) {
    if (record.kind === "event") bytes += record.data.length;
    else if (record.kind === "deadLetter") bytes += record.payload.length;
    else if (record.kind === "command") bytes += record.params.length;
  }
  return bytes;
}

function settleEntry(entry: JournalEntry, outcome: WriterOutcome, committed: CommittedBatch[number][]): JournalOutcome {
  const { verdict, gap, positions } = outcome;
  for (let at = 0; at < positions.length; at++) {
    const position = positions[at]!;
    if (position.suppressed === "") committed.push(committedRow(entry, at, gap, position));
  }
  return {
    verdict,
    ...(outcome.reason === "" ? {} : { reason: outcome.reason }),
    positions: positions.map(({ offset, epoch, id, suppressed }) =>
      suppressed === "" ? { offset, epoch, id } : { offset, epoch, id, suppressed },
    ),
    gap,
  };
}

function committedRow(entry: JournalEntry, index: number, gap: number, position: WriterPosition): CommittedBatch[number] {
  const publication = entry.publications[index]!;
  const { offset, epoch, id, previous } = position;
  const { channel, data, info, version } = publication;
  // The writer added the same tag to what it stored.
  const tags = index === 0 && gap > 0 ? { ...publication.tags, gap: String(gap) } : publication.tags;
  return {
    id,
    channel,
    offset,
    epoch,
    atMs: entry.atMs,
    data,
    tags,
    info,
    version: version === 0 ? undefined : version,
    previous: previous === null ? undefined : previousRow(channel, epoch, previous),
  };
}

function previousRow(channel: string, epoch: string, previous: NonNullable<WriterPosition["previous"]>): JournalRow {
  const { id, offset, atMs, tags, info, data } = previous;
  return { id, channel, offset, epoch, atMs, data, ...optional(null, tags, info) };
}
