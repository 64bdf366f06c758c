import { disconnects, unsubscribes } from "@fleetcast/protocol";
import type { Namespace } from "../channel/namespaces.ts";
import type { RefreshCall, SubscribeCall } from "../engine-api.ts";
import type { Connection } from "./connection.ts";
import { closingTime } from "./connection-expiry.ts";
import type { Member } from "./member.ts";
import { enterChannel, goLive } from "./subscribing.ts";
import type { SubscriptionTerms } from "./subscription.ts";
import { ttlSeconds } from "./subscription-expiry.ts";
import { termsOf } from "./terms.ts";
import { endCatchUp, leaveChannel } from "./unsubscribing.ts";

// What the operator's server does to one connection.

/** Answers false where it could not be subscribed; the connection itself is as before. */
export async function subscribeByServer(connection: Connection, namespace: Namespace, call: SubscribeCall): Promise<boolean> {
  const member = connection.member ?? (await connectedMember(connection));
  if (member === undefined) return true;
  const { channel } = call;
  const { channelLimit } = connection.context.options;
  if (member.channelCount >= channelLimit) {
    connection.disconnect(disconnects.channelLimit);
    return true;
  }
  if (member.isTaken(channel)) return false;
  const since = call.recoverSince;
  const wish = { recover: since !== undefined, from: since ?? start, rejectUnrecovered: false, delta: false, tagsFilter: undefined };
  const subscribed = await enterChannel(connection, member, channel, namespace, serverTerms(namespace, call), wish);
  if (connection.member !== member) return true;
  if (subscribed.kind !== "subscribed") {
    const entered = member.subscription(channel);
    if (entered !== undefined) leaveChannel(connection.context, member, entered);
    member.wake(channel);
    return false;
  }
  const { subscription, result } = subscribed;
  const { recoverable, positioned, epoch, offset, data } = result;
  connection.push({ kind: "subscribe", channel, subscribe: { recoverable, positioned, epoch, offset, data } });
  // The push has no room for what the client missed: it follows, so that nothing is missing without a word (P1).
  for (const publication of result.publications ?? []) connection.push({ kind: "publication", channel, publication });
  goLive(subscription, member);
  return true;
}

const start = { offset: 0, epoch: "" };

/** Modes of recovery, deltas and filters are a client's own wishes. */
function serverTerms(namespace: Namespace, { override, info, data, expireAtS }: SubscribeCall): SubscriptionTerms {
  const terms = termsOf(namespace, { override, info, data, expireAtS, serverSide: true });
  return { ...terms, recoveryMode: "stream", autoCacheRecover: false };
}

/** The push goes out even where nothing was subscribed. */
export async function unsubscribeByServer(connection: Connection, channel: string): Promise<void> {
  const { context } = connection;
  const member = connection.member ?? (await connectedMember(connection));
  if (member?.isInFlight(channel) && !(await member.settled(context.ports.clock, channel))) connection.disconnect(disconnects.internal);
  if (member === undefined || connection.member !== member) return;
  const subscription = member.subscription(channel);
  if (subscription !== undefined) leaveChannel(context, member, subscription);
  const catchUp = member.catchUp(channel);
  if (catchUp !== undefined) endCatchUp(context, member, catchUp);
  connection.pushUnsubscribe(channel, unsubscribes.server);
}

export async function refreshByServer(connection: Connection, { expired, expireAtS, info }: RefreshCall): Promise<void> {
  const { context } = connection;
  const member = connection.member ?? (await connectedMember(connection));
  if (member === undefined) return;
  const ttl = expireAtS === undefined ? undefined : ttlSeconds(context.ports.clock, expireAtS);
  if (expired === true || (ttl !== undefined && ttl <= 0)) {
    connection.disconnect(disconnects.connectionExpired);
    return;
  }
  if (info !== undefined) member.connInfo = info;
  member.closesAtMs = expireAtS === undefined ? Number.POSITIVE_INFINITY : closingTime(context, expireAtS);
  connection.setDeadline();
  connection.push({ kind: "refresh", refresh: ttl === undefined ? {} : { expires: true, ttl } });
}

/** A connection that is still connecting is waited for. */
async function connectedMember(connection: Connection): Promise<Member | undefined> {
  await connection.anyMember?.settled(connection.context.ports.clock);
  return connection.member;
}
