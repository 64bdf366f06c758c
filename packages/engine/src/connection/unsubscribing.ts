import { disconnects, unsubscribes } from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import { Delivery } from "../delivery.ts";
import type { CatchUp } from "../map/catch-up.ts";
import { disappear } from "../map/map-presence.ts";
import { PollSubscription } from "../shared-poll/poll-subscription.ts";
import type { Member } from "./member.ts";
import type { Subscription } from "./subscription.ts";

/** Takes one subscription out of everything at once: hub, presence, member; subscribers hear of it. */
export function leaveChannel(context: EngineContext, member: Member, subscription: Subscription): void {
  const { channel, terms } = subscription;
  member.remove(subscription);
  if (subscription instanceof PollSubscription) subscription.poll.leave(subscription);
  else context.hub.unsubscribe(subscription);
  subscription.held = undefined;
  if (terms.present) context.presence.remove(channel.name, member.client);
  if (subscription.live) disappear(context, member, subscription);
  // Only who went live was announced.
  if (subscription.live && terms.emitsJoinLeave && channel.joinLeaveReceivers > 0) {
    context.fanOut.offer(new Delivery(channel, { kind: "leave", channel: channel.name, info: member.infoOn(subscription) }));
  }
}

/** The connection ends. */
export function leaveAll(context: EngineContext, member: Member): void {
  for (const subscription of [...member.subscriptions]) leaveChannel(context, member, subscription);
  for (const catchUp of [...member.catchUps]) endCatchUp(context, member, catchUp);
  member.wakeAll();
}

/** A map subscription does not go live any more. */
export function endCatchUp(context: EngineContext, member: Member, catchUp: CatchUp): void {
  member.removeCatchUp(catchUp);
  const { subscription } = catchUp;
  if (subscription === undefined) return;
  context.hub.unsubscribe(subscription);
  subscription.held = undefined;
  catchUp.subscription = undefined;
}

/**
 * A subscription cannot go on. A client-side one is told by an `unsubscribe` push and comes back by itself; one that we
 * made can only be made anew by a new connection (3010 or 3006).
 */
export function endSubscription(subscription: Subscription, why: "insufficientState" | "expired"): void {
  const { connection, channel } = subscription;
  const { member } = connection;
  if (subscription.terms.serverSide || !subscription.live || member === undefined) {
    connection.disconnect(why === "expired" ? disconnects.subscriptionExpired : disconnects.insufficientState);
    return;
  }
  leaveChannel(connection.context, member, subscription);
  connection.pushUnsubscribe(channel.name, unsubscribes[why]);
}
