import type { EventPage, FleetEvent, Severity } from "@fleetcast/protocol";
import type { EventRow, FleetQueries } from "@fleetcast/storage";

const decoder = new TextDecoder();

/** An event as the screens read it. `data` is parsed here and only here: the publication carries the bytes. */
export function eventView(row: EventRow): FleetEvent {
  return {
    event_id: row.eventId,
    vm_id: row.vmId,
    type: row.type,
    severity: row.severity,
    ts: row.deviceTs,
    at_ms: row.atMs,
    data: parsed(row.data),
  };
}

function parsed(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data)) as unknown;
  } catch {
    return null; // Checked when it came; a row that reads otherwise now is shown without its data.
  }
}

export interface EventFilter {
  readonly vmId?: string | undefined;
  readonly type?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly beforeMs?: number | undefined;
  readonly limit: number;
}

/** A page may grow to this when so many events share one millisecond. */
const samePageRowsMax = 2_000;

/**
 * One page, newest first. `next_before_ms` is a time, so a page never ends inside a millisecond: events that share the
 * receive time of the first one left out go to the next page with it.
 */
export async function eventPage(queries: Pick<FleetQueries, "events">, filter: EventFilter): Promise<EventPage> {
  const rows = await queries.events({ ...filter, limit: filter.limit + 1 });
  const next = rows[filter.limit];
  if (next === undefined) return { events: rows.map(eventView), next_before_ms: null };
  const whole = rows.slice(0, filter.limit).filter((row) => row.atMs !== next.atMs);
  if (whole.length > 0) return { events: whole.map(eventView), next_before_ms: whole.at(-1)!.atMs };
  // The whole page is one millisecond: it is answered whole.
  const more = await queries.events({ ...filter, limit: samePageRowsMax });
  const same = more.filter((row) => row.atMs === next.atMs);
  return { events: same.map(eventView), next_before_ms: next.atMs };
}
