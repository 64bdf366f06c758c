import { apiErrors, type ClientInfo, clientErrors, type Disconnect, disconnects, type Publication } from "@fleetcast/protocol";
import { fitsFormat } from "./channel/data-format.ts";
import { type Namespace, Namespaces } from "./channel/namespaces.ts";
import { checkPersonalChannel } from "./channel/personal-channel.ts";
import { KnownSoftware } from "./connection/client-software.ts";
import { Connection } from "./connection/connection.ts";
import { dispatch } from "./connection/dispatch.ts";
import { refreshByServer, subscribeByServer, unsubscribeByServer } from "./connection/server-calls.ts";
import { endSubscription } from "./connection/unsubscribing.ts";
import { connectionPage } from "./connection-list.ts";
import { Delivery } from "./delivery.ts";
import {
  type ConnectionInput,
  type ConnectionPage,
  type ConnectionTarget,
  type Engine,
  type EnginePorts,
  EngineRefusal,
  type EngineStats,
  type RefreshCall,
  type ReloadablePorts,
  type SubscribeCall,
} from "./engine-api.ts";
import { type DeliveryProblems, FanOut } from "./fan-out.ts";
import { Hub, type HubChannel } from "./hub.ts";
import { type AppendResult, type CommittedPublication, type LogAppend, type ReadResult, UnrecoverablePosition } from "./log.ts";
import { keepLastOfEachKey } from "./map/held-changes.ts";
import { createMapCalls, type MapCalls } from "./map/server-calls.ts";
import { DeliveryWatch } from "./metrics/delivery-watch.ts";
import { EngineMetrics } from "./metrics/engine-metrics.ts";
import type { EngineOptions } from "./options.ts";
import { Pacing } from "./pacing/pacing.ts";
import type { ConnectionIdentity, PresenceMap, Socket } from "./ports.ts";
import { MemoryPresence } from "./presence/presence.ts";
import { serverAppend } from "./publishing.ts";
import { UserBuckets } from "./rate-limits/limiter.ts";
import { type ReloadableContext, reload } from "./reload.ts";
import { RpcRoutes } from "./rpc-routes.ts";
import { Sessions } from "./sessions.ts";
import { publishToPoll, type SharedPollPublishCall, SharedPolls } from "./shared-poll/shared-polls.ts";
import { CatchUp } from "./slow-readers/catch-up.ts";
import { TimerWheel } from "./timer-wheel.ts";
import type { TransportInfo } from "./transport.ts";

/**
 * Builds the push engine. It listens to both logs and fans out what they commit, in that order.
 * @throws Error where the options need a journal, a proxy or a regex compiler that was not handed in, or contradict themselves.
 */
export function createEngine(options: EngineOptions, ports: EnginePorts): Engine {
  return new EmbeddedEngine(options, ports);
}

class EmbeddedEngine implements Engine {
  readonly nodeId: string;
  readonly maps: MapCalls;
  readonly #context: ReloadableContext;
  readonly #pacing: Pacing;
  readonly #startedAtMs: number;
  #stopping = false;
  #whenEmpty: (() => void) | undefined;

  constructor(options: EngineOptions, ports: EnginePorts) {
    checkPersonalChannel(options);
    this.nodeId = ports.chance.uuid();
    this.#startedAtMs = ports.clock.monotonicMs();
    const metrics = new EngineMetrics(ports.isMeasured === true);
    const watch = ports.onDelivered === undefined ? undefined : new DeliveryWatch(ports.onDelivered);
    this.#context = {
      options,
      ports,
      namespaces: new Namespaces(options, ports),
      rpcRoutes: new RpcRoutes(options.rpc, ports.proxies),
      nodeId: this.nodeId,
      hub: new Hub(metrics),
      sessions: new Sessions(),
      fanOut: new FanOut(ports.clock, deliveryProblems(ports, options), options.queueBytesMax, metrics, watch),
      polls: new SharedPolls(options.sharedPollConcurrency),
      presence: new MemoryPresence(metrics),
      wheel: new TimerWheel(ports.clock),
      software: new KnownSoftware(),
      metrics,
      userBuckets: new UserBuckets(),
      onConnectionClosed: () => {
        if (this.#context.hub.open.size === 0) this.#whenEmpty?.();
      },
    };
    this.#pacing = new Pacing(ports.clock, (delivery) => this.#offer(delivery));
    ports.memoryLog.onCommitted((batch) => this.#onCommitted(batch));
    ports.journalLog?.onCommitted((batch) => this.#onCommitted(batch));
    ports.mapLog?.onCommitted((batch) => this.#onChanged(batch));
    this.maps = createMapCalls(this.#context);
  }

  get options(): EngineOptions {
    return this.#context.options;
  }

  accept(socket: Socket, transport: TransportInfo): ConnectionInput {
    const connection = new Connection(this.#context, socket, transport, dispatch);
    if (this.#stopping) connection.disconnect(disconnects.shutdown);
    return connection;
  }

  emulate(session: string, frame: string | Uint8Array): Promise<void> {
    return this.#context.sessions.emulate(session, frame);
  }

  async publish(item: Omit<LogAppend, "window">): Promise<AppendResult> {
    const { fanOut } = this.#context;
    const namespace = this.#namespace(item.channel);
    refuseUnfit(namespace, item.data);
    for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
    const [result] = await namespace.log.append([serverAppend(this.#context, namespace, item)]);
    if (result === undefined) throw new EngineRefusal(apiErrors.internal.code, apiErrors.internal.message);
    return result;
  }

  async broadcast(items: readonly Omit<LogAppend, "window">[]): Promise<readonly (AppendResult | EngineRefusal)[]> {
    const { fanOut } = this.#context;
    const results: (AppendResult | EngineRefusal | undefined)[] = new Array(items.length).fill(undefined);
    const appends = new Map<Namespace["log"], { readonly at: number; readonly item: LogAppend }[]>();
    for (const [at, item] of items.entries()) {
      try {
        const namespace = this.#namespace(item.channel);
        refuseUnfit(namespace, item.data);
        const ofLog = appends.get(namespace.log) ?? [];
        ofLog.push({ at, item: serverAppend(this.#context, namespace, item) });
        appends.set(namespace.log, ofLog);
      } catch (error) {
        if (!(error instanceof EngineRefusal)) throw error;
        results[at] = error;
      }
    }
    for (let wait = fanOut.admission(); wait !== undefined; wait = fanOut.admission()) await wait;
    for (const [log, ofLog] of appends) {
      const appended = await log.append(ofLog.map(({ item }) => item));
      for (const [n, { at }] of ofLog.entries()) results[at] = appended[n];
    }
    return results.map((result) => result ?? new EngineRefusal(apiErrors.internal.code, apiErrors.internal.message));
  }

  sharedPollPublish(call: SharedPollPublishCall): Promise<void> {
    return publishToPoll(this.#context, call);
  }

  presence(channel: string): PresenceMap {
    this.#namespaceWithPresence(channel);
    return new Map<string, ClientInfo>(this.#context.presence.of(channel));
  }

  presenceStats(channel: string): { readonly clients: number; readonly users: number } {
    this.#namespaceWithPresence(channel);
    return this.#context.presence.stats(channel);
  }

  async history(request: Parameters<Engine["history"]>[0]): Promise<ReadResult> {
    const namespace = this.#namespace(request.channel);
    if (!namespace.hasHistory) throw refusal(apiErrors.notAvailable);
    const { since, reverse = false, limit = namespace.options.historyDefaultLimit } = request;
    if (reverse && since?.offset === 0) throw refusal(apiErrors.badRequest);
    if (request.limit === undefined && since === undefined && !reverse && limit > 0) {
      const newest = await this.history({ channel: request.channel, limit, reverse: true });
      return { ...newest, publications: newest.publications.toReversed() };
    }
    try {
      return await namespace.log.read({
        channel: request.channel,
        window: namespace.historyWindow,
        limit,
        reverse,
        ...(since === undefined ? {} : { since }),
      });
    } catch (error) {
      if (error instanceof UnrecoverablePosition) throw refusal(apiErrors.unrecoverablePosition);
      throw error;
    }
  }

  async historyRemove(channel: string): Promise<void> {
    const namespace = this.#namespace(channel);
    if (!namespace.hasHistory) throw refusal(apiErrors.notAvailable);
    await namespace.log.remove(channel, namespace.recoveryWindow);
    this.#context.hub.channels.get(channel)?.forgetFormer();
  }

  async subscribe(target: ConnectionTarget, call: SubscribeCall): Promise<void> {
    const namespace = this.#namespace(call.channel);
    const done = await Promise.all(
      this.#targets(target).map((connection) =>
        subscribeByServer(connection, namespace, call).catch((cause: unknown) => {
          connection.fail("subscribe", cause);
          return false;
        }),
      ),
    );
    if (done.includes(false)) throw refusal(apiErrors.internal);
  }

  async unsubscribe(target: ConnectionTarget, channel: string): Promise<void> {
    // Without a channel nothing ends, and the push names none, as in Centrifugo.
    if (channel !== "") this.#namespace(channel);
    await this.#inTurn(target, (connection) => unsubscribeByServer(connection, channel));
  }

  refresh(target: ConnectionTarget, call: RefreshCall): Promise<void> {
    return this.#inTurn(target, (connection) => refreshByServer(connection, call));
  }

  disconnect(target: ConnectionTarget, code: number, reason: string, whitelist: readonly string[]): void {
    this.#context.fanOut.inTurn(() => {
      for (const connection of this.#targets(target)) {
        if (!whitelist.includes(connection.anyMember?.client ?? "")) connection.disconnect({ code, reason });
      }
    });
  }

  cut(isMeant: (identity: ConnectionIdentity) => boolean, disconnect: Disconnect): number {
    let cut = 0;
    for (const connection of [...this.#context.hub.open]) {
      const identity = connection.anyMember?.identity;
      if (identity === undefined || !isMeant(identity)) continue;
      connection.disconnect(disconnect);
      cut++;
    }
    return cut;
  }

  channels(): ReadonlyMap<string, number> {
    return new Map([...this.#context.hub.channels.values()].map(({ name, subscriptions }) => [name, subscriptions.length]));
  }

  connections({ user, channel, after = "", limit }: Parameters<Engine["connections"]>[0]): ConnectionPage {
    const { hub } = this.#context;
    return connectionPage(user === undefined ? hub.open : hub.connectionsOf(user), { channel, after, limit });
  }

  get metrics(): EngineMetrics {
    return this.#context.metrics;
  }

  get connectionCount(): number {
    return this.#context.hub.connectionCount;
  }

  stats(): EngineStats {
    const { hub, fanOut, polls, metrics, ports } = this.#context;
    let queuedBytes = 0;
    for (const connection of hub.open) queuedBytes += connection.outbox.queuedBytes;
    return {
      connections: hub.connectionCount,
      users: hub.userCount,
      subscriptions: hub.subscriptionCount,
      channels: hub.channels.size,
      sharedPollChannels: polls.channelCount,
      sharedPollKeys: polls.keyCount,
      queuedBytes,
      slowDisconnects: metrics.slowDisconnects,
      droppedFrames: metrics.droppedFrames,
      deliveries: fanOut.deliveryCount,
      skippedPublications: this.#pacing.skippedCount + fanOut.skippedCount,
      catchUps: metrics.catchUps,
      uptimeS: Math.floor((ports.clock.monotonicMs() - this.#startedAtMs) / 1_000),
    };
  }

  reload(options: EngineOptions, ports: ReloadablePorts): void {
    reload(this.#context, this.#pacing, options, ports);
  }

  async stop(limitMs: number): Promise<void> {
    this.#stopping = true;
    const { hub, ports, fanOut } = this.#context;
    const untilMs = ports.clock.monotonicMs() + limitMs;
    this.#pacing.stop();
    this.#context.polls.stop();
    await fanOut.settled();
    for (const connection of [...hub.open]) connection.disconnect(disconnects.shutdown);
    if (hub.open.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = ports.clock.schedule(Math.max(0, untilMs - ports.clock.monotonicMs()), resolve);
      this.#whenEmpty = () => {
        cancel();
        resolve();
      };
    });
    for (const connection of [...hub.open]) connection.destroy();
  }

  /** What was published before a call reaches the connections before it takes effect. */
  async #inTurn(target: ConnectionTarget, act: (connection: Connection) => Promise<void>): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#context.fanOut.inTurn(() => {
        Promise.all(this.#targets(target).map(act)).then(() => resolve(), reject);
      });
    });
  }

  #onCommitted(batch: readonly CommittedPublication[]): void {
    const { hub, metrics, ports } = this.#context;
    const nowMs = ports.clock.monotonicMs();
    metrics.published += batch.length;
    const isTraced = ports.trace?.active === true;
    for (const committed of batch) {
      const { publication, epoch, previous } = committed;
      const channel = hub.channels.get(committed.channel);
      if (isTraced) ports.trace?.published(committed.channel, publication, channel?.subscriptions.length ?? 0);
      if (channel === undefined) continue;
      const former = publication.offset > 0 ? channel.publish(publication, epoch, nowMs) : undefined;
      const delivery = deliveryOf(channel, committed, previous ?? former);
      if (channel.namespace.options.ratePerSMax > 0) this.#pacing.offer(delivery);
      else this.#offer(delivery);
    }
  }

  /** A map changed: positions and predecessors are the map log's alone. */
  #onChanged(batch: readonly CommittedPublication[]): void {
    const { hub, metrics, ports } = this.#context;
    const nowMs = ports.clock.monotonicMs();
    metrics.published += batch.length;
    for (const committed of batch) {
      const channel = hub.channels.get(committed.channel);
      if (channel === undefined) continue;
      channel.publishedAtMs = nowMs;
      this.#offer(deliveryOf(channel, committed, committed.previous));
    }
  }

  #offer(delivery: Delivery): void {
    const { channelPositionTimeLagMsMax } = this.options;
    const { fanOut, ports } = this.#context;
    if (channelPositionTimeLagMsMax > 0 && delivery.offset > 0) {
      delivery.lateAtMs = ports.clock.monotonicMs() + channelPositionTimeLagMsMax;
    }
    fanOut.offer(delivery);
  }

  #namespace(channel: string): Namespace {
    if (channel === "") throw refusal(apiErrors.badRequest);
    const namespace = this.#context.namespaces.of(channel);
    if (namespace === undefined) throw refusal(apiErrors.unknownChannel);
    return namespace;
  }

  #namespaceWithPresence(channel: string): void {
    if (!this.#namespace(channel).options.presence) throw refusal(apiErrors.notAvailable);
  }

  #targets({ user, client, session }: ConnectionTarget): readonly Connection[] {
    const { hub, sessions } = this.#context;
    const isMeant = ({ anyMember }: Connection) =>
      anyMember?.user === user && (client === undefined || client === "" || anyMember.client === client);
    if (session === undefined || session === "") return hub.connectionsOf(user).filter(isMeant);
    // Only emulated and one-way transports have sessions; a WebSocket connection matches none.
    const connection = sessions.find(session);
    return connection !== undefined && isMeant(connection) ? [connection] : [];
  }
}

function deliveryProblems({ report }: EnginePorts, { queueBytesMax }: EngineOptions): DeliveryProblems {
  return {
    onGap: (subscription) => endSubscription(subscription, "insufficientState"),
    onInappropriate: ({ connection }) => connection.disconnect(disconnects.inappropriateProtocol),
    onHeldTooMuch: (subscription) => {
      const { terms, connection } = subscription;
      // A map without positions is held while it is paged in, and only the last change of each key matters.
      if (terms.recoveryMode === "map" && !terms.positioned) {
        keepLastOfEachKey(subscription);
        if (subscription.heldBytes <= queueBytesMax / 2) return;
      }
      connection.disconnect(disconnects.slow);
    },
    onBehind: (subscription, refined, { first, epoch }) => {
      const { terms, connection, offset } = subscription;
      connection.context.metrics.catchUps++;
      const isKnown = terms.positioned && subscription.epoch !== "";
      refined.behind = new CatchUp(subscription, isKnown ? { offset, epoch: subscription.epoch } : { offset: first - 1, epoch });
    },
    onFailure: (cause, subscription) => {
      if (subscription === undefined) report("a step of the fan-out failed", cause);
      else subscription.connection.fail("delivery", cause);
    },
  };
}

function deliveryOf(channel: HubChannel, { publication, epoch }: CommittedPublication, previous: Publication | undefined): Delivery {
  const push = { kind: "publication", channel: channel.name, publication, ...(publication.offset === 1 ? { epoch } : {}) } as const;
  return new Delivery(channel, push, epoch, previous);
}

function refusal(error: { readonly code: number; readonly message: string }): EngineRefusal {
  return new EngineRefusal(error.code, error.message);
}

function refuseUnfit(namespace: Namespace, data: Uint8Array): void {
  if (!fitsFormat(namespace.options.publicationDataFormat, data)) throw refusal(clientErrors.badRequest);
}
