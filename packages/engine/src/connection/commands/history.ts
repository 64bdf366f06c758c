import { clientErrors, disconnects, type HistoryRequest, offsetMax } from "@fleetcast/protocol";
import { mayReadHistory } from "../../channel/access.ts";
import type { Namespace } from "../../channel/namespaces.ts";
import type { EngineContext } from "../../context.ts";
import { UnrecoverablePosition } from "../../log.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, type Outcome, refuse } from "../outcome.ts";

export function history(connection: Connection, member: Member, id: number, request: HistoryRequest): Outcome | Promise<Outcome> {
  const { namespaces, options } = connection.context;
  const { channel } = request;
  if (channel === "") return endWith(disconnects.badRequest);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  if (!namespace.hasHistory) return refuse(clientErrors.notAvailable);
  const asker = { user: member.user, subscribed: member.isSubscribed(channel) };
  if (!mayReadHistory(options, namespace, asker)) return refuse(clientErrors.permissionDenied);
  if (request.reverse && request.since?.offset === 0) return refuse(clientErrors.badRequest);
  return read(connection.context, namespace, id, request);
}

async function read(context: EngineContext, namespace: Namespace, id: number, request: HistoryRequest): Promise<Outcome> {
  const { channel, since, reverse } = request;
  try {
    const { publications, top } = await namespace.log.read({
      channel,
      window: namespace.historyWindow,
      limit: limitOf(request.limit, context.options.historyPublicationsMax),
      reverse,
      ...(since === undefined ? {} : { since: { epoch: since.epoch, offset: Math.min(since.offset, offsetMax) } }),
    });
    return { kind: "reply", reply: { kind: "history", id, result: { publications, epoch: top.epoch, offset: top.offset } } };
  } catch (error) {
    if (error instanceof UnrecoverablePosition) return refuse(clientErrors.unrecoverablePosition);
    context.ports.report(`the history of ${channel} could not be read`, error);
    return refuse(clientErrors.internal);
  }
}

/** 0 asks for the position only; a negative or larger number for as many as we give. */
function limitOf(wished: number, max: number): number {
  if (max <= 0) return wished;
  return wished < 0 || wished > max ? max : wished;
}
