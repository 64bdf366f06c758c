import { clientErrors, disconnects, type RefreshRequest } from "@fleetcast/protocol";
import type { ConnectionClaims } from "../../ports.ts";
import { tokenChannels } from "../claims.ts";
import type { Connection } from "../connection.ts";
import { closingTime } from "../connection-expiry.ts";
import type { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import { ttlSeconds } from "../subscription-expiry.ts";

/** A client renews its connection with a new token (C25). */
export function refresh(connection: Connection, member: Member, id: number, request: RefreshRequest): Outcome | Promise<Outcome> {
  const isServerSide = connection.context.ports.proxies.refresh !== undefined;
  if (request.token === "" || isServerSide) return endWith(disconnects.badRequest);
  return renew(connection, member, id, request.token);
}

async function renew(connection: Connection, member: Member, id: number, token: string): Promise<Outcome> {
  const { namespaces, ports } = connection.context;
  const verified = await ports.verifier.connection(token);
  if (connection.member !== member) return nothing;
  if (!verified.ok) {
    if (verified.why === "internal") return refuse(clientErrors.internal);
    return endWith(verified.why === "expired" ? disconnects.connectionExpired : disconnects.invalidToken);
  }
  const { claims } = verified;
  const channels = tokenChannels(claims);
  for (const channel of channels.keys()) if (namespaces.of(channel) === undefined) return refuse(clientErrors.unknownChannel);
  if (claims.user !== member.user) return endWith(disconnects.invalidToken);
  if (!sameChannels(member, channels)) return endWith(disconnects.insufficientState);
  const { expireAtS } = claims;
  const ttl = expireAtS === undefined ? undefined : ttlSeconds(ports.clock, expireAtS);
  if (ttl !== undefined && ttl <= 0) return refuse(clientErrors.expired);
  take(connection, member, claims, expireAtS);
  const refusal = ports.admit?.(member.identity);
  if (refusal !== undefined) return endWith(refusal);
  return { kind: "reply", reply: { kind: "refresh", id, result: ttl === undefined ? {} : { expires: true, ttl } } };
}

function take(connection: Connection, member: Member, claims: ConnectionClaims, expireAtS: number | undefined): void {
  if (claims.info !== undefined) member.connInfo = claims.info;
  if (claims.meta !== undefined) member.meta = claims.meta;
  member.tokenId = claims.tokenId;
  member.issuedAtS = claims.issuedAtS ?? Number.NaN;
  member.closesAtMs = expireAtS === undefined ? Number.POSITIVE_INFINITY : closingTime(connection.context, expireAtS);
  connection.setDeadline();
}

/**
 * A token takes the connection over as it is: every channel that it names is subscribed, whoever subscribed it, and none that the
 * former token named is missing. Any other begins a new connection.
 */
function sameChannels(member: Member, channels: ReadonlyMap<string, unknown>): boolean {
  for (const channel of channels.keys()) if (member.subscription(channel)?.live !== true) return false;
  for (const { terms, channel } of member.subscriptions) if (terms.fromToken && !channels.has(channel.name)) return false;
  return true;
}
