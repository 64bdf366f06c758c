import { Readable } from "node:stream";
import { filterMatches, type TopicLayout } from "../topics.ts";
import { BoundedQueue, type StoredPacket } from "./bounded-queue.ts";
import type { EmbeddedLimits } from "./limits.ts";
import { RetainedStore } from "./retained-store.ts";

interface StoredSubscription {
  readonly qos: 0 | 1 | 2;
  readonly rh?: number | undefined;
  readonly rap?: boolean | undefined;
  readonly nl?: boolean | undefined;
}

/** A session with clean=0: what outlives its connection. In memory: a restart of the broker forgets it, and CONNACK says so. */
export interface KeptSession {
  readonly internalId: string;
  readonly vmId: string;
  readonly subscriptions: Map<string, StoredSubscription>;
  readonly queue: BoundedQueue;
  /** QoS 2 packet ids that were stored and wait for PUBREL [MQTT-4.3.3]. */
  readonly qos2Ids: Set<number>;
  online: boolean;
}

/**
 * aedes' persistence port with a bound on everything (F27, M21, R2). Sessions are indexed by machine, because a
 * machine's filters never leave its own subtree: one message looks at one machine's sessions, however large the fleet is.
 *
 * Wills and inbound QoS 2 never reach aedes (the guard owns them), so those parts of the port answer as empty.
 */
export class SessionStore {
  readonly retained: RetainedStore;
  readonly #limits: EmbeddedLimits;
  readonly #layout: TopicLayout;
  readonly #sessions = new Map<string, KeptSession>();
  readonly #byMachine = new Map<string, Set<KeptSession>>();
  /** Messages that a bound pushed out or refused. */
  dropped = 0;

  constructor(limits: EmbeddedLimits, layout: TopicLayout) {
    this.#limits = limits;
    this.#layout = layout;
    this.retained = new RetainedStore(limits);
  }

  /** The session under this id, made when absent. Longest unused ones beyond the bounds are forgotten. */
  open(internalId: string, vmId: string): KeptSession {
    const kept = this.#sessions.get(internalId);
    // Moved to the end: the map's order is the order of last use.
    this.#sessions.delete(internalId);
    const session: KeptSession = kept ?? {
      internalId,
      vmId,
      subscriptions: new Map(),
      queue: new BoundedQueue(this.#limits.queuedMessagesPerSessionMax, this.#limits.queuedBytesPerSessionMax),
      qos2Ids: new Set(),
      online: true,
    };
    session.online = true;
    this.#sessions.set(internalId, session);
    const siblings = this.#byMachine.get(vmId) ?? new Set<KeptSession>();
    siblings.delete(session);
    this.#byMachine.set(vmId, siblings.add(session));
    this.#forgetBeyond(siblings, this.#limits.sessionsPerMachineMax);
    this.#forgetBeyond(this.#sessions.values(), this.#limits.sessionsMax, this.#sessions.size);
    return session;
  }

  /** Its connection is gone; the session waits and may be forgotten when room is needed. */
  rest(internalId: string): void {
    const session = this.#sessions.get(internalId);
    if (session !== undefined) session.online = false;
  }

  qos2Ids(internalId: string): Set<number> | undefined {
    return this.#sessions.get(internalId)?.qos2Ids;
  }

  forget(internalId: string): void {
    const session = this.#sessions.get(internalId);
    if (session === undefined) return;
    this.#sessions.delete(internalId);
    const siblings = this.#byMachine.get(session.vmId);
    siblings?.delete(session);
    if (siblings?.size === 0) this.#byMachine.delete(session.vmId);
  }

  /** A revoked machine leaves nothing behind that could be delivered later (M20). */
  forgetMachine(vmId: string): void {
    for (const session of [...(this.#byMachine.get(vmId) ?? [])]) this.forget(session.internalId);
    this.retained.forgetMachine(vmId);
  }

  /** The device has this delivery. */
  acknowledge(internalId: string, packetId: number): void {
    this.#sessions.get(internalId)?.queue.remove(packetId);
  }

  unsubscribe(internalId: string, filters: readonly string[]): void {
    const session = this.#sessions.get(internalId);
    for (const filter of filters) session?.subscriptions.delete(filter);
  }

  /** Does a kept session of this machine want this topic with QoS 1? */
  wants(vmId: string, topic: string): boolean {
    for (const session of this.#byMachine.get(vmId) ?? []) {
      for (const [filter, subscription] of session.subscriptions) {
        if (subscription.qos > 0 && filterMatches(filter, topic)) return true;
      }
    }
    return false;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  // The port, as aedes calls it.

  async setup(): Promise<void> {}

  async storeRetained(packet: StoredPacket): Promise<void> {
    if (!this.retained.store(packet, this.#layout.parse(packet.topic)?.vmId ?? "")) this.dropped++;
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.retained.matching(filters));
  }

  async addSubscriptions(client: { id: string }, subscriptions: readonly ({ topic: string } & StoredSubscription)[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const { topic, qos, rh, rap, nl } of subscriptions) {
      const known = session.subscriptions.has(topic);
      if (!known && session.subscriptions.size >= this.#limits.subscriptionsPerSessionMax) continue;
      if (this.#layout.maySubscribe(session.vmId, topic)) session.subscriptions.set(topic, { qos, rh, rap, nl });
    }
  }

  async removeSubscriptions(client: { id: string }, filters: readonly string[]): Promise<void> {
    this.unsubscribe(client.id, filters);
  }

  async subscriptionsByClient(client: { id: string }): Promise<Array<{ topic: string } & StoredSubscription>> {
    const session = this.#sessions.get(client.id);
    return [...(session?.subscriptions ?? [])].map(([topic, subscription]) => ({ topic, ...subscription }));
  }

  async subscriptionsByTopic(topic: string): Promise<Array<{ clientId: string; topic: string; qos: 0 | 1 | 2 }>> {
    const found: Array<{ clientId: string; topic: string; qos: 0 | 1 | 2 }> = [];
    for (const vmId of new Set(topic.split("/"))) {
      for (const session of this.#byMachine.get(vmId) ?? []) {
        // One entry a session: overlapping filters still mean one delivery to keep.
        for (const [filter, { qos }] of session.subscriptions) {
          if (qos === 0 || !filterMatches(filter, topic)) continue;
          found.push({ clientId: session.internalId, topic: filter, qos });
          break;
        }
      }
    }
    return found;
  }

  async cleanSubscriptions(client: { id: string }): Promise<void> {
    this.forget(client.id);
  }

  async outgoingEnqueue(subscriber: { clientId: string }, packet: StoredPacket): Promise<void> {
    const queue = this.#sessions.get(subscriber.clientId)?.queue;
    if (queue !== undefined) this.dropped += queue.add(packet);
  }

  async outgoingEnqueueCombi(subscribers: ReadonlyArray<{ clientId: string }>, packet: StoredPacket): Promise<void> {
    for (const subscriber of subscribers) await this.outgoingEnqueue(subscriber, packet);
  }

  /**
   * Ties a queued message to the packet id under which it is sent. A message that the bound pushed out meanwhile is
   * still delivered; aedes would end the client if this failed.
   */
  async outgoingUpdate(client: { id: string }, packet: StoredPacket): Promise<void> {
    this.#sessions.get(client.id)?.queue.number(packet);
  }

  async outgoingClearMessageId(client: { id: string }, packet: { messageId?: number | undefined }): Promise<StoredPacket | undefined> {
    return this.#sessions.get(client.id)?.queue.remove(packet.messageId);
  }

  outgoingStream(client: { id: string }): Readable {
    return Readable.from([...(this.#sessions.get(client.id)?.queue.packets ?? [])]);
  }

  async putWill(): Promise<void> {}
  async delWill(): Promise<undefined> {
    return undefined;
  }
  streamWill(): Readable {
    return Readable.from([]);
  }

  #forgetBeyond(sessions: Iterable<KeptSession>, max: number, count = (sessions as Set<KeptSession>).size): void {
    let excess = count - max;
    if (excess <= 0) return;
    for (const session of [...sessions]) {
      if (excess <= 0) return;
      if (session.online) continue;
      this.forget(session.internalId);
      this.dropped += session.queue.packets.length;
      excess--;
    }
  }
}
