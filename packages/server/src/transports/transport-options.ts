import type { Endpoint, OneWayEndpoint } from "./ports.ts";

/** The transports that a configuration opens; undefined: not this one. */
export interface TransportOptions {
  readonly websocket: WebSocketOptions | undefined;
  readonly uniWebsocket: UniWebSocketOptions | undefined;
  readonly httpStream: Endpoint | undefined;
  readonly sse: Endpoint | undefined;
  readonly uniHttpStream: OneWayEndpoint | undefined;
  readonly uniSse: OneWayEndpoint | undefined;
  /** Open while `httpStream` or `sse` is. */
  readonly emulation: Endpoint;
  /** Path that only answers. */
  readonly init: string | undefined;
  /** Of ping frames: as long as the protocol's own pings. */
  readonly framePings: { readonly intervalMs: number; readonly timeoutMs: number };
}

export interface WebSocketOptions {
  readonly path: string;
  /** A larger message closes with 1009. */
  readonly messageBytesMax: number;
  /** permessage-deflate; undefined: not offered. */
  readonly compression:
    | {
        /** Frames above this are compressed. */
        readonly aboveBytes: number;
        /** Largest message after inflating. */
        readonly inflatedBytesMax: number;
      }
    | undefined;
  readonly writeTimeoutMs: number;
}

export interface UniWebSocketOptions extends WebSocketOptions {
  readonly joinPushMessages: boolean;
  readonly disableClosingHandshake: boolean;
  readonly disableDisconnectPush: boolean;
}
