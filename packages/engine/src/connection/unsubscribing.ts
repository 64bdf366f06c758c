import { disconnects, type Unsubscribe, unsubscribes } from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import { Delivery } from "../delivery.ts";
import type { Member } from "./member.ts";
import type { Subscription } from "./subscription.ts";

/** Takes one subscription out of everything at once: hub, presence, member; subscribers hear of it. */
export function leaveChannel(context: EngineContext, member: Member, subscription: Subscription): void {
  const { channel, terms } = subscription;
  member.remove(subscription);
  context.hub.unsubscribe(subscription);
  subscription.held = undefined;
  if (terms.present) context.presence.remove(channel.name, member.client);
  // Only who went live was announced.
  if (subscription.live && terms.emitsJoinLeave && channel.joinLeaveReceivers > 0) {
    context.fanOut.offer(new Delivery(channel, { kind: "leave", channel: channel.name, info: member.infoOn(subscription) }));
  }
}

/** The connection ends. */
export function leaveAll(context: EngineContext, member: Member): void {
  for (const subscription of [...member.subscriptions]) leaveChannel(context, member, subscription);
}

/**
 * A subscription cannot go on. A client-side one is told by an `unsubscribe` push and comes back by itself; one that we
 * made can only be made anew by a new connection (3010 or 3006).
 */
export function endSubscription(subscription: Subscription, why: "insufficientState" | "expired"): void {
  const { connection } = subscription;
  if (subscription.terms.serverSide || !subscription.live) {
    connection.disconnect(why === "expired" ? disconnects.subscriptionExpired : disconnects.insufficientState);
    return;
  }
  unsubscribe(subscription, unsubscribes[why]);
}

/**
 * Ends a subscription from our side and says so. One whose subscribe reply is not out yet cannot be ended without
 * contradicting that reply, so its connection starts anew.
 */
export function unsubscribe(subscription: Subscription, reason: Unsubscribe): void {
  const { connection } = subscription;
  const { member } = connection;
  if (member === undefined || !subscription.live) {
    connection.disconnect(disconnects.insufficientState);
    return;
  }
  leaveChannel(connection.context, member, subscription);
  connection.pushUnsubscribe(subscription.channel.name, reason);
}
