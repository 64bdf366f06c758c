import { clientErrors, type SubscribeRequest, utf8Length } from "@fleetcast/protocol";
import type { Namespace } from "../channel/namespaces.ts";
import type { Connection } from "../connection/connection.ts";
import { currentNamespace } from "../connection/current-namespace.ts";
import { finishing } from "../connection/finishing.ts";
import type { Member } from "../connection/member.ts";
import { nothing, type Outcome, refuse } from "../connection/outcome.ts";
import { type Permission, permit } from "../connection/permission.ts";
import { refinementOf } from "../connection/refinement.ts";
import { ttlSeconds } from "../connection/subscription-expiry.ts";
import { endCatchUp } from "../connection/unsubscribing.ts";
import { CatchUp, mapPhases } from "./catch-up.ts";
import { runStep, tooLate } from "./paging.ts";
import type { Step } from "./step.ts";

/**
 * A subscribe command of a map type: the first one of a channel, which asks for permission, or the next page of one that
 * was permitted. The order of the checks is part of the protocol (MS1, MS2).
 */
export function subscribeMap(connection: Connection, member: Member, id: number, request: SubscribeRequest): Outcome | Promise<Outcome> {
  const { context } = connection;
  const { options, namespaces, ports } = context;
  const { channel } = request;
  if (utf8Length(channel) > options.channelLengthBytesMax) return refuse(clientErrors.badRequest);
  const catchUp = member.catchUp(channel);
  const asksForMore = request.cursor !== "" || request.phase !== mapPhases.state;
  if (catchUp === undefined || !asksForMore) {
    if (member.isTaken(channel)) return refuse(clientErrors.alreadySubscribed);
    if (member.channelCount >= options.channelLimit) return refuse(clientErrors.limitExceeded);
  }
  endOverdueCatchUps(connection, member, channel);
  if (catchUp !== undefined) {
    const step = { connection, member, catchUp, id, request };
    if (catchUp.isOverdue(ports.clock.monotonicMs())) return tooLate(step);
    if (catchUp.isBusy) return refuse(clientErrors.concurrentPagination);
    member.ask(channel);
    return finishing(member, channel, runStep(step));
  }
  if (request.cursor !== "") return refuse(clientErrors.permissionDenied);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  const { map } = namespace;
  if (map === undefined || map.wireType !== request.type) return refuse(clientErrors.permissionDenied);
  // From here on the channel is taken: what would contradict the reply waits for it.
  member.ask(channel);
  const permission = permit(connection, member, namespace, request);
  const begin = (known: Permission) => beginCatchUp({ connection, member, id, request }, namespace, known);
  return finishing(member, channel, permission instanceof Promise ? permission.then(begin) : begin(permission));
}

function beginCatchUp(
  { connection, member, id, request }: Omit<Step, "catchUp">,
  permitted: Namespace,
  permission: Permission,
): Outcome | Promise<Outcome> {
  if (connection.member !== member) return nothing;
  if (permission.kind !== "granted") return permission;
  const { clock } = connection.context.ports;
  const { channel, phase } = request;
  const namespace = currentNamespace(connection.context, channel, permitted);
  if ("kind" in namespace) return namespace;
  const { map } = namespace;
  if (map === undefined) return refuse(clientErrors.internal);
  const { expireAtS } = permission.terms;
  if (expireAtS !== undefined && ttlSeconds(clock, expireAtS) <= 0) return refuse(clientErrors.expired);
  const { hasStream } = map.terms;
  // Changes alone are only for a client that comes back.
  if (phase === mapPhases.stream && hasStream && !request.recover) return refuse(clientErrors.permissionDenied);
  const refined = refinementOf(namespace.options, { delta: false, tagsFilter: request.tagsFilter });
  if (refined === "refused") return refuse(clientErrors.badRequest);
  const terms = { ...permission.terms, positioned: hasStream, recoverable: hasStream, recoveryMode: "map" } as const;
  const catchUp = new CatchUp(channel, namespace, map, terms, refined?.filter, clock.monotonicMs());
  if (phase === mapPhases.stream) catchUp.epoch = request.epoch;
  member.addCatchUp(catchUp);
  return runStep({ connection, member, catchUp, id, request });
}

/** Those of other channels: a client that gave one up begins it anew. */
function endOverdueCatchUps({ context }: Connection, member: Member, except: string): void {
  const nowMs = context.ports.clock.monotonicMs();
  for (const catchUp of [...member.catchUps]) {
    if (catchUp.channel !== except && catchUp.isOverdue(nowMs)) endCatchUp(context, member, catchUp);
  }
}
