import { ttlSecondsMax } from "@fleetcast/protocol";
import type { Clock } from "../ports.ts";
import { ProxyAnswerUnusable } from "../proxies.ts";
import type { Member } from "./member.ts";
import type { Subscription } from "./subscription.ts";

/** How much longer a subscription lives when its proxy cannot be asked. */
const graceOnFailureMs = 60_000;

/** Seconds until a wall time, capped; 0 or less when it is past. */
export function ttlSeconds(clock: Clock, expireAtS: number): number {
  return Math.min(expireAtS - Math.floor(clock.wallMs() / 1_000), ttlSecondsMax);
}

/** A wall time as a monotonic one: a clock that jumps later moves no deadline (F18). A year ahead at most, as clients are told. */
export function monotonicOf(clock: Clock, expireAtS: number): number {
  return clock.monotonicMs() + Math.min(expireAtS * 1_000 - clock.wallMs(), ttlSecondsMax * 1_000);
}

/** A subscription is over its time and its grace: it ends, unless the sub_refresh proxy renews it. */
export function expireSubscription(subscription: Subscription, member: Member, end: () => void): void {
  const { connection, channel, terms } = subscription;
  const { clock, report } = connection.context.ports;
  const ask = channel.namespace.subRefreshProxy;
  if (terms.clientSideRefresh || ask === undefined) {
    end();
    return;
  }
  // Not asked again at the next tick while this answer is awaited.
  subscription.expiresAtMs = clock.monotonicMs() + graceOnFailureMs;
  renew().catch((cause: unknown) => {
    report(`the sub_refresh proxy of ${channel.name} did not answer`, cause);
    if (cause instanceof ProxyAnswerUnusable && isStillThere()) end();
  });

  function isStillThere(): boolean {
    return connection.member === member && member.subscription(channel.name) === subscription;
  }

  async function renew(): Promise<void> {
    const answer = await ask?.(member.caller(connection.transport), { channel: channel.name });
    if (!isStillThere()) return;
    // An error or a disconnect beside a missing result is not looked at (X4).
    const result = answer?.kind === "result" ? answer.result : undefined;
    const ttl = result?.expireAtS === undefined ? undefined : ttlSeconds(clock, result.expireAtS);
    if (result === undefined || result.expired || (ttl !== undefined && ttl < 0)) {
      end();
      return;
    }
    if (result.info !== undefined && result.info.length > 0) subscription.info = result.info;
    subscription.expiresAtMs = result.expireAtS === undefined ? Number.POSITIVE_INFINITY : monotonicOf(clock, result.expireAtS);
  }
}
