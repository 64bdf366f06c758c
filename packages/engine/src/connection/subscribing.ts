import { clientErrors, disconnects, type Publication, type StreamPosition, type SubscribeResult } from "@fleetcast/protocol";
import type { Namespace } from "../channel/namespaces.ts";
import { Delivery } from "../delivery.ts";
import { chainForms } from "../delta/delta-forms.ts";
import { type Recovery, type RecoveryWish, recoverCache, recoverStream } from "../history/recovery.ts";
import { appear } from "../map/map-presence.ts";
import type { Connection } from "./connection.ts";
import { currentNamespace } from "./current-namespace.ts";
import type { Member } from "./member.ts";
import { type Ending, endWith, type Refusal, refuse } from "./outcome.ts";
import { type RefinementWish, refinementOf } from "./refinement.ts";
import { Subscription, type SubscriptionTerms } from "./subscription.ts";
import { monotonicOf, ttlSeconds } from "./subscription-expiry.ts";
import { leaveChannel } from "./unsubscribing.ts";

export interface SubscribeWish extends RefinementWish {
  readonly recover: boolean;
  readonly from: RecoveryWish;
  /** Refuse with 112 instead of subscribing unrecovered. */
  readonly rejectUnrecovered: boolean;
}

export type Subscribed =
  | { readonly kind: "subscribed"; readonly subscription: Subscription; readonly result: SubscribeResult }
  | Refusal
  | Ending
  /** The connection closed, or the subscription was taken away, while the log was read. */
  | { readonly kind: "gone" };

/**
 * Brings a permitted subscription into the hub. The order is rule L9: enter the hub first and hold what arrives, then
 * read up to what was published by then; `goLive` follows once the reply is in the outbox. The other order would lose a
 * publication that lands between the read and the entry.
 */
export function enterChannel(
  connection: Connection,
  member: Member,
  channelName: string,
  permitted: Namespace,
  terms: SubscriptionTerms,
  wish: SubscribeWish,
): Subscribed | Promise<Subscribed> {
  const { hub, presence, ports } = connection.context;
  const namespace = currentNamespace(connection.context, channelName, permitted);
  if ("kind" in namespace) return namespace;
  const ttl = terms.expireAtS === undefined ? undefined : ttlSeconds(ports.clock, terms.expireAtS);
  if (ttl !== undefined && ttl <= 0) return refuse(clientErrors.expired);
  const refined = refinementOf(namespace.options, wish);
  if (refined === "refused") return refuse(clientErrors.badRequest);
  const subscription = new Subscription(connection, connection.outbox, hub.channel(channelName, namespace), terms);
  subscription.refined = refined;
  if (terms.expireAtS !== undefined) subscription.expiresAtMs = monotonicOf(ports.clock, terms.expireAtS);
  hub.subscribe(subscription);
  member.add(subscription);
  if (terms.present) presence.put(channelName, member.infoOn(subscription));
  const grant: SubscribeResult = {
    ...(ttl !== undefined && terms.clientSideRefresh ? { expires: true, ttl } : {}),
    ...(terms.recoverable ? { recoverable: true } : {}),
    ...(terms.positioned ? { positioned: true } : {}),
    ...(terms.data === undefined ? {} : { data: terms.data }),
    ...(wish.recover || isForced(terms) ? { wasRecovering: true } : {}),
    ...(refined?.delta === true ? { delta: true } : {}),
  };
  if (!terms.positioned) return { kind: "subscribed", subscription, result: grant };
  return enterPositioned(subscription, member, wish, grant);
}

/** The same subscription without what was recovered: more than the client could be sent [REC8]. */
export function withoutRecovery(subscription: Subscription, result: SubscribeResult): SubscribeResult {
  const { recovered, publications, ...rest } = result;
  if (recovered !== true || publications === undefined || publications.length === 0) return result;
  subscription.refined?.haveSent(0, false);
  return { ...rest, offset: subscription.offset };
}

/** The reply is in the outbox: what was held follows it, then everything live; others hear of the new subscriber. */
export function goLive(subscription: Subscription, member: Member): void {
  const { channel, connection, terms, held } = subscription;
  const { fanOut } = connection.context;
  if (subscription.index === -1) return;
  subscription.live = true;
  subscription.held = undefined;
  subscription.heldBytes = 0;
  for (const delivery of held ?? []) {
    // One of them may end it: a gap.
    if (subscription.index === -1) break;
    fanOut.deliver(subscription, delivery);
  }
  if (terms.emitsJoinLeave && channel.joinLeaveReceivers > 0 && subscription.index !== -1) announce(subscription, member);
  if (subscription.index !== -1) appear(connection.context, member, subscription);
  member.wake(channel.name);
}

/** To the newcomer itself at once, so that it comes before the replies to what the client asked next; to the others in turn. */
function announce(subscription: Subscription, member: Member): void {
  const { channel, connection, terms } = subscription;
  const { fanOut } = connection.context;
  const join = new Delivery(channel, { kind: "join", channel: channel.name, info: member.infoOn(subscription) });
  if (terms.receivesJoinLeave) {
    join.except = subscription;
    fanOut.deliver(subscription, join);
  }
  fanOut.offer(join);
}

async function enterPositioned(
  subscription: Subscription,
  member: Member,
  wish: SubscribeWish,
  grant: SubscribeResult,
): Promise<Subscribed> {
  const { channel, connection, terms } = subscription;
  const { report, clock } = connection.context.ports;
  const recovers = terms.recoverable && (wish.recover || isForced(terms));
  let outcome: Recovery;
  try {
    outcome = recovers ? await recover(subscription, wish) : await stand(subscription);
  } catch (cause) {
    report(`the log of ${channel.name} could not be read`, cause);
    return endWith(disconnects.internal);
  }
  if (!connection.isOpen || member.subscription(channel.name) !== subscription) return { kind: "gone" };
  if (recovers && !outcome.recovered && wish.rejectUnrecovered && terms.recoveryMode === "stream") {
    leaveChannel(connection.context, member, subscription);
    return refuse(clientErrors.unrecoverablePosition);
  }
  const { position } = outcome;
  if (recovers) countRecovery(connection, terms.recoveryMode, outcome);
  if (!continues(subscription, position)) return endWith(disconnects.insufficientState);
  subscription.offset = position.offset;
  subscription.epoch = position.epoch;
  subscription.positionCheckedAtMs = clock.monotonicMs();
  const result: SubscribeResult = {
    ...grant,
    epoch: position.epoch,
    // A recovered client moves on from where it was, publication by publication; any other starts at the top.
    offset: recovers && outcome.recovered ? wish.from.offset : position.offset,
    ...(recovers && outcome.recovered ? { recovered: true, publications: sentForms(subscription, outcome) } : {}),
  };
  return { kind: "subscribed", subscription, result };
}

function countRecovery({ context: { metrics } }: Connection, mode: SubscriptionTerms["recoveryMode"], outcome: Recovery): void {
  const { recovered, publications } = outcome;
  metrics.recoveries[recovered ? (publications.length > 0 ? 2 : 1) : 0]!++;
  if (mode === "cache") metrics.cacheRecoveries++;
  if (recovered) metrics.recovered.observe(publications.length);
}

/** Recovered publications as the subscriber is sent them; a delta subscriber then has the last of them to apply patches to. */
function sentForms({ refined, connection, channel }: Subscription, { publications, position }: Recovery): readonly Publication[] {
  const last = publications[publications.length - 1];
  if (refined === undefined || !refined.delta || last === undefined) return publications;
  refined.base = last.offset;
  channel.recovered(last, position.epoch, connection.context.ports.clock.monotonicMs());
  return chainForms(connection.codec.name, publications);
}

/** The latest publication comes with every subscribe. In stream mode there would be no position to go on from. */
function isForced({ recoverable, recoveryMode, autoCacheRecover }: SubscriptionTerms): boolean {
  return autoCacheRecover && recoverable && recoveryMode === "cache";
}

async function recover({ channel, connection, terms, refined }: Subscription, wish: SubscribeWish): Promise<Recovery> {
  const { namespace, name, published } = channel;
  const { recoveryPublicationsMax } = connection.context.options;
  const wants = refined?.filter === undefined ? undefined : ({ tags }: Publication) => refined.wants(tags);
  if (terms.recoveryMode === "cache") return recoverCache(namespace, name, wish.from, recoveryPublicationsMax, wants);
  const recovery = await recoverStream(namespace, name, wish.from, published, recoveryPublicationsMax, wants);
  // Who is paced is not sent at once what it would have been sent over minutes [PA4].
  return namespace.options.ratePerSMax > 0 ? { ...recovery, publications: recovery.publications.slice(-1) } : recovery;
}

/** A subscriber that does not recover stands at what was published when it entered. */
async function stand({ channel }: Subscription): Promise<Recovery> {
  const { published } = channel;
  const top = await channel.namespace.log.top(channel.name, channel.namespace.recoveryWindow);
  return { recovered: false, publications: [], position: published?.epoch === top.epoch ? published : top };
}

/** Do the held publications go on right behind the position? A gap here means that the log is behind the fan-out. */
export function continues(subscription: Subscription, position: StreamPosition): boolean {
  let next = position.offset + 1;
  for (const { offset, epoch } of subscription.held ?? []) {
    if (offset === 0) continue;
    if (position.epoch !== "" && epoch !== position.epoch) return false;
    if (offset < next) continue;
    if (offset > next) return false;
    next++;
  }
  return true;
}
