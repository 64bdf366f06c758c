import type { CatchUp } from "../map/catch-up.ts";
import { appear } from "../map/map-presence.ts";
import { PollSubscription } from "../shared-poll/poll-subscription.ts";
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
    appear(connection.context, member, subscription);
    if (subscription instanceof PollSubscription) subscription.poll.expireKeys(subscription, nowMs);
    if (nowMs > subscription.expiresAtMs + options.expiredSubCloseDelayMs) {
      expireSubscription(subscription, member, () => endSubscription(subscription, "expired"));
    } else if (subscription.terms.positioned) checkPosition(subscription, nowMs);
  }
  for (const catchUp of member.catchUps) freeOverdue(connection, catchUp, nowMs);
}

/** Nothing is held any longer for a map that is not paged in in time; what remains of it answers the next page with 3008. */
function freeOverdue({ context }: Connection, catchUp: CatchUp, nowMs: number): void {
  if (catchUp.subscription === undefined || catchUp.isBusy || !catchUp.isOverdue(nowMs)) return;
  context.hub.unsubscribe(catchUp.subscription);
  catchUp.subscription = undefined;
}
