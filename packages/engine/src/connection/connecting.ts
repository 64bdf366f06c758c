import { clientErrors, disconnects, type SubscribeRequest } from "@fleetcast/protocol";
import { maySubscribe } from "../channel/access.ts";
import type { Namespace } from "../channel/namespaces.ts";
import { personalChannel } from "../channel/personal-channel.ts";
import type { EngineContext } from "../context.ts";
import type { Claimed } from "./claims.ts";
import { type Ending, endWith, type Refusal, refuse } from "./outcome.ts";
import type { SubscribeWish } from "./subscribing.ts";
import type { SubscriptionTerms } from "./subscription.ts";
import { termsOf } from "./terms.ts";

export interface PlannedSubscription {
  readonly namespace: Namespace;
  readonly terms: SubscriptionTerms;
  readonly wish: SubscribeWish;
}

export interface Planned {
  readonly kind: "planned";
  readonly subscriptions: ReadonlyMap<string, PlannedSubscription>;
}

/**
 * Server-side subscriptions of a new connection: those that came with its right to connect, its user's own channel, then those it
 * asks for and could take itself. Where a user may have one connection only, the others end here.
 */
export function plan(
  context: EngineContext,
  claimed: Claimed,
  requested: ReadonlyMap<string, SubscribeRequest>,
): Planned | Refusal | Ending {
  const subscriptions = new Map<string, PlannedSubscription>();
  const put = (channel: string, namespace: Namespace, source: Parameters<typeof termsOf>[1]): void => {
    const wish = wishOf(requested.get(channel));
    subscriptions.set(channel, { namespace, terms: termsOf(namespace, { ...source, serverSide: true }), wish });
  };
  for (const [channel, sub] of claimed.subscriptions) {
    const namespace = context.namespaces.of(channel);
    if (namespace === undefined) return refuse(clientErrors.unknownChannel);
    if (channel !== "") put(channel, namespace, { ...sub, fromToken: claimed.from === "token" });
  }
  // A user that only a header vouches for has no channel of its own, as in the real one.
  const hasPersonal = claimed.user !== "" && claimed.from !== "header";
  const personal = hasPersonal ? personalChannel(context.options, claimed.user) : undefined;
  if (personal !== undefined) {
    if (context.options.personalChannel?.singleConnection) endOthers(context, claimed.user, personal);
    const namespace = context.namespaces.of(personal);
    if (namespace === undefined) return refuse(clientErrors.unknownChannel);
    put(personal, namespace, {});
  }
  if (claimed.from === "proxy" || claimed.from === "header") return { kind: "planned", subscriptions };
  for (const channel of requested.keys()) {
    const namespace = context.namespaces.of(channel);
    if (namespace === undefined) return endWith(disconnects.badRequest);
    if (!subscriptions.has(channel) && couldSubscribe(context, namespace, channel, claimed.user)) put(channel, namespace, {});
  }
  return { kind: "planned", subscriptions };
}

/** Found by the presence on the user's own channel; there is no await between here and the newcomer's own entry there. */
function endOthers({ hub, presence }: EngineContext, user: string, channel: string): void {
  if (presence.stats(channel).clients === 0) return;
  for (const connection of hub.connectionsOf(user)) connection.disconnect(disconnects.connectionLimit);
}

/** What a subscribe command without a token and without a proxy would be given; the rest is silently left out. */
function couldSubscribe({ options, namespaces }: EngineContext, namespace: Namespace, channel: string, user: string): boolean {
  if (channel === "" || namespaces.isPrivate(channel) || namespace.subscribeProxy !== undefined) return false;
  if (!namespaces.isValidName(namespace, channel)) return false;
  const limitedTo = namespaces.limitedTo(namespace, channel);
  // Here, unlike in a subscribe command, nobody is not on the empty list.
  if (limitedTo !== undefined) return (user !== "" && limitedTo.includes(user)) || options.insecure;
  return maySubscribe(options, namespace, user);
}

/** The reject flag has no effect here: a connect is never refused with 112. */
function wishOf(request: SubscribeRequest | undefined): SubscribeWish {
  return {
    recover: request?.recover ?? false,
    from: { offset: request?.offset ?? 0, epoch: request?.epoch ?? "" },
    rejectUnrecovered: false,
    // An unknown delta is not granted, a filter not looked at: only a subscribe command is refused for them.
    delta: request?.delta === "fossil",
    tagsFilter: undefined,
  };
}
