import { clientErrors, type SubscribeRequest, utf8Length } from "@fleetcast/protocol";
import type { Namespace } from "../channel/namespaces.ts";
import type { Connection } from "../connection/connection.ts";
import { currentNamespace } from "../connection/current-namespace.ts";
import { finishing } from "../connection/finishing.ts";
import type { Member } from "../connection/member.ts";
import { nothing, type Outcome, refuse } from "../connection/outcome.ts";
import { type Permission, permit } from "../connection/permission.ts";
import { monotonicOf, ttlSeconds } from "../connection/subscription-expiry.ts";
import { appear } from "../map/map-presence.ts";
import { PollSubscription } from "./poll-subscription.ts";

interface Asked {
  readonly connection: Connection;
  readonly member: Member;
  readonly id: number;
  readonly request: SubscribeRequest;
}

/** A client subscribes to a shared poll: it is told nothing until it tracks keys. The order of the checks is part of the protocol (SP2). */
export function subscribePoll(asked: Asked, namespace: Namespace): Outcome | Promise<Outcome> {
  const { connection, member, request } = asked;
  const { options, namespaces } = connection.context;
  const { channel } = request;
  if (utf8Length(channel) > options.channelLengthBytesMax) return refuse(clientErrors.badRequest);
  if (member.isTaken(channel)) return refuse(clientErrors.alreadySubscribed);
  if (member.channelCount >= options.channelLimit) return refuse(clientErrors.limitExceeded);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  const permission = permit(connection, member, namespace, request);
  if (!(permission instanceof Promise)) return enter(asked, namespace, permission);
  member.ask(channel);
  return finishing(
    member,
    channel,
    permission.then((known) => enter(asked, namespace, known)),
  );
}

function enter({ connection, member, id, request }: Asked, permitted: Namespace, permission: Permission): Outcome {
  if (connection.member !== member) return nothing;
  if (permission.kind !== "granted") return permission;
  const { context } = connection;
  const { channel } = request;
  const namespace = currentNamespace(context, channel, permitted);
  if ("kind" in namespace) return namespace;
  if (namespace.poll === undefined) return refuse(clientErrors.internal);
  // It stands outside the stream: no positions, and nobody hears of joins. Its client always renews it by itself.
  const { present, info, expireAtS, fromToken } = permission.terms;
  const ttl = expireAtS === undefined ? undefined : ttlSeconds(context.ports.clock, expireAtS);
  if (ttl !== undefined && ttl <= 0) return refuse(clientErrors.expired);
  const delta = (namespace.options.allowedDeltaTypes as readonly string[]).includes(request.delta);
  const poll = context.polls.channel(context, channel, namespace, namespace.poll);
  const terms = { ...outside, present, info, expireAtS, fromToken };
  const subscription = new PollSubscription(connection, poll, terms, delta);
  if (expireAtS !== undefined) subscription.expiresAtMs = monotonicOf(context.ports.clock, expireAtS);
  poll.enter(subscription);
  member.add(subscription);
  const result = {
    type: 4,
    ...(poll.epoch === "" ? {} : { epoch: poll.epoch }),
    ...(delta ? { delta } : {}),
    ...(ttl === undefined ? {} : { expires: true, ttl }),
  };
  const after = () => {
    subscription.live = true;
    if (present) context.presence.put(channel, member.infoOn(subscription));
    appear(context, member, subscription);
    member.wake(channel);
  };
  return { kind: "reply", reply: { kind: "subscribe", id, result }, after };
}

const outside = {
  positioned: false,
  recoverable: false,
  recoveryMode: "stream",
  autoCacheRecover: false,
  emitsJoinLeave: false,
  receivesJoinLeave: false,
  data: undefined,
  clientSideRefresh: true,
  serverSide: false,
} as const;
