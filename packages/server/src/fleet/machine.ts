import type { FleetRow, MachineState, Severity } from "@fleetcast/protocol";
import type { JournalRecord, MachineRow } from "@fleetcast/storage";
import type { Alarms } from "./alarms.ts";
import { type DeviceState, newDevice, restoredDevice, type StateReason } from "./device-state.ts";
import { newReportInterval, type ReportInterval } from "./report-interval.ts";

/**
 * One machine in memory. `device` and `alarms` are judged in arrival order, before the commit (L4); the fields that screens
 * show (`shown`) change only when the entry they come from is committed, so that no screen knows more than the store.
 */
export interface Machine {
  readonly vmId: string;
  readonly name: string;
  readonly site: string | null;
  readonly telemetryChannel: string;
  readonly eventsChannel: string;
  readonly device: DeviceState;
  readonly alarms: Alarms;
  readonly interval: ReportInterval;
  readonly shown: Shown;
  /** Grows with each change of `shown`. */
  rev: number;
  firstSeenMs: number | null;
  /** Columns differ from what the store holds: written with the next sweep. */
  dirty: boolean;
  /** Messages in the second of `rateSecond`, for the count of machines above their rate. */
  rateSecond: number;
  rateCount: number;
}

export interface Shown {
  state: MachineState;
  reason: StateReason;
  tempC: number | null;
  voltageV: number | null;
  doorClosed: boolean | null;
  worstAlarm: Severity | null;
  lastSeenMs: number | null;
}

export function newMachine(vmId: string): Machine {
  return build(vmId, vmId, null, newDevice(), null, {
    state: "unknown",
    reason: "never_seen",
    tempC: null,
    voltageV: null,
    doorClosed: null,
    worstAlarm: null,
    lastSeenMs: null,
  });
}

export function restoredMachine(row: MachineRow, nowMonotonicMs: number): Machine {
  const device = restoredDevice(row.state, row.stateReason, row.boot, nowMonotonicMs);
  return build(row.vmId, row.name, row.site, device, row.firstSeenMs, {
    state: device.state,
    reason: device.reason,
    tempC: row.tempC,
    voltageV: row.voltageV,
    doorClosed: row.doorClosed,
    worstAlarm: null,
    lastSeenMs: row.lastSeenMs,
  });
}

function build(vmId: string, name: string, site: string | null, device: DeviceState, firstSeenMs: number | null, shown: Shown): Machine {
  return {
    vmId,
    name,
    site,
    telemetryChannel: `telemetry:${vmId}`,
    eventsChannel: `events:${vmId}`,
    device,
    alarms: new Map(),
    interval: newReportInterval(),
    shown,
    rev: 0,
    firstSeenMs,
    dirty: false,
    rateSecond: 0,
    rateCount: 0,
  };
}

export function fleetRow(machine: Machine): FleetRow {
  const { shown } = machine;
  return {
    vm_id: machine.vmId,
    rev: machine.rev,
    name: machine.name,
    state: shown.state,
    state_reason: shown.reason,
    temp_c: shown.tempC,
    voltage_v: shown.voltageV,
    door_closed: shown.doorClosed,
    worst_alarm: shown.worstAlarm,
    last_seen_ms: shown.lastSeenMs,
  };
}

/** The row as the store should hold it. `unknown` after a restart is ours alone: the store keeps what was announced. */
export function machineRecord(machine: Machine): JournalRecord {
  const { shown, device } = machine;
  return {
    kind: "machine",
    vmId: machine.vmId,
    ...(device.announced === null ? {} : { state: device.announced }),
    ...(device.reason === "restart" ? {} : { stateReason: device.reason }),
    ...(device.boot === null ? {} : { boot: device.boot }),
    ...(shown.lastSeenMs === null ? {} : { lastSeenMs: shown.lastSeenMs }),
    tempC: shown.tempC,
    voltageV: shown.voltageV,
    doorClosed: shown.doorClosed,
    worstAlarm: shown.worstAlarm,
  };
}
