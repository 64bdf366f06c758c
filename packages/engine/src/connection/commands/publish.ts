import { clientErrors, disconnects, type PublishRequest } from "@fleetcast/protocol";
import { mayPublish } from "../../channel/access.ts";
import { fitsFormat, isUtf8 } from "../../channel/data-format.ts";
import type { Namespace } from "../../channel/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";

export function publish(connection: Connection, member: Member, id: number, request: PublishRequest): Outcome | Promise<Outcome> {
  const { namespaces, options } = connection.context;
  const { channel } = request;
  if (channel === "") return endWith(disconnects.badRequest);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  if (request.type !== 0) return refuse(clientErrors.permissionDenied); // no map namespaces here
  const data = request.data ?? new Uint8Array();
  if (!fitsFormat(namespace.options.publicationDataFormat, data)) return refuse(clientErrors.badRequest);
  // From a JSON client bytes that are not UTF-8 are a mistake that no text frame can carry on (C21, a stated difference).
  if (connection.codec.name === "json" && !isUtf8(data)) return refuse(clientErrors.badRequest);
  const asker = { user: member.user, subscribed: member.subscription(channel) !== undefined };
  if (!mayPublish(options, namespace, asker)) return refuse(clientErrors.permissionDenied);
  return append(connection, member, id, namespace, channel, data);
}

async function append(
  connection: Connection,
  member: Member,
  id: number,
  namespace: Namespace,
  channel: string,
  data: Uint8Array,
): Promise<Outcome> {
  const { fanOut, ports } = connection.context;
  for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
  if (connection.member !== member) return nothing;
  try {
    const info = member.infoOn(member.subscription(channel));
    await namespace.log.append([{ channel, data, info, window: namespace.recoveryWindow }]);
  } catch (cause) {
    ports.report(`a client's publication on ${channel} could not be stored`, cause);
    return refuse(clientErrors.internal);
  }
  // A publisher that is subscribed sees its own publication before the reply.
  if (member.subscription(channel) !== undefined) await fanOut.settled();
  return { kind: "reply", reply: { kind: "publish", id } };
}
