import type { FleetEvent, Severity } from "@fleetcast/protocol";
import { asRecord, asText, readTags, readTime } from "./telemetry.ts";

const severities: readonly Severity[] = ["info", "warning", "critical"];

/** What is known of a publication beside its payload. */
export interface EventOrigin {
  readonly channel: string;
  readonly offset: number | null;
  readonly atMs: number;
  readonly tags: Readonly<Record<string, string>> | undefined;
}

/**
 * A publication on `events:{vm_id}` is the machine's own JSON; this gives it the shape the screens use. An event without an
 * `event_id` is known by its position, so that it is still shown once.
 */
export function readEvent(data: unknown, vmId: string, origin: EventOrigin): FleetEvent | null {
  const root = asRecord(data);
  const type = asText(root?.["type"]);
  if (root === null || type === null) return null;
  const severity = severities.find((known) => known === root["severity"]) ?? "info";
  const id = asText(root["event_id"]) ?? origin.tags?.["event_id"] ?? `${origin.channel}@${origin.offset ?? `${origin.atMs}/${type}`}`;
  const atMs = readTime(root["at_ms"]) ?? origin.atMs;
  return {
    event_id: id,
    vm_id: asText(root["vm_id"]) ?? vmId,
    type,
    severity,
    ts: typeof root["ts"] === "string" ? root["ts"] : null,
    at_ms: atMs,
    data: root["data"] ?? null,
  };
}

/** A batch on `feed:{scope}`: an array of events, bare or under `events`, each naming its machine. */
export function readFeed(data: unknown, origin: EventOrigin): FleetEvent[] {
  const list = Array.isArray(data) ? data : asRecord(data)?.["events"];
  const items: readonly unknown[] = Array.isArray(list) ? list : [data];
  const events: FleetEvent[] = [];
  for (const [index, item] of items.entries()) {
    const record = asRecord(item);
    const vmId = asText(record?.["vm_id"]) ?? asText(record?.["id"]);
    if (vmId === null) continue;
    const event = readEvent(item, vmId, { ...origin, channel: `${origin.channel}#${index}` });
    if (event !== null) events.push(event);
  }
  return events;
}

/** A notice in the banner: an alert of a machine, or a free broadcast such as `{"level": "P0", "content": "..."}`. */
export interface Notice {
  readonly id: string;
  readonly critical: boolean;
  readonly level: string;
  /** Text as it was sent; null for a machine's alert, whose words come from its type. */
  readonly content: string | null;
  readonly event: FleetEvent | null;
  /** Null for one out of history whose publisher gave no time. */
  readonly atMs: number | null;
}

/** `fromHistory`: it was not received just now, so only what it says itself is its time. */
export function readNotice(data: unknown, origin: EventOrigin, fromHistory = false): Notice | null {
  const root = asRecord(data);
  const id = `${origin.channel}@${origin.offset ?? origin.atMs}`;
  const base = { id, atMs: fromHistory && readTags(origin.tags).atMs === null ? null : origin.atMs };
  if (root === null)
    return typeof data === "string" && data !== "" ? { ...base, critical: false, level: "", content: data, event: null } : null;
  const alarm = asRecord(root["alarm"]);
  const vmId = asText(root["vm_id"]) ?? asText(alarm?.["vm_id"]) ?? asText(root["id"]);
  const event =
    vmId === null ? null : readEvent(alarm === null ? root : { ...alarm, data: asRecord(root["event"])?.["data"] }, vmId, origin);
  // An alarm that repeats is one notice that is renewed, not one more.
  const alarmId = asText(alarm?.["id"]);
  if (event !== null)
    return {
      ...base,
      id: alarmId === null ? id : `alarm/${alarmId}`,
      critical: event.severity === "critical",
      level: event.severity,
      content: null,
      event,
    };
  const content = asText(root["content"]) ?? asText(root["message"]) ?? asText(root["msg"]) ?? asText(root["text"]);
  if (content === null) return null;
  const level = asText(root["level"]) ?? asText(root["severity"]) ?? "";
  return { ...base, critical: isCriticalLevel(level), level, content, event: null };
}

function isCriticalLevel(level: string): boolean {
  return /^(p0|critical|fatal|emergency|s0)$/i.test(level.trim());
}

/** True for the kinds that pop up wherever one is: the document's 暴力震动. */
export function isShake(type: string): boolean {
  return type === "shake" || type === "violent_shake" || type === "暴力震动";
}

export function isVendSuccess(type: string): boolean {
  return type === "vend_success" || type === "出餐成功";
}
