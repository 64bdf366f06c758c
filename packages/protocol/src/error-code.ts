/** An expected refusal of one client command. The connection lives on; `temporary` tells the SDK to try again. */
export interface ErrorReply {
  readonly code: number;
  readonly message: string;
  readonly temporary: boolean;
}

const errorReply = (code: number, message: string, temporary = false): ErrorReply => ({ code, message, temporary });

/** Client errors, with the texts that official SDKs show. 400-1999 are the operator's own (proxies, policies). */
export const clientErrors = {
  internal: errorReply(100, "internal server error", true),
  unauthorized: errorReply(101, "unauthorized"),
  unknownChannel: errorReply(102, "unknown channel"),
  permissionDenied: errorReply(103, "permission denied"),
  methodNotFound: errorReply(104, "method not found"),
  alreadySubscribed: errorReply(105, "already subscribed"),
  limitExceeded: errorReply(106, "limit exceeded"),
  badRequest: errorReply(107, "bad request"),
  notAvailable: errorReply(108, "not available"),
  tokenExpired: errorReply(109, "token expired"),
  expired: errorReply(110, "expired"),
  tooManyRequests: errorReply(111, "too many requests", true),
  unrecoverablePosition: errorReply(112, "unrecoverable position"),
  concurrentPagination: errorReply(113, "concurrent pagination", true),
} as const;

/** Server API errors: the same numbers, partly other texts, no `temporary`, and a status in transport error mode. */
export const apiErrors = {
  internal: { code: 100, message: "internal server error", status: 500 },
  unknownChannel: { code: 102, message: "unknown channel", status: 404 },
  notFound: { code: 104, message: "not found", status: 404 },
  badRequest: { code: 107, message: "bad request", status: 400 },
  notAvailable: { code: 108, message: "not available", status: 400 },
  unrecoverablePosition: { code: 112, message: "unrecoverable position", status: 416 },
  conflict: { code: 113, message: "conflict", status: 409 },
} as const;
export type ApiError = (typeof apiErrors)[keyof typeof apiErrors];
