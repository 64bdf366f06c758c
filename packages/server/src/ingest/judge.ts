import type { InboundMessage } from "@fleetcast/mqtt";
import type { Tags } from "@fleetcast/protocol";
import type { JournalPublication, MessageIdentity } from "@fleetcast/storage";
import { forgetAlarmChange, takeAlarmEvent } from "../fleet/alarms.ts";
import type { CommandBook } from "../fleet/command-book.ts";
import type { Observation } from "../fleet/device-state.ts";
import { alertPublication, type HistoryTtl } from "../fleet/effects.ts";
import type { FleetState } from "../fleet/fleet-state.ts";
import type { Machine } from "../fleet/machine.ts";
import { isLate } from "./device-time.ts";
import type { IngestCounters } from "./ingest-stats.ts";
import { withoutLineBreaks } from "./json-scan.ts";
import type { Judgement, StateChange } from "./judgement.ts";
import { ackSchema, eventSchema, type MessageIdentityFields, type Schema, statusSchema, telemetrySchema } from "./messages.ts";
import type { PayloadLimits } from "./payload-reader.ts";
import { refusal } from "./refusal.ts";

export type DeviceKind = "telemetry" | "events" | "status" | "ack";

export interface JudgeDependencies {
  readonly fleet: FleetState;
  readonly commands: Pick<CommandBook, "judgeAck">;
  readonly counters: IngestCounters;
  readonly limits: PayloadLimits;
  readonly historyTtlMs: HistoryTtl;
  readonly newId: () => string;
  readonly autoRegister: boolean;
}

/** One message of a known kind from a machine, at its place in the order of arrival. */
export interface Arrival {
  readonly message: InboundMessage;
  readonly vmId: string;
  readonly atMs: number;
  /** An external broker's retained copy, given to us when we subscribed: it says what was, not that a machine speaks. */
  readonly replayed: boolean;
}

export type Judge = (kind: DeviceKind, arrival: Arrival) => Judgement;

/** Judges messages against the state as the messages before them left it, committed or not (L4). */
export function createJudge(dependencies: JudgeDependencies): Judge {
  const { autoRegister, commands, counters, fleet, historyTtlMs, limits, newId } = dependencies;
  const telemetry = telemetrySchema(limits);
  const events = eventSchema(limits);
  const statuses = statusSchema(limits);
  const acks = ackSchema(limits);

  /**
   * Unknown machines are refused before their payload is looked at, and appear only with a good one. A machine that the
   * embedded broker let in is never unknown: its credential was checked there.
   */
  function read<Message>(schema: Schema<Message>, arrival: Arrival): Message | Judgement {
    if (!autoRegister && arrival.message.vmId === undefined && fleet.find(arrival.vmId) === undefined) {
      return refused(arrival, refusal("unknown_machine", "no such machine, and machines are not added by their first message"));
    }
    const message = schema.reader.open(arrival.message.payload) ? schema.read(arrival.vmId) : undefined;
    return message ?? refused(arrival, schema.reader.refused ?? refusal("schema", "not readable"));
  }

  function stateChange(machine: Machine, observation: Observation, atMs: number): StateChange | undefined {
    const transition = fleet.observe(machine, observation);
    return transition === undefined ? undefined : { machine, transition, effects: fleet.effectsOf(machine, transition, atMs) };
  }

  function machineOf(arrival: Arrival): Machine {
    return fleet.find(arrival.vmId) ?? fleet.appear(arrival.vmId, arrival.atMs);
  }

  function judgeTelemetry(arrival: Arrival): Judgement {
    const message = read(telemetry, arrival);
    if (isJudgement(message)) return message;
    const identity = identityOf(arrival.vmId, message);
    if (arrival.replayed && identity === undefined) return { kind: "ignored", machine: undefined };
    const { atMs, vmId } = arrival;
    const machine = machineOf(arrival);
    const late = message.hasTs && isLate(message.tsMs, atMs);
    if (late) counters.late++;
    if (!arrival.replayed) fleet.learnInterval(machine);
    const { doorClosed, tempC, tsMs, voltageV } = message;
    return {
      kind: "accepted",
      machine,
      identity,
      state: arrival.replayed ? undefined : stateChange(machine, { kind: "heard", boot: message.boot }, atMs),
      records: [{ kind: "reading", vmId, deviceTsMs: tsMs, tempC, voltageV, doorClosed, late }],
      publications: [
        {
          channel: machine.telemetryChannel,
          data: withoutLineBreaks(arrival.message.payload, telemetry.reader.lineBreaks),
          tags: tagsOf(atMs, late),
          historyTtlMs: historyTtlMs("telemetry"),
        },
      ],
      stored: () => fleet.storedReading(machine, message),
    };
  }

  function judgeEvent(arrival: Arrival): Judgement {
    const message = read(events, arrival);
    if (isJudgement(message)) return message;
    const identity = identityOf(arrival.vmId, message);
    if (arrival.replayed && identity === undefined) return { kind: "ignored", machine: undefined };
    const { atMs, vmId } = arrival;
    const machine = machineOf(arrival);
    const late = message.hasTs && isLate(message.tsMs, atMs);
    if (late) counters.late++;
    const eventId = message.eventId ?? generatedEventId(identity);
    const data = withoutLineBreaks(arrival.message.payload, events.reader.lineBreaks);
    const tags = tagsOf(atMs, late, message.eventId === undefined ? eventId : undefined);
    const publications: JournalPublication[] = [{ channel: machine.eventsChannel, data, tags, historyTtlMs: historyTtlMs("events") }];
    const { cleared, severity, type } = message;
    const state = arrival.replayed ? undefined : stateChange(machine, { kind: "heard", boot: message.boot }, atMs);
    const alarm = takeAlarmEvent(machine.alarms, { eventId, type, severity, cleared, atMs });
    if (alarm !== undefined && alarm.change !== "ended" && severity === "critical") {
      publications.push(alertPublication(machine, alarm.alarm, alarm.change, eventId, data, atMs, historyTtlMs));
    }
    const event = {
      eventId,
      vmId,
      type,
      severity,
      deviceTs: message.tsText,
      data: withoutLineBreaks(message.data, events.reader.lineBreaks === 0 ? 0 : lineBreaksIn(message.data)),
    };
    return {
      kind: "accepted",
      machine,
      identity,
      state,
      records: [{ kind: "event", ...event }],
      publications,
      stored: () => fleet.storedEvent(machine, { ...event, atMs }),
      undo: () => {
        if (alarm === undefined) return;
        forgetAlarmChange(machine.alarms, alarm);
        fleet.showAlarms(machine);
      },
    };
  }

  function generatedEventId(identity: MessageIdentity | undefined): string {
    return identity === undefined ? `e_${newId()}` : `e_${identity.vmId}.${identity.boot}.${identity.seq}`;
  }

  function judgeStatus(arrival: Arrival): Judgement {
    const message = read(statuses, arrival);
    if (isJudgement(message)) return message;
    const identity = identityOf(arrival.vmId, message);
    const machine = machineOf(arrival);
    const observation = observationOf(arrival, message.state, message.boot, identity !== undefined);
    const state = stateChange(machine, observation, arrival.atMs);
    if (identity === undefined && arrival.replayed) return { kind: "ignored", machine: undefined, state };
    return { kind: "accepted", machine, identity, state, records: [], publications: [] };
  }

  function judgeAck(arrival: Arrival): Judgement {
    const message = read(acks, arrival);
    if (isJudgement(message)) return message;
    const { atMs, vmId } = arrival;
    const verdict = commands.judgeAck(vmId, message.cmdId, message.state, message.detail, atMs);
    if (verdict.kind === "unknown") return refused(arrival, refusal("unknown_command", "cmd_id: no command of this machine"));
    const machine = machineOf(arrival);
    const state = arrival.replayed ? undefined : stateChange(machine, { kind: "heard", boot: message.boot }, atMs);
    const identity = identityOf(vmId, message);
    if (verdict.kind === "ignored") {
      if (identity === undefined) return { kind: "ignored", machine, state };
      return { kind: "accepted", machine, identity, state, records: [], publications: [] };
    }
    return { kind: "accepted", machine, identity, state, ...verdict.effects, undo: verdict.undo };
  }

  return (kind, arrival) => {
    switch (kind) {
      case "telemetry":
        return judgeTelemetry(arrival);
      case "events":
        return judgeEvent(arrival);
      case "status":
        return judgeStatus(arrival);
      case "ack":
        return judgeAck(arrival);
    }
  };
}

function refused(arrival: Arrival, why: ReturnType<typeof refusal>): Judgement {
  return { kind: "refused", vmId: arrival.vmId, refusal: why };
}

function isJudgement(value: object): value is Judgement {
  return "kind" in value;
}

function identityOf(vmId: string, { boot, seq }: MessageIdentityFields): MessageIdentity | undefined {
  return boot === undefined || seq === undefined ? undefined : { vmId, boot, seq };
}

/**
 * What a status says. The embedded broker marks wills; an external one does not: there an `offline` without identity is
 * taken for a will, because a will is written when a connection begins and cannot know a sequence number.
 */
function observationOf(arrival: Arrival, state: "online" | "offline", boot: string | undefined, hasIdentity: boolean): Observation {
  if (arrival.replayed) return { kind: "remembered", state, boot };
  if (state === "online") return { kind: "birth", boot };
  const external = arrival.message.vmId === undefined;
  return { kind: arrival.message.will || (external && !hasIdentity) ? "will" : "goodbye", boot };
}

const lateTag = "1";

/** What we add to a message travels beside it (L13). */
function tagsOf(atMs: number, late: boolean, eventId?: string): Tags {
  const at = String(atMs);
  if (eventId !== undefined) return late ? { at, late: lateTag, event_id: eventId } : { at, event_id: eventId };
  return late ? { at, late: lateTag } : { at };
}

function lineBreaksIn(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x0a || byte === 0x0d) count++;
  return count;
}
