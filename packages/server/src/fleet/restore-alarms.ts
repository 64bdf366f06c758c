import type { EventRow, FleetQueries } from "@fleetcast/storage";
import { type Alarms, alarmOpenMs, takeAlarmEvent } from "./alarms.ts";

const pageRows = 1_000;
/** A fleet that sent more events than this in 15 minutes starts with the alarms of the newest ones. */
const eventsMax = 10_000;

/** Open alarms after a restart: the events of the last 15 minutes, judged again in their order. */
export async function restoreAlarms(
  queries: Pick<FleetQueries, "events">,
  alarmsOf: (vmId: string) => Alarms | undefined,
  nowMs: number,
): Promise<void> {
  const recent: EventRow[] = [];
  let beforeMs: number | undefined;
  while (recent.length < eventsMax) {
    const page = await queries.events({ beforeMs, limit: pageRows });
    const open = page.filter((event) => nowMs - event.atMs <= alarmOpenMs);
    recent.push(...open);
    const oldest = page.at(-1);
    if (oldest === undefined || page.length < pageRows || open.length < page.length || oldest.atMs === beforeMs) break;
    beforeMs = oldest.atMs;
  }
  for (const event of recent.reverse()) {
    const alarms = alarmsOf(event.vmId);
    // Events of our own judgement (machine came, machine went) are no alarms.
    if (alarms === undefined || event.eventId.startsWith("s_")) continue;
    takeAlarmEvent(alarms, { ...event, cleared: saysCleared(event.data) });
  }
}

function saysCleared(data: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(data));
    if (typeof value !== "object" || value === null) return false;
    return ("cleared" in value && value.cleared === true) || ("state" in value && value.state === "cleared");
  } catch {
    return false; // Not ours to judge here: what is stored was checked when it came.
  }
}
