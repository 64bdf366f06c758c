import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { Aedes, type Client } from "aedes";
import type { Broker, BrokerStats, InboundMessage, IntakeHandler } from "../intake.ts";
import { type MqttClock, type MqttLogger, silentLogger } from "../ports.ts";
import { createTopicLayout, type TopicLayout, topicBytesMax, topicLevelsMax } from "../topics.ts";
import type { Will } from "../wire/connect.ts";
import { decodeText, topicFault } from "../wire/text.ts";
import { AedesLink } from "./aedes-link.ts";
import { machineOf } from "./authentication.ts";
import type { BrokerContext } from "./broker-context.ts";
import { type CertificateDemand, type ClientCertificate, judgeCertificate } from "./client-certificate.ts";
import { Counters } from "./counters.ts";
import { DeviceConnection } from "./device-connection.ts";
import { Handshakes } from "./handshakes.ts";
import { Hold } from "./hold.ts";
import { defaultEmbeddedLimits, type EmbeddedLimits } from "./limits.ts";
import { isLoopback, type Listeners, listen } from "./listeners.ts";
import { type Machine, MachineRegistry } from "./machine-registry.ts";
import { SessionStore } from "./session-store.ts";
import type { BrokerTls } from "./tls-listener.ts";

export interface EmbeddedBrokerOptions {
  /** Each is listened on without TLS; give `127.0.0.1` and `::1` for loopback, none for TLS only. A machine without IPv6 is no error. */
  readonly addresses: readonly string[];
  /** 0: any free one, see `port` of the broker. */
  readonly port: number;
  readonly handler: IntakeHandler;
  readonly clock: MqttClock;
  readonly limits?: Partial<EmbeddedLimits>;
  readonly layout?: TopicLayout;
  readonly log?: MqttLogger;
  /** A listener with TLS beside the plain one. */
  readonly tls?: (BrokerTls & { readonly addresses: readonly string[]; readonly port: number }) | undefined;
}

export interface EmbeddedBrokerStats extends BrokerStats {
  readonly machines: number;
  readonly outstanding: number;
  readonly sessions: number;
  readonly retainedBytes: number;
  /** Messages to devices that a bound pushed out. */
  readonly dropped: number;
  /** Odd packets that were tolerated, by reason (M15). */
  readonly tolerated: ReadonlyMap<string, number>;
}

export interface EmbeddedBroker extends Broker {
  /** The port listened on; 0 before `start`. */
  readonly port: number;
  /** The same of the listener with TLS. */
  readonly tlsPort: number;
  readonly stats: EmbeddedBrokerStats;
  /** What devices are shown, and whose certificates are taken, from the next handshake on. @throws and keeps the former */
  swapCertificate(next: BrokerTls): void;
}

/** How often silent and half-opened connections are looked for. */
const sweepIntervalMs = 500;

export function createEmbeddedBroker(options: EmbeddedBrokerOptions): EmbeddedBroker {
  return new Embedded(options);
}

class Embedded implements EmbeddedBroker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #limits: EmbeddedLimits;
  readonly #clock: MqttClock;
  readonly #log: MqttLogger;
  readonly #context: BrokerContext;
  readonly #sessions: SessionStore;
  readonly #counters: Counters;
  readonly #machines = new MachineRegistry();
  readonly #connections = new Set<DeviceConnection>();
  readonly #aedes: Aedes;
  readonly #handshakes = new Handshakes();
  #listeners: readonly Listeners[] = [];
  #tlsListeners: Listeners | undefined;
  #demand: CertificateDemand;
  #dirty: DeviceConnection[] = [];
  #deliveries = 0;
  #droppedForwards = 0;
  #paused = false;
  #stopping = false;
  #cancelSweep: () => void = () => undefined;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
    this.#limits = { ...defaultEmbeddedLimits, ...options.limits };
    this.#clock = options.clock;
    this.#log = options.log ?? silentLogger;
    this.#demand = options.tls?.clientCertificates ?? "off";
    const layout = options.layout ?? createTopicLayout();
    this.#sessions = new SessionStore(this.#limits, layout);
    this.#counters = new Counters(options.clock, this.#log);
    this.#aedes = this.#makeAedes(layout);
    this.#context = {
      limits: this.#limits,
      clock: options.clock,
      layout,
      handler: options.handler,
      aedes: this.#aedes,
      sessions: this.#sessions,
      machines: this.#machines,
      counters: this.#counters,
      flushSoon: (connection) => this.#flushSoon(connection),
      forward: (machine, message) => this.#forward(machine, message),
      publishWill: (machine, will) => this.#publishWill(machine, will),
      connectionEnded: (connection) => void this.#connections.delete(connection),
    };
  }

  get port(): number {
    return this.#listeners.find((listeners) => listeners !== this.#tlsListeners)?.port ?? 0;
  }

  get tlsPort(): number {
    return this.#tlsListeners?.port ?? 0;
  }

  get stats(): EmbeddedBrokerStats {
    const { received, acknowledged, outstanding, refused, tolerated } = this.#counters;
    return {
      connections: this.#connections.size,
      machines: this.#machines.size,
      received,
      acknowledged,
      outstanding,
      sessions: this.#sessions.sessionCount,
      retainedBytes: this.#sessions.retained.bytes,
      dropped: this.#sessions.dropped + this.#droppedForwards,
      refused,
      tolerated,
    };
  }

  async start(): Promise<void> {
    await this.#aedes.listen();
    try {
      const { addresses, port, tls } = this.#options;
      if (addresses.length > 0) this.#listeners = [await this.#listen(addresses, port, undefined)];
      if (tls !== undefined) {
        this.#tlsListeners = await this.#listen(tls.addresses, tls.port, tls);
        this.#listeners = [...this.#listeners, this.#tlsListeners];
      }
    } catch (error) {
      await this.#closeListeners();
      await this.#closeAedes();
      throw error;
    }
    this.#sweepLater();
  }

  #listen(addresses: readonly string[], port: number, tls: BrokerTls | undefined): Promise<Listeners> {
    return listen({
      addresses,
      port,
      tls,
      handshake: {
        handshakeTimeoutMs: this.#limits.connectTimeoutMs,
        onOpening: (socket) => this.#opening(socket),
        onFailed: (socket, code) => this.#handshakeFailed(socket, code),
      },
      onSocket: (socket, address) => this.#accept(socket, isLoopback(address)),
      onError: (error, address) => this.#log.error({ address, error: error.message }, "accepting devices failed"),
    });
  }

  async #closeListeners(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    await Promise.all(listeners.map((one) => one.close()));
  }

  swapCertificate(next: BrokerTls): void {
    this.#tlsListeners?.swapCertificate(next);
    this.#demand = next.clientCertificates ?? "off";
  }

  publish(topic: string, payload: Uint8Array, options: { readonly qos: 0 | 1; readonly retain: boolean }): Promise<void> {
    const bytes = Buffer.from(topic);
    const fault = topicFault(bytes, 0, bytes.length) ?? (decodeText(bytes, 0, bytes.length) === undefined ? "bad_topic_text" : undefined);
    if (fault !== undefined) return Promise.reject(new Error(`cannot publish to this topic: ${fault}`));
    if (this.#listeners.length === 0) return Promise.reject(new Error("the broker is not running"));
    if (this.#deliveries >= this.#limits.deliveriesPendingMax) return Promise.reject(new Error("too many deliveries under way"));
    return this.#deliver(topic, payload, options.qos, options.retain);
  }

  pause(paused: boolean): void {
    if (this.#paused === paused) return;
    this.#paused = paused;
    for (const connection of this.#connections) {
      if (paused) connection.hold(Hold.paused);
      else connection.release(Hold.paused);
    }
  }

  disconnectMachine(vmId: string): void {
    for (const connection of [...(this.#machines.get(vmId)?.connections ?? [])]) connection.end("revoked");
    this.#sessions.forgetMachine(vmId);
  }

  async stop(): Promise<void> {
    if (this.#stopping || this.#listeners.length === 0) return;
    this.#stopping = true;
    await Promise.all(this.#listeners.map((listeners) => listeners.close()));
    this.#handshakes.cutAll();
    this.#cancelSweep();
    for (const connection of this.#connections) connection.hold(Hold.paused);
    await this.#storesDone();
    for (const connection of [...this.#connections]) connection.end("broker_stopped");
    await this.#closeAedes();
    this.#listeners = [];
  }

  /** A half-open handshake is a pending connection like one without CONNECT, and counts as one (F21). */
  #opening(socket: Socket): boolean {
    const reason = this.#crowded(socket.remoteAddress ?? "");
    if (reason !== undefined) {
      this.#counters.refuse(reason, { remote: socket.remoteAddress });
      return false;
    }
    this.#handshakes.begin(socket, this.#clock.monotonicMs());
    return true;
  }

  #handshakeFailed(socket: Socket, code: string): void {
    if (this.#handshakes.end(socket) === undefined) return;
    this.#counters.refuse(code === "ERR_TLS_HANDSHAKE_TIMEOUT" ? "tls_handshake_timeout" : "tls_handshake_failed", {
      remote: socket.remoteAddress,
      code,
    });
  }

  #accept(socket: Socket, loopback: boolean): void {
    const openedMs = this.#handshakes.end(socket);
    const certificate: ClientCertificate =
      socket instanceof TLSSocket ? judgeCertificate(socket, this.#demand, this.#clock.wallMs()) : { kind: "none" };
    const reason = certificate.kind === "refused" ? certificate.reason : this.#crowded(socket.remoteAddress ?? "");
    if (reason !== undefined) {
      this.#counters.refuse(reason, { remote: socket.remoteAddress });
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    const vmId = certificate.kind === "machine" ? certificate.vmId : undefined;
    const connection = new DeviceConnection(this.#context, socket, loopback, vmId);
    // The time to authenticate runs from the accepted socket, handshake and all.
    if (openedMs !== undefined) connection.openedMs = openedMs;
    this.#connections.add(connection);
    if (this.#paused) connection.hold(Hold.paused);
  }

  /** Limits before anybody is authenticated (F21). */
  #crowded(remoteAddress: string): string | undefined {
    if (this.#stopping) return "stopping";
    if (this.#connections.size + this.#handshakes.count >= this.#limits.connectionsMax) return "connections_max";
    const pending = this.#connections.size - this.#machines.connectionCount + this.#handshakes.count;
    if (pending >= this.#limits.pendingConnectionsMax) return "pending_connections_max";
    if (pending < this.#limits.pendingPerAddressMax) return undefined;
    let same = this.#handshakes.countFrom(remoteAddress);
    for (const connection of this.#connections) {
      if (!connection.authenticated && connection.remoteAddress === remoteAddress) same++;
    }
    return same >= this.#limits.pendingPerAddressMax ? "pending_per_address_max" : undefined;
  }

  #flushSoon(connection: DeviceConnection): void {
    if (connection.flushPending) return;
    connection.flushPending = true;
    this.#dirty.push(connection);
    if (this.#dirty.length === 1) this.#clock.soon(() => this.#flush());
  }

  #flush(): void {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const connection of dirty) {
      connection.flushPending = false;
      connection.flush();
    }
  }

  /** Never waited for: what a device published is acknowledged whether or not another one reads it (D4). */
  #forward(machine: Machine, message: Pick<InboundMessage, "topic" | "payload" | "qos" | "retain">): void {
    const { topic, payload, retain } = message;
    const qos = message.qos === 0 ? 0 : 1;
    if (retain) {
      const kept = this.#sessions.retained.store(
        { cmd: "publish", topic, payload: Buffer.from(payload), qos, retain: true, dup: false },
        machine.vmId,
      );
      if (!kept) this.#droppedForwards++;
    }
    if (!machine.listensToItself && !this.#sessions.wants(machine.vmId, topic)) return;
    if (this.#deliveries >= this.#limits.deliveriesPendingMax) {
      this.#droppedForwards++;
      return;
    }
    this.#deliver(topic, payload, qos, false).catch((error: Error) => {
      this.#log.debug({ vm: machine.vmId, error: error.message }, "forwarding to a subscriber failed");
    });
  }

  #deliver(topic: string, payload: Uint8Array, qos: 0 | 1, retain: boolean): Promise<void> {
    this.#deliveries++;
    return new Promise((resolve, reject) => {
      this.#aedes.publish({ cmd: "publish", topic, payload: Buffer.from(payload), qos, retain, dup: false }, (error) => {
        this.#deliveries--;
        if (error) reject(error);
        else resolve();
      });
    });
  }

  #publishWill(machine: Machine, will: Will): void {
    if (this.#stopping) return;
    this.#counters.received++;
    this.#counters.outstanding++;
    let answered = false;
    const done = (error?: Error): void => {
      if (answered) return;
      answered = true;
      this.#counters.outstanding--;
      if (error === undefined) this.#forward(machine, will);
      else this.#log.error({ vm: machine.vmId, error: error.message }, "a will could not be stored");
    };
    try {
      this.#options.handler.message({ ...will, dup: false, vmId: machine.vmId, will: true }, done);
    } catch (cause) {
      done(cause instanceof Error ? cause : new Error("the intake handler threw", { cause }));
    }
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#clock.schedule(sweepIntervalMs, () => {
      this.#sweep();
      this.#sweepLater();
    });
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    // One interval early rather than late: "within 10 s" is the promise (M3).
    const connectLimitMs = this.#limits.connectTimeoutMs - sweepIntervalMs;
    for (const connection of this.#connections) {
      if (!connection.authenticated) {
        if (nowMs - connection.openedMs >= connectLimitMs && !this.#paused) connection.refuse("connect_timeout");
      } else if (!connection.heldByUs && nowMs - connection.lastPacketMs > connection.keepaliveMs) {
        connection.refuse("keepalive_timeout");
      }
    }
  }

  async #storesDone(): Promise<void> {
    const deadlineMs = this.#clock.monotonicMs() + this.#limits.stopLimitMs;
    while (this.#counters.outstanding > 0 && this.#clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((resolve) => void this.#clock.schedule(5, resolve));
    }
    if (this.#counters.outstanding > 0) {
      this.#log.warn({ outstanding: this.#counters.outstanding }, "stopped before everything was stored; devices will send it again");
    }
    this.#flush();
  }

  #makeAedes(layout: TopicLayout): Aedes {
    const aedes = new Aedes({
      id: "fleetcast",
      // No common queue: with aedes' default of 100 under way, one device that does not read holds up all (D4).
      concurrency: 0,
      connectTimeout: this.#limits.connectTimeoutMs,
      drainTimeout: this.#limits.drainTimeoutMs,
      queueLimit: 16,
      maxTopicLevels: topicLevelsMax,
      maxClientsIdLength: topicBytesMax,
      persistence: this.#sessions,
      // Only what the guard authenticated reaches aedes, and no PUBLISH or will ever does: these hooks are the second lock.
      authenticate: (client, _username, _password, done) => done(null, client.conn instanceof AedesLink),
      authorizePublish: (_client, packet, done) =>
        done(new Error(packet.topic.startsWith("$") ? "$ topics are reserved" : "publishing goes through the guard")),
      // Also asked when a kept session is restored (M20).
      authorizeSubscribe: (client, subscription, done) =>
        done(null, layout.maySubscribe(machineOf(client.id), subscription.topic) ? subscription : null),
      authorizeForward: (client, packet) => (layout.maySubscribe(machineOf(client.id), packet.topic) ? packet : null),
    });
    aedes.on("clientReady", (client: Client) => (client.conn as AedesLink).owner.linkReady());
    aedes.on("error" as "closed", ((error: Error) => this.#log.error({ error: error.message }, "the broker core failed")) as () => void);
    return aedes;
  }

  #closeAedes(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(() => resolve()));
  }
}
