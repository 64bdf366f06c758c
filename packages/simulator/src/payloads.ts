import type { Severity } from "@fleetcast/protocol";

/** The payloads a machine sends, as JSON text. Telemetry is the document's (section 4.1) plus `boot` and `seq`. */

export interface Identity {
  readonly id: string;
  /** Random per start of the machine. */
  readonly boot: string;
}

export interface Reading {
  readonly voltageV: number;
  readonly doorClosed: boolean;
  readonly temperaturesC: readonly number[];
}

export function telemetryPayload(identity: Identity, seq: number, atMs: number, reading: Reading): string {
  return JSON.stringify({
    id: identity.id,
    system: { voltage: oneDecimal(reading.voltageV), door_closed: reading.doorClosed },
    environment: { temps: reading.temperaturesC.map(oneDecimal) },
    ts: time(atMs),
    boot: identity.boot,
    seq,
  });
}

export interface MachineEvent {
  readonly type: string;
  readonly severity: Severity;
  readonly data: Readonly<Record<string, unknown>>;
}

export function eventPayload(identity: Identity, seq: number, atMs: number, event: MachineEvent): string {
  const { type, severity, data } = event;
  const event_id = `${identity.id}-${identity.boot}-${seq}`;
  return JSON.stringify({ id: identity.id, event_id, type, severity, ts: time(atMs), data, boot: identity.boot, seq });
}

/** The will says it without a time: it is written before it is true. */
export function statusPayload(identity: Identity, state: "online" | "offline", atMs: number | undefined): string {
  return JSON.stringify({ id: identity.id, state, boot: identity.boot, ...(atMs === undefined ? {} : { ts: time(atMs) }) });
}

export type AckState = "received" | "running" | "done" | "failed" | "rejected";

export function ackPayload(commandId: string, state: AckState, atMs: number, detail: string | undefined): string {
  return JSON.stringify({ cmd_id: commandId, state, ...(detail === undefined ? {} : { detail }), ts: time(atMs) });
}

function time(atMs: number): string {
  return new Date(atMs).toISOString();
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}
