/**
 * The shapes of `/v1`, Fleetcast's own HTTP API: what the dashboard reads and writes.
 *
 * Rules for every route: JSON in and out; the session lives in an HttpOnly cookie `fleetcast_session`;
 * a write (POST, PATCH, DELETE) also needs the header `X-Fleetcast-CSRF` with the value of `Me.csrf`;
 * a refusal is `ApiProblem` with a status of 400, 401, 403, 404, 405, 409, 413, 429 or 503. Times are ISO 8601 in UTC
 * unless the name ends in `_ms`.
 */

/**
 * The body of every refusal, a problem document (RFC 9457, `application/problem+json`). `code` is a stable, translatable word,
 * `detail` a sentence for a person; `field` names the part of the request at fault.
 */
export interface ApiProblem {
  readonly type: "about:blank";
  /** The status in words. */
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly field?: string;
}

export type Role = "viewer" | "operator" | "developer" | "admin";

/** `POST /v1/session` (no CSRF header needed: it makes the session). Answers `Me`; 401 `wrong_login`, 429 `too_many_logins`. */
export interface LoginRequest {
  readonly name: string;
  readonly password: string;
}

/** `GET /v1/me`. 401 `not_logged_in` without a session. `DELETE /v1/session` answers 204. */
export interface Me {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly csrf: string;
  /** Server clock at the answer, for the offset shown in the connection pop-over. */
  readonly server_time_ms: number;
}

/** `GET /v1/realtime/token`: a connection token for the signed-in user, and where to connect. */
export interface RealtimeToken {
  readonly token: string;
  /** Seconds until the token ends; the SDK asks again through `getToken`. */
  readonly ttl_s: number;
  /** Path (`/connection/websocket`) or absolute `ws:`/`wss:` address. */
  readonly url: string;
}

/** `POST /v1/realtime/subscription-token`: for channels that need one (`fleet:{scope}`). 403 `not_allowed`. */
export interface SubscriptionTokenRequest {
  readonly channel: string;
}
export interface SubscriptionToken {
  readonly token: string;
}

export type MachineState = "online" | "offline" | "unknown";
export type Severity = "info" | "warning" | "critical";

/** One machine as the fleet list shows it. `rev` grows with each change of the row; an older `rev` is dropped. */
export interface FleetRow {
  readonly vm_id: string;
  readonly rev: number;
  readonly name: string;
  readonly state: MachineState;
  /** Why the state is what it is: `birth`, `will`, `status`, `activity`, `silence`, `connection_lost`, `restart` (of the server), `never_seen`. */
  readonly state_reason: string;
  readonly temp_c: number | null;
  readonly voltage_v: number | null;
  readonly door_closed: boolean | null;
  readonly worst_alarm: Severity | null;
  readonly last_seen_ms: number | null;
}

export interface FleetTotals {
  readonly machines: number;
  readonly online: number;
  readonly offline: number;
  readonly in_alarm: number;
  readonly vends_today: number;
}

/**
 * `GET /v1/fleet?scope=all`. `position` is the feed channel's position read BEFORE the rows, so a subscriber that
 * recovers from it misses nothing and drops what it already has by `rev`.
 */
export interface FleetSnapshot {
  readonly channel: string;
  readonly position: { readonly offset: number; readonly epoch: string };
  readonly at_ms: number;
  readonly totals: FleetTotals;
  readonly rows: readonly FleetRow[];
}

/** What a publication on `fleet:{scope}` carries: at most 2 a second, rows changed since the one before. */
export interface FleetUpdate {
  readonly at_ms: number;
  readonly totals: FleetTotals;
  readonly rows: readonly FleetRow[];
  readonly removed: readonly string[];
}

/** `GET /v1/machines/{vm_id}`. 404 `no_such_machine`, the same for one that is not yours. */
export interface Machine extends FleetRow {
  readonly site: string | null;
  readonly report_interval_ms: number;
  readonly first_seen_ms: number | null;
  readonly events: readonly FleetEvent[];
}

export interface FleetEvent {
  readonly event_id: string;
  readonly vm_id: string;
  readonly type: string;
  readonly severity: Severity;
  /** Device time as sent, or null. */
  readonly ts: string | null;
  /** When we received it. */
  readonly at_ms: number;
  readonly data: unknown;
}

/** `GET /v1/events?vm_id&type&severity&before_ms&limit` newest first, `limit` at most 200 (50). */
export interface EventPage {
  readonly events: readonly FleetEvent[];
  readonly next_before_ms: number | null;
}

/** Names of the numeric series a machine has. */
export type SeriesField = "temp_c" | "voltage_v" | "door_closed";

/**
 * `GET /v1/machines/{vm_id}/series?from_ms&to_ms&fields=temp_c,voltage_v&max_points=600` (`max_points` at most 2000).
 * Columns of equal length; a bucket without readings is absent. `to_ms` in the answer is the receive time up to which the
 * series is complete: a live publication whose tag `at` is at or below it is already inside and must be dropped.
 */
export interface Series {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly bucket_ms: number;
  readonly fields: Partial<Record<SeriesField, SeriesColumn>>;
}
export interface SeriesColumn {
  readonly t_ms: readonly number[];
  readonly min: readonly number[];
  readonly avg: readonly number[];
  readonly max: readonly number[];
}

export type CommandState = "queued" | "sent" | "received" | "running" | "done" | "failed" | "rejected" | "expired" | "cancelled";

/** `POST /v1/commands` (operator or more). The same `idempotency_key` answers with the commands it made the first time. */
export interface CommandRequest {
  readonly idempotency_key: string;
  readonly targets: readonly string[];
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Seconds until an unconfirmed command becomes `expired`; 1 to 86,400. */
  readonly ttl_s: number;
}
export interface Command {
  readonly cmd_id: string;
  readonly vm_id: string;
  readonly name: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly user_id: string;
  readonly state: CommandState;
  readonly detail: string | null;
  readonly created_ms: number;
  readonly updated_ms: number;
  readonly expires_ms: number;
}
/** `GET /v1/commands?vm_id&limit`, newest first; `GET /v1/commands/{cmd_id}` answers one `Command`. */
export interface CommandList {
  readonly commands: readonly Command[];
}

/** What a publication on `user_cmd:{user_id}` carries. */
export interface Receipt {
  readonly cmd_id: string;
  readonly vm_id: string;
  readonly state: CommandState;
  readonly ts: string;
  readonly detail?: string;
}

/** `GET /v1/status` (any signed-in user): counts for the System strip. */
export interface SystemStatus {
  readonly version: string;
  readonly broker: "embedded" | "external" | "off";
  readonly store: "sqlite";
  readonly engine: "embedded" | "centrifugo";
  readonly uptime_s: number;
  readonly stored_total: number;
  readonly dead_letters_total: number;
  readonly publications_total: number;
  readonly connections: number;
  readonly push_lag: number;
}

/** `GET /v1/dead-letters?limit` (developer or admin), newest first. */
export interface DeadLetter {
  readonly id: number;
  readonly at_ms: number;
  readonly topic: string;
  readonly vm_id: string | null;
  readonly reason: string;
  /** First 512 bytes of the payload as text; bytes that are not UTF-8 are replaced. */
  readonly payload_text: string;
  readonly size_bytes: number;
}
export interface DeadLetterPage {
  readonly dead_letters: readonly DeadLetter[];
}

/** `GET /v1/users` (admin): people who sign in, and who of them is blocked. */
export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly blocked: boolean;
}
export interface UserList {
  readonly users: readonly UserRow[];
}

/** A user (ours or a `sub`), one token (`jti`), a user's tokens issued before a moment, a login (shown, not made), a machine. */
export type RevokedKind = "user" | "token" | "tokens" | "session" | "machine";

/** `GET /v1/revocations` (admin): who is shut out. */
export interface RevocationRow {
  readonly what: RevokedKind;
  readonly subject: string;
  /** Of `tokens`: Unix seconds. */
  readonly before_s: number | null;
  readonly since: string;
  /** Null: until it is taken back. */
  readonly until: string | null;
  /** A user's id, or `cli`. */
  readonly by: string;
  readonly reason: string;
}
export interface RevocationList {
  readonly revocations: readonly RevocationRow[];
}

/**
 * `POST /v1/revocations` (admin) shuts out at once and answers 204; `POST /v1/revocations/end` takes it back: 204, or 404
 * `not_shut_out`. 400 `bad_subject`, `bad_time`; 409 `not_yourself`; 429 `too_many`.
 */
export interface RevocationRequest {
  readonly what: Exclude<RevokedKind, "session">;
  readonly subject: string;
  /** Of `tokens`: those issued before, Unix seconds; absent: all up to now. */
  readonly before_s?: number | undefined;
  /** Unix seconds; absent: until it is taken back. */
  readonly expire_at?: number | undefined;
  readonly reason?: string | undefined;
}
export interface RevocationEnd {
  readonly what: Exclude<RevokedKind, "session">;
  readonly subject: string;
}

/** `GET /v1/audit?actor&action&before&limit` (admin): newest first; `next` is the `before` of the page after. */
export interface AuditRow {
  readonly id: number;
  readonly at: string;
  /** A user's id, `cli` for the command line, `admin` for the admin API. */
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly detail: Readonly<Record<string, string | number | boolean | null>> | null;
  readonly address: string | null;
}
export interface AuditPage {
  readonly entries: readonly AuditRow[];
  readonly next: number | null;
}

/** `GET /v1/connections?user&channel&after&limit` (admin). 404 `no_connection_list` where a real Centrifugo serves the clients. */
export interface ConnectionRow {
  readonly client: string;
  readonly user: string;
  readonly transport: string;
  readonly protocol: string;
  /** What the client says of itself. */
  readonly name: string;
  readonly version: string;
  readonly address: string;
  readonly connected_at: string;
  readonly queued_bytes: number;
  /** The first 100; `channel_count` is all. */
  readonly channels: readonly string[];
  readonly channel_count: number;
}
export interface ConnectionPage {
  readonly connections: readonly ConnectionRow[];
  readonly total: number;
  /** The `after` of the next page. */
  readonly next: string | null;
}

/** `POST /v1/connections/disconnect` (admin): 204. Without `client` every connection of the user. */
export interface DisconnectRequest {
  readonly user: string;
  readonly client?: string | undefined;
}

export type TraceKind = "channel" | "user" | "machine";

/**
 * `POST /v1/traces` (admin) begins to follow one channel, user or machine and answers `TraceRow`; its steps are published on `channel`,
 * which a subscription token opens. 429 `too_many`. `GET /v1/traces` lists those that run; `POST /v1/traces/end` ends one: 204, or 404
 * `no_such_trace`.
 */
export interface TraceRequest {
  readonly kind: TraceKind;
  readonly subject: string;
  /** Also the beginning of what is carried, as text. */
  readonly payloads?: boolean | undefined;
  /** At most 900; 300 unless said. */
  readonly seconds?: number | undefined;
}
export interface TraceEnd {
  readonly id: string;
}
export interface TraceRow {
  readonly id: string;
  readonly channel: string;
  readonly kind: TraceKind;
  readonly subject: string;
  readonly started_by: string;
  readonly until: string;
}
export interface TraceList {
  readonly traces: readonly TraceRow[];
}

/** One step of something's way; the words of `step` are those of docs/spec/administration.md (ADM42). */
export interface TraceStep {
  readonly at_ms: number;
  readonly step: string;
  readonly channel?: string | undefined;
  readonly user?: string | undefined;
  readonly machine?: string | undefined;
  readonly fields: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly size_bytes?: number | undefined;
  readonly payload?: string | undefined;
}

/** What is published on a trace's channel: several steps at once. */
export interface TraceMessage {
  readonly steps: readonly TraceStep[];
  /** Steps above 100 a second, since the message before. */
  readonly dropped?: number | undefined;
  readonly ended?: boolean | undefined;
}
