import type { JournalRow } from "../journal.ts";
import { decodeClientInfo } from "./client-info.ts";
import type { TapeReader, TapeWriter } from "./tape.ts";

/** A publication row as the reader found it, its checksum already verified. */
export interface StoredRow {
  readonly id: number;
  readonly channel: string;
  readonly offset: number;
  readonly epoch: string;
  readonly at: number;
  readonly version: number | null;
  readonly tags: string | null;
  readonly info: Uint8Array | null;
  readonly data: Uint8Array;
}

export function encodeRow(tape: TapeWriter, row: StoredRow): void {
  tape.number(row.id);
  tape.text(row.channel);
  tape.number(row.offset);
  tape.text(row.epoch);
  tape.number(row.at);
  tape.nullableNumber(row.version);
  tape.nullableText(row.tags);
  tape.nullableBytes(row.info);
  tape.bytes(row.data);
}

export function decodeRow(tape: TapeReader): JournalRow {
  const id = tape.number();
  const channel = tape.text();
  const offset = tape.number();
  const epoch = tape.text();
  const atMs = tape.number();
  const version = tape.nullableNumber();
  const tags = tape.nullableText();
  const info = tape.nullableBytes();
  return { id, channel, offset, epoch, atMs, data: tape.bytes(), ...optional(version, tags, info) };
}

/** The parts of a row that are mostly absent. */
export function optional(
  version: number | null,
  tags: string | null,
  info: Uint8Array | null,
): Pick<JournalRow, "version" | "tags" | "info"> {
  return {
    ...(version === null ? {} : { version }),
    ...(tags === null ? {} : { tags: JSON.parse(tags) as Record<string, string> }),
    ...(info === null ? {} : { info: decodeClientInfo(info) }),
  };
}
