import type { Severity } from "@fleetcast/protocol";
import { type PayloadLimits, PayloadReader } from "./payload-reader.ts";

/**
 * The four things a machine can say, read from their payloads (design section 6). Unknown fields pass; a known field of
 * another type refuses the message and names the path. `null` in a field reads as absent.
 */

/** Present only when both `boot` and `seq` are: half an identity is none. */
export interface MessageIdentityFields {
  readonly boot: string | undefined;
  readonly seq: number | undefined;
}

export interface Telemetry extends MessageIdentityFields {
  readonly tsMs: number | null;
  /** Whether the machine sent a time at all. */
  readonly hasTs: boolean;
  readonly tempC: number | null;
  readonly voltageV: number | null;
  readonly doorClosed: boolean | null;
}

export interface DeviceEvent extends MessageIdentityFields {
  readonly eventId: string | undefined;
  readonly type: string;
  readonly severity: Severity;
  readonly tsMs: number | null;
  readonly hasTs: boolean;
  readonly tsText: string | null;
  /** The bytes of `data`; `null` where the machine sent none. */
  readonly data: Uint8Array;
  /** `data.cleared` is true or `data.state` is `cleared`: the alarm of this type is over. */
  readonly cleared: boolean;
}

export interface Status extends MessageIdentityFields {
  readonly state: "online" | "offline";
  readonly tsText: string | null;
}

export type AckState = "received" | "running" | "done" | "failed" | "rejected";
export interface Ack extends MessageIdentityFields {
  readonly cmdId: string;
  readonly state: AckState;
  readonly detail: string | undefined;
}

export const eventTypeLengthMax = 64;
export const eventIdLengthMax = 128;
export const commandIdLengthMax = 64;
export const detailLengthMax = 1_000;

const severities: readonly Severity[] = ["info", "warning", "critical"];
const ackStates: readonly AckState[] = ["received", "running", "done", "failed", "rejected"];
const nullBytes = new TextEncoder().encode("null");

/** One schema: `open` the reader with a payload, then `read`; the answer is undefined when `reader.refused` is set. */
export interface Schema<Message> {
  readonly reader: PayloadReader;
  read(vmId: string): Message | undefined;
}

export function telemetrySchema(limits: PayloadLimits): Schema<Telemetry> {
  const reader = new PayloadReader(
    {
      id: true,
      boot: true,
      seq: true,
      ts: true,
      voltage: true,
      system: { voltage: true, door_closed: true },
      environment: { temps: true },
    },
    limits,
  );
  const [id, boot, seq, ts] = [reader.slot("id"), reader.slot("boot"), reader.slot("seq"), reader.slot("ts")];
  const [system, voltage, door] = [reader.slot("system"), reader.slot("system.voltage"), reader.slot("system.door_closed")];
  const [environment, temps, flatVoltage] = [reader.slot("environment"), reader.slot("environment.temps"), reader.slot("voltage")];
  return {
    reader,
    read(vmId) {
      reader.requireMachine(id, vmId);
      reader.object(system);
      reader.object(environment);
      const message: Telemetry = {
        boot: reader.boot(boot),
        seq: reader.counter(seq),
        tsMs: reader.time(ts),
        hasTs: reader.has(ts),
        tempC: reader.firstNumber(temps),
        // The document's section 5.1 has `voltage` outermost; nothing obliges a machine to send it so, nothing forbids it.
        voltageV: reader.number(voltage) ?? reader.numberIfAny(flatVoltage),
        doorClosed: reader.boolean(door),
      };
      return reader.refused === undefined ? message : undefined;
    },
  };
}

export function eventSchema(limits: PayloadLimits): Schema<DeviceEvent> {
  const reader = new PayloadReader(
    { id: true, boot: true, seq: true, ts: true, event_id: true, type: true, severity: true, data: { cleared: true, state: true } },
    limits,
  );
  const [id, boot, seq, ts] = [reader.slot("id"), reader.slot("boot"), reader.slot("seq"), reader.slot("ts")];
  const [eventId, type, severity] = [reader.slot("event_id"), reader.slot("type"), reader.slot("severity")];
  const [data, cleared, dataState] = [reader.slot("data"), reader.slot("data.cleared"), reader.slot("data.state")];
  return {
    reader,
    read(vmId) {
      reader.requireMachine(id, vmId);
      reader.requireField(type);
      const message: DeviceEvent = {
        boot: reader.boot(boot),
        seq: reader.counter(seq),
        eventId: reader.text(eventId, eventIdLengthMax),
        type: reader.text(type, eventTypeLengthMax) ?? "",
        severity: reader.word(severity, severities) ?? "info",
        tsMs: reader.time(ts),
        hasTs: reader.has(ts),
        tsText: reader.timeText(ts),
        data: reader.raw(data) ?? nullBytes,
        cleared: reader.isTrue(cleared) || reader.isWord(dataState, "cleared"),
      };
      return reader.refused === undefined ? message : undefined;
    },
  };
}

export function statusSchema(limits: PayloadLimits): Schema<Status> {
  const reader = new PayloadReader({ id: true, boot: true, seq: true, ts: true, state: true }, limits);
  const [id, boot, seq, ts, state] = [reader.slot("id"), reader.slot("boot"), reader.slot("seq"), reader.slot("ts"), reader.slot("state")];
  return {
    reader,
    read(vmId) {
      reader.requireMachine(id, vmId);
      reader.requireField(state);
      reader.time(ts);
      const message: Status = {
        boot: reader.boot(boot),
        seq: reader.counter(seq),
        state: reader.word(state, ["online", "offline"] as const) ?? "offline",
        tsText: reader.timeText(ts),
      };
      return reader.refused === undefined ? message : undefined;
    },
  };
}

export function ackSchema(limits: PayloadLimits): Schema<Ack> {
  const reader = new PayloadReader({ id: true, boot: true, seq: true, ts: true, cmd_id: true, state: true, detail: true }, limits);
  const [id, boot, seq, ts] = [reader.slot("id"), reader.slot("boot"), reader.slot("seq"), reader.slot("ts")];
  const [cmdId, state, detail] = [reader.slot("cmd_id"), reader.slot("state"), reader.slot("detail")];
  return {
    reader,
    read(vmId) {
      reader.requireMachine(id, vmId);
      reader.requireField(cmdId);
      reader.requireField(state);
      reader.time(ts);
      const message: Ack = {
        boot: reader.boot(boot),
        seq: reader.counter(seq),
        cmdId: reader.text(cmdId, commandIdLengthMax) ?? "",
        state: reader.word(state, ackStates) ?? "received",
        detail: reader.cutText(detail, detailLengthMax),
      };
      return reader.refused === undefined ? message : undefined;
    },
  };
}
