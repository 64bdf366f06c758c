import type { FleetRow, FleetSnapshot, FleetTotals, FleetUpdate } from "@fleetcast/protocol";
import type { FlushLoop } from "./flush-loop.ts";
import { Signal } from "./signal.ts";

const noTotals: FleetTotals = { machines: 0, online: 0, offline: 0, in_alarm: 0, vends_today: 0 };

/**
 * The fleet as it was last told: one row a machine. Publications write here and mark; listeners hear of it at the flush.
 * `rev` makes an update idempotent: a row that is not newer than the one held changes nothing, so the overlap between a
 * snapshot and what is recovered after it does no harm.
 */
export class LiveStore {
  readonly #loop: FlushLoop;
  readonly #rows = new Map<string, FleetRow>();
  readonly #rowSignals = new Map<string, Signal>();
  readonly #dirty = new Set<string>();
  readonly #list = new Signal();
  readonly #summary = new Signal();
  #listDirty = false;
  #summaryDirty = false;
  #totals = noTotals;
  #loaded = false;
  #atMs = 0;
  #listVersion = 0;

  constructor(loop: FlushLoop) {
    this.#loop = loop;
    loop.add(() => this.#flush());
  }

  /** A snapshot is the truth at its position: it replaces everything, also rows whose `rev` began anew with a new server. */
  replace(snapshot: Pick<FleetSnapshot, "at_ms" | "totals" | "rows">): void {
    for (const vmId of this.#rows.keys()) this.#dirty.add(vmId);
    this.#rows.clear();
    for (const row of snapshot.rows) {
      this.#rows.set(row.vm_id, row);
      this.#dirty.add(row.vm_id);
    }
    this.#loaded = true;
    this.#listDirty = true;
    this.#setTotals(snapshot.totals, snapshot.at_ms);
    this.#loop.mark("urgent");
  }

  apply(update: FleetUpdate): void {
    for (const row of update.rows) {
      const known = this.#rows.get(row.vm_id);
      if (known !== undefined && row.rev <= known.rev) continue;
      this.#rows.set(row.vm_id, row);
      this.#dirty.add(row.vm_id);
      this.#listDirty = true;
    }
    for (const vmId of update.removed) {
      if (!this.#rows.delete(vmId)) continue;
      this.#dirty.add(vmId);
      this.#listDirty = true;
    }
    if (update.at_ms >= this.#atMs) this.#setTotals(update.totals, update.at_ms);
    this.#loop.mark("batched");
  }

  get(vmId: string): FleetRow | undefined {
    return this.#rows.get(vmId);
  }

  rows(): Iterable<FleetRow> {
    return this.#rows.values();
  }

  get size(): number {
    return this.#rows.size;
  }

  get totals(): FleetTotals {
    return this.#totals;
  }

  /** False until the first snapshot: the page shows a skeleton, not an empty fleet. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Server time of what is held. */
  get atMs(): number {
    return this.#atMs;
  }

  /** Grows with each flush in which any row changed, came or went. */
  get listVersion(): number {
    return this.#listVersion;
  }

  readonly subscribeRow = (vmId: string, listener: () => void): (() => void) => {
    const signal = this.#rowSignals.get(vmId) ?? new Signal();
    this.#rowSignals.set(vmId, signal);
    const remove = signal.subscribe(listener);
    return () => {
      remove();
      if (signal.size === 0 && this.#rowSignals.get(vmId) === signal) this.#rowSignals.delete(vmId);
    };
  };

  readonly subscribeList = (listener: () => void): (() => void) => this.#list.subscribe(listener);
  readonly subscribeTotals = (listener: () => void): (() => void) => this.#summary.subscribe(listener);

  #setTotals(totals: FleetTotals, atMs: number): void {
    this.#totals = totals;
    this.#atMs = atMs;
    this.#summaryDirty = true;
  }

  #flush(): void {
    const changed = [...this.#dirty];
    this.#dirty.clear();
    for (const vmId of changed) this.#rowSignals.get(vmId)?.emit();
    if (this.#listDirty) {
      this.#listDirty = false;
      this.#listVersion++;
      this.#list.emit();
    }
    if (this.#summaryDirty) {
      this.#summaryDirty = false;
      this.#summary.emit();
    }
  }
}
