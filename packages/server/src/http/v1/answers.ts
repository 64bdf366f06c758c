import type {
  ApiProblem,
  Command,
  CommandList,
  DeadLetterPage,
  EventPage,
  FleetSnapshot,
  Machine,
  Me,
  RealtimeToken,
  Series,
  SubscriptionToken,
  SystemStatus,
} from "@fleetcast/protocol";
import { z } from "zod";
import { named } from "../openapi/shapes.ts";

/**
 * The answers of `/v1` for the OpenAPI document. Each is held against its type in `packages/protocol/src/rest` by the compiler and
 * against what the server says by tests.
 */

const timeMs = z.int();
const count = z.int().min(0);

export const problemShape = named(
  "Problem",
  z.object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    field: z.string().exactOptional(),
  }),
) satisfies z.ZodType<ApiProblem>;

export const meShape = named(
  "Me",
  z.object({
    id: z.string(),
    name: z.string(),
    role: z.enum(["viewer", "operator", "developer", "admin"]),
    csrf: z.string(),
    server_time_ms: timeMs,
  }),
) satisfies z.ZodType<Me>;

export const realtimeTokenShape = named(
  "RealtimeToken",
  z.object({ token: z.string(), ttl_s: z.int().min(1), url: z.string() }),
) satisfies z.ZodType<RealtimeToken>;

export const subscriptionTokenShape = named("SubscriptionToken", z.object({ token: z.string() })) satisfies z.ZodType<SubscriptionToken>;

const severity = z.enum(["info", "warning", "critical"]);

const fleetRow = {
  vm_id: z.string(),
  rev: count,
  name: z.string(),
  state: z.enum(["online", "offline", "unknown"]),
  state_reason: z.string(),
  temp_c: z.number().nullable(),
  voltage_v: z.number().nullable(),
  door_closed: z.boolean().nullable(),
  worst_alarm: severity.nullable(),
  last_seen_ms: timeMs.nullable(),
};
const fleetRowShape = named("FleetRow", z.object(fleetRow));

const totals = named("FleetTotals", z.object({ machines: count, online: count, offline: count, in_alarm: count, vends_today: count }));

export const snapshotShape = named(
  "FleetSnapshot",
  z.object({
    channel: z.string(),
    position: z.object({ offset: count, epoch: z.string() }),
    at_ms: timeMs,
    totals,
    rows: z.array(fleetRowShape),
  }),
) satisfies z.ZodType<FleetSnapshot>;

const fleetEvent = named(
  "FleetEvent",
  z.object({
    event_id: z.string(),
    vm_id: z.string(),
    type: z.string(),
    severity,
    ts: z.string().nullable(),
    at_ms: timeMs,
    data: z.unknown(),
  }),
);

export const machineShape = named(
  "Machine",
  z.object({
    ...fleetRow,
    site: z.string().nullable(),
    report_interval_ms: z.number().min(0),
    first_seen_ms: timeMs.nullable(),
    events: z.array(fleetEvent),
  }),
) satisfies z.ZodType<Machine>;

export const eventPageShape = named(
  "EventPage",
  z.object({ events: z.array(fleetEvent), next_before_ms: timeMs.nullable() }),
) satisfies z.ZodType<EventPage>;

const column = named(
  "SeriesColumn",
  z.object({ t_ms: z.array(timeMs), min: z.array(z.number()), avg: z.array(z.number()), max: z.array(z.number()) }),
);

export const seriesShape = named(
  "Series",
  z.object({
    from_ms: timeMs,
    to_ms: timeMs,
    bucket_ms: count,
    fields: z.object({ temp_c: column.exactOptional(), voltage_v: column.exactOptional(), door_closed: column.exactOptional() }),
  }),
) satisfies z.ZodType<Series>;

export const commandShape = named(
  "Command",
  z.object({
    cmd_id: z.string(),
    vm_id: z.string(),
    name: z.string(),
    params: z.record(z.string(), z.unknown()),
    user_id: z.string(),
    state: z.enum(["queued", "sent", "received", "running", "done", "failed", "rejected", "expired", "cancelled"]),
    detail: z.string().nullable(),
    created_ms: timeMs,
    updated_ms: timeMs,
    expires_ms: timeMs,
  }),
) satisfies z.ZodType<Command>;

export const commandListShape = named("CommandList", z.object({ commands: z.array(commandShape) })) satisfies z.ZodType<CommandList>;

export const statusShape = named(
  "SystemStatus",
  z.object({
    version: z.string(),
    broker: z.enum(["embedded", "external", "off"]),
    store: z.literal("sqlite"),
    engine: z.enum(["embedded", "centrifugo"]),
    uptime_s: count,
    stored_total: count,
    dead_letters_total: count,
    publications_total: count,
    connections: count,
    push_lag: count,
  }),
) satisfies z.ZodType<SystemStatus>;

export const deadLetterPageShape = named(
  "DeadLetterPage",
  z.object({
    dead_letters: z.array(
      z.object({
        id: count,
        at_ms: timeMs,
        topic: z.string(),
        vm_id: z.string().nullable(),
        reason: z.string(),
        payload_text: z.string(),
        size_bytes: count,
      }),
    ),
  }),
) satisfies z.ZodType<DeadLetterPage>;
