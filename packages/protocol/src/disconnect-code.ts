/**
 * Why a connection ends: WebSocket close code and reason. SDKs come back after 3000-3499, 4000-4499 and from 5000 on;
 * 3500-3999 and 4500-4999 are final, but only with a reason that is not empty.
 */
export interface Disconnect {
  readonly code: number;
  readonly reason: string;
}

const disconnect = (code: number, reason: string): Disconnect => ({ code, reason });

export const disconnects = {
  /** The peer went away by itself; never sent. */
  connectionClosed: disconnect(3000, "connection closed"),
  shutdown: disconnect(3001, "shutdown"),
  internal: disconnect(3004, "internal server error"),
  connectionExpired: disconnect(3005, "connection expired"),
  subscriptionExpired: disconnect(3006, "subscription expired"),
  slow: disconnect(3008, "slow"),
  writeError: disconnect(3009, "write error"),
  insufficientState: disconnect(3010, "insufficient state"),
  forceReconnect: disconnect(3011, "force reconnect"),
  noPong: disconnect(3012, "no pong"),
  tooManyRequests: disconnect(3013, "too many requests"),
  stateInvalidated: disconnect(3014, "state invalidated"),
  invalidToken: disconnect(3500, "invalid token"),
  badRequest: disconnect(3501, "bad request"),
  stale: disconnect(3502, "stale"),
  forceDisconnect: disconnect(3503, "force disconnect"),
  connectionLimit: disconnect(3504, "connection limit"),
  channelLimit: disconnect(3505, "channel limit"),
  inappropriateProtocol: disconnect(3506, "inappropriate protocol"),
  permissionDenied: disconnect(3507, "permission denied"),
  notAvailable: disconnect(3508, "not available"),
  tooManyErrors: disconnect(3509, "too many errors"),
} as const;

/** A close reason must fit into a close frame (RFC 6455, 5.5.1: 125 bytes with the code). */
export const disconnectReasonBytesMax = 123;
