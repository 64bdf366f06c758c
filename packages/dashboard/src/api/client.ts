import type {
  ApiProblem,
  AuditPage,
  Command,
  CommandList,
  CommandRequest,
  ConnectionPage,
  DisconnectRequest,
  EventPage,
  FleetSnapshot,
  LoginRequest,
  Machine,
  Me,
  RealtimeToken,
  RevocationEnd,
  RevocationList,
  RevocationRequest,
  Series,
  SeriesField,
  Severity,
  SubscriptionToken,
  SystemStatus,
  TraceEnd,
  TraceRequest,
  TraceRow,
  UserList,
} from "@fleetcast/protocol";
import type { Clock, ServerClock } from "../live/clock.ts";

/** A refusal in the server's words. `code` is translated as `err.{code}`; status 0 means that no answer came at all. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;

  constructor(status: number, problem: Pick<ApiProblem, "code" | "detail" | "field">, options?: ErrorOptions) {
    super(problem.detail, options);
    this.status = status;
    this.code = problem.code;
    this.field = problem.field;
  }

  get unauthorized(): boolean {
    return this.status === 401;
  }
}

export interface ApiParts {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly serverClock: ServerClock;
  /** Any request but the login itself was answered 401: the session is over. */
  readonly onSignedOut: (reason: string) => void;
  readonly onRoundTrip: (milliseconds: number) => void;
}

export interface EventFilter {
  readonly vmId?: string | undefined;
  readonly type?: string | undefined;
  readonly severity?: Severity | undefined;
  readonly beforeMs?: number | undefined;
  readonly limit?: number | undefined;
}

const answerTimeoutMs = 15_000;
const anyVersionPath = "/v1";

/** `/v1` as functions. Every write carries the CSRF value of the session; every answer is timed for the clock offset. */
export class Api {
  readonly #parts: ApiParts;
  #csrf = "";

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  async login(request: LoginRequest): Promise<Me> {
    return this.#keep(await this.#call<Me>("POST", "/session", request, false));
  }

  async me(): Promise<Me> {
    return this.#keep(await this.#call<Me>("GET", "/me", undefined, false));
  }

  async logout(): Promise<void> {
    await this.#call("DELETE", "/session");
  }

  realtimeToken(): Promise<RealtimeToken> {
    return this.#call("GET", "/realtime/token");
  }

  subscriptionToken(channel: string): Promise<SubscriptionToken> {
    return this.#call("POST", "/realtime/subscription-token", { channel });
  }

  fleet(scope: string): Promise<FleetSnapshot> {
    return this.#call("GET", `/fleet${query({ scope })}`);
  }

  machine(vmId: string): Promise<Machine> {
    return this.#call("GET", `/machines/${encodeURIComponent(vmId)}`);
  }

  series(vmId: string, request: { fromMs: number; toMs: number; fields: readonly SeriesField[]; maxPoints: number }): Promise<Series> {
    const parameters = { from_ms: request.fromMs, to_ms: request.toMs, fields: request.fields.join(","), max_points: request.maxPoints };
    return this.#call("GET", `/machines/${encodeURIComponent(vmId)}/series${query(parameters)}`);
  }

  events(filter: EventFilter): Promise<EventPage> {
    const { vmId, type, severity, beforeMs, limit } = filter;
    return this.#call("GET", `/events${query({ vm_id: vmId, type, severity, before_ms: beforeMs, limit })}`);
  }

  sendCommand(request: CommandRequest): Promise<CommandList> {
    return this.#call("POST", "/commands", request);
  }

  commands(filter: { vmId?: string; limit: number }): Promise<CommandList> {
    return this.#call("GET", `/commands${query({ vm_id: filter.vmId, limit: filter.limit })}`);
  }

  command(cmdId: string): Promise<Command> {
    return this.#call("GET", `/commands/${encodeURIComponent(cmdId)}`);
  }

  users(): Promise<UserList> {
    return this.#call("GET", "/users");
  }

  revocations(): Promise<RevocationList> {
    return this.#call("GET", "/revocations");
  }

  shutOut(request: RevocationRequest): Promise<void> {
    return this.#call("POST", "/revocations", request);
  }

  letIn(request: RevocationEnd): Promise<void> {
    return this.#call("POST", "/revocations/end", request);
  }

  audit(page: { before?: number | undefined; limit: number }): Promise<AuditPage> {
    return this.#call("GET", `/audit${query(page)}`);
  }

  connections(page: { user?: string; channel?: string; after?: string; limit: number }): Promise<ConnectionPage> {
    return this.#call("GET", `/connections${query(page)}`);
  }

  disconnect(request: DisconnectRequest): Promise<void> {
    return this.#call("POST", "/connections/disconnect", request);
  }

  startTrace(request: TraceRequest): Promise<TraceRow> {
    return this.#call("POST", "/traces", request);
  }

  endTrace(request: TraceEnd): Promise<void> {
    return this.#call("POST", "/traces/end", request);
  }

  status(): Promise<SystemStatus> {
    return this.#call("GET", "/status");
  }

  #keep(me: Me): Me {
    this.#csrf = me.csrf;
    return me;
  }

  async #call<T>(method: string, path: string, body?: unknown, signsOut = true): Promise<T> {
    try {
      return await this.#once<T>(method, path, body, signsOut);
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== "wrong_csrf") throw error;
      // Another tab has logged in anew since: its value is asked for, and the write tried once more. Nothing was done before.
      await this.me();
      return await this.#once<T>(method, path, body, signsOut);
    }
  }

  async #once<T>(method: string, path: string, body: unknown, signsOut: boolean): Promise<T> {
    const { clock } = this.#parts;
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (method !== "GET" && this.#csrf !== "") headers["x-fleetcast-csrf"] = this.#csrf;
    const sentMs = clock.now();
    const response = await this.#fetch(path, {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(answerTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answeredMs = clock.now();
    this.#parts.onRoundTrip(answeredMs - sentMs);
    if (!response.ok) throw await this.#refusal(response, signsOut);
    if (response.status === 204) return undefined as T;
    const answer = (await this.#json(response)) as T;
    this.#sampleClock(answer, sentMs, answeredMs);
    return answer;
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#parts.fetch(anyVersionPath + path, init);
    } catch (cause) {
      throw new ApiError(0, { code: "unreachable", detail: "no answer from the server" }, { cause });
    }
  }

  async #json(response: Response): Promise<unknown> {
    try {
      return await response.json();
    } catch (cause) {
      throw new ApiError(response.status, { code: "bad_answer", detail: "the answer is not JSON" }, { cause });
    }
  }

  async #refusal(response: Response, signsOut: boolean): Promise<ApiError> {
    const problem = (await response.json().catch(() => null)) as ApiProblem | null;
    const code = typeof problem?.code === "string" ? problem.code : `http_${response.status}`;
    const error = new ApiError(response.status, {
      code,
      detail: problem?.detail ?? response.statusText,
      ...(problem?.field === undefined ? {} : { field: problem.field }),
    });
    if (error.unauthorized && signsOut) this.#parts.onSignedOut(code);
    return error;
  }

  #sampleClock(answer: unknown, sentMs: number, answeredMs: number): void {
    if (typeof answer !== "object" || answer === null) return;
    const { server_time_ms, at_ms } = answer as { server_time_ms?: unknown; at_ms?: unknown };
    const serverTimeMs = typeof server_time_ms === "number" ? server_time_ms : at_ms;
    if (typeof serverTimeMs === "number") this.#parts.serverClock.sample(serverTimeMs, sentMs, answeredMs);
  }
}

function query(parameters: Readonly<Record<string, string | number | undefined>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== "") search.set(name, String(value));
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}
