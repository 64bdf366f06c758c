import { ManualClock } from "@fleetcast/engine/testing";
import type { Command, CommandRequest, Role } from "@fleetcast/protocol";
import type { DeadLetterRow } from "@fleetcast/storage";
import { createAudit } from "../../../administration/audit.ts";
import { createDesk } from "../../../administration/desk.ts";
import { createTracer } from "../../../administration/tracer.ts";
import { createPolicy, createSubscribePolicy } from "../../../auth/policy.ts";
import { loadRevocations } from "../../../auth/revocations/revocations.ts";
import { handClock, quietLog } from "../../../auth/testing/hand-clock.ts";
import { memoryTables } from "../../../auth/testing/memory-tables.ts";
import { clientConfig, testNowMs } from "../../../auth/testing/token-forge.ts";
import { createTokenSigner } from "../../../auth/tokens/signer.ts";
import { createTokenVerifier } from "../../../auth/tokens/verifier.ts";
import { createLogin } from "../../../auth/users/login.ts";
import { createSessions } from "../../../auth/users/sessions.ts";
import { loadUsers } from "../../../auth/users/users.ts";
import type { FleetService } from "../../../fleet/fleet-service.ts";
import { createRouter } from "../../../runtime/router.ts";
import type { Peer } from "../../route.ts";
import type { V1Config, V1Dependencies } from "../dependencies.ts";
import { createV1Routes } from "../routes.ts";

/** What the fleet was asked, and the machines it has: VM-SH-001 and VM-SH-002. */
function fleetDouble() {
  const asked: unknown[] = [];
  const machines = new Set(["VM-SH-001", "VM-SH-002"]);
  const commandOf = (userId: string, vmId: string, request: CommandRequest): Command => ({
    cmd_id: `c-${vmId}`,
    vm_id: vmId,
    name: request.name,
    params: request.params,
    user_id: userId,
    state: "queued",
    detail: null,
    created_ms: testNowMs,
    updated_ms: testNowMs,
    expires_ms: testNowMs + request.ttl_s * 1_000,
  });
  const note = <Answer>(question: unknown, answer: Answer): Promise<Answer> => {
    asked.push(question);
    return Promise.resolve(answer);
  };
  const first = commandOf("u_AAAAAAAAAA", "VM-SH-001", {
    idempotency_key: "k",
    targets: ["VM-SH-001"],
    name: "restart",
    params: {},
    ttl_s: 60,
  });
  const totals = { machines: 2, online: 1, offline: 1, in_alarm: 0, vends_today: 7 };
  const row = { rev: 1, name: "", state: "online", state_reason: "birth", temp_c: -18, voltage_v: 224, door_closed: true } as const;
  const more = { worst_alarm: null, last_seen_ms: testNowMs, site: null, report_interval_ms: 5_000, first_seen_ms: testNowMs, events: [] };
  const service: FleetService = {
    start: async () => {},
    stop: async () => {},
    snapshot: (scope) =>
      note({ snapshot: scope }, { channel: `fleet:${scope}`, position: { offset: 3, epoch: "abcd" }, at_ms: testNowMs, totals, rows: [] }),
    machine: (vmId) => note({ machine: vmId }, machines.has(vmId) ? { vm_id: vmId, ...row, ...more } : undefined),
    knows: (vmId) => machines.has(vmId),
    series: (vmId, request) =>
      note({ series: vmId, ...request }, { from_ms: request.fromMs, to_ms: request.toMs, bucket_ms: 1_000, fields: {} }),
    events: (filter) => note({ events: filter }, { events: [], next_before_ms: null }),
    command: (userId, request) =>
      note({ command: request, userId }, { commands: request.targets.map((vmId) => commandOf(userId, vmId, request)) }),
    cancelCommand: (userId, cmdId) =>
      note({ cancel: cmdId, userId }, cmdId === first.cmd_id ? { ...first, state: "cancelled" as const } : undefined),
    commands: (filter) => note({ commands: filter }, { commands: [first] }),
    commandById: (cmdId) => note({ commandById: cmdId }, cmdId === first.cmd_id ? first : undefined),
  };
  return { service, asked };
}

export function v1Config(
  changes: { http?: Partial<V1Config["http"]>; push?: Partial<V1Config["push"]>; publicUrl?: string } = {},
): V1Config {
  return {
    http: {
      address: "",
      port: 8_000,
      internalAddress: "",
      internalPort: 0,
      tlsInFront: false,
      tls: undefined,
      tlsExternal: false,
      internalTls: undefined,
      hsts: true,
      ...changes.http,
    },
    mqtt: { enabled: true, broker: "embedded" } as V1Config["mqtt"],
    push: {
      engine: "embedded",
      centrifugo: { url: "", apiKey: "", publicUrl: "", proxyUrl: "", answerTimeoutMs: 2_000, proxySecret: "" },
      ...changes.push,
    },
    websocket: {
      disabled: false,
      handlerPrefix: "/connection/websocket",
      compression: undefined,
      messageBytesMax: 65_536,
      decompressedMessageBytesMax: 655_360,
      writeTimeoutMs: 1_000,
    },
    dashboard: { publicUrl: changes.publicUrl ?? "" },
  };
}

export const password = "long enough";

interface CallOptions {
  readonly cookie?: string | undefined;
  readonly csrf?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: Partial<Peer>;
}

/** `/v1` with everything real but the fleet, the push engine and the store; found through the real router. */
export async function v1Rig(config: V1Config = v1Config(), changes: Partial<V1Dependencies> = {}) {
  const clock = handClock(testNowMs);
  const fleetcastKey = "the second key";
  const hasher = {
    hash: async (text: string) => `hash of ${text}`,
    verify: async (text: string, hash: string) => hash === `hash of ${text}`,
  };
  const users = await loadUsers({ journal: memoryTables().journal, hasher, clock, log: quietLog });
  const tables = memoryTables();
  const revocations = await loadRevocations({ journal: tables.journal, clock });
  await revocations.put({ what: "token", subject: "known", beforeS: null, untilMs: null, by: "cli", reason: "" }, []);
  const tracer = createTracer({ clock: new ManualClock(), namespaceBoundary: ":", publish: async () => {}, onFailure: () => {} });
  const known = tracer.start({ kind: "user", subject: "bob", payloads: false, seconds: 60, startedBy: "u_1" });
  const audit = createAudit({ journal: tables.journal, clock });
  const sessions = createSessions({ sessionKey: "the session key", ttlMs: 3_600_000, users, revocations, clock });
  const signer = createTokenSigner({ client: clientConfig(), fleetcastKey, clock });
  const can = createPolicy({ bearer: "read", namespaceBoundary: ":" });
  const fleet = fleetDouble();
  const deadLetters: DeadLetterRow[] = [];
  const logged: string[] = [];
  const note = (fields: Readonly<Record<string, unknown>>, message: string) => logged.push(`${message} ${JSON.stringify(fields)}`);
  const dependencies: V1Dependencies = {
    login: await createLogin({ users, hasher, isBlocked: (id) => revocations.isBlocked(id), clock }),
    sessions,
    signer,
    can,
    fleet: fleet.service,
    push: { info: async () => [], lag: 0, disconnect: async () => {}, connections: () => ({ connections: [], next: undefined }) },
    users,
    revocations,
    desk: createDesk({ revocations, users, clock }),
    audit,
    tracer,
    journal: {
      stats: async () => ({ publications: 9, readings: 5, events: 2, deadLetters: 1, channels: 3, lastId: 9 }),
      fleet: { deadLetters: async (limit) => deadLetters.slice(0, limit), audit: async () => [] },
    },
    config,
    version: "0.1.0",
    clock,
    log: { debug: note, info: note, warn: note, error: note },
    ...changes,
  };
  const routes = createV1Routes(dependencies);
  const router = createRouter(routes, ["/v1"]);

  async function call(method: string, path: string, { cookie, csrf, body, headers, peer }: CallOptions = {}) {
    const match = router(method, path.split("?")[0]!);
    if (match.kind !== "route") return { status: 405, json: undefined as never, response: new Response(null, { status: 405 }) };
    const request = new Request(`http://127.0.0.1:8000${path}`, {
      method,
      headers: {
        host: "127.0.0.1:8000",
        ...(cookie === undefined ? {} : { cookie }),
        ...(csrf === undefined ? {} : { "x-fleetcast-csrf": csrf }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const response = await match.route.handle(request, { remoteAddress: "127.0.0.1", rest: match.rest, secure: false, ...peer });
    const text = await response.clone().text();
    const isJson = response.headers.get("content-type")?.includes("json") === true;
    return { status: response.status, json: isJson ? JSON.parse(text) : undefined, response };
  }

  /** Makes a user of this role and signs in through the route; answers what a browser would then send. */
  async function signIn(role: Role, name: string = role) {
    if (users.byName(name) === undefined) await users.createUser({ name, role, password });
    const { status, json, response } = await call("POST", "/v1/session", { body: { name, password } });
    if (status !== 200) throw new Error(`the login was answered ${status}`);
    const cookie = response.headers.get("set-cookie")!.split(";")[0]!;
    return { cookie, csrf: json.csrf as string, id: json.id as string };
  }

  return {
    call,
    signIn,
    users,
    revocations,
    /** A trace that runs. */
    traceId: known.id,
    /** What was stored of people and their deeds. */
    records: tables.records,
    clock,
    asked: fleet.asked,
    deadLetters,
    logged,
    routes,
    dependencies,
    verifier: createTokenVerifier(clientConfig(), { clock }),
    policy: createSubscribePolicy({ can, fleetcastKey, users, revocations, clock }),
  };
}
