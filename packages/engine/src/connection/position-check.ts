import type { StreamPosition } from "@fleetcast/protocol";
import type { Subscription } from "./subscription.ts";
import { endSubscription } from "./unsubscribing.ts";

/** A publication may be committed and still be on its way to the outbox: it gets this long before it counts as lost. */
const onItsWayMsMax = 2_000;
const topAgeMsMax = 5_000;

/**
 * Compares what a positioned subscriber has with the stream's top (P2: a missing tail is noticed within 70 s). Without
 * a newer publication nobody else would ever notice that the last one did not arrive.
 */
export function checkPosition(subscription: Subscription, nowMs: number): void {
  const { channel, connection } = subscription;
  const { channelPositionCheckDelayMs } = connection.context.options;
  const lookedAtMs = Math.max(subscription.positionCheckedAtMs, channel.publishedAtMs);
  if (nowMs - lookedAtMs < channelPositionCheckDelayMs) return;
  subscription.positionCheckedAtMs = nowMs;
  const { ports } = connection.context;
  void topOf(subscription, nowMs).then(
    (top) => {
      if (isBehind(subscription, top)) ports.clock.schedule(onItsWayMsMax, () => judge(subscription, top));
    },
    // A log that cannot answer proves nothing about the subscriber; the next tick asks again.
    (cause: unknown) => ports.report(`the top of ${channel.name} could not be read`, cause),
  );
}

/** A top of a few seconds ago is still a place that every subscriber must have reached. */
function topOf({ channel, terms }: Subscription, nowMs: number): Promise<StreamPosition> {
  const { name, namespace } = channel;
  const ofMap = terms.recoveryMode === "map" ? namespace.map : undefined;
  if (channel.topAsked === undefined || nowMs - channel.topAsked.atMs > topAgeMsMax || channel.topAsked.isOfMap !== (ofMap !== undefined)) {
    const answer = ofMap === undefined ? namespace.log.top(name, namespace.recoveryWindow) : ofMap.log.top(name, ofMap.terms);
    channel.topAsked = { atMs: nowMs, isOfMap: ofMap !== undefined, answer };
  }
  return channel.topAsked.answer;
}

function judge(subscription: Subscription, top: StreamPosition): void {
  if (isBehind(subscription, top)) endSubscription(subscription, "insufficientState");
}

function isBehind(subscription: Subscription, top: StreamPosition): boolean {
  // One that catches up knows what it misses.
  if (subscription.index === -1 || !subscription.live || subscription.refined?.behind !== undefined) return false;
  if (subscription.epoch !== "" && top.epoch !== subscription.epoch) return true;
  return subscription.offset < top.offset;
}
