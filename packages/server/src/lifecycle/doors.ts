import type { Engine } from "@fleetcast/engine";
import type { Config, TlsConfig } from "../config/config.ts";
import { isLoopback } from "../config/judge/together.ts";
import type { Route } from "../http/route.ts";
import type { Logger } from "../log.ts";
import { systemClock } from "../runtime/clock.ts";
import { ListenError, type Listener, type ListenerOptions, listen } from "../runtime/listener.ts";
import { createRouter } from "../runtime/router.ts";
import { openStaticFiles, type StaticFiles } from "../runtime/static-files.ts";
import { createTransportDoor, type TransportDoor } from "../runtime/transport-door.ts";
import { type OriginRule, originRule } from "../transports/origin.ts";
import type { RequestDetails } from "../transports/request-details.ts";
import { internalPortTls } from "./certificates/internal-tls.ts";
import { cannotListen, doors } from "./start-refused.ts";
import { requestDetails, transportOptions } from "./transport-options.ts";

/** Paths that belong to programs: never the dashboard's page, even where nothing answers. */
const reservedPrefixes = ["/v1", "/api", "/connection", "/emulation", "/admin", "/proxy", "/health", "/livez", "/readyz", "/metrics"];

export interface HttpDoors {
  /** `127.0.0.1:8000` and the like. */
  readonly addresses: readonly string[];
  /** Connections turned away because the node is full. */
  readonly refusedConnections: () => number;
  /** Other origins, and other headers for proxies and users, from the next connection on. */
  reload(next: Config): void;
  /**
   * Other certificates, where they differ, from the next connection on.
   * @throws and keeps those before
   */
  swapCertificates(next: DoorCertificates): void;
  stopAccepting(): void;
  stop(): Promise<void>;
}

export type DoorCertificates = Pick<Config["http"], "tls" | "internalTls">;

/**
 * Opens the HTTP ports: one for everything, or two where `http_server.internal_port` moves the internal routes away.
 * @throws StartRefused
 */
export function openHttpDoors(ports: {
  readonly config: Config;
  readonly routes: readonly Route[];
  /** Serves the clients; absent where a real Centrifugo does. */
  readonly engine: Engine | undefined;
  readonly log: Logger;
  readonly answered?: ListenerOptions["answered"];
}): HttpDoors {
  const { config, routes, engine, log } = ports;
  const { http } = config;
  const separate = http.internalPort !== 0;
  const admission = liveAdmission(config);
  const transports = transportDoor(config, admission, engine, log);
  const isInternal = (route: Route): boolean => separate && route.listener === "internal";
  const opened: {
    readonly listener: Listener;
    tls: TlsConfig | undefined;
    readonly tlsOf: (next: DoorCertificates) => TlsConfig | undefined;
  }[] = [];
  const open = (
    door: "http" | "internal",
    address: string,
    port: number,
    doorRoutes: readonly Route[],
    withPage: boolean,
    tlsOf: (next: DoorCertificates) => TlsConfig | undefined,
  ): void => {
    const tls = tlsOf(http);
    try {
      opened.push({
        tls,
        tlsOf,
        listener: listen({
          address,
          port,
          secure: http.tlsInFront || tls !== undefined,
          tls,
          hsts: tls !== undefined && http.hsts && !isLoopback(address),
          router: createRouter(doorRoutes, [
            ...reservedPrefixes,
            config.api.handlerPrefix,
            config.health.handlerPrefix,
            config.prometheus.handlerPrefix,
            `${config.admin.handlerPrefix.replace(/\/$/, "")}/admin`,
            ...(config.swagger.enabled ? [config.swagger.handlerPrefix] : []),
          ]),
          page: withPage ? page(config) : undefined,
          withoutPage: withPage && config.dashboard.enabled ? notBuilt : "404 page not found\n",
          bodyBytesMax: Math.max(1, ...doorRoutes.map((route) => route.bodyBytesMax)),
          websockets: withPage ? transports?.websockets : undefined,
          log,
          answered: ports.answered,
        }),
      });
    } catch (cause) {
      for (const { listener } of opened) void listener.stop();
      throw cause instanceof ListenError ? cannotListen(doors[door], cause) : cause;
    }
  };
  open(
    "http",
    http.address,
    http.port,
    [...routes.filter((route) => !isInternal(route)), ...(transports?.routes ?? [])],
    true,
    (next) => next.tls,
  );
  if (separate) {
    const tlsOf = (next: DoorCertificates) => internalPortTls({ ...next, tlsExternal: http.tlsExternal });
    open("internal", http.internalAddress, http.internalPort, routes.filter(isInternal), false, tlsOf);
  }
  return {
    addresses: opened.flatMap(({ listener }) => listener.addresses),
    refusedConnections: () => transports?.refusedConnections() ?? 0,
    reload: admission.reload,
    swapCertificates: (next) => {
      for (const door of opened) {
        const tls = door.tlsOf(next);
        if (tls === undefined || door.tls === undefined || showsTheSame(tls, door.tls)) continue;
        door.listener.swapCertificate(tls);
        door.tls = tls;
      }
    },
    stopAccepting: () => {
      for (const { listener } of opened) listener.stopAccepting();
    },
    stop: async () => {
      await Promise.all(opened.map(({ listener }) => listener.stop()));
    },
  };
}

function showsTheSame(one: TlsConfig, other: TlsConfig): boolean {
  return one.certPem === other.certPem && one.keyPem === other.keyPem && one.clientCaPem === other.clientCaPem;
}

const notBuilt = 'The dashboard is not built. "npm run build" builds it; "npm start" does so by itself.\n';

function page(config: Config): StaticFiles | undefined {
  return config.dashboard.enabled ? openStaticFiles(config.dashboard.dir) : undefined;
}

interface LiveAdmission {
  readonly origin: OriginRule;
  readonly details: RequestDetails;
  reload(next: Config): void;
}

/** Who may connect and what is kept of the request, as a reload says last. */
function liveAdmission(config: Config): LiveAdmission {
  let origin = originRule(config.client.allowedOrigins);
  let details = requestDetails(config);
  return {
    origin: (...asked) => origin(...asked),
    details: {
      get keptHeaders() {
        return details.keptHeaders;
      },
      get userHeader() {
        return details.userHeader;
      },
    },
    reload(next) {
      origin = originRule(next.client.allowedOrigins);
      details = requestDetails(next);
    },
  };
}

function transportDoor(
  config: Config,
  { origin, details }: LiveAdmission,
  engine: Engine | undefined,
  log: Logger,
): TransportDoor | undefined {
  if (engine === undefined) return undefined;
  return createTransportDoor(transportOptions(config), {
    engine,
    clock: systemClock,
    log,
    origin,
    details,
    limits: { connectionsMax: config.client.connectionsMax, connectionsPerSecondMax: config.client.connectionsPerSMax },
  });
}

/** Said at start when a Centrifugo file names no address: there it would mean every interface, here this machine. */
export function loopbackNotice(config: Config): string | undefined {
  if (!isLoopback(config.http.address) || config.source === "defaults") return undefined;
  return "only this machine can connect; http_server.address together with http_server.tls or server.tls_in_front opens the server to others";
}
