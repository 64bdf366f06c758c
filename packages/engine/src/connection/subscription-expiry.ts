import { ttlSecondsMax } from "@fleetcast/protocol";
import type { Clock } from "../ports.ts";
import type { Member } from "./member.ts";
import type { Subscription } from "./subscription.ts";

/** How much longer a subscription lives when its policy cannot be asked. */
const graceOnFailureMs = 60_000;

/** Seconds until a wall time, capped; 0 or less when it is past. */
export function ttlSeconds(clock: Clock, expireAtS: number): number {
  return Math.min(expireAtS - Math.floor(clock.wallMs() / 1_000), ttlSecondsMax);
}

/** A wall time as a monotonic one: a clock that jumps later moves no deadline (F18). */
export function monotonicOf(clock: Clock, expireAtS: number): number {
  return clock.monotonicMs() + expireAtS * 1_000 - clock.wallMs();
}

/** A subscription is over its time and its grace: it ends, unless a policy renews it. */
export function expireSubscription(subscription: Subscription, member: Member, end: () => void): void {
  const { connection, channel, terms } = subscription;
  const { clock, report } = connection.context.ports;
  const ask = channel.namespace.policy?.subRefresh?.bind(channel.namespace.policy);
  if (terms.clientSideRefresh || ask === undefined) {
    end();
    return;
  }
  // Not asked again at the next tick while this answer is awaited.
  subscription.expiresAtMs = clock.monotonicMs() + graceOnFailureMs;
  void renew().catch((cause: unknown) => report(`the subscribe policy of ${channel.name} did not answer a refresh`, cause));

  async function renew(): Promise<void> {
    const answer = await ask?.({ client: member.client, user: member.user, channel: channel.name, meta: member.meta });
    if (connection.member !== member || member.subscription(channel.name) !== subscription) return;
    if (answer === undefined || answer.expired) end();
    else subscription.expiresAtMs = answer.expireAtS === undefined ? Number.POSITIVE_INFINITY : monotonicOf(clock, answer.expireAtS);
  }
}
