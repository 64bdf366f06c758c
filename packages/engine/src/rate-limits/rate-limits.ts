/** What is limited, beside `commands`: all of them together. */
export type LimitedOperation = "commands" | "subscribe" | "publish" | "history" | "presence" | "rpc" | "refresh";

/** A bucket that fills at a steady rate: what was saved up may be spent at once. */
export interface RateLimit {
  readonly perMinute: number;
  /** Tokens of a full bucket; at least 1. */
  readonly burst: number;
}

export type OperationLimits = { readonly [Operation in LimitedOperation]?: RateLimit | undefined };

export interface RateLimits {
  readonly connection: OperationLimits;
  /** Of all connections of a user together; the anonymous user has none. */
  readonly user: OperationLimits & { readonly connect?: RateLimit | undefined };
  /** Refused commands of a connection; with more it is closed (3013). Undefined: it never is. */
  readonly refusals: RateLimit | undefined;
}
