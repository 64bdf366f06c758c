import { clientErrors, disconnects, type SubscribeRequest, utf8Length } from "@fleetcast/protocol";
import type { Namespace } from "../../channel/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import { type Permission, permit } from "../permission.ts";
import { enterChannel, goLive, type Subscribed } from "../subscribing.ts";

const sharedPollType = 4;
const streamType = 0;

/** A client asks for a channel. The order of the checks is part of the protocol (C15, C16). */
export function subscribe(connection: Connection, member: Member, id: number, request: SubscribeRequest): Outcome | Promise<Outcome> {
  const { context } = connection;
  const { channel } = request;
  const { options, namespaces } = context;
  if (channel === "") return endWith(disconnects.badRequest);
  if (request.type === sharedPollType) return refuse(clientErrors.notAvailable);
  if (request.delta !== "" && request.delta !== "fossil") return endWith(disconnects.badRequest);
  if (utf8Length(channel) > options.channelLengthBytesMax) return refuse(clientErrors.badRequest);
  if (member.subscription(channel) !== undefined) return refuse(clientErrors.alreadySubscribed);
  if (member.subscriptionCount >= options.channelLimit) return refuse(clientErrors.limitExceeded);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  if (request.type > streamType && request.type < sharedPollType) return refuse(clientErrors.permissionDenied);
  const permission = permit(connection, member, namespace, request);
  if (permission instanceof Promise) return permission.then((known) => enter(connection, member, id, namespace, request, known));
  return enter(connection, member, id, namespace, request, permission);
}

function enter(
  connection: Connection,
  member: Member,
  id: number,
  namespace: Namespace,
  request: SubscribeRequest,
  permission: Permission,
): Outcome | Promise<Outcome> {
  if (connection.member !== member) return nothing;
  if (permission.kind !== "granted") return permission;
  if (request.type > sharedPollType) return endWith(disconnects.internal); // as the real one: known only here
  const wish = {
    recover: request.recover,
    from: { offset: request.offset, epoch: request.epoch },
    rejectUnrecovered: request.rejectUnrecovered,
    delta: request.delta === "fossil",
    tagsFilter: request.tagsFilter,
  };
  const entered = enterChannel(connection, member, request.channel, namespace, permission.terms, wish);
  return entered instanceof Promise ? entered.then((known) => answer(member, id, known)) : answer(member, id, entered);
}

function answer(member: Member, id: number, subscribed: Subscribed): Outcome {
  if (subscribed.kind === "gone") return nothing;
  if (subscribed.kind !== "subscribed") return subscribed;
  const { subscription, result } = subscribed;
  return { kind: "reply", reply: { kind: "subscribe", id, result }, after: () => goLive(subscription, member) };
}
