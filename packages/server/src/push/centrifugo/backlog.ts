import type { JournalRow } from "@fleetcast/storage";

/** A committed row that is not pushed yet. */
export interface Pending {
  readonly row: JournalRow;
  settled: boolean;
}

/**
 * The unsettled rows in commit order. Channels settle at their own pace, so what is stored as "everything up to here is
 * done" is the row before the first unsettled one.
 */
export class Backlog {
  #rows: Pending[] = [];
  #head = 0;
  #unsettled = 0;
  #bytes = 0;
  #acceptedId: number;

  /** @param lastId every row up to this id is settled */
  constructor(lastId: number) {
    this.#acceptedId = lastId;
  }

  get unsettled(): number {
    return this.#unsettled;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Id of the newest row taken in, settled or not. */
  get acceptedId(): number {
    return this.#acceptedId;
  }

  add(row: JournalRow): Pending {
    const pending = { row, settled: false };
    this.#acceptedId = row.id;
    this.#rows.push(pending);
    this.#unsettled += 1;
    this.#bytes += row.data.length;
    return pending;
  }

  /** A row that needs no push. */
  pass(row: JournalRow): void {
    this.#acceptedId = row.id;
  }

  settle(pending: Pending): void {
    if (pending.settled) throw new Error(`row ${pending.row.id} settled twice`);
    pending.settled = true;
    this.#unsettled -= 1;
    this.#bytes -= pending.row.data.length;
    while (this.#head < this.#rows.length && this.#rows[this.#head]!.settled) this.#head += 1;
    // One row that waits long must not keep the settled ones behind it in memory.
    if (this.#rows.length > 2 * this.#unsettled + 1_024) {
      this.#rows = this.#rows.filter((row) => !row.settled);
      this.#head = 0;
    }
  }

  /** Every row up to this id is settled. */
  get settledThrough(): number {
    const first = this.#rows[this.#head];
    return first === undefined ? this.#acceptedId : first.row.id - 1;
  }
}
