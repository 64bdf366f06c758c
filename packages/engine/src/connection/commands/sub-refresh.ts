import { clientErrors, disconnects, type SubRefreshRequest } from "@fleetcast/protocol";
import { PollSubscription } from "../../shared-poll/poll-subscription.ts";
import { track, trackType, untrack, untrackType } from "../../shared-poll/track.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import type { Subscription } from "../subscription.ts";
import { monotonicOf, ttlSeconds } from "../subscription-expiry.ts";

const refreshType = 0;

/** A client renews one subscription with a new token (C26), or says which keys of a shared poll it follows (SP10). */
export function subRefresh(connection: Connection, member: Member, id: number, request: SubRefreshRequest): Outcome | Promise<Outcome> {
  if (request.channel === "") return endWith(disconnects.badRequest);
  const subscription = member.subscription(request.channel);
  if (subscription === undefined) return refuse(clientErrors.permissionDenied);
  if (subscription instanceof PollSubscription && request.type !== refreshType) {
    if (!subscription.live) return refuse(clientErrors.permissionDenied);
    if (request.type === trackType) return track(connection, member, id, subscription, request);
    if (request.type === untrackType) return untrack(id, subscription, request);
  }
  if (subscription.terms.serverSide || !subscription.terms.clientSideRefresh) return endWith(disconnects.badRequest);
  if (request.token === "") return refuse(clientErrors.badRequest);
  return renew(connection, member, subscription, id, request);
}

async function renew(
  connection: Connection,
  member: Member,
  subscription: Subscription,
  id: number,
  { channel, token }: SubRefreshRequest,
): Promise<Outcome> {
  const { clock, verifier } = connection.context.ports;
  const verified = await verifier.subscription(token);
  if (connection.member !== member) return nothing;
  if (!verified.ok) {
    if (verified.why === "internal") return refuse(clientErrors.internal);
    return endWith(verified.why === "expired" ? disconnects.subscriptionExpired : disconnects.invalidToken);
  }
  const { claims } = verified;
  const isMine = claims.channel === channel && claims.user === member.user && (claims.client ?? member.client) === member.client;
  if (!isMine) return endWith(disconnects.invalidToken);
  if (member.subscription(channel) !== subscription) return refuse(clientErrors.permissionDenied);
  const ttl = claims.expireAtS === undefined ? undefined : ttlSeconds(clock, claims.expireAtS);
  // The second of the expiry itself is not past yet.
  if (ttl !== undefined && ttl < 0) return endWith(disconnects.subscriptionExpired);
  // The token stands for the subscription as a whole: one without info takes the former away.
  subscription.info = claims.info;
  if (claims.expireAtS === undefined) {
    subscription.expiresAtMs = Number.POSITIVE_INFINITY;
    return { kind: "reply", reply: { kind: "sub_refresh", id, result: {} } };
  }
  subscription.expiresAtMs = monotonicOf(clock, claims.expireAtS);
  return { kind: "reply", reply: { kind: "sub_refresh", id, result: { expires: true, ttl } } };
}
