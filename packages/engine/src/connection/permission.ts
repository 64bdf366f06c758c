import { clientErrors, disconnects, type SubscribeRequest } from "@fleetcast/protocol";
import { mayReadHistory, mayReadPresence, maySubscribe } from "../channel/access.ts";
import type { Namespace } from "../channel/namespaces.ts";
import type { EngineContext } from "../context.ts";
import { guarded } from "../proxy-guard.ts";
import type { Connection } from "./connection.ts";
import type { Member } from "./member.ts";
import { type Ending, endWith, type Refusal, refuse } from "./outcome.ts";
import type { SubscriptionTerms } from "./subscription.ts";
import { termsOf } from "./terms.ts";

/** What was granted to a client that asks for a channel, or why not. */
export type Permission = { readonly kind: "granted"; readonly terms: SubscriptionTerms } | Refusal | Ending;

/** Token, private, user-limited, proxy, allow rules: the first that decides, decides. */
export function permit(
  connection: Connection,
  member: Member,
  namespace: Namespace,
  request: SubscribeRequest,
): Permission | Promise<Permission> {
  const { context } = connection;
  const { options, namespaces } = context;
  const { channel } = request;
  if (request.token !== "") return permitByToken(context, member, namespace, request);
  if (namespaces.isPrivate(channel)) return refuse(clientErrors.permissionDenied);
  const limitedTo = namespaces.limitedTo(namespace, channel);
  if (limitedTo === undefined && namespace.subscribeProxy !== undefined) return permitByProxy(connection, member, namespace, request);
  const granted = limitedTo?.includes(member.user) || (limitedTo === undefined && maySubscribe(options, namespace, member.user));
  // The insecure mode opens what no rule opens; names, namespaces and `$` stay as they are.
  if (!granted && !options.insecure) return refuse(clientErrors.permissionDenied);
  return { kind: "granted", terms: withWishes(context, member, namespace, request, termsOf(namespace, {})) };
}

async function permitByToken(context: EngineContext, member: Member, namespace: Namespace, request: SubscribeRequest): Promise<Permission> {
  const verified = await context.ports.verifier.subscription(request.token);
  if (!verified.ok) {
    if (verified.why === "expired") return refuse(clientErrors.tokenExpired);
    return refuse(verified.why === "internal" ? clientErrors.internal : clientErrors.permissionDenied);
  }
  const { claims } = verified;
  if (claims.channel === "") return refuse(clientErrors.permissionDenied);
  const isMine = claims.channel === request.channel && claims.user === member.user && (claims.client ?? member.client) === member.client;
  if (!isMine) return endWith(disconnects.invalidToken);
  return { kind: "granted", terms: withWishes(context, member, namespace, request, termsOf(namespace, claims)) };
}

/** The proxy's answer is used as it is: the client's wishes are not looked at. A proxy that fails allows nothing (A3). */
async function permitByProxy(
  { context, transport }: Connection,
  member: Member,
  namespace: Namespace,
  { channel, token, data }: SubscribeRequest,
): Promise<Permission> {
  try {
    const answer = await namespace.subscribeProxy?.(member.caller(transport), { channel, token, data });
    switch (answer?.kind) {
      case "result":
        return { kind: "granted", terms: termsOf(namespace, answer.result ?? {}) };
      case "error":
      case "disconnect":
        return guarded(answer, "subscribe", context.ports.report);
      case undefined:
        return refuse(clientErrors.permissionDenied);
    }
  } catch (cause) {
    context.ports.report(`the subscribe proxy of ${channel} did not answer`, cause);
    return refuse(clientErrors.internal);
  }
}

/** What a client may ask for beyond the namespace's terms. */
function withWishes(
  { options }: EngineContext,
  member: Member,
  namespace: Namespace,
  request: SubscribeRequest,
  terms: SubscriptionTerms,
): SubscriptionTerms {
  const asker = { user: member.user, subscribed: true };
  const readsHistory = mayReadHistory(options, namespace, asker);
  const recoverable = terms.recoverable || (request.recoverable && (namespace.options.allowRecovery || readsHistory));
  const positioned = request.positioned && (namespace.options.allowPositioning || readsHistory);
  const receives = request.joinLeave && namespace.options.joinLeave && mayReadPresence(options, namespace, asker);
  return {
    ...terms,
    recoverable,
    positioned: terms.positioned || recoverable || positioned,
    receivesJoinLeave: terms.receivesJoinLeave || receives,
  };
}
