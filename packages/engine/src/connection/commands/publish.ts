import { clientErrors, disconnects, type PublishRequest } from "@fleetcast/protocol";
import { mayPublish } from "../../channel/access.ts";
import { fitsFormat, fitsFromClient } from "../../channel/data-format.ts";
import type { Namespace } from "../../channel/namespaces.ts";
import { publishToMap, removeFromMap } from "../../map/publish.ts";
import type { PublishProxy, PublishProxyResult } from "../../proxies.ts";
import { guarded } from "../../proxy-guard.ts";
import { type GivenPublication, logAppend } from "../../publishing.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";

/** `type` of a publication that sets or removes a key; every other one is plain. */
const mapType = 1;

/** A client publishes. Where the namespace has a proxy, that one alone decides. */
export function publish(connection: Connection, member: Member, id: number, request: PublishRequest): Outcome | Promise<Outcome> {
  const { namespaces, options } = connection.context;
  const { channel } = request;
  if (channel === "") return endWith(disconnects.badRequest);
  const namespace = namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  if (request.type === mapType) {
    const command = { connection, member, id, namespace, request };
    return request.removed ? removeFromMap(command) : publishToMap(command);
  }
  const data = request.data ?? new Uint8Array();
  if (!fitsFromClient(namespace.options.publicationDataFormat, data, connection.codec.name)) return refuse(clientErrors.badRequest);
  const publication = { channel, data, info: member.infoOn(member.subscription(channel)) };
  if (namespace.publishProxy !== undefined) return askFirst(connection, member, id, namespace, publication, namespace.publishProxy);
  const asker = { user: member.user, subscribed: member.isSubscribed(channel) };
  if (!mayPublish(options, namespace, asker)) return refuse(clientErrors.permissionDenied);
  return append(connection, member, id, namespace, publication);
}

async function askFirst(
  connection: Connection,
  member: Member,
  id: number,
  namespace: Namespace,
  publication: GivenPublication,
  ask: PublishProxy,
): Promise<Outcome> {
  const { report } = connection.context.ports;
  const { channel, data } = publication;
  try {
    const answer = await ask(member.caller(connection.transport), { channel, data });
    if (connection.member !== member) return nothing;
    if (answer.kind !== "result") return guarded(answer, "publish", report);
    const changed = answer.result === undefined ? publication : changedBy(publication, answer.result);
    if (!fitsFormat(namespace.options.publicationDataFormat, changed.data)) return refuse(clientErrors.badRequest);
    return await append(connection, member, id, namespace, changed);
  } catch (cause) {
    report(`the publish proxy of ${channel} did not answer`, cause);
    return refuse(clientErrors.internal);
  }
}

function changedBy(publication: GivenPublication, result: PublishProxyResult): GivenPublication {
  const { data, skipHistory, tags, idempotencyKey, delta, version, versionEpoch } = result;
  return {
    ...publication,
    ...(data === undefined ? {} : { data }),
    skipHistory,
    tags,
    idempotencyKey: idempotencyKey === "" ? undefined : idempotencyKey,
    delta,
    version,
    versionEpoch,
  };
}

async function append(
  connection: Connection,
  member: Member,
  id: number,
  namespace: Namespace,
  publication: GivenPublication,
): Promise<Outcome> {
  const { fanOut, ports } = connection.context;
  const { channel } = publication;
  for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
  if (connection.member !== member) return nothing;
  try {
    await namespace.log.append([logAppend(connection.context, namespace, publication)]);
  } catch (cause) {
    ports.report(`a client's publication on ${channel} could not be stored`, cause);
    return refuse(clientErrors.internal);
  }
  // A publisher that is subscribed sees its own publication before the reply.
  if (member.subscription(channel) !== undefined) await fanOut.settled();
  return { kind: "reply", reply: { kind: "publish", id } };
}
