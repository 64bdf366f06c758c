import { type ChannelRequest, clientErrors, disconnects } from "@fleetcast/protocol";
import { mayReadPresence } from "../../channel/access.ts";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, type Outcome, refuse } from "../outcome.ts";

export function presence(connection: Connection, member: Member, id: number, { channel }: ChannelRequest): Outcome {
  return (
    refusal(connection, member, channel) ?? {
      kind: "reply",
      reply: { kind: "presence", id, result: { presence: connection.context.presence.of(channel) } },
    }
  );
}

export function presenceStats(connection: Connection, member: Member, id: number, { channel }: ChannelRequest): Outcome {
  const refused = refusal(connection, member, channel);
  if (refused !== undefined) return refused;
  const { clients, users } = connection.context.presence.stats(channel);
  return { kind: "reply", reply: { kind: "presence_stats", id, result: { numClients: clients, numUsers: users } } };
}

function refusal({ context }: Connection, member: Member, channel: string): Outcome | undefined {
  if (channel === "") return endWith(disconnects.badRequest);
  const namespace = context.namespaces.of(channel);
  if (namespace === undefined) return refuse(clientErrors.unknownChannel);
  if (!context.namespaces.isValidName(namespace, channel)) return refuse(clientErrors.badRequest);
  if (!namespace.options.presence) return refuse(clientErrors.notAvailable);
  const asker = { user: member.user, subscribed: member.isSubscribed(channel) };
  return mayReadPresence(context.options, namespace, asker) ? undefined : refuse(clientErrors.permissionDenied);
}
