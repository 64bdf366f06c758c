import { type ChannelRequest, disconnects } from "@fleetcast/protocol";
import type { Connection } from "../connection.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome } from "../outcome.ts";
import { endCatchUp, leaveChannel } from "../unsubscribing.ts";

/**
 * Ends a subscription, server-side ones too; one that is not there is no error. One that is still being made is waited for: its
 * reply must not follow the answer to this.
 */
export function unsubscribe(connection: Connection, member: Member, id: number, { channel }: ChannelRequest): Outcome | Promise<Outcome> {
  if (channel === "") return endWith(disconnects.badRequest);
  if (member.isInFlight(channel)) return leaveLater(connection, member, id, channel);
  leave(connection, member, channel);
  return { kind: "reply", reply: { kind: "unsubscribe", id } };
}

async function leaveLater(connection: Connection, member: Member, id: number, channel: string): Promise<Outcome> {
  const isOver = await member.settled(connection.context.ports.clock, channel);
  if (connection.member !== member) return nothing;
  // A subscribe should never take that long: the client begins anew, and knows what it has.
  if (!isOver) return { kind: "reply", reply: { kind: "unsubscribe", id }, after: () => connection.disconnect(disconnects.internal) };
  leave(connection, member, channel);
  return { kind: "reply", reply: { kind: "unsubscribe", id } };
}

function leave(connection: Connection, member: Member, channel: string): void {
  const subscription = member.subscription(channel);
  if (subscription !== undefined) leaveChannel(connection.context, member, subscription);
  const catchUp = member.catchUp(channel);
  if (catchUp !== undefined) endCatchUp(connection.context, member, catchUp);
}
