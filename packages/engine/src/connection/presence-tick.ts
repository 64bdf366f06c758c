import type { Connection } from "./connection.ts";
import type { Member } from "./member.ts";
import { checkPosition } from "./position-check.ts";
import { expireSubscription } from "./subscription-expiry.ts";
import { endSubscription } from "./unsubscribing.ts";

/** What happens to every subscription each `presenceUpdateIntervalMs`: presence renewed, expiry and position looked at. */
export function presenceTick(connection: Connection, member: Member, nowMs: number): void {
  const { options, presence } = connection.context;
  for (const subscription of [...member.subscriptions]) {
    if (connection.member !== member) return;
    if (!subscription.live) continue;
    // A refresh may have changed `conn_info`; others see it from here on.
    if (subscription.terms.present) presence.put(subscription.channel.name, member.infoOn(subscription));
    if (nowMs > subscription.expiresAtMs + options.expiredSubCloseDelayMs) {
      expireSubscription(subscription, member, () => endSubscription(subscription, "expired"));
    } else if (subscription.terms.positioned) checkPosition(subscription, nowMs);
  }
}
