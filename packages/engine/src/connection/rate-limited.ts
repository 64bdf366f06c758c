import { type ClientCommand, clientErrors, disconnects } from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import { Buckets, mayRun } from "../rate-limits/limiter.ts";
import type { RateLimits } from "../rate-limits/rate-limits.ts";
import type { Connection } from "./connection.ts";
import type { Member } from "./member.ts";
import { endWith, nothing, type Outcome, refuse } from "./outcome.ts";

/** How a command above its limits ends: error 111; whoever goes on all the same is closed (3013). Undefined: it is within them. */
export function overLimit(connection: Connection, member: Member, command: ClientCommand, limits: RateLimits): Outcome | undefined {
  const { ports, userBuckets } = connection.context;
  const nowMs = ports.clock.monotonicMs();
  member.buckets ??= new Buckets();
  const user = member.user === "" ? undefined : userBuckets.of(member.user);
  if (mayRun(command.kind, limits, member.buckets, user, nowMs)) return undefined;
  if (!member.buckets.take("refusals", limits.refusals, nowMs)) return endWith(disconnects.tooManyRequests);
  // A `send` has no reply that could say it.
  return command.kind === "send" ? nothing : refuse(clientErrors.tooManyRequests);
}

/** Closed, not refused: after an error a connection is of no use any more, and SDKs come back later after this code. */
export function connectOverLimit({ options, ports, userBuckets }: EngineContext, user: string): Outcome | undefined {
  const limit = options.rateLimits?.user.connect;
  if (limit === undefined || user === "") return undefined;
  return userBuckets.of(user).take("connect", limit, ports.clock.monotonicMs()) ? undefined : endWith(disconnects.tooManyRequests);
}
