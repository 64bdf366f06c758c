import { clientErrors, disconnects, type SubscribeRequest, type SubscribeResult, utf8Length } from "@fleetcast/protocol";
import type { Namespace } from "../../channel/namespaces.ts";
import { isMapType } from "../../map/map-namespace.ts";
import { subscribeMap } from "../../map/subscribe.ts";
import { subscribePoll } from "../../shared-poll/subscribe.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import { type Permission, permit } from "../permission.ts";
import { refinementOf } from "../refinement.ts";
import { enterChannel, goLive, type Subscribed, type SubscribeWish, withoutRecovery } from "../subscribing.ts";
import type { Subscription, SubscriptionTerms } from "../subscription.ts";
import { ttlSeconds } from "../subscription-expiry.ts";
import { leaveChannel } from "../unsubscribing.ts";

const sharedPollType = 4;
const streamType = 0;

/** A client asks for a channel. The order of the checks is part of the protocol (C15, C16). */
export function subscribe(connection: Connection, member: Member, id: number, request: SubscribeRequest): Outcome | Promise<Outcome> {
  const { context } = connection;
  const { channel } = request;
  const { options, namespaces } = context;
  if (channel === "") return endWith(disconnects.badRequest);
  const namespace = namespaces.of(channel);
  if (namespace?.poll !== undefined) {
    return request.type === sharedPollType
      ? subscribePoll({ connection, member, id, request }, namespace)
      : refuse(clientErrors.badRequest);
  }
  if (request.type === sharedPollType) return refuse(clientErrors.notAvailable);
  if (isMapType(request.type)) return subscribeMap(connection, member, id, request);
  if (request.delta !== "" && request.delta !== "fossil") return endWith(disconnects.badRequest);
  if (utf8Length(channel) > options.channelLengthBytesMax) return refuse(clientErrors.badRequest);
  if (member.isTaken(channel)) return refuse(clientErrors.alreadySubscribed);
  if (member.channelCount >= options.channelLimit) return refuse(clientErrors.limitExceeded);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  // Types above the known ones are found out only once they are permitted, as in the real one.
  if (request.type === streamType && namespace.map !== undefined) return refuse(clientErrors.permissionDenied);
  const permission = permit(connection, member, namespace, request);
  const asked = { connection, member, id, namespace, request };
  if (!(permission instanceof Promise)) return enter(asked, permission);
  member.ask(channel);
  return permission.then((known) => {
    member.answered(channel);
    return enter(asked, known);
  });
}

interface Asked {
  readonly connection: Connection;
  readonly member: Member;
  readonly id: number;
  readonly namespace: Namespace;
  readonly request: SubscribeRequest;
}

function enter(asked: Asked, permission: Permission): Outcome | Promise<Outcome> {
  const { connection, member, namespace, request } = asked;
  if (connection.member !== member) return nothing;
  if (permission.kind !== "granted") return refused(asked, permission);
  const wish = {
    recover: request.recover,
    from: { offset: request.offset, epoch: request.epoch },
    rejectUnrecovered: request.rejectUnrecovered,
    delta: request.delta === "fossil",
    tagsFilter: request.tagsFilter,
  };
  if (request.type > sharedPollType) {
    return refused(asked, refuseUnknownType(connection, namespace, permission.terms, wish));
  }
  const entered = enterChannel(connection, member, request.channel, namespace, permission.terms, wish);
  return entered instanceof Promise ? entered.then((known) => answer(asked, known)) : answer(asked, entered);
}

/** As the real one: a type that nobody knows is found out last, behind an expiry and a filter. */
function refuseUnknownType({ context }: Connection, namespace: Namespace, terms: SubscriptionTerms, wish: SubscribeWish): Outcome {
  if (terms.expireAtS !== undefined && ttlSeconds(context.ports.clock, terms.expireAtS) <= 0) return refuse(clientErrors.expired);
  if (refinementOf(namespace.options, wish) === "refused") return refuse(clientErrors.badRequest);
  return endWith(disconnects.internal);
}

function answer(asked: Asked, subscribed: Subscribed): Outcome {
  if (subscribed.kind !== "subscribed") return refused(asked, subscribed.kind === "gone" ? nothing : subscribed);
  const { member, id } = asked;
  const { subscription, result } = subscribed;
  const after = () => goLive(subscription, member);
  const orElse = result.recovered === true ? () => unrecovered(asked, subscription, result) : undefined;
  return { kind: "reply", reply: { kind: "subscribe", id, result }, after, orElse };
}

/** What was missed is more than the client could be sent: it is told so, as where history does not reach back [REC8]. */
function unrecovered(asked: Asked, subscription: Subscription, result: SubscribeResult): Outcome {
  const { connection, member, id, request } = asked;
  if (request.rejectUnrecovered && subscription.terms.recoveryMode === "stream") {
    leaveChannel(connection.context, member, subscription);
    return refused(asked, refuse(clientErrors.unrecoverablePosition));
  }
  const reply = { kind: "subscribe", id, result: withoutRecovery(subscription, result) } as const;
  return { kind: "reply", reply, after: () => goLive(subscription, member) };
}

function refused({ member, request }: Asked, outcome: Outcome): Outcome {
  member.wake(request.channel);
  return outcome;
}
