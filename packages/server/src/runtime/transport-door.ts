import type { Clock, Engine } from "@fleetcast/engine";
import type { Route } from "../http/route.ts";
import type { Logger } from "../log.ts";
import { ConnectionGate } from "../transports/connection-gate.ts";
import type { OriginRule } from "../transports/origin.ts";
import type { TransportPorts } from "../transports/ports.ts";
import type { RequestDetails } from "../transports/request-details.ts";
import { transportRoutes } from "../transports/routes.ts";
import type { TransportOptions, WebSocketOptions } from "../transports/transport-options.ts";
import { decideUniWebSocket } from "../transports/uni-websocket.ts";
import { decideWebSocket } from "../transports/websocket.ts";
import type { ListenerOptions, WebSocketAddress } from "./listener.ts";
import { NativePings } from "./native-pings.ts";
import { createOpenStream } from "./response-stream.ts";
import { type WebSocketTerms, websocketHandlers } from "./socket.ts";
import { WriteWatch } from "./write-watch.ts";

/** Everything by which clients reach an engine, for one listener. */
export interface TransportDoor {
  readonly routes: readonly Route[];
  readonly websockets: ListenerOptions["websockets"];
  /** Connections turned away because the node is full. */
  readonly refusedConnections: () => number;
}

export function createTransportDoor(
  options: TransportOptions,
  ports: {
    readonly engine: Engine;
    readonly clock: Clock;
    readonly log: Logger;
    readonly origin: OriginRule;
    readonly details: RequestDetails;
    readonly limits: { readonly connectionsMax: number; readonly connectionsPerSecondMax: number };
  },
): TransportDoor {
  const { engine, clock, log, origin, details, limits } = ports;
  const writes = new WriteWatch(clock);
  const gate = new ConnectionGate(limits, { clock, log, connectionCount: () => engine.connectionCount });
  const transport: TransportPorts = { engine, clock, gate, origin, details, openStream: createOpenStream(writes) };
  return {
    routes: transportRoutes(transport, options),
    refusedConnections: () => gate.refusedAsFull,
    websockets: websockets(options, transport, { writes, pings: new NativePings(clock, options.framePings) }),
  };
}

function websockets(
  { websocket, uniWebsocket }: TransportOptions,
  ports: TransportPorts,
  watches: Pick<WebSocketTerms, "writes" | "pings">,
): TransportDoor["websockets"] {
  const addresses = new Map<string, WebSocketAddress>();
  if (websocket !== undefined) {
    addresses.set(websocket.path, {
      terms: { ...watches, ...termsOf(websocket), pingsAll: false, closesSilently: false },
      decide: (request, remoteAddress) => decideWebSocket(ports, request, remoteAddress),
    });
  }
  if (uniWebsocket !== undefined) {
    addresses.set(uniWebsocket.path, {
      terms: { ...watches, ...termsOf(uniWebsocket), pingsAll: true, closesSilently: uniWebsocket.disableClosingHandshake },
      decide: (request, remoteAddress) => decideUniWebSocket(ports, uniWebsocket, request, remoteAddress),
    });
  }
  if (addresses.size === 0) return undefined;
  const offered = [websocket, uniWebsocket].filter((endpoint) => endpoint !== undefined);
  const handlers = websocketHandlers(ports.engine, {
    queueBytesMax: ports.engine.options.queueBytesMax,
    messageBytesMax: Math.max(...offered.map((endpoint) => termsOf(endpoint).messageBytesMax)),
    compresses: offered.some((endpoint) => endpoint.compression !== undefined),
  });
  return { addresses, handlers };
}

/** What was compressed on the wire is not told: with compression the larger limit holds for every message. */
function termsOf({ messageBytesMax, compression, writeTimeoutMs }: WebSocketOptions) {
  return {
    messageBytesMax: compression === undefined ? messageBytesMax : Math.max(messageBytesMax, compression.inflatedBytesMax),
    compressAboveBytes: compression?.aboveBytes,
    writeTimeoutMs,
  };
}
