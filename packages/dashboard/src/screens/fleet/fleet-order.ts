import type { FleetRow, Severity } from "@fleetcast/protocol";

export const fleetFilters = ["all", "online", "offline", "alarm"] as const;
export type FleetFilter = (typeof fleetFilters)[number];
export const fleetSorts = ["worst", "name", "temp", "seen"] as const;
export type FleetSort = (typeof fleetSorts)[number];

export interface FleetQuery {
  readonly filter: FleetFilter;
  readonly sort: FleetSort;
  readonly search: string;
}

const severityRank: Record<Severity, number> = { critical: 3, warning: 2, info: 1 };

/** The ids to show, in order. Ties are broken by id, so that equal machines never change places. */
export function orderFleet(rows: Iterable<FleetRow>, query: FleetQuery): string[] {
  const needle = query.search.trim().toLowerCase();
  const shown: FleetRow[] = [];
  for (const row of rows) if (matches(row, query.filter, needle)) shown.push(row);
  shown.sort((a, b) => compare(a, b, query.sort) || a.vm_id.localeCompare(b.vm_id, "en", { numeric: true }));
  return shown.map((row) => row.vm_id);
}

/** While somebody points at a row nothing moves: who left goes, who came is put at the end, the rest keeps its place. */
export function keepOrder(current: readonly string[], next: readonly string[]): string[] {
  const wanted = new Set(next);
  const kept = current.filter((vmId) => wanted.delete(vmId));
  return [...kept, ...wanted];
}

function matches(row: FleetRow, filter: FleetFilter, needle: string): boolean {
  if (filter === "online" && row.state !== "online") return false;
  if (filter === "offline" && row.state === "online") return false;
  if (filter === "alarm" && row.worst_alarm === null) return false;
  return needle === "" || row.vm_id.toLowerCase().includes(needle) || row.name.toLowerCase().includes(needle);
}

function compare(a: FleetRow, b: FleetRow, sort: FleetSort): number {
  switch (sort) {
    case "worst":
      return badness(b) - badness(a);
    case "name":
      return a.name.localeCompare(b.name, undefined, { numeric: true });
    case "temp":
      return (b.temp_c ?? Number.NEGATIVE_INFINITY) - (a.temp_c ?? Number.NEGATIVE_INFINITY);
    case "seen":
      return (b.last_seen_ms ?? 0) - (a.last_seen_ms ?? 0);
  }
}

/** An alarm outweighs being offline: a silent machine sells nothing, a warm one spoils what it has. */
function badness(row: FleetRow): number {
  const alarm = row.worst_alarm === null ? 0 : severityRank[row.worst_alarm] * 10;
  return alarm + (row.state === "offline" ? 5 : row.state === "unknown" ? 3 : 0);
}
