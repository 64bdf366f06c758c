import { clientErrors, type PublishRequest } from "@fleetcast/protocol";
import { mayPublishToMap, mayRemoveFromMap } from "../channel/access.ts";
import { fitsFormat, fitsFromClient } from "../channel/data-format.ts";
import type { Namespace } from "../channel/namespaces.ts";
import type { Connection } from "../connection/connection.ts";
import type { Member } from "../connection/member.ts";
import { nothing, type Outcome, type Refusal, refuse } from "../connection/outcome.ts";
import type { ProxyAnswer } from "../proxies.ts";
import { guarded } from "../proxy-guard.ts";
import { MapFull, type MapOutcome, type MapPublish } from "./map-log.ts";
import type { MapNamespace } from "./map-namespace.ts";

/** A client sets or removes a key of a channel whose name was checked before. */
export interface MapCommand {
  readonly connection: Connection;
  readonly member: Member;
  readonly id: number;
  readonly namespace: Namespace;
  readonly request: PublishRequest;
}

/** Why nothing is changed, or what is. */
type Judged<Change> = { readonly kind: "judged"; readonly change: Change } | Exclude<Outcome, { readonly kind: "reply" }>;
type KeyChange = Pick<MapPublish, "key" | "data" | "tags" | "delta" | "keyMode" | "idempotencyKey" | "version" | "versionEpoch">;
type KeyRemoval = Pick<KeyChange, "key" | "tags" | "idempotencyKey">;

/** Data, proxy, permission, key: in this order (MP1, MP2). */
export async function publishToMap(command: MapCommand): Promise<Outcome> {
  const { member, request } = command;
  const data = request.data ?? new Uint8Array();
  if (!fits(command, data)) return refuse(clientErrors.badRequest);
  const judged = await judgePublish(command, data);
  if (judged.kind !== "judged") return judged;
  const { change } = judged;
  return commit(command, change.key, ({ log, terms }) => {
    const info = member.infoOn(member.subscription(request.channel));
    return log.publish({ ...change, channel: request.channel, info, terms });
  });
}

/** Proxy, permission, key. A key that is not there is no error. */
export async function removeFromMap(command: MapCommand): Promise<Outcome> {
  const judged = await judgeRemoval(command);
  if (judged.kind !== "judged") return judged;
  const { change } = judged;
  return commit(command, change.key, ({ log, terms }) => log.remove({ ...change, channel: command.request.channel, terms }));
}

async function judgePublish(command: MapCommand, data: Uint8Array): Promise<Judged<KeyChange>> {
  const { connection, member, namespace, request } = command;
  const { channel, key } = request;
  const ask = namespace.map?.publishProxy;
  if (ask === undefined) {
    if (!mayPublishToMap(connection.context.options, namespace, askerOf(command))) return refuse(clientErrors.permissionDenied);
    const own = ownKey(command);
    return typeof own === "string" ? { kind: "judged", change: { key: own, data, delta: namespace.options.deltaPublish } } : own;
  }
  const asked = await answerOf(command, "map_publish", () => ask(member.caller(connection.transport), { channel, key, data }));
  if (asked.kind !== "judged") return asked;
  const result = asked.change;
  const change = {
    key: result?.key || key,
    data: result?.data ?? data,
    tags: result?.tags,
    delta: result?.delta,
    keyMode: result?.keyMode,
    idempotencyKey: result?.idempotencyKey || undefined,
    version: result?.version,
    versionEpoch: result?.versionEpoch,
  };
  // What the proxy says instead of the client is checked like what the client said.
  if (!fitsFormat(namespace.options.publicationDataFormat, change.data)) return refuse(clientErrors.badRequest);
  return { kind: "judged", change };
}

async function judgeRemoval(command: MapCommand): Promise<Judged<KeyRemoval>> {
  const { connection, member, namespace, request } = command;
  const { channel, key } = request;
  const ask = namespace.map?.removeProxy;
  if (ask === undefined) {
    if (!mayRemoveFromMap(connection.context.options, namespace, askerOf(command))) return refuse(clientErrors.permissionDenied);
    const own = ownKey(command);
    return typeof own === "string" ? { kind: "judged", change: { key: own } } : own;
  }
  const asked = await answerOf(command, "map_remove", () => ask(member.caller(connection.transport), { channel, key }));
  if (asked.kind !== "judged") return asked;
  const result = asked.change;
  return { kind: "judged", change: { key: result?.key || key, tags: result?.tags, idempotencyKey: result?.idempotencyKey || undefined } };
}

/** A proxy that fails allows nothing (A3). */
async function answerOf<Result>(
  { connection, member, request }: MapCommand,
  what: string,
  ask: () => Promise<ProxyAnswer<Result>>,
): Promise<Judged<Result | undefined>> {
  let answer: ProxyAnswer<Result>;
  try {
    answer = await ask();
  } catch (cause) {
    connection.context.ports.report(`the ${what} proxy of ${request.channel} did not answer`, cause);
    return refuse(clientErrors.internal);
  }
  if (connection.member !== member) return { kind: "nothing" };
  return answer.kind === "result" ? { kind: "judged", change: answer.result } : guarded(answer, what, connection.context.ports.report);
}

async function commit(
  { connection, member, id, namespace, request }: MapCommand,
  key: string,
  change: (map: MapNamespace) => Promise<MapOutcome>,
): Promise<Outcome> {
  const { fanOut, ports } = connection.context;
  if (key === "") return refuse(clientErrors.badRequest);
  // Permitted, but no map: what an insecure mode does to a channel of another type.
  if (namespace.map === undefined) return refuse(clientErrors.internal);
  for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
  if (connection.member !== member) return nothing;
  try {
    await change(namespace.map);
  } catch (cause) {
    if (cause instanceof MapFull) return refuse(clientErrors.limitExceeded);
    ports.report(`a client's change of ${request.channel} was not made`, cause);
    return refuse(clientErrors.internal);
  }
  // A publisher that is subscribed sees its own change before the reply.
  if (member.subscription(request.channel) !== undefined) await fanOut.settled();
  return { kind: "reply", reply: { kind: "publish", id } };
}

/** The key that this client may touch: its own where the namespace says so, else the one it names. */
function ownKey({ member, namespace, request }: MapCommand): string | Refusal {
  switch (namespace.options.map.clientKey) {
    case "client_id":
      return member.client;
    case "user_id":
      return member.user === "" ? refuse(clientErrors.permissionDenied) : member.user;
    case "":
      return request.key;
  }
}

function askerOf({ member, request }: MapCommand) {
  return { user: member.user, subscribed: member.subscription(request.channel) !== undefined };
}

function fits({ connection, namespace }: MapCommand, data: Uint8Array): boolean {
  return fitsFromClient(namespace.options.publicationDataFormat, data, connection.codec.name);
}
