import type { EventRow, JournalPublication, JournalRecord } from "@fleetcast/storage";
import type { OpenAlarm } from "./alarms.ts";
import type { Transition } from "./device-state.ts";
import { type Machine, machineRecord } from "./machine.ts";

/** What a judgement adds to the transaction of the message that caused it. */
export interface Effects {
  readonly records: readonly JournalRecord[];
  readonly publications: readonly JournalPublication[];
  /** The event of ours among the records: told to the fleet's feed once it is stored. */
  readonly event?: EventRow | undefined;
}

export const noEffects: Effects = { records: [], publications: [] };

/** Milliseconds that a namespace's history lives (`channel.namespaces[].history_ttl`); 0 where it keeps none. */
export type HistoryTtl = (namespace: string) => number;

const encoder = new TextEncoder();

export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/**
 * A machine came or went: its row at once, and, where subscribers were told something else before, an event of ours
 * (上线, 离线) in the shape of a machine's own. An end that nobody announced is a warning.
 */
export function transitionEffects(machine: Machine, transition: Transition, atMs: number, eventId: string, ttl: HistoryTtl): Effects {
  const row: JournalRecord = {
    ...(machineRecord(machine) as JournalRecord & { kind: "machine" }),
    lastSeenMs: lastSeen(machine, transition, atMs),
  };
  if (!transition.announce) return { records: [row], publications: [] };
  const severity = transition.to === "offline" && transition.reason !== "status" ? "warning" : "info";
  const data = { reason: transition.reason, ...(transition.boot === null ? {} : { boot: transition.boot }) };
  const { vmId } = machine;
  const type = transition.to;
  const told = { id: vmId, event_id: eventId, type, severity, ts: new Date(atMs).toISOString(), data };
  const event = { eventId, vmId, type, severity, deviceTs: null, data: jsonBytes(data) } as const;
  return {
    records: [row, { kind: "event", ...event }],
    publications: [{ channel: machine.eventsChannel, data: jsonBytes(told), tags: { at: String(atMs) }, historyTtlMs: ttl("events") }],
    event: { ...event, atMs },
  };
}

/** Silence and a lost connection are found out by us: nothing was heard then. */
function lastSeen(machine: Machine, transition: Transition, atMs: number): number {
  const heard = transition.reason !== "silence" && transition.reason !== "connection_lost" && transition.reason !== "will";
  return heard ? atMs : (machine.shown.lastSeenMs ?? atMs);
}

/**
 * A critical event as an alert for everybody: what it is, around the event's own bytes, which are put in as they are.
 * `{"alarm":{...},"change":"raised","event":<the machine's bytes>}`
 */
export function alertPublication(
  machine: Machine,
  alarm: OpenAlarm,
  change: "raised" | "updated",
  eventId: string,
  event: Uint8Array,
  atMs: number,
  ttl: HistoryTtl,
): JournalPublication {
  const head = {
    id: alarm.id,
    event_id: eventId,
    vm_id: machine.vmId,
    type: alarm.type,
    severity: alarm.severity,
    raised_at: new Date(alarm.raisedAtMs).toISOString(),
    last_seen: new Date(alarm.lastSeenMs).toISOString(),
    count: alarm.count,
  };
  const before = encoder.encode(`{"alarm":${JSON.stringify(head)},"change":"${change}","event":`);
  const data = new Uint8Array(before.length + event.length + 1);
  data.set(before);
  data.set(event, before.length);
  data[data.length - 1] = 0x7d; // }
  return { channel: "p_alert:global", data, tags: { at: String(atMs) }, historyTtlMs: ttl("p_alert") };
}
