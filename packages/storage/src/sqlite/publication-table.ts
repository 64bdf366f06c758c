import type { Database, Statement } from "bun:sqlite";
import type { DecodedPublication } from "./batch-tape.ts";
import type { Channel, ChannelTable } from "./channel-table.ts";
import type { PreviousRow, WriterPosition } from "./outcome-tape.ts";
import { rowCrc } from "./row-crc.ts";

/** How long an idempotency key answers with its first position (D52). */
export const idempotencyKeyTtlMs = 300_000;
/** Rows of a channel searched for the message that used an identity first. */
const originRowsMax = 300;

/** The device message behind a publication: `seen.id`, `seq`, and the CRC32 of its body. */
export interface Origin {
  readonly id: number;
  readonly seq: number;
  readonly body: number;
}

/** Gives publications their offsets, in commit order, and stores them (L2, L5, L7). */
export class PublicationTable {
  readonly #channels: ChannelTable;
  readonly #insert: Statement;
  readonly #select: Statement<
    { id: number; offset: number; at: number; tags: string | null; info: Uint8Array | null; data: Uint8Array },
    [number]
  >;
  readonly #selectOrigin: Statement<{ prev: number; origin: number | null; seq: number | null; body: number | null }, [number]>;
  readonly #selectKey: Statement<{ at: number; offset: number; publication: number }, [number, string]>;
  readonly #replaceKey: Statement;
  readonly #selectLast: Statement<{ id: number | null }, []>;
  #lastId = 0;

  constructor(db: Database, channels: ChannelTable) {
    this.#channels = channels;
    this.#insert = db.prepare(
      `INSERT INTO publication (id, channel_id, offset, prev, at, version, tags, info, data, origin, seq, body, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#select = db.prepare("SELECT id, offset, at, tags, info, data FROM publication WHERE id = ?");
    this.#selectOrigin = db.prepare("SELECT prev, origin, seq, body FROM publication WHERE id = ?");
    this.#selectKey = db.prepare("SELECT at, offset, publication FROM idempotency WHERE channel_id = ? AND key = ?");
    this.#replaceKey = db.prepare("INSERT OR REPLACE INTO idempotency (channel_id, key, at, offset, publication) VALUES (?, ?, ?, ?, ?)");
    this.#selectLast = db.prepare("SELECT max(id) AS id FROM publication");
    this.forget();
  }

  /** Highest id given. */
  get lastId(): number {
    return this.#lastId;
  }

  forget(): void {
    this.#lastId = this.#selectLast.get()?.id ?? 0;
  }

  append(publication: DecodedPublication, atMs: number, tags: string | null, origin: Origin | null): WriterPosition {
    const channel = this.#channels.obtain(publication.channel);
    const key = publication.idempotencyKey;
    if (key !== null) {
      const first = this.#selectKey.get(channel.id, key);
      if (first !== null && atMs - first.at <= idempotencyKeyTtlMs) return repeated(channel, first);
    }
    const position = this.#store(channel, publication, atMs, tags, origin);
    // A suppressed version appended nothing that a repeat could mean.
    if (key !== null && position.suppressed === "") this.#replaceKey.run(channel.id, key, atMs, position.offset, position.id);
    return position;
  }

  /** Makes everything up to the top unreadable; offset and epoch stay (L5). */
  remove(name: string): void {
    const channel = this.#channels.find(name);
    if (channel === undefined || channel.removedThrough === channel.top) return;
    channel.removedThrough = channel.top;
    this.#channels.markDirty(channel);
  }

  /** The body's CRC32 of the message that first used this identity, when its publication is among the channel's last 300. */
  bodyOf(channelName: string, origin: number, seq: number): number | undefined {
    let id = this.#channels.find(channelName)?.topRow ?? 0;
    for (let walked = 0; id !== 0 && walked < originRowsMax; walked++) {
      const row = this.#selectOrigin.get(id);
      if (row === null) return undefined;
      if (row.origin === origin && row.seq === seq) return row.body ?? undefined;
      id = row.prev;
    }
    return undefined;
  }

  #store(channel: Channel, publication: DecodedPublication, atMs: number, tags: string | null, origin: Origin | null): WriterPosition {
    if (publication.skipHistory) return { offset: 0, epoch: "", id: 0, suppressed: "", previous: null };
    const { version, versionEpoch } = publication;
    const sameLife = versionEpoch === "" || versionEpoch === channel.versionEpoch;
    if (version > 0 && sameLife && version <= channel.version) {
      return { offset: channel.top, epoch: channel.epoch, id: channel.topRow, suppressed: "version", previous: null };
    }
    // The real one forgets after the silence, so its subscribers could not recover across it; ours cannot either (L5).
    if (channel.top > 0 && atMs - channel.lastAt > publication.historyTtlMs) channel.removedThrough = channel.top;
    const previous = publication.delta ? this.#previous(channel) : null;
    const id = this.#lastId + 1;
    const offset = channel.top + 1;
    const { info, data } = publication;
    const crc = rowCrc(channel.id, offset, channel.topRow, atMs, tags, info, data);
    this.#insert.run(
      id,
      channel.id,
      offset,
      channel.topRow,
      atMs,
      version === 0 ? null : version,
      tags,
      info,
      data,
      origin?.id ?? null,
      origin?.seq ?? null,
      origin?.body ?? null,
      crc,
    );
    this.#lastId = id;
    channel.top = offset;
    channel.topRow = id;
    channel.lastAt = atMs;
    channel.version = version;
    channel.versionEpoch = version === 0 ? "" : versionEpoch;
    this.#channels.markDirty(channel);
    return { offset, epoch: channel.epoch, id, suppressed: "", previous };
  }

  #previous(channel: Channel): PreviousRow | null {
    if (channel.top <= channel.removedThrough) return null;
    const row = this.#select.get(channel.topRow);
    return row === null ? null : { id: row.id, offset: row.offset, atMs: row.at, tags: row.tags, info: row.info, data: row.data };
  }
}

function repeated(channel: Channel, first: { readonly offset: number; readonly publication: number }): WriterPosition {
  const epoch = first.offset === 0 ? "" : channel.epoch;
  return { offset: first.offset, epoch, id: first.publication, suppressed: "idempotency", previous: null };
}
