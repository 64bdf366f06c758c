import type { Engine } from "@fleetcast/engine";
import type { Config } from "../config/config.ts";
import { isLoopback } from "../config/together.ts";
import type { Route } from "../http/route.ts";
import type { Logger } from "../log.ts";
import { ListenError, type Listener, listen } from "../runtime/listener.ts";
import { originRule } from "../runtime/origin.ts";
import { createRouter } from "../runtime/router.ts";
import { websocketHandlers } from "../runtime/socket.ts";
import { openStaticFiles, type StaticFiles } from "../runtime/static-files.ts";
import { decideUpgrade } from "../runtime/upgrade.ts";
import { cannotListen, doors } from "./start-refused.ts";

/** Paths that belong to programs: never the dashboard's page, even where nothing answers. */
const reservedPrefixes = ["/v1", "/api", "/connection", "/emulation", "/admin", "/proxy", "/health", "/livez", "/readyz", "/metrics"];

export interface HttpDoors {
  /** `127.0.0.1:8000` and the like. */
  readonly addresses: readonly string[];
  stopAccepting(): void;
  stop(): Promise<void>;
}

/**
 * Opens the HTTP ports: one for everything, or two where `http_server.internal_port` moves the internal routes away.
 * @throws StartRefused
 */
export function openHttpDoors(ports: {
  readonly config: Config;
  readonly routes: readonly Route[];
  /** Serves WebSocket clients; absent where a real Centrifugo does. */
  readonly engine: Engine | undefined;
  readonly log: Logger;
}): HttpDoors {
  const { config, routes, engine, log } = ports;
  const { http } = config;
  const separate = http.internalPort !== 0;
  const isInternal = (route: Route): boolean => separate && route.listener === "internal";
  const opened: Listener[] = [];
  const open = (door: "http" | "internal", address: string, port: number, doorRoutes: readonly Route[], withPage: boolean): void => {
    try {
      opened.push(
        listen({
          address,
          port,
          secure: http.tlsInFront,
          router: createRouter(doorRoutes, [...reservedPrefixes, config.api.handlerPrefix, config.health.handlerPrefix]),
          page: withPage ? page(config) : undefined,
          withoutPage: withPage && config.dashboard.enabled ? notBuilt : "404 page not found\n",
          bodyBytesMax: Math.max(1, ...doorRoutes.map((route) => route.bodyBytesMax)),
          websocket: withPage ? websocketDoor(config, engine) : undefined,
          log,
        }),
      );
    } catch (cause) {
      for (const listener of opened) void listener.stop();
      throw cause instanceof ListenError ? cannotListen(doors[door], cause) : cause;
    }
  };
  open(
    "http",
    http.address,
    http.port,
    routes.filter((route) => !isInternal(route)),
    true,
  );
  if (separate) open("internal", http.internalAddress, http.internalPort, routes.filter(isInternal), false);
  return {
    addresses: opened.flatMap((listener) => listener.addresses),
    stopAccepting: () => {
      for (const listener of opened) listener.stopAccepting();
    },
    stop: async () => {
      await Promise.all(opened.map((listener) => listener.stop()));
    },
  };
}

const notBuilt = 'The dashboard is not built. "npm run build" builds it; "npm start" does so by itself.\n';

function page(config: Config): StaticFiles | undefined {
  return config.dashboard.enabled ? openStaticFiles(config.dashboard.dir) : undefined;
}

function websocketDoor(config: Config, engine: Engine | undefined): Parameters<typeof listen>[0]["websocket"] {
  if (engine === undefined || config.websocket.disabled) return undefined;
  const origin = originRule(config.client.allowedOrigins);
  return {
    path: config.websocket.handlerPrefix,
    decide: (request) => decideUpgrade(request, origin),
    handlers: websocketHandlers(engine, { messageBytesMax: config.websocket.messageBytesMax, queueBytesMax: config.engine.queueBytesMax }),
  };
}

/** Said at start when a Centrifugo file names no address: there it would mean every interface, here this machine. */
export function loopbackNotice(config: Config): string | undefined {
  if (!isLoopback(config.http.address) || config.source === "defaults") return undefined;
  return "only this machine can connect; http_server.address together with server.tls_in_front opens the server to others";
}
