import { type ConnectRequest, type ConnectResult, clientErrors, disconnects, type Reply, type SubscribeResult } from "@fleetcast/protocol";
import { type Claimed, claim } from "../claims.ts";
import { type PlannedSubscription, plan } from "../connecting.ts";
import type { Connection } from "../connection.ts";
import { closingTime } from "../connection-expiry.ts";
import { Member } from "../member.ts";
import { endWith, nothing, type Outcome, refuse } from "../outcome.ts";
import { connectOverLimit } from "../rate-limited.ts";
import { enterChannel, goLive, withoutRecovery } from "../subscribing.ts";
import type { Subscription } from "../subscription.ts";
import { ttlSeconds } from "../subscription-expiry.ts";
import { startMemberTimers } from "../timers.ts";

/** The first command: who is this, what may it have at once. A second one is a violation (C2). */
export function connect(connection: Connection, id: number, request: ConnectRequest): Outcome | Promise<Outcome> {
  if (connection.phase.name !== "opened") return endWith(disconnects.badRequest);
  connection.startConnecting();
  const client = connection.context.ports.chance.uuid();
  const claimed = claim(connection, client, request);
  const asked = { connection, client, id, request };
  return claimed instanceof Promise ? claimed.then((known) => enter(asked, known)) : enter(asked, claimed);
}

interface Asked {
  readonly connection: Connection;
  readonly client: string;
  readonly id: number;
  readonly request: ConnectRequest;
}

function enter({ connection, client, id, request }: Asked, claimed: Awaited<ReturnType<typeof claim>>): Outcome | Promise<Outcome> {
  const { options, hub, ports } = connection.context;
  if (connection.phase.name !== "connecting") return nothing;
  if (claimed.kind !== "claimed") return claimed;
  const over = connectOverLimit(connection.context, claimed.user);
  if (over !== undefined) return over;
  const planned = plan(connection.context, claimed, request.subs);
  if (planned.kind !== "planned") return planned;
  if (planned.subscriptions.size > options.channelLimit) return endWith(disconnects.channelLimit);
  const { user, expireAtS } = claimed;
  if (options.userConnectionLimit > 0 && user !== "" && hub.connectionsOf(user).length >= options.userConnectionLimit) {
    return endWith(disconnects.connectionLimit);
  }
  const ttl = expireAtS === undefined ? undefined : ttlSeconds(ports.clock, expireAtS);
  // The second of the expiry itself is not past yet.
  if (ttl !== undefined && ttl < 0) return refuse(clientErrors.expired);
  const member = memberOf(connection, client, claimed, request);
  const refusal = ports.admit?.(member.identity);
  if (refusal !== undefined) return endWith(refusal);
  connection.enter(member);
  const told = { ttl, data: claimed.data };
  if (planned.subscriptions.size === 0) return connected(connection, member, id, told, new Map(), []);
  return subscribeAll(connection, member, id, told, planned.subscriptions);
}

function memberOf(connection: Connection, client: string, claimed: Claimed, request: ConnectRequest): Member {
  const { transport, context } = connection;
  const member = new Member(client, claimed.user);
  member.connInfo = claimed.info;
  member.meta = claimed.meta;
  member.tokenId = claimed.tokenId;
  member.issuedAtS = claimed.issuedAtS;
  member.connectedAtMs = context.ports.clock.wallMs();
  member.software = context.software.of(request.name, request.version);
  if (request.headers.size > 0) member.emulatedHeaders = request.headers;
  if (transport.emulated || transport.oneWay) member.session = context.ports.chance.uuid();
  if (claimed.expireAtS !== undefined) member.closesAtMs = closingTime(context, claimed.expireAtS);
  return member;
}

interface Told {
  /** Seconds until the connection expires. */
  readonly ttl: number | undefined;
  readonly data: Uint8Array | undefined;
}

/** All at once: their reads must not wait for each other. One failure fails the whole connect. */
async function subscribeAll(
  connection: Connection,
  member: Member,
  id: number,
  told: Told,
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
  return connected(connection, member, id, told, subs, entered);
}

function connected(
  connection: Connection,
  member: Member,
  id: number,
  told: Told,
  subs: Map<string, SubscribeResult>,
  entered: readonly Subscription[],
): Outcome {
  const reply = (): Reply => ({ kind: "connect", id, result: connectResult(connection, member, told, subs) });
  const after = (): void => {
    startMemberTimers(connection, member);
    connection.becomeConnected(member);
    for (const subscription of entered) goLive(subscription, member);
    // What the operator's server wants of the connection waited until its client had the reply.
    member.wakeAll();
  };
  // What all of them missed may be more than the client could be sent [REC8].
  const orElse = (): Outcome => {
    for (const subscription of entered) {
      const { name } = subscription.channel;
      subs.set(name, withoutRecovery(subscription, subs.get(name) ?? {}));
    }
    return { kind: "reply", reply: reply(), after };
  };
  return { kind: "reply", reply: reply(), after, orElse };
}

function connectResult(
  { context, transport }: Connection,
  member: Member,
  { ttl, data }: Told,
  subs: ReadonlyMap<string, SubscribeResult>,
): ConnectResult {
  const { options, ports } = context;
  const pings = transport.pings === "protocol";
  return {
    client: member.client,
    version: options.version,
    // With a refresh proxy the client has nothing to do about its expiry, and hears nothing of it.
    ...(ttl === undefined || ports.proxies.refresh !== undefined ? {} : { expires: true, ttl }),
    ...(data === undefined || data.length === 0 ? {} : { data }),
    subs,
    ping: pings ? Math.max(0, Math.floor(options.pingIntervalMs / 1_000)) : 0,
    pong: pings && !transport.oneWay && options.pongTimeoutMs > 0,
    ...(member.session === undefined ? {} : { session: member.session }),
    ...(transport.emulated ? { node: context.nodeId } : {}),
    ...(options.connectIncludeServerTime ? { time: ports.clock.wallMs() } : {}),
  };
}
