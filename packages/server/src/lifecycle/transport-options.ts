import type { Config, StreamConfig, UniStreamConfig, WebSocketConfig } from "../config/config.ts";
import type { Endpoint, OneWayEndpoint } from "../transports/ports.ts";
import type { RequestDetails } from "../transports/request-details.ts";
import type { TransportOptions, WebSocketOptions } from "../transports/transport-options.ts";

/** What the configuration says of each transport, as the transports see it. */
export function transportOptions(config: Config): TransportOptions {
  const { websocket, uniWebsocket, emulation, init, engine } = config;
  return {
    websocket: websocket.disabled ? undefined : webSocket(websocket),
    uniWebsocket: uniWebsocket.enabled
      ? {
          ...webSocket(uniWebsocket),
          joinPushMessages: uniWebsocket.joinPushMessages,
          disableClosingHandshake: uniWebsocket.disableClosingHandshake,
          disableDisconnectPush: uniWebsocket.disableDisconnectPush,
        }
      : undefined,
    httpStream: endpoint(config.httpStream),
    sse: endpoint(config.sse),
    uniHttpStream: oneWay(config.uniHttpStream),
    uniSse: oneWay(config.uniSse),
    emulation: { path: emulation.handlerPrefix, bodyBytesMax: emulation.bodyBytesMax },
    init: init.enabled ? init.handlerPrefix : undefined,
    framePings: { intervalMs: engine.pingIntervalMs, timeoutMs: engine.pongTimeoutMs },
  };
}

/** Headers that any proxy may be asked to pass on, and the one that carries a verified user id. */
export function requestDetails({ proxies, client }: Config): RequestDetails {
  const { named, ...others } = proxies;
  const asked = [...named, ...Object.values(others)].flatMap((proxy) => proxy?.httpHeaders ?? []);
  return { keptHeaders: [...new Set(asked.map((name) => name.toLowerCase()))], userHeader: client.userIdHttpHeader };
}

function webSocket({
  handlerPrefix,
  messageBytesMax,
  compression,
  decompressedMessageBytesMax,
  writeTimeoutMs,
}: WebSocketConfig): WebSocketOptions {
  return {
    path: handlerPrefix,
    messageBytesMax,
    compression: compression === undefined ? undefined : { ...compression, inflatedBytesMax: decompressedMessageBytesMax },
    writeTimeoutMs,
  };
}

function endpoint({ enabled, handlerPrefix, bodyBytesMax }: StreamConfig): Endpoint | undefined {
  return enabled ? { path: handlerPrefix, bodyBytesMax } : undefined;
}

function oneWay(config: UniStreamConfig): OneWayEndpoint | undefined {
  const found = endpoint(config);
  if (found === undefined) return undefined;
  const codes = config.connectCodeToHttpResponse;
  return {
    ...found,
    connectCodes: codes && new Map([...codes].map(([code, { statusCode, body }]) => [code, { status: statusCode, body }])),
  };
}
