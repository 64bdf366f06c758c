import type { Database, Statement } from "bun:sqlite";
import { ReceivedIntervals } from "./received-intervals.ts";

/** Boots remembered per machine (L10). */
export const bootsMax = 8;
const cachedMachinesMax = 50_000;

interface Boot {
  readonly id: number;
  readonly name: string;
  readonly received: ReceivedIntervals;
  dirty: boolean;
}

/** `origin` is what a publication stores, with `seq`, to say which message caused it. */
export type SeenVerdict =
  | { readonly kind: "new"; readonly origin: number; readonly gap: number }
  | { readonly kind: "repeated"; readonly origin: number };

/** Which messages came before: per (machine, boot) the received `seq` (L10), in memory over the table. */
export class SeenTable {
  readonly #selectBoots: Statement<{ id: number; boot: string; intervals: string }, [number]>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #delete: Statement;
  /** Boots of a machine, oldest first. */
  readonly #cached = new Map<number, Boot[]>();
  #dirty: Boot[] = [];

  constructor(db: Database) {
    this.#selectBoots = db.prepare("SELECT id, boot, intervals FROM seen WHERE vm = ? ORDER BY id");
    this.#insert = db.prepare("INSERT INTO seen (vm, boot, intervals) VALUES (?, ?, '')");
    this.#update = db.prepare("UPDATE seen SET intervals = ? WHERE id = ?");
    this.#delete = db.prepare("DELETE FROM seen WHERE id = ?");
  }

  /** Judges one identity and, when it is new, counts it as received. */
  judge(vm: number, bootName: string, seq: number): SeenVerdict {
    if (!Number.isSafeInteger(seq) || seq < 0) throw new RangeError(`seq ${seq} is not a whole number from 0 to 2^53-1`);
    const boots = this.#boots(vm);
    const boot = boots.findLast((candidate) => candidate.name === bootName) ?? this.#add(vm, boots, bootName);
    if (boot.received.has(seq)) return { kind: "repeated", origin: boot.id };
    const highest = boot.received.highest;
    // Nothing is known about what came before the first message of a boot that we hear: it reveals no gap.
    const gap = highest === undefined || seq < highest ? 0 : seq - highest - 1;
    boot.received.add(seq);
    if (!boot.dirty) {
      boot.dirty = true;
      this.#dirty.push(boot);
    }
    return { kind: "new", origin: boot.id, gap };
  }

  flush(): void {
    for (const boot of this.#dirty) {
      this.#update.run(boot.received.toString(), boot.id);
      boot.dirty = false;
    }
    this.#dirty = [];
    if (this.#cached.size > cachedMachinesMax) this.#cached.clear();
  }

  forget(): void {
    this.#cached.clear();
    this.#dirty = [];
  }

  #boots(vm: number): Boot[] {
    const cached = this.#cached.get(vm);
    if (cached !== undefined) return cached;
    const boots = this.#selectBoots
      .all(vm)
      .map((row): Boot => ({ id: row.id, name: row.boot, received: new ReceivedIntervals(row.intervals), dirty: false }));
    this.#cached.set(vm, boots);
    return boots;
  }

  #add(vm: number, boots: Boot[], name: string): Boot {
    const id = Number(this.#insert.run(vm, name).lastInsertRowid);
    const boot: Boot = { id, name: Buffer.from(name).toString(), received: new ReceivedIntervals(), dirty: false };
    boots.push(boot);
    // The new row is inserted before the old one goes: an id is then never given twice.
    while (boots.length > bootsMax) this.#delete.run(boots.shift()!.id);
    return boot;
  }
}
