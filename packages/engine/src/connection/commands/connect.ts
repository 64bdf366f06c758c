import { type ConnectRequest, type ConnectResult, clientErrors, disconnects, type SubscribeResult } from "@fleetcast/protocol";
import { type Claimed, claim, type PlannedSubscription, plan } from "../connecting.ts";
import type { Connection } from "../connection.ts";
import { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import { enterChannel, goLive } from "../subscribing.ts";
import type { Subscription } from "../subscription.ts";
import { monotonicOf, ttlSeconds } from "../subscription-expiry.ts";
import { startMemberTimers } from "../timers.ts";

/** The first command: who is this, what may it have at once. A second one is a violation (C2). */
export function connect(connection: Connection, id: number, request: ConnectRequest): Outcome | Promise<Outcome> {
  if (connection.phase.name !== "opened") return endWith(disconnects.badRequest);
  connection.startConnecting();
  return run(connection, id, request);
}

async function run(connection: Connection, id: number, request: ConnectRequest): Promise<Outcome> {
  const { options, hub, ports } = connection.context;
  const claimed = await claim(connection.context, request.token);
  if (connection.phase.name !== "connecting") return nothing;
  if (claimed.kind !== "claimed") return claimed;
  const planned = plan(connection.context, claimed, request.subs);
  if (planned.kind !== "planned") return planned;
  if (planned.subscriptions.size > options.channelLimit) return endWith(disconnects.channelLimit);
  const { claims } = claimed;
  if (options.userConnectionLimit > 0 && claims.user !== "" && hub.connectionsOf(claims.user).length >= options.userConnectionLimit) {
    return endWith(disconnects.connectionLimit);
  }
  const ttl = claims.expireAtS === undefined ? undefined : ttlSeconds(ports.clock, claims.expireAtS);
  if (ttl !== undefined && ttl <= 0) return refuse(clientErrors.expired);
  const member = memberOf(connection, claimed);
  connection.enter(member);
  return subscribeAll(connection, member, id, ttl, planned.subscriptions);
}

function memberOf(connection: Connection, { claims }: Claimed): Member {
  const { options, ports } = connection.context;
  const member = new Member(ports.chance.uuid(), claims.user);
  if (connection.transport.emulated || connection.transport.oneWay) member.session = ports.chance.uuid();
  member.connInfo = claims.info;
  member.meta = claims.meta;
  if (claims.expireAtS !== undefined) member.closesAtMs = monotonicOf(ports.clock, claims.expireAtS) + options.expiredCloseDelayMs;
  return member;
}

/** All at once: their reads must not wait for each other. One failure fails the whole connect. */
async function subscribeAll(
  connection: Connection,
  member: Member,
  id: number,
  ttl: number | undefined,
  planned: ReadonlyMap<string, PlannedSubscription>,
): Promise<Outcome> {
  const subs = new Map<string, SubscribeResult>();
  const entered: Subscription[] = [];
  const all = await Promise.all(
    [...planned].map(([channel, { namespace, terms, wish }]) => enterChannel(connection, member, channel, namespace, terms, wish)),
  );
  if (connection.phase.name !== "connecting") return nothing;
  for (const subscribed of all) {
    if (subscribed.kind === "gone") return endWith(disconnects.insufficientState);
    if (subscribed.kind !== "subscribed") return subscribed;
    subs.set(subscribed.subscription.channel.name, subscribed.result);
    entered.push(subscribed.subscription);
  }
  return {
    kind: "reply",
    reply: { kind: "connect", id, result: connectResult(connection, member, ttl, subs) },
    after: () => {
      startMemberTimers(connection, member);
      connection.becomeConnected(member);
      for (const subscription of entered) goLive(subscription, member);
    },
  };
}

function connectResult(
  { context, transport }: Connection,
  member: Member,
  ttl: number | undefined,
  subs: ReadonlyMap<string, SubscribeResult>,
): ConnectResult {
  const { options, ports } = context;
  const pings = transport.pings === "protocol";
  return {
    client: member.client,
    version: options.version,
    ...(ttl === undefined ? {} : { expires: true, ttl }),
    subs,
    ping: pings ? Math.max(0, Math.floor(options.pingIntervalMs / 1_000)) : 0,
    pong: pings && !transport.oneWay && options.pongTimeoutMs > 0,
    ...(member.session === undefined ? {} : { session: member.session }),
    ...(transport.emulated ? { node: context.nodeId } : {}),
    ...(options.connectIncludeServerTime ? { time: ports.clock.wallMs() } : {}),
  };
}
