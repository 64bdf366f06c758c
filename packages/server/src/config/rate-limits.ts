import type { LimitedOperation, OperationLimits, RateLimit, RateLimits } from "@fleetcast/engine";
import type { OptionValues } from "./table/options.ts";

const operations: readonly LimitedOperation[] = ["commands", "subscribe", "publish", "history", "presence", "rpc", "refresh"];

/** Undefined where nothing is limited: then nothing is counted either. */
export function rateLimits(v: OptionValues): RateLimits | undefined {
  const burstMs = v["push.rate_limits.burst"];
  const connection = limitsOf("connection", v, burstMs);
  const user = { ...limitsOf("user", v, burstMs), connect: limit(v["push.rate_limits.user.connect_per_minute"], burstMs) };
  const isLimited = [...Object.values(connection), ...Object.values(user)].some((each) => each !== undefined);
  if (!isLimited) return undefined;
  return { connection, user, refusals: limit(v["push.rate_limits.refusals_per_minute"], 60_000) };
}

export function limit(perMinute: number, burstMs: number): RateLimit | undefined {
  if (perMinute === 0) return undefined;
  return { perMinute, burst: Math.max(1, Math.floor((perMinute * burstMs) / 60_000)) };
}

function limitsOf(owner: "connection" | "user", v: OptionValues, burstMs: number): OperationLimits {
  return Object.fromEntries(
    operations.map((operation) => [operation, limit(v[`push.rate_limits.${owner}.${operation}_per_minute`], burstMs)]),
  );
}
