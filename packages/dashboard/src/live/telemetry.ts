import type { SeriesField } from "@fleetcast/protocol";

/** What a publication on `telemetry:{vm_id}` says, whoever sent it. */
export interface TelemetryReading {
  readonly values: Partial<Record<SeriesField, number>>;
  /** Free text to show to people, as in `{"voltage": 221.5, "msg": "..."}`. */
  readonly message: string | null;
  /** True for a machine's own telemetry, which is also stored as a reading and so comes back in the series. */
  readonly device: boolean;
  readonly tsMs: number | null;
}

/** Tags that the server adds beside the payload (journal rule L13). */
export interface PublicationTags {
  /** When the server received it, in its own clock; null where nothing was said. */
  readonly atMs: number | null;
  readonly late: boolean;
}

/**
 * Reads both forms of the document: a machine's telemetry (`system`, `environment`) and whatever a backend publishes onto
 * the same channel. Only numbers that are known to be a quantity of ours join a chart; anything else is left alone.
 */
export function readTelemetry(data: unknown): TelemetryReading {
  const root = asRecord(data);
  if (root === null) return { values: {}, message: null, device: false, tsMs: null };
  const system = asRecord(root["system"]);
  const environment = asRecord(root["environment"]);
  const device = system !== null || environment !== null;
  const values: Partial<Record<SeriesField, number>> = {};
  const voltage = asNumber(system?.["voltage"]) ?? asNumber(root["voltage"]) ?? asNumber(root["voltage_v"]);
  if (voltage !== null) values.voltage_v = voltage;
  const temperature =
    firstNumber(environment?.["temps"]) ?? asNumber(root["temp_c"]) ?? asNumber(root["temp"]) ?? asNumber(root["temperature"]);
  if (temperature !== null) values.temp_c = temperature;
  const door = asBoolean(system?.["door_closed"]) ?? asBoolean(root["door_closed"]);
  if (door !== null) values.door_closed = door ? 1 : 0;
  return { values, message: asText(root["msg"]) ?? (device ? null : asText(root["message"])), device, tsMs: readTime(root["ts"]) };
}

export function readTags(tags: Readonly<Record<string, string>> | undefined): PublicationTags {
  if (tags === undefined) return { atMs: null, late: false };
  return { atMs: readTime(tags["at"]), late: tags["late"] !== undefined && tags["late"] !== "false" && tags["late"] !== "0" };
}

/** ISO 8601, or milliseconds since 1970 as a number or digits; null for anything else. */
export function readTime(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || value === "") return null;
  const parsed = /^\d{10,}$/.test(value) ? Number(value) : Date.parse(value);
  return Number.isFinite(parsed) ? parsed : null;
}

export function asRecord(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

export function asText(value: unknown): string | null {
  return typeof value === "string" && value.trim() !== "" ? value : null;
}

export function asNumber(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function asBoolean(value: unknown): boolean | null {
  return typeof value === "boolean" ? value : null;
}

function firstNumber(value: unknown): number | null {
  if (!Array.isArray(value)) return null;
  for (const item of value) {
    const number = asNumber(item);
    if (number !== null) return number;
  }
  return null;
}
