import type { Clock } from "@fleetcast/engine";
import type { FleetTotals } from "@fleetcast/protocol";
import type { EventRow, Journal, JournalRecord } from "@fleetcast/storage";
import type { Logger } from "../log.ts";
import { expireAlarms, worstAlarm } from "./alarms.ts";
import { type Observation, observe, type Transition } from "./device-state.ts";
import { type Effects, type HistoryTtl, transitionEffects } from "./effects.ts";
import { type Machine, machineRecord, newMachine, restoredMachine } from "./machine.ts";
import { ReceiveClock } from "./receive-clock.ts";
import { learnInterval, silenceLimitMs } from "./report-interval.ts";
import { restoreAlarms } from "./restore-alarms.ts";
import { VendCounter } from "./vend-counter.ts";

export interface FleetStateDependencies {
  readonly journal: Pick<Journal, "append" | "fleet">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly newId: () => string;
  readonly historyTtlMs: HistoryTtl;
}

/** What a stored message changes on the screens. */
export interface ShownReading {
  readonly tempC: number | null;
  readonly voltageV: number | null;
  readonly doorClosed: boolean | null;
}

/** Who wants to know that a row changed. `urgent`: state and alarms, shown before mere values. */
export interface FleetListener {
  rowChanged(machine: Machine, urgent: boolean): void;
  totalsChanged(): void;
  /** An event is in the store, a machine's own or one of our judgement. */
  eventStored(event: EventRow): void;
  /** The machine can be reached again. */
  cameOnline(machine: Machine): void;
}

/** Columns of a machine that changed are written once in this time, not once a message. */
const flushIntervalMs = 10_000;
const flushRowsMax = 500;

/**
 * All machines, in memory. Ingest asks `find`/`appear`, judges with `observe` before the commit, and calls the `stored...`
 * functions after it; a sweep once a second judges silence and holds, ends alarms and writes back changed columns.
 */
export class FleetState {
  readonly receiveClock: ReceiveClock;
  readonly vends: VendCounter;
  readonly #machines = new Map<string, Machine>();
  /** Connected to the embedded broker, also where nothing was said yet. */
  readonly #connected = new Set<string>();
  readonly #dependencies: FleetStateDependencies;
  #listener: FleetListener = { rowChanged: () => {}, totalsChanged: () => {}, eventStored: () => {}, cameOnline: () => {} };
  #flushedMs = 0;

  constructor(dependencies: FleetStateDependencies) {
    this.#dependencies = dependencies;
    this.receiveClock = new ReceiveClock(dependencies.clock);
    this.vends = new VendCounter();
  }

  listen(listener: FleetListener): void {
    this.#listener = listener;
  }

  /** Rebuilds what was known from the store. Alarms come from the events of their last 15 minutes. */
  async load(): Promise<void> {
    const { journal, clock } = this.#dependencies;
    const nowMs = this.receiveClock.nowMs();
    for (const row of await journal.fleet.machines()) {
      const machine = restoredMachine(row, clock.monotonicMs());
      machine.rev = nowMs;
      this.#machines.set(machine.vmId, machine);
    }
    await restoreAlarms(journal.fleet, (vmId) => this.#machines.get(vmId)?.alarms, nowMs);
    for (const machine of this.#machines.values()) machine.shown.worstAlarm = worstAlarm(machine.alarms);
    await this.vends.load(journal.fleet, nowMs);
    this.#flushedMs = clock.monotonicMs();
  }

  find(vmId: string): Machine | undefined {
    return this.#machines.get(vmId);
  }

  /** A machine that nobody added: its first message makes it appear. */
  appear(vmId: string, atMs: number): Machine {
    const machine = newMachine(vmId);
    machine.firstSeenMs = atMs;
    machine.rev = atMs;
    machine.device.connected = this.#connected.has(vmId);
    this.#machines.set(vmId, machine);
    return machine;
  }

  /** A person added the machine, and its row is stored: it is shown before its first message. */
  added(vmId: string): void {
    if (this.#machines.has(vmId)) return;
    this.#listener.rowChanged(this.appear(vmId, this.receiveClock.nowMs()), true);
  }

  machines(): IterableIterator<Machine> {
    return this.#machines.values();
  }

  get size(): number {
    return this.#machines.size;
  }

  observe(machine: Machine, observation: Observation): Transition | undefined {
    return observe(machine.device, observation, this.#dependencies.clock.monotonicMs());
  }

  effectsOf(machine: Machine, transition: Transition, atMs: number): Effects {
    return transitionEffects(machine, transition, atMs, `s_${this.#dependencies.newId()}`, this.#dependencies.historyTtlMs);
  }

  learnInterval(machine: Machine): void {
    learnInterval(machine.interval, this.#dependencies.clock.monotonicMs());
  }

  /** A transition is in the store, with its effects. */
  storedTransition(machine: Machine, transition: Transition, effects: Effects): void {
    machine.shown.state = transition.to;
    machine.shown.reason = transition.reason;
    this.#changed(machine, true);
    if (effects.event !== undefined) this.#listener.eventStored(effects.event);
    if (transition.to === "online") this.#listener.cameOnline(machine);
  }

  /** A message of the machine is in the store, or was there already. */
  heard(machine: Machine, atMs: number): void {
    if (machine.shown.lastSeenMs !== null && machine.shown.lastSeenMs >= atMs) return;
    machine.shown.lastSeenMs = atMs;
    this.#changed(machine, false);
  }

  storedReading(machine: Machine, reading: ShownReading): void {
    const { shown } = machine;
    if (reading.tempC !== null) shown.tempC = reading.tempC;
    if (reading.voltageV !== null) shown.voltageV = reading.voltageV;
    if (reading.doorClosed !== null) shown.doorClosed = reading.doorClosed;
    this.#changed(machine, false);
  }

  storedEvent(machine: Machine, event: EventRow): void {
    this.#listener.eventStored(event);
    if (this.vends.count(event.type, event.atMs)) this.#listener.totalsChanged();
    this.showAlarms(machine);
  }

  /** Brings the row to what was judged; also after a judgement was taken back. */
  showAlarms(machine: Machine): void {
    const worst = worstAlarm(machine.alarms);
    if (machine.shown.worstAlarm === worst) return;
    machine.shown.worstAlarm = worst;
    this.#changed(machine, true);
  }

  #changed(machine: Machine, urgent: boolean): void {
    machine.rev = Math.max(machine.rev + 1, this.receiveClock.nowMs());
    machine.dirty = true;
    this.#listener.rowChanged(machine, urgent);
  }

  /** Embedded broker: a machine connected, or its last connection closed. Who never said anything stays unknown to the fleet. */
  connection(change: { readonly vmId: string; readonly connected: boolean; readonly graceful?: boolean | undefined }): void {
    if (change.connected) this.#connected.add(change.vmId);
    else this.#connected.delete(change.vmId);
    const machine = this.#machines.get(change.vmId);
    if (machine === undefined) return;
    const observation: Observation = change.connected ? { kind: "connected" } : { kind: "closed", graceful: change.graceful ?? true };
    this.#judgeAlone(machine, observation);
  }

  /** Once a second. */
  sweep(): void {
    const nowMs = this.receiveClock.nowMs();
    for (const machine of this.#machines.values()) {
      this.#judgeAlone(machine, { kind: "time", silenceMs: silenceLimitMs(machine.interval) });
    }
    this.sweepAlarms(nowMs);
    if (this.vends.turnDay(nowMs)) this.#listener.totalsChanged();
    if (this.#dependencies.clock.monotonicMs() - this.#flushedMs >= flushIntervalMs) this.flush();
  }

  sweepAlarms(nowMs: number): void {
    for (const machine of this.#machines.values()) {
      if (machine.alarms.size > 0 && expireAlarms(machine.alarms, nowMs)) this.showAlarms(machine);
    }
  }

  /** A judgement without a message: its own entry. */
  #judgeAlone(machine: Machine, observation: Observation): void {
    const transition = this.observe(machine, observation);
    if (transition === undefined) return;
    const atMs = this.receiveClock.nowMs();
    const effects = this.effectsOf(machine, transition, atMs);
    const { records, publications } = effects;
    this.#dependencies.journal.append({ atMs, records, publications }, (outcome) => {
      if (outcome.verdict === "stored") this.storedTransition(machine, transition, effects);
      else
        this.#dependencies.log.error(
          { vm_id: machine.vmId, verdict: outcome.verdict, reason: outcome.reason },
          "a state change was not stored",
        );
    });
  }

  /** Writes changed columns back; also at the end, so that a clean stop forgets nothing. */
  flush(): void {
    this.#flushedMs = this.#dependencies.clock.monotonicMs();
    let records: JournalRecord[] = [];
    const write = (): void => {
      if (records.length === 0) return;
      const rows = records.length;
      this.#dependencies.journal.append({ atMs: this.receiveClock.nowMs(), records, publications: [] }, (outcome) => {
        if (outcome.verdict !== "stored") this.#dependencies.log.error({ rows, reason: outcome.reason }, "machine rows were not stored");
      });
      records = [];
    };
    for (const machine of this.#machines.values()) {
      if (!machine.dirty) continue;
      machine.dirty = false;
      records.push(machineRecord(machine));
      if (records.length === flushRowsMax) write();
    }
    write();
  }

  totals(): FleetTotals {
    let online = 0;
    let offline = 0;
    let inAlarm = 0;
    for (const { shown } of this.#machines.values()) {
      if (shown.state === "online") online++;
      else if (shown.state === "offline") offline++;
      if (shown.worstAlarm !== null) inAlarm++;
    }
    return { machines: this.#machines.size, online, offline, in_alarm: inAlarm, vends_today: this.vends.today };
  }
}
