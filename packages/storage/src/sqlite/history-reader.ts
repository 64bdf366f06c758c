import type { Database, Statement } from "bun:sqlite";
import type { StreamPosition } from "@fleetcast/protocol";
import type { JournalReadRequest } from "../journal.ts";
import { rowCrc } from "./row-crc.ts";
import type { StoredRow } from "./row-tape.ts";

interface ChannelRow {
  readonly id: number;
  readonly name: string;
  readonly epoch: string;
  readonly top: number;
  readonly top_row: number;
  readonly last_at: number;
  readonly removed_through: number;
}

interface PublicationRow {
  readonly id: number;
  readonly channel_id: number;
  readonly offset: number;
  readonly prev: number;
  readonly at: number;
  readonly version: number | null;
  readonly tags: string | null;
  readonly info: Uint8Array | null;
  readonly data: Uint8Array;
  readonly crc: number;
}

export type HistoryAnswer =
  | { readonly kind: "history"; readonly rows: readonly StoredRow[]; readonly top: StreamPosition }
  | { readonly kind: "unrecoverable"; readonly epoch: string };

/** Reads publications by window arithmetic and by walking `prev` (L2, L5). Runs inside a read transaction. */
export class HistoryReader {
  readonly #epoch: string;
  readonly #channel: Statement<ChannelRow, [string]>;
  readonly #channelName: Statement<{ name: string; epoch: string }, [number]>;
  readonly #row: Statement<PublicationRow, [number]>;
  readonly #rowsFrom: Statement<PublicationRow, [number, number]>;
  /** Rows whose checksum did not match, by id: reported once each. */
  readonly #damaged = new Set<number>();
  readonly #report: (message: string) => void;

  /** `epoch` is the answer for a channel that has no publication yet. */
  constructor(db: Database, epoch: string, report: (message: string) => void) {
    this.#epoch = epoch;
    this.#report = report;
    this.#channel = db.prepare("SELECT id, name, epoch, top, top_row, last_at, removed_through FROM channel WHERE name = ?");
    this.#channelName = db.prepare("SELECT name, epoch FROM channel WHERE id = ?");
    const columns = "id, channel_id, offset, prev, at, version, tags, info, data, crc";
    this.#row = db.prepare(`SELECT ${columns} FROM publication WHERE id = ?`);
    this.#rowsFrom = db.prepare(`SELECT ${columns} FROM publication WHERE id > ? ORDER BY id LIMIT ?`);
  }

  top(name: string): StreamPosition {
    const channel = this.#channel.get(name);
    return channel === null ? { offset: 0, epoch: this.#epoch } : { offset: channel.top, epoch: channel.epoch };
  }

  read(request: JournalReadRequest): HistoryAnswer {
    const channel = this.#channel.get(request.channel);
    const top = channel === null ? { offset: 0, epoch: this.#epoch } : { offset: channel.top, epoch: channel.epoch };
    const since = request.since;
    if (since !== undefined && since.epoch !== "" && since.epoch !== top.epoch) return { kind: "unrecoverable", epoch: top.epoch };
    if (channel === null || request.limit === 0) return { kind: "history", rows: [], top };
    return { kind: "history", rows: this.#select(channel, request), top };
  }

  /** Publications in commit order; a damaged row is left out and reported. */
  readFrom(afterId: number, limit: number): readonly StoredRow[] {
    const names = new Map<number, { name: string; epoch: string }>();
    const rows: StoredRow[] = [];
    for (const row of this.#rowsFrom.all(afterId, limit)) {
      if (!this.#isSound(row)) continue;
      let channel = names.get(row.channel_id);
      if (channel === undefined) {
        channel = this.#channelName.get(row.channel_id)!;
        names.set(row.channel_id, channel);
      }
      rows.push({ ...row, channel: channel.name, epoch: channel.epoch });
    }
    return rows;
  }

  #select(channel: ChannelRow, request: JournalReadRequest): readonly StoredRow[] {
    const { above, through } = readable(channel, request);
    const { limit, reverse } = request;
    // Walking goes from the newest down, so a forward page of the oldest n starts with a walk past everything newer.
    const highest = !reverse && limit > 0 ? Math.min(through, above + limit) : through;
    const countMax = reverse && limit > 0 ? limit : Number.POSITIVE_INFINITY;
    const rows: StoredRow[] = [];
    let id = channel.top_row;
    for (let offset = channel.top; offset > above && rows.length < countMax; offset--) {
      const row = this.#row.get(id);
      if (row === null || row.offset !== offset || row.channel_id !== channel.id || !this.#isSound(row)) {
        // A missing or damaged row ends the window above it: a reader that needed it sees that its start is gone.
        return this.#select({ ...channel, removed_through: offset }, request);
      }
      if (offset <= highest) rows.push({ ...row, channel: channel.name, epoch: channel.epoch });
      id = row.prev;
    }
    return reverse ? rows : rows.reverse();
  }

  #isSound(row: PublicationRow): boolean {
    const { channel_id, offset, prev, at, tags, info, data } = row;
    if (rowCrc(channel_id, offset, prev, at, tags, info, data) === row.crc) return true;
    if (!this.#damaged.has(row.id)) {
      this.#damaged.add(row.id);
      this.#report(`publication ${row.id} (channel ${channel_id}, offset ${offset}) does not match its checksum and is not handed out`);
    }
    return false;
  }
}

/** The window arithmetic of L5: offsets above `above` and up to `through` may be read. */
export function readable(
  channel: { readonly top: number; readonly last_at: number; readonly removed_through: number },
  request: Pick<JournalReadRequest, "sizeMax" | "ttlMs" | "nowMs" | "since" | "reverse" | "upTo">,
): { readonly above: number; readonly through: number } {
  if (request.nowMs - channel.last_at > request.ttlMs) return { above: channel.top, through: channel.top };
  let above = Math.max(channel.top - request.sizeMax, channel.removed_through);
  let through = Math.min(channel.top, request.upTo ?? channel.top);
  if (request.since !== undefined) {
    // A position that the stream has not reached yet answers nothing, downwards neither [LOG7].
    if (request.reverse) through = request.since.offset > channel.top + 1 ? above : Math.min(through, request.since.offset - 1);
    else above = Math.max(above, request.since.offset);
  }
  return { above, through };
}
