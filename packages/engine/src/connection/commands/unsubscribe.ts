import { type ChannelRequest, disconnects } from "@fleetcast/protocol";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, type Outcome } from "../outcome.ts";
import { leaveChannel } from "../unsubscribing.ts";

/** Ends a subscription, server-side ones too; one that is not there is no error. */
export function unsubscribe(connection: Connection, member: Member, id: number, { channel }: ChannelRequest): Outcome {
  if (channel === "") return endWith(disconnects.badRequest);
  const subscription = member.subscription(channel);
  if (subscription !== undefined) leaveChannel(connection.context, member, subscription);
  return { kind: "reply", reply: { kind: "unsubscribe", id } };
}
