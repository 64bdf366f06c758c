import { clientErrors, disconnects, type SubscribeRequest } from "@fleetcast/protocol";
import { maySubscribe } from "../channel/access.ts";
import type { Namespace } from "../channel/namespaces.ts";
import type { EngineContext } from "../context.ts";
import type { ConnectionClaims, ServerSubscription } from "../ports.ts";
import { type Ending, endWith, type Refusal, refuse } from "./outcome.ts";
import type { SubscribeWish } from "./subscribing.ts";
import type { SubscriptionTerms } from "./subscription.ts";
import { termsOf } from "./terms.ts";

type Failure = Refusal | Ending;

export interface Claimed {
  readonly kind: "claimed";
  readonly claims: ConnectionClaims;
}

export interface PlannedSubscription {
  readonly namespace: Namespace;
  readonly terms: SubscriptionTerms;
  readonly wish: SubscribeWish;
}

export interface Planned {
  readonly kind: "planned";
  readonly subscriptions: ReadonlyMap<string, PlannedSubscription>;
}

const anonymous: ConnectionClaims = {
  user: "",
  expireAtS: undefined,
  info: undefined,
  channels: [],
  subs: new Map(),
  meta: undefined,
};
const noOverride: ServerSubscription = { info: undefined, data: undefined, override: {} };

/** Who connects. A token is believed or refused; without one only the anonymous options help (C12). */
export async function claim({ options, ports }: EngineContext, token: string): Promise<Claimed | Failure> {
  if (token === "") {
    const open = options.allowAnonymousConnectWithoutToken || options.insecure;
    return open ? { kind: "claimed", claims: anonymous } : endWith(disconnects.badRequest);
  }
  const verified = await ports.verifier.connection(token);
  if (!verified.ok) {
    if (verified.why === "invalid") return endWith(disconnects.invalidToken);
    return refuse(verified.why === "expired" ? clientErrors.tokenExpired : clientErrors.internal);
  }
  const { claims } = verified;
  if (claims.user === "" && options.disallowAnonymousConnectionTokens) return endWith(disconnects.permissionDenied);
  return { kind: "claimed", claims: options.insecure ? { ...claims, expireAtS: undefined } : claims };
}

/** Channels of a token: `subs` where there are any, else `channels` with the namespaces' own terms. */
export function tokenChannels(claims: ConnectionClaims): ReadonlyMap<string, ServerSubscription> {
  if (claims.subs.size > 0) return claims.subs;
  return new Map(claims.channels.map((channel) => [channel, noOverride]));
}

/** Server-side subscriptions of a new connection: those of its token, then those it asks for and could take itself. */
export function plan(context: EngineContext, { claims }: Claimed, requested: ReadonlyMap<string, SubscribeRequest>): Planned | Failure {
  const subscriptions = new Map<string, PlannedSubscription>();
  for (const [channel, sub] of tokenChannels(claims)) {
    const namespace = context.namespaces.of(channel);
    if (namespace === undefined) return refuse(clientErrors.unknownChannel);
    const terms = termsOf(namespace, { ...sub, serverSide: true, fromToken: true });
    subscriptions.set(channel, { namespace, terms, wish: wishOf(requested.get(channel)) });
  }
  for (const [channel, request] of requested) {
    const namespace = context.namespaces.of(channel);
    if (namespace === undefined) return endWith(disconnects.badRequest);
    if (subscriptions.has(channel) || !couldSubscribe(context, namespace, channel, claims.user)) continue;
    subscriptions.set(channel, { namespace, terms: termsOf(namespace, { serverSide: true }), wish: wishOf(request) });
  }
  return { kind: "planned", subscriptions };
}

/** What a subscribe command without a token and without a proxy would be given; the rest is silently left out. */
function couldSubscribe({ options, namespaces }: EngineContext, namespace: Namespace, channel: string, user: string): boolean {
  if (channel === "" || namespaces.isPrivate(channel) || namespace.subscribeProxy !== undefined) return false;
  if (!namespaces.isValidName(namespace, channel)) return false;
  const limitedTo = namespaces.limitedTo(namespace, channel);
  if (limitedTo !== undefined) return limitedTo.includes(user) || options.insecure;
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
