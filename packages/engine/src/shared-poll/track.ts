import {
  clientErrors,
  type SubRefreshRequest,
  type SubRefreshResult,
  type TrackBatch,
  ttlSecondsMax,
  utf8Length,
} from "@fleetcast/protocol";
import type { Connection } from "../connection/connection.ts";
import type { Member } from "../connection/member.ts";
import { type Outcome, type Refusal, refuse } from "../connection/outcome.ts";
import { monotonicOf } from "../connection/subscription-expiry.ts";
import type { TrackVerifier } from "../ports.ts";
import { channelKeysMax, keyBytesMax } from "./limits.ts";
import type { TrackWish } from "./poll-channel.ts";
import type { PollSubscription } from "./poll-subscription.ts";

/** `type` of a sub_refresh. */
export const trackType = 1;
export const untrackType = 2;

/** A key as the last batch that names it has it. */
interface Named {
  readonly version: number;
  readonly batch: number;
}

/**
 * A client names keys that it wants to follow, each batch with the signature of who allows it. The order of the checks is part of
 * the protocol (SP10): what is wrong, what is too much, what is not allowed.
 */
export function track(
  connection: Connection,
  member: Member,
  id: number,
  subscription: PollSubscription,
  { channel, track: batches, untrack }: SubRefreshRequest,
): Outcome {
  const { ports } = connection.context;
  const named = new Map<string, Named>();
  for (const [batch, { items }] of batches.entries()) {
    for (const { key, version } of items) named.set(key, { version, batch });
  }
  if (named.size === 0) return refuse(clientErrors.badRequest);
  const unwanted = new Set(untrack);
  const tooMuch = excess(subscription, named, unwanted);
  if (tooMuch !== undefined) return tooMuch;
  if (ports.trackVerifier === undefined) return refuse(clientErrors.internal);
  const expiries = verified(ports.trackVerifier, { user: member.user, channel }, batches);
  if ("kind" in expiries) return expiries;

  const wishes: TrackWish[] = [];
  let firstExpiryS = Number.POSITIVE_INFINITY;
  for (const [key, { version, batch }] of named) {
    const expireAtS = expiries[batch] ?? 0;
    if (expireAtS > 0) firstExpiryS = Math.min(firstExpiryS, expireAtS);
    if (unwanted.has(key)) continue;
    wishes.push({ key, version, expiresAtMs: expireAtS > 0 ? monotonicOf(ports.clock, expireAtS) : Number.POSITIVE_INFINITY });
  }
  // What the backend says of the keys must not come before the reply.
  const after = () => {
    subscription.poll.unfollow(subscription, unwanted);
    subscription.poll.follow(subscription, wishes);
  };
  return { kind: "reply", reply: { kind: "sub_refresh", id, result: lifetime(firstExpiryS, ports.clock.wallMs()) }, after };
}

/** A key that was not followed is no error. */
export function untrack(id: number, subscription: PollSubscription, request: SubRefreshRequest): Outcome {
  if (request.untrack.length === 0) return refuse(clientErrors.badRequest);
  subscription.poll.unfollow(subscription, request.untrack);
  return { kind: "reply", reply: { kind: "sub_refresh", id, result: {} } };
}

/** More than a connection may follow, counted as it will be in the end; or than a channel can hold; or a name that is too long. */
function excess(subscription: PollSubscription, named: ReadonlyMap<string, Named>, unwanted: ReadonlySet<string>): Refusal | undefined {
  const { keys, poll } = subscription;
  let count = keys.size;
  for (const key of unwanted) if (keys.has(key)) count--;
  let isTooLong = false;
  for (const key of named.keys()) {
    if (!keys.has(key) && !unwanted.has(key)) count++;
    if (utf8Length(key) > keyBytesMax) isTooLong = true;
  }
  if (count > poll.terms.keysPerConnectionMax) return refuse(clientErrors.limitExceeded);
  if (isTooLong) return refuse(clientErrors.badRequest);
  return poll.keyCount + named.size > channelKeysMax ? refuse(clientErrors.limitExceeded) : undefined;
}

/** When each batch's signature expires (Unix seconds, 0: never), or why one of them does not hold: then none counts. */
function verified(
  verify: TrackVerifier,
  whose: { readonly user: string; readonly channel: string },
  batches: readonly TrackBatch[],
): readonly number[] | Refusal {
  const expiries: number[] = [];
  for (const { items, signature } of batches) {
    const verdict = verify({ ...whose, keys: items.map(({ key }) => key), signature });
    if (!verdict.ok) return refuse(verdict.why === "expired" ? clientErrors.tokenExpired : clientErrors.permissionDenied);
    expiries.push(verdict.expireAtS);
  }
  return expiries;
}

/** Until the first of the signatures has to be renewed. */
function lifetime(expireAtS: number, wallMs: number): SubRefreshResult {
  if (expireAtS === Number.POSITIVE_INFINITY) return {};
  const ttl = Math.min(expireAtS - Math.floor(wallMs / 1_000), ttlSecondsMax);
  return ttl > 0 ? { expires: true, ttl } : { expires: true };
}
