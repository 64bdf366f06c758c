import type { Member } from "../connection/member.ts";
import type { Subscription } from "../connection/subscription.ts";
import type { EngineContext } from "../context.ts";
import type { MapPublish } from "./map-log.ts";

/*
 * Who is on a channel, told by a map: the namespace names a prefix, and a subscriber of `ch` is a key of `prefix + ch`.
 * By connection the key goes with the subscription; by user it stays until its time is over, because other connections of
 * the user may be there, and one that comes back soon is no news.
 */

const noData = new Uint8Array();

/** A client-side subscription went live, or is still there at a presence tick: new keys are told, others live on. */
export function appear(context: EngineContext, member: Member, subscription: Subscription): void {
  const { channel, terms } = subscription;
  const { mapPresence } = channel.namespace;
  if (mapPresence === undefined || terms.serverSide) return;
  const { clientsPrefix, usersPrefix } = mapPresence;
  if (clientsPrefix !== "") publish(context, clientsPrefix + channel.name, member.client, { info: member.infoOn(subscription) });
  // An anonymous user has no name to be found by.
  if (usersPrefix !== "" && member.user !== "") publish(context, usersPrefix + channel.name, member.user, {});
}

/** A client-side subscription ended: its own key goes, and what it left in the map where the namespace wants it so. */
export function disappear(context: EngineContext, member: Member, { channel, terms }: Subscription): void {
  const { mapPresence, map, options } = channel.namespace;
  if (terms.serverSide) return;
  if (mapPresence !== undefined && mapPresence.clientsPrefix !== "")
    remove(context, mapPresence.clientsPrefix + channel.name, member.client);
  if (map !== undefined && options.map.removeClientOnUnsubscribe) remove(context, channel.name, member.client);
}

function publish(context: EngineContext, channel: string, key: string, more: Pick<MapPublish, "info">): void {
  const map = context.namespaces.of(channel)?.map;
  if (map === undefined) return;
  map.log
    .publish({ channel, key, data: noData, terms: map.terms, keyMode: "if_new", refreshes: true, ...more })
    .catch((cause: unknown) => context.ports.report(`presence could not be told on ${channel}`, cause));
}

function remove(context: EngineContext, channel: string, key: string): void {
  const map = context.namespaces.of(channel)?.map;
  if (map === undefined) return;
  map.log
    .remove({ channel, key, terms: map.terms })
    .catch((cause: unknown) => context.ports.report(`a key could not be removed from ${channel}`, cause));
}
