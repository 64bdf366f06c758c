import type { Severity } from "@fleetcast/protocol";

/**
 * Open alarms of one machine, first cut: an event of severity `warning` or `critical` that the machine sent opens the alarm of its
 * type, repeats count it up and keep it open, and it ends 15 minutes after its last event, by an
 * event of the same type with `data.cleared: true` or `data.state: "cleared"`, or by an event of type `alarm_cleared` (which ends all of them).
 */
export const alarmOpenMs = 15 * 60 * 1_000;
const alarmTypesMax = 64;

export interface OpenAlarm {
  /** `a_` and the id of the event that raised it. */
  readonly id: string;
  readonly type: string;
  severity: "warning" | "critical";
  readonly raisedAtMs: number;
  lastSeenMs: number;
  count: number;
}

export type Alarms = Map<string, OpenAlarm>;

export interface AlarmEvent {
  readonly eventId: string;
  readonly type: string;
  readonly severity: Severity;
  readonly cleared: boolean;
  readonly atMs: number;
}

export type AlarmChange =
  | { readonly change: "raised" | "updated"; readonly alarm: OpenAlarm }
  | { readonly change: "ended"; readonly alarms: readonly OpenAlarm[] };

/** Takes an event in; the answer is the alarm it raised or updated, or those it ended. */
export function takeAlarmEvent(alarms: Alarms, event: AlarmEvent): AlarmChange | undefined {
  if (event.type === "alarm_cleared" || event.cleared) return endAlarms(alarms, event);
  if (event.severity === "info") return undefined;
  const severity = event.severity === "critical" ? "critical" : "warning";
  const open = alarms.get(event.type);
  if (open !== undefined && event.atMs - open.lastSeenMs <= alarmOpenMs) {
    if (severity === "critical") open.severity = "critical";
    open.lastSeenMs = Math.max(open.lastSeenMs, event.atMs);
    open.count++;
    return { alarm: open, change: "updated" };
  }
  const alarm: OpenAlarm = {
    id: `a_${event.eventId}`,
    type: event.type,
    severity,
    raisedAtMs: event.atMs,
    lastSeenMs: event.atMs,
    count: 1,
  };
  // Types are a machine's own words: the oldest makes room, so that one machine cannot take memory without end.
  if (alarms.size >= alarmTypesMax) alarms.delete(alarms.keys().next().value!);
  alarms.set(event.type, alarm);
  return { alarm, change: "raised" };
}

function endAlarms(alarms: Alarms, event: AlarmEvent): AlarmChange {
  const ended = event.type === "alarm_cleared" ? [...alarms.values()] : [...alarms.values()].filter(({ type }) => type === event.type);
  for (const { type } of ended) alarms.delete(type);
  return { change: "ended", alarms: ended };
}

/** The store refused the event that made this change, or has it already: as if it had not come. */
export function forgetAlarmChange(alarms: Alarms, change: AlarmChange): void {
  if (change.change === "ended") {
    for (const alarm of change.alarms) alarms.set(alarm.type, alarm);
    return;
  }
  const { alarm } = change;
  alarm.count--;
  if (alarm.count === 0 && alarms.get(alarm.type) === alarm) alarms.delete(alarm.type);
}

/** Ends what is over by time; true when something ended. */
export function expireAlarms(alarms: Alarms, nowMs: number): boolean {
  const before = alarms.size;
  for (const [type, alarm] of alarms) if (nowMs - alarm.lastSeenMs > alarmOpenMs) alarms.delete(type);
  return alarms.size !== before;
}

export function worstAlarm(alarms: Alarms): Severity | null {
  let worst: Severity | null = null;
  for (const alarm of alarms.values()) {
    if (alarm.severity === "critical") return "critical";
    worst = "warning";
  }
  return worst;
}
