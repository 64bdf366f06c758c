import { clientErrors, disconnects, type StreamPosition, type SubscribeResult } from "@fleetcast/protocol";
import { endWith, type Outcome, refuse } from "../connection/outcome.ts";
import { Refinement, refinementOf } from "../connection/refinement.ts";
import { continues, goLive } from "../connection/subscribing.ts";
import { Subscription } from "../connection/subscription.ts";
import { monotonicOf, ttlSeconds } from "../connection/subscription-expiry.ts";
import { keyedChainForms } from "../delta/delta-forms.ts";
import { keepLastOfEachKey } from "./held-changes.ts";
import type { MapPublication } from "./map-log.ts";
import { gone, isGone, replyType, type Step, sentForms } from "./step.ts";

interface Join {
  /** What the client has. */
  readonly since: StreamPosition;
  /** The last page of the state, where it comes with this reply. */
  readonly state: readonly MapPublication[];
  /** The client says where it is, instead of having been told by the pages before. */
  readonly isRecovery: boolean;
}

/**
 * The last step: into the hub first, where everything is held; then the changes since the client's position; then the
 * reply; then what was held. The other order would lose a change between the read and the entry (L9).
 */
export async function joinLive(step: Step, join: Join): Promise<Outcome> {
  const { catchUp } = step;
  const { channel, map } = catchUp;
  const { since } = join;
  const subscription = catchUp.subscription ?? enterHub(step, join);
  if (subscription === undefined) return refuse(clientErrors.badRequest);
  catchUp.subscription = subscription;
  if (!map.terms.hasStream) {
    keepLastOfEachKey(subscription);
    return commit(step, subscription, join, { epoch: since.epoch });
  }
  const { changes, top } = await map.log.readStream({
    channel,
    terms: map.terms,
    since: { offset: since.offset, epoch: "" },
    limit: map.transitionChangesMax + 1,
    reverse: false,
  });
  if (isGone(step)) return gone(step);
  const isSameLife = since.epoch === top.epoch || (since.epoch === "" && !join.isRecovery);
  if (!isSameLife || changes.length > map.transitionChangesMax || !isWhole(since.offset, changes, top.offset)) {
    return refuse(clientErrors.unrecoverablePosition);
  }
  // A gap behind what was read: the log is behind the fan-out.
  if (!continues(subscription, top)) return endWith(disconnects.insufficientState);
  subscription.offset = top.offset;
  subscription.epoch = top.epoch;
  subscription.positionCheckedAtMs = step.connection.context.ports.clock.monotonicMs();
  const { refined } = subscription;
  const wanted = refined?.filter === undefined ? changes : changes.filter(({ tags }) => refined.wants(tags));
  const publications = refined?.delta === true ? keyedChainForms(step.connection.codec.name, wanted) : wanted;
  return commit(step, subscription, join, { recoverable: true, epoch: top.epoch, offset: top.offset, publications });
}

/** In the hub, held: what comes from here on is not lost and not sent yet. Undefined for a filter that is not well formed. */
export function enterHub(step: Step, join?: Join): Subscription | undefined {
  const { connection, catchUp } = step;
  const { hub, ports } = connection.context;
  const { channel, namespace, terms } = catchUp;
  const refined = refinementFor(step, join);
  if (refined === "refused") return undefined;
  const subscription = new Subscription(connection, connection.outbox, hub.channel(channel, namespace), terms);
  subscription.refined = refined;
  if (terms.expireAtS !== undefined) subscription.expiresAtMs = monotonicOf(ports.clock, terms.expireAtS);
  hub.subscribe(subscription);
  return subscription;
}

/** A filter beside the last request replaces the one of the first. */
function refinementFor({ catchUp, request }: Step, join: Join | undefined): Refinement | "refused" | undefined {
  const { filter: agreed, namespace } = catchUp;
  const wish = refinementOf(namespace.options, { delta: request.delta === "fossil", tagsFilter: request.tagsFilter });
  if (wish === "refused") return wish;
  const filter = wish?.filter ?? agreed;
  const delta = wish?.delta === true;
  if (!delta && filter === undefined) return undefined;
  const refined = new Refinement(delta, filter, "close", true);
  // A client that comes back may have had another filter: nobody knows which older values it was sent.
  if (filter !== undefined && join?.isRecovery === true && request.recover) refined.base = join.since.offset;
  return refined;
}

/** From the client's offset to the top every change is there (P1). */
function isWhole(offset: number, changes: readonly MapPublication[], top: number): boolean {
  return changes.length === 0 ? offset === top : changes[0]?.offset === offset + 1;
}

function commit(step: Step, subscription: Subscription, join: Join, read: SubscribeResult): Outcome {
  const { connection, member, catchUp, id, request } = step;
  const { presence, ports } = connection.context;
  const { channel, terms } = catchUp;
  member.removeCatchUp(catchUp);
  member.add(subscription);
  if (terms.present) presence.put(channel, member.infoOn(subscription));
  const ttl = terms.expireAtS === undefined || !terms.clientSideRefresh ? undefined : ttlSeconds(ports.clock, terms.expireAtS);
  const result: SubscribeResult = {
    ...(ttl === undefined ? {} : { expires: true, ttl: Math.max(0, ttl) }),
    ...read,
    ...(join.isRecovery && request.recover ? { recovered: true, wasRecovering: true } : {}),
    ...(subscription.refined?.delta === true ? { delta: true } : {}),
    type: replyType,
    state: sentForms(step, join.state),
  };
  return { kind: "reply", reply: { kind: "subscribe", id, result }, after: () => goLive(subscription, member) };
}
