import type { LimitedOperation, OperationLimits, RateLimit, RateLimits } from "./rate-limits.ts";
import { TokenBucket } from "./token-bucket.ts";

type Name = LimitedOperation | "connect" | "refusals";

/** Buckets of one connection or one user, made when they are first needed. */
export class Buckets {
  readonly #byName = new Map<Name, TokenBucket>();

  take(name: Name, limit: RateLimit | undefined, nowMs: number): boolean {
    if (limit === undefined) return true;
    let bucket = this.#byName.get(name);
    if (bucket === undefined) {
      bucket = new TokenBucket(limit, nowMs);
      this.#byName.set(name, bucket);
    }
    return bucket.take(limit, nowMs);
  }
}

/** Users whose buckets are remembered; the one longest silent goes first, and begins with full buckets. */
export const limitedUsersMax = 100_000;

/** Buckets of users outlive their connections: whoever comes back has not more. */
export class UserBuckets {
  readonly #byUser = new Map<string, Buckets>();

  of(user: string): Buckets {
    const known = this.#byUser.get(user);
    const buckets = known ?? new Buckets();
    if (known !== undefined) this.#byUser.delete(user);
    this.#byUser.set(user, buckets);
    if (this.#byUser.size > limitedUsersMax) {
      for (const oldest of this.#byUser.keys()) {
        this.#byUser.delete(oldest);
        break;
      }
    }
    return buckets;
  }

  get size(): number {
    return this.#byUser.size;
  }
}

const operations: Readonly<Record<string, LimitedOperation>> = {
  subscribe: "subscribe",
  publish: "publish",
  history: "history",
  presence: "presence",
  presence_stats: "presence",
  rpc: "rpc",
  refresh: "refresh",
  sub_refresh: "refresh",
};

/** Whether a command of this kind may be worked on: a token of its own operation and one of all commands, from both owners. */
export function mayRun(kind: string, limits: RateLimits, connection: Buckets, user: Buckets | undefined, nowMs: number): boolean {
  const operation = operations[kind];
  return takeAll(connection, limits.connection, operation, nowMs) && (user === undefined || takeAll(user, limits.user, operation, nowMs));
}

function takeAll(buckets: Buckets, limits: OperationLimits, operation: LimitedOperation | undefined, nowMs: number): boolean {
  if (operation !== undefined && !buckets.take(operation, limits[operation], nowMs)) return false;
  return buckets.take("commands", limits.commands, nowMs);
}
