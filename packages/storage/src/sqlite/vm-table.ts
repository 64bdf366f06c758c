import type { Database, Statement } from "bun:sqlite";

/** A machine's number and the newest reading of its chain; written back once per batch. */
export interface Vm {
  readonly id: number;
  readingTop: number;
  dirty: boolean;
}

const cachedMax = 50_000;

export class VmTable {
  readonly #select: Statement<{ id: number; reading_top: number }, [string]>;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #cached = new Map<string, Vm>();
  #dirty: Vm[] = [];

  constructor(db: Database) {
    this.#select = db.prepare("SELECT id, reading_top FROM vm WHERE vm_id = ?");
    this.#insert = db.prepare("INSERT INTO vm (vm_id, reading_top) VALUES (?, 0)");
    this.#update = db.prepare("UPDATE vm SET reading_top = ? WHERE id = ?");
  }

  obtain(vmId: string): Vm {
    const cached = this.#cached.get(vmId);
    if (cached !== undefined) return cached;
    let row = this.#select.get(vmId);
    if (row === null) {
      this.#insert.run(vmId);
      row = this.#select.get(vmId)!;
    }
    const vm: Vm = { id: row.id, readingTop: row.reading_top, dirty: false };
    this.#cached.set(Buffer.from(vmId).toString(), vm);
    return vm;
  }

  markDirty(vm: Vm): void {
    if (vm.dirty) return;
    vm.dirty = true;
    this.#dirty.push(vm);
  }

  flush(): void {
    for (const vm of this.#dirty) {
      this.#update.run(vm.readingTop, vm.id);
      vm.dirty = false;
    }
    this.#dirty = [];
    if (this.#cached.size > cachedMax) this.#cached.clear();
  }

  forget(): void {
    this.#cached.clear();
    this.#dirty = [];
  }
}
