import { closeSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";

/** What the side file remembers of the store: how often it was started, and the highest publication id seen in it. */
export interface Stamp {
  readonly starts: number;
  readonly lastId: number;
}

const slotBytes = 64;

/**
 * The side file beside the database (L6). A database that is older than its stamp was restored from a backup or lost its
 * tail, and offsets in it will name other payloads than the ones subscribers saw: its channels then get new epochs.
 *
 * Two slots are written in turn, each with a checksum, so that a write cut short leaves the other one.
 */
export class StampFile {
  readonly #file: number;
  #slot = 0;

  constructor(path: string) {
    // "a+" creates it where it is missing; "r+" then allows writing in place.
    closeSync(openSync(path, "a+", 0o600));
    this.#file = openSync(path, "r+");
  }

  /** The newest readable stamp; undefined when there is none. */
  read(): Stamp | undefined {
    const slots = [0, 1].map((slot) => this.#readSlot(slot));
    const newest = slots.reduce((one, other) => (isNewer(other, one) ? other : one), undefined);
    this.#slot = newest !== undefined && newest === slots[0] ? 1 : 0;
    return newest;
  }

  /** `durable`: survives a power cut. Without it the stamp may be old afterwards, which only means less is noticed. */
  write(stamp: Stamp, durable: boolean): void {
    const body = `${stamp.starts} ${stamp.lastId}`;
    const line = `${body} ${crc32(body)}\n`.padEnd(slotBytes, " ");
    writeSync(this.#file, line, this.#slot * slotBytes);
    if (durable) fsyncSync(this.#file);
    this.#slot = 1 - this.#slot;
  }

  close(): void {
    closeSync(this.#file);
  }

  #readSlot(slot: number): Stamp | undefined {
    const bytes = Buffer.alloc(slotBytes);
    const length = readSync(this.#file, bytes, 0, slotBytes, slot * slotBytes);
    const [starts, lastId, crc] = bytes.toString("latin1", 0, length).trim().split(" ");
    if (crc === undefined || Number(crc) !== crc32(`${starts} ${lastId}`)) return undefined;
    return { starts: Number(starts), lastId: Number(lastId) };
  }
}

function isNewer(one: Stamp | undefined, other: Stamp | undefined): boolean {
  if (one === undefined || other === undefined) return one !== undefined;
  return one.starts > other.starts || (one.starts === other.starts && one.lastId > other.lastId);
}
