import type { Clock } from "./ports.ts";

/** How often due entries are looked for; every deadline may be this much late. */
export const wheelStepMs = 100;
const slotCount = 512;

/** Something with a deadline. The links belong to the wheel. */
export interface WheelEntry {
  /** Called once the deadline is reached; the entry is out of the wheel by then and may be set again. */
  onDeadline(nowMs: number): void;
  wheelDueMs: number;
  wheelSlot: number;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
}

/**
 * One timer for the deadlines of all connections: pings, pongs, stale sockets, presence ticks, expiry. Each connection
 * has one place on it, for its nearest deadline, linked through its own fields: moving costs no memory and no search.
 * The timer runs only while somebody waits.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #slots: (WheelEntry | undefined)[] = new Array(slotCount).fill(undefined);
  /** Slots up to here have been looked at; a slot's number is its time in steps. */
  #step = 0;
  #size = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#step = this.#stepOf(clock.monotonicMs());
  }

  get size(): number {
    return this.#size;
  }

  /** Sets the entry's only deadline; infinity takes it off. Deadlines beyond the wheel are looked at again each turn. */
  set(entry: WheelEntry, dueMs: number): void {
    if (entry.wheelSlot !== -1 && entry.wheelDueMs === dueMs) return;
    this.remove(entry);
    entry.wheelDueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    if (this.#size === 0) this.#step = this.#stepOf(this.#clock.monotonicMs());
    const step = Math.min(Math.max(Math.ceil(dueMs / wheelStepMs), this.#step + 1), this.#step + slotCount - 1);
    this.#link(entry, step % slotCount);
    this.#size++;
    this.#ensureTimer();
  }

  remove(entry: WheelEntry): void {
    if (entry.wheelSlot === -1) return;
    if (entry.wheelPrevious !== undefined) entry.wheelPrevious.wheelNext = entry.wheelNext;
    else this.#slots[entry.wheelSlot] = entry.wheelNext;
    if (entry.wheelNext !== undefined) entry.wheelNext.wheelPrevious = entry.wheelPrevious;
    entry.wheelNext = undefined;
    entry.wheelPrevious = undefined;
    entry.wheelSlot = -1;
    this.#size--;
    if (this.#size === 0) this.#stop();
  }

  #link(entry: WheelEntry, slot: number): void {
    const first = this.#slots[slot];
    entry.wheelSlot = slot;
    entry.wheelNext = first;
    if (first !== undefined) first.wheelPrevious = entry;
    this.#slots[slot] = entry;
  }

  #ensureTimer(): void {
    if (this.#cancel !== undefined) return;
    this.#cancel = this.#clock.schedule(wheelStepMs, () => {
      this.#cancel = undefined;
      this.#turn(this.#clock.monotonicMs());
      if (this.#size > 0) this.#ensureTimer();
    });
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #turn(nowMs: number): void {
    const lastStep = Math.floor(nowMs / wheelStepMs);
    // After a long sleep one turn through all slots sees every entry.
    const firstStep = Math.max(this.#step + 1, lastStep - slotCount + 1);
    this.#step = Math.max(this.#step, lastStep);
    for (let step = firstStep; step <= lastStep; step++) this.#run(step % slotCount, nowMs);
  }

  #run(slot: number, nowMs: number): void {
    let entry = this.#slots[slot];
    this.#slots[slot] = undefined;
    // The chain is cut loose first, so that entries that set themselves again are not met twice.
    const due: WheelEntry[] = [];
    while (entry !== undefined) {
      const next: WheelEntry | undefined = entry.wheelNext;
      entry.wheelNext = undefined;
      entry.wheelPrevious = undefined;
      entry.wheelSlot = -1;
      this.#size--;
      if (entry.wheelDueMs <= nowMs) due.push(entry);
      else this.set(entry, entry.wheelDueMs);
      entry = next;
    }
    for (const one of due) if (one.wheelSlot === -1) one.onDeadline(nowMs);
  }

  #stepOf(ms: number): number {
    return Math.floor(ms / wheelStepMs);
  }
}
