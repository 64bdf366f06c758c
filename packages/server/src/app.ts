import { randomBytes } from "node:crypto";
import type { Clock } from "@fleetcast/engine";
import { createTopicLayout, type TopicLayout } from "@fleetcast/mqtt";
import type { Journal } from "@fleetcast/storage";
import { type Audit, createAudit } from "./administration/audit.ts";
import { createDesk, type Desk } from "./administration/desk.ts";
import { traceCommitted, tracedIntake, tracedPolicy } from "./administration/traced.ts";
import { createTracer, type Tracer } from "./administration/tracer.ts";
import { createMachineAuth, type MachineAuth } from "./auth/machines.ts";
import { createPolicy, createSubscribePolicy } from "./auth/policy.ts";
import { cut } from "./auth/revocations/cut.ts";
import { loadRevocations, type Revocations } from "./auth/revocations/revocations.ts";
import type { SubscribePolicy } from "./auth/subscribe-policy.ts";
import { type LiveSigner, liveSigner } from "./auth/tokens/live-signer.ts";
import { createTokenSigner } from "./auth/tokens/signer.ts";
import { createLogin } from "./auth/users/login.ts";
import { createSessions } from "./auth/users/sessions.ts";
import { loadUsers, type Users } from "./auth/users/users.ts";
import type { Config } from "./config/config.ts";
import type { ListenerTls } from "./config/listener-tls.ts";
import { version } from "./config/load.ts";
import { createFleet, type Fleet } from "./fleet/fleet.ts";
import { createAdminApiRoutes } from "./http/admin/admin-api-routes.ts";
import { createApiRoutes } from "./http/api/api-routes.ts";
import { createExplorerRoutes } from "./http/explorer/explorer-routes.ts";
import { createOpenApiRoutes } from "./http/openapi/openapi-routes.ts";
import type { Route } from "./http/route.ts";
import { createV1Routes } from "./http/v1/routes.ts";
import { clientAddress } from "./http/v1/session-routes.ts";
import { createIngest, type Ingest } from "./ingest/ingest.ts";
import { type AdminActions, adminActions, adminUrl, createAdminRoutes } from "./lifecycle/admin-routes.ts";
import { createIntakeBroker, type IntakeBroker } from "./lifecycle/brokers.ts";
import { type ShownCertificate, shownCertificates } from "./lifecycle/certificates/expiry.ts";
import { type HttpDoors, openHttpDoors } from "./lifecycle/doors.ts";
import { createIntakeGate, type IntakeGate } from "./lifecycle/intake-gate.ts";
import { createProbeRoutes } from "./lifecycle/probes.ts";
import type { Readiness } from "./lifecycle/readiness.ts";
import type { ReloadCounts } from "./lifecycle/reload.ts";
import { removeRunningFile, writeRunningFile } from "./lifecycle/running-file.ts";
import { openStore } from "./lifecycle/store.ts";
import type { Logger } from "./log.ts";
import { shownCertificates as certificateExpiries } from "./metrics/certificates.ts";
import { collect } from "./metrics/collect.ts";
import { createMeters, type Meters } from "./metrics/meters.ts";
import { metricsRoute } from "./metrics/metrics-route.ts";
import { createDestinations } from "./outgoing/destinations.ts";
import { createOutgoingFetch } from "./outgoing/outgoing-fetch.ts";
import { createCentrifugoProxyRoutes } from "./push/centrifugo/proxy-routes.ts";
import { createPush, type PushWatchers } from "./push/create-push.ts";
import type { PushEngine } from "./push/push-engine.ts";
import { systemChance } from "./runtime/chance.ts";
import { systemClock } from "./runtime/clock.ts";
import { hash, verify } from "./runtime/password.ts";
import { runtimeName } from "./runtime/runtime-name.ts";
import { createTraces, type Traces } from "./tracing/traces.ts";

/** A running Fleetcast. */
export interface App {
  readonly config: Config;
  readonly users: Users;
  readonly admin: AdminActions;
  readonly journal: Journal;
  readonly push: PushEngine;
  readonly fleet: Fleet["service"];
  readonly addresses: readonly string[];
  /**
   * Takes what of another configuration can be taken while everything runs: channels, proxies, keys of tokens.
   * @throws and has changed nothing, where that cannot be.
   */
  reload(next: Config): void;
  /**
   * Takes other certificates for its listeners; nobody who is connected notices. Ends without TLS stay without.
   * @throws where one cannot be taken; that end then shows what it did.
   */
  swapCertificates(next: ListenerTls): void;
  /** The certificates that the listeners show now, and until when they are good. */
  readonly certificates: () => readonly ShownCertificate[];
  /** What came of the reloads so far. */
  readonly reloads: ReloadCounts;
  /** Stops accepting, commits and acknowledges what came, says 3001 to everybody, closes the store. */
  stop(): Promise<void>;
}

export interface AppOptions {
  readonly log: Logger;
  /** The store failed for good: nothing more is acknowledged, and the process must end (R5). */
  readonly onFatal: (cause: Error) => void;
  /** Replaces the store in tests that plant a fault; the product opens its own. */
  readonly wrapJournal?: ((journal: Journal) => Journal) | undefined;
}

/**
 * Builds and starts everything: store, push engine, fleet, HTTP, broker, in this order, so that nobody is let in before what
 * they need is there. What was opened is closed again when a later step is refused.
 * @throws StartRefused with one line for the person
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const undo: (() => Promise<void> | void)[] = [];
  try {
    return await assemble(config, options, undo);
  } catch (cause) {
    for (const step of undo.reverse()) await Promise.resolve(step()).catch(() => undefined);
    throw cause;
  }
}

async function assemble(config: Config, { log, onFatal, wrapJournal }: AppOptions, undo: (() => Promise<void> | void)[]): Promise<App> {
  const clock = systemClock;
  const opened = await openStore(config, log);
  undo.push(() => opened.close());
  const journal = wrapJournal?.(opened) ?? opened;
  journal.onFatal(onFatal);

  const users = await loadUsers({ journal, hasher: { hash, verify }, clock, log });
  const revocations = await loadRevocations({ journal, clock });
  const audit = createAudit({ journal, clock });
  const desk = createDesk({ revocations, users, clock });
  const tracer = createTracer({
    clock,
    namespaceBoundary: config.engine.namespaceBoundary,
    publish: (channel, data) => push.publish({ channel, data }),
    onFailure: (cause) => log.warn({ cause }, "steps of a trace were not published"),
  });
  const untraced = createSubscribePolicy({
    can: createPolicy({ bearer: config.auth.bearer, namespaceBoundary: config.engine.namespaceBoundary }),
    fleetcastKey: config.secrets.metaKey,
    users,
    revocations,
    clock,
  });
  const policy = tracedPolicy(untraced, tracer);
  const meters = createMeters(config, clock);
  const tracesFetch = createOutgoingFetch({
    clock,
    destinations: createDestinations({ clock, privateNetworks: config.outgoing.privateNetworks }),
  });
  const traces = createTraces({ ...config, version }, { fetch: tracesFetch, clock, log });
  undo.push(() => traces?.stop());
  const { push, engine, reload } = createPush(config, journal, policy, revocations, log, { ...pushWatchers(meters, traces), tracer });
  journal.onCommitted((batch) => {
    if (tracer.active) traceCommitted(batch, tracer);
    push.offer(batch);
  });

  const state = { running: false, config };
  const historyTtlMs = (namespace: string): number => state.config.engine.namespaces.get(namespace)?.historyTtlMs ?? 0;
  const rooms = await createRooms(config, { journal, push, users, revocations, tracer, clock, log, historyTtlMs, traces });
  const readiness = (): Readiness => ({
    running: state.running,
    store: journal.healthy,
    push: push.healthy,
    intake: rooms.broker?.connected() ?? true,
    gate: !rooms.gate.paused,
  });
  const reloads = { taken: 0, refused: 0 };
  const refusedConnections = { count: (): number => 0 };
  const shown = { tls: config.http.tls, internalTls: config.http.internalTls, mqttTls: config.mqtt.tls };
  const certificates = () => certificateExpiries({ http: shown.tls, internal: shown.internalTls, mqtt: shown.mqttTls });
  const started = { version, runtime: runtimeName(), clock, startedAtMs: clock.wallMs(), certificates };
  const scrape = (measured: Meters): string =>
    collect({
      ...rooms,
      ...started,
      config,
      meters: measured,
      engine,
      push,
      journal,
      readiness,
      reloads,
      spans: traces === undefined ? undefined : { ...traces.counts },
      refusedConnections: () => refusedConnections.count(),
    });
  const signerOf = ({ client, secrets }: Config) => createTokenSigner({ client, fleetcastKey: secrets.metaKey, clock });
  const signer = liveSigner(signerOf(config));
  const routes = [
    ...createProbeRoutes({ healthPath: config.health.handlerPrefix, readiness }),
    ...(meters === undefined ? [] : [metricsRoute(config.prometheus.handlerPrefix, () => scrape(meters))]),
    ...(await createRoutes(config, {
      meters,
      traces,
      ...rooms,
      journal,
      push,
      users,
      revocations,
      tracer,
      desk,
      audit,
      policy,
      signer,
      clock,
      log,
      historyTtlMs,
    })),
  ];

  await push.start();
  undo.push(() => push.stop(1_000));
  await rooms.fleet.service.start();
  undo.push(() => rooms.fleet.service.stop());
  const doors = openHttpDoors({ config, routes, engine, log, answered: answeredOf(meters) });
  refusedConnections.count = doors.refusedConnections;
  meters?.loop.start(clock);
  undo.push(() => meters?.loop.stop());
  undo.push(() => doors.stop());
  undo.push(() => rooms.broker?.stop());
  await rooms.broker?.start();
  writeRunningFile(config.dataDir, adminUrl(config.http));
  state.running = true;
  const swapCertificates = (next: ListenerTls): void => {
    doors.swapCertificates(next);
    if (next.mqttTls !== undefined) rooms.broker?.swapCertificate(next.mqttTls);
    Object.assign(shown, next);
  };
  return {
    config,
    users,
    admin: adminActions({ users, machines: rooms.machines, desk, audit }),
    journal,
    push,
    fleet: rooms.fleet.service,
    addresses: doors.addresses,
    reloads,
    swapCertificates,
    certificates: () => shownCertificates(shown),
    reload(next) {
      const nextSigner = signerOf(next);
      reload(next);
      swapCertificates({ tls: next.http.tls, internalTls: next.http.internalTls, mqttTls: next.mqtt.tls });
      doors.reload(next);
      signer.replace(nextSigner);
      state.config = next;
    },
    stop: async () => {
      state.running = false;
      meters?.loop.stop();
      removeRunningFile(config.dataDir);
      await stopAll(config, { ...rooms, doors, push, tracer, journal });
      await traces?.stop();
    },
  };
}

function pushWatchers(meters: Meters | undefined, traces: Traces | undefined): PushWatchers {
  if (meters === undefined && traces === undefined) return {};
  return {
    isMeasured: meters !== undefined,
    proxies: meters?.proxies,
    questions: traces?.questions,
    onPushed: traces && ((channel, offset) => traces.messages.delivered(channel, offset, systemClock.monotonicMs())),
    onDelivered: (channel, offset, offeredAtMs, deliveredAtMs) => {
      meters?.pushLag.observe((deliveredAtMs - offeredAtMs) / 1_000);
      traces?.messages.delivered(channel, offset, deliveredAtMs);
    },
  };
}

function answeredOf(meters: Meters | undefined): ((path: string | undefined, method: string, status: number) => void) | undefined {
  const http = meters?.http;
  return http === undefined ? undefined : (...answered) => http.answered(...answered);
}

/** Who comes in is cut off first, what came in is committed and answered, then the clients hear 3001, then the store closes. */
async function stopAll(
  config: Config,
  parts: {
    readonly doors: HttpDoors;
    readonly broker: IntakeBroker | undefined;
    readonly gate: IntakeGate;
    readonly fleet: Fleet;
    readonly push: PushEngine;
    readonly tracer: Tracer;
    readonly journal: Journal;
  },
): Promise<void> {
  parts.doors.stopAccepting();
  parts.tracer.stop();
  parts.gate.stop();
  await parts.broker?.stop();
  await parts.fleet.service.stop();
  await parts.push.stop(config.shutdownLimitMs / 2);
  await parts.journal.close();
  await parts.doors.stop();
}

interface Rooms {
  readonly fleet: Fleet;
  readonly ingest: Ingest;
  readonly machines: MachineAuth;
  readonly broker: IntakeBroker | undefined;
  readonly gate: IntakeGate;
}

interface Shared {
  readonly journal: Journal;
  readonly push: PushEngine;
  readonly users: Users;
  readonly revocations: Revocations;
  readonly tracer: Tracer;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of a namespace, as it is configured now. */
  readonly historyTtlMs: (namespace: string) => number;
  readonly traces: Traces | undefined;
}

/** Fleet, intake and broker know each other in a circle: commands go out where messages come in. */
async function createRooms(
  config: Config,
  { journal, push, users, revocations, tracer, clock, log, historyTtlMs, traces }: Shared,
): Promise<Rooms> {
  const layout: TopicLayout = createTopicLayout();
  const newId = (): string => randomBytes(15).toString("base64url");
  const broker: { current: IntakeBroker | undefined } = { current: undefined };
  const fleet = createFleet({
    journal,
    push,
    sendCommand: async (vmId, payload) => {
      if (broker.current === undefined) throw new Error("devices are not taken in (mqtt.enabled is false)");
      if (tracer.active) tracer.step("mqtt_out", { machine: vmId }, {}, payload);
      await broker.current.publish(layout.build("cmd", vmId), payload, { qos: 1, retain: false });
    },
    clock,
    log,
    newId,
    historyTtlMs,
    commandReached: traces && ((...step) => traces.commands.reached(...step)),
  });
  const machines = await createMachineAuth({
    journal,
    openOnLoopback: config.mqtt.openOnLoopback,
    autoRegister: config.fleet.autoRegister,
    knows: (vmId) => fleet.service.knows(vmId),
    isBlocked: (vmId) => revocations.isMachineBlocked(vmId),
    clock,
    log,
  });
  const { autoRegister } = config.fleet;
  const ingest = createIngest({
    journal: traces?.messages.journal(journal) ?? journal,
    topics: layout,
    fleetState: fleet.state,
    commands: fleet.commands,
    log,
    newId,
    historyTtlMs,
    autoRegister,
    trace: tracer,
  });
  const gate = createIntakeGate({
    handler: tracedIntake(
      {
        message: traces?.messages.intake(ingest.message, (topic) => layout.parse(topic)?.kind ?? "other") ?? ingest.message,
        connection: ingest.connection,
        authenticate: (attempt) => machines.authenticate(attempt),
      },
      tracer,
      ({ topic }) => layout.parse(topic)?.vmId,
    ),
    journal,
    clock,
    log,
  });
  if (config.mqtt.enabled) {
    const made = createIntakeBroker({ config: config.mqtt, handler: gate.handler, layout, clock, chance: systemChance, log });
    broker.current = made;
    gate.guard(made);
  }
  machines.onCredentialChanged((vmId) => {
    fleet.state.added(vmId);
    broker.current?.disconnectMachine(vmId);
  });
  revocations.onRevoked((revocation) =>
    cut(revocation, { push, disconnectMachine: (vmId) => broker.current?.disconnectMachine(vmId), log }),
  );
  users.onRevoked((user) => {
    push.disconnect({ user }).catch((cause: unknown) => log.warn({ user, cause }, "a revoked user's connections were not cut"));
  });
  return { fleet, ingest, machines, broker: broker.current, gate };
}

async function createRoutes(
  config: Config,
  parts: Rooms &
    Shared & {
      readonly policy: Required<SubscribePolicy>;
      readonly signer: LiveSigner;
      readonly desk: Desk;
      readonly audit: Audit;
      readonly meters: Meters | undefined;
    },
): Promise<Route[]> {
  const { journal, push, users, revocations, tracer, desk, audit, fleet, machines, clock, log } = parts;
  const { signer } = parts.signer;
  const login = await createLogin({ users, hasher: { hash, verify }, isBlocked: (id) => revocations.isBlocked(id), clock });
  const sessions = createSessions({
    sessionKey: Buffer.from(config.secrets.sessionKey),
    ttlMs: config.auth.sessionTtlMs,
    users,
    revocations,
    clock,
  });
  const can = createPolicy({ bearer: config.auth.bearer, namespaceBoundary: config.engine.namespaceBoundary });
  const v1Parts = {
    login,
    sessions,
    signer,
    can,
    fleet: fleet.service,
    push,
    journal,
    users,
    revocations,
    desk,
    audit,
    tracer,
    config,
    version,
    clock,
    log,
  };
  const apis = [
    ...createApiRoutes({ push, api: config.api, clock, log, meter: parts.meters?.api, traces: parts.traces?.api }),
    ...createV1Routes(v1Parts),
  ];
  return [
    ...apis,
    ...createOpenApiRoutes(apis, { api: config.api, v1: v1Parts }),
    ...createExplorerRoutes({ api: config.api, swagger: config.swagger, log }),
    ...createAdminApiRoutes({
      admin: config.admin,
      push,
      audit,
      addressOf: (request, peer) => clientAddress(request, peer, config.http.tlsInFront),
      bodyBytesMax: config.api.bodyBytesMax,
      clock,
      log,
    }),
    ...createAdminRoutes({ users, machines, desk, audit, config }),
    ...(push.kind === "centrifugo"
      ? createCentrifugoProxyRoutes({ policy: parts.policy, secret: config.push.centrifugo.proxySecret, clock, log })
      : []),
  ];
}
