import type { Database, Statement } from "bun:sqlite";

/** A channel as the writer holds it during a batch; written back once per batch (L3). */
export interface Channel {
  readonly id: number;
  readonly epoch: string;
  top: number;
  topRow: number;
  lastAt: number;
  removedThrough: number;
  version: number;
  versionEpoch: string;
  dirty: boolean;
}

/** Channels kept in memory between batches. */
const cachedMax = 50_000;

interface ChannelRow {
  readonly id: number;
  readonly epoch: string;
  readonly top: number;
  readonly top_row: number;
  readonly last_at: number;
  readonly removed_through: number;
  readonly version: number;
  readonly version_epoch: string;
}

export class ChannelTable {
  readonly #select: Statement<ChannelRow, [string]>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #epoch: string;
  readonly #cached = new Map<string, Channel>();
  #dirty: Channel[] = [];

  /** `epoch` is given to channels that get their first publication now; it is the same for the whole life of the store. */
  constructor(db: Database, epoch: string) {
    this.#epoch = epoch;
    this.#select = db.prepare(
      "SELECT id, epoch, top, top_row, last_at, removed_through, version, version_epoch FROM channel WHERE name = ?",
    );
    this.#insert = db.prepare(
      "INSERT INTO channel (name, epoch, top, top_row, last_at, removed_through, version, version_epoch) VALUES (?, ?, 0, 0, 0, 0, 0, '')",
    );
    this.#update = db.prepare(
      "UPDATE channel SET top = ?, top_row = ?, last_at = ?, removed_through = ?, version = ?, version_epoch = ? WHERE id = ?",
    );
  }

  find(name: string): Channel | undefined {
    const cached = this.#cached.get(name);
    if (cached !== undefined) return cached;
    const row = this.#select.get(name);
    if (row === null) return undefined;
    const channel: Channel = {
      id: row.id,
      epoch: row.epoch,
      top: row.top,
      topRow: row.top_row,
      lastAt: row.last_at,
      removedThrough: row.removed_through,
      version: row.version,
      versionEpoch: row.version_epoch,
      dirty: false,
    };
    // A text cut from a batch tape would keep the whole tape in memory; the copy does not.
    this.#cached.set(Buffer.from(name).toString(), channel);
    return channel;
  }

  obtain(name: string): Channel {
    const known = this.find(name);
    if (known !== undefined) return known;
    this.#insert.run(name, this.#epoch);
    return this.find(name)!;
  }

  markDirty(channel: Channel): void {
    if (channel.dirty) return;
    channel.dirty = true;
    this.#dirty.push(channel);
  }

  /** One UPDATE for each channel that the batch touched. */
  flush(): void {
    for (const channel of this.#dirty) {
      this.#update.run(
        channel.top,
        channel.topRow,
        channel.lastAt,
        channel.removedThrough,
        channel.version,
        channel.versionEpoch,
        channel.id,
      );
      channel.dirty = false;
    }
    this.#dirty = [];
    if (this.#cached.size > cachedMax) this.#cached.clear();
  }

  /** After a rollback nothing in memory is to be believed. */
  forget(): void {
    this.#cached.clear();
    this.#dirty = [];
  }
}
