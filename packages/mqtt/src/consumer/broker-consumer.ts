import { generate } from "mqtt-packet";
import type { Broker, BrokerStats, IntakeHandler } from "../intake.ts";
import { selfTestTopicPrefix } from "../mosquitto/mosquitto-acl.ts";
import { type MqttChance, type MqttClock, type MqttLogger, silentLogger } from "../ports.ts";
import type { AckSlot } from "../wire/ack-window.ts";
import { topicFault } from "../wire/text.ts";
import { BrokerLink, type LinkMessage } from "./broker-link.ts";
import { type BrokerAddress, parseBrokerUrl } from "./broker-url.ts";
import { asBuffer, OutboundPublishes } from "./outbound-publishes.ts";
import { SelfTest } from "./self-test.ts";

export interface BrokerConsumerOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`; user and password in it are used where none are given beside it. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the broker's certificate; the system's where absent. */
  readonly ca?: string | Buffer | undefined;
  /** Fixed: the session under it holds what came while we were away. */
  readonly clientId: string;
  /** Messages taken and not yet stored (D12); the broker's `max_inflight_messages` should be the same. */
  readonly inflightMax: number;
  /** Subscription filters, e.g. `layout.filters(inboundKinds)`. */
  readonly topics: readonly string[];
  readonly handler: IntakeHandler;
  readonly clock: MqttClock;
  readonly chance: MqttChance;
  readonly log?: MqttLogger | undefined;
  readonly limits?: Partial<ConsumerLimits> | undefined;
}

export interface ConsumerLimits {
  /** A larger message is handed over cut to this size: it becomes a dead letter and does not block the way. */
  readonly messageBytesMax: number;
  readonly connectTimeoutMs: number;
  readonly keepaliveS: number;
  readonly retryDelayMsMin: number;
  readonly retryDelayMsMax: number;
  /** QoS 1 messages of ours that wait for the broker's PUBACK. */
  readonly publishesPendingMax: number;
  readonly stopLimitMs: number;
}

export const defaultConsumerLimits: ConsumerLimits = {
  messageBytesMax: 262_144 + 1_024,
  connectTimeoutMs: 10_000,
  keepaliveS: 30,
  retryDelayMsMin: 250,
  retryDelayMsMax: 30_000,
  publishesPendingMax: 10_000,
  stopLimitMs: 5_000,
};

export interface BrokerConsumerStats extends BrokerStats {
  readonly connected: boolean;
  readonly reconnects: number;
  readonly outstanding: number;
  readonly publishesPending: number;
  /** What the broker itself says it dropped (`$SYS/broker/publish/messages/dropped`); undefined where it does not say. */
  readonly droppedByBroker: number | undefined;
  /** Result of the start-up self-test; undefined until then or where the broker does not allow it. */
  readonly observedWindow: number | undefined;
}

export interface BrokerConsumer extends Broker {
  readonly stats: BrokerConsumerStats;
}

type State =
  | { readonly name: "idle" }
  | { readonly name: "linked"; readonly link: BrokerLink }
  | { readonly name: "waiting"; readonly cancel: () => void }
  | { readonly name: "stopped" };

/** A connection that lived this long was a good one: the next failure begins with the shortest delay again. */
const steadyMs = 5_000;
const droppedTopic = "$SYS/broker/publish/messages/dropped";
/** Packet ids of our SUBSCRIBE and UNSUBSCRIBE; publishes start at 1 and would have to wrap around to meet them. */
const subscribeIds = { topics: 65_533, dropped: 65_534, selfTest: 65_535 } as const;

/**
 * Takes messages from an external broker, with hundreds of them on their way to the store at once and each acknowledged
 * after its commit, in packet order (D12: MQTT.js handles one at a time, so this client is our own). Needs one connection:
 * a shared subscription would break the order of a device.
 *
 * `start` resolves when the first attempt to connect has succeeded or failed; a broker that is away is waited for.
 *
 * @throws RangeError for an address that is none.
 */
export function createBrokerConsumer(options: BrokerConsumerOptions): BrokerConsumer {
  return new Consumer(options);
}

class Consumer implements BrokerConsumer {
  readonly #options: BrokerConsumerOptions;
  readonly #limits: ConsumerLimits;
  readonly #log: MqttLogger;
  readonly #address: BrokerAddress;
  readonly #outbound: OutboundPublishes;
  readonly #selfTest: SelfTest;
  readonly #refused = new Map<string, number>();
  #state: State = { name: "idle" };
  #onFirstAttempt: () => void = () => undefined;
  #attempts = 0;
  #failuresInARow = 0;
  #hadSession = false;
  #selfTested = false;
  #paused = false;
  #received = 0;
  #acknowledgedBefore = 0;
  #outstanding = 0;
  #droppedByBroker: number | undefined;

  constructor(options: BrokerConsumerOptions) {
    this.#options = options;
    this.#limits = { ...defaultConsumerLimits, ...options.limits };
    this.#log = options.log ?? silentLogger;
    this.#address = parseBrokerUrl(options.url);
    this.#outbound = new OutboundPublishes(this.#limits.publishesPendingMax);
    const nonce = Math.floor(options.chance.random() * 0xffff_ffff).toString(16);
    this.#selfTest = new SelfTest(`${selfTestTopicPrefix}/${nonce}`, {
      clock: options.clock,
      log: this.#log,
      write: (bytes) => this.#link()?.write(bytes),
      settle: (slot) => this.#link()?.settle(slot),
      nextPacketId: () => subscribeIds.selfTest,
      // Refused only when our own queue is full, and then there is other trouble than the broker's settings.
      publish: (topic, payload) => void this.publish(topic, payload, { qos: 1, retain: false }).catch(() => undefined),
    });
  }

  get stats(): BrokerConsumerStats {
    const link = this.#link();
    return {
      connections: link?.ready === true ? 1 : 0,
      connected: link?.ready === true,
      reconnects: Math.max(0, this.#attempts - 1),
      received: this.#received,
      acknowledged: this.#acknowledgedBefore + (link?.acknowledged ?? 0),
      outstanding: this.#outstanding,
      publishesPending: this.#outbound.count,
      droppedByBroker: this.#droppedByBroker,
      observedWindow: this.#selfTest.observedWindow,
      refused: this.#refused,
    };
  }

  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onFirstAttempt = resolve;
      this.#connect();
    });
  }

  publish(topic: string, payload: Uint8Array, options: { readonly qos: 0 | 1; readonly retain: boolean }): Promise<void> {
    const bytes = Buffer.from(topic);
    const fault = topicFault(bytes, 0, bytes.length);
    if (fault !== undefined) return Promise.reject(new Error(`cannot publish to this topic: ${fault}`));
    if (this.#state.name === "stopped") return Promise.reject(new Error("the broker consumer is stopped"));
    const link = this.#link();
    const write = link?.ready === true ? (packet: Buffer): void => link.write(packet) : undefined;
    if (options.qos === 1) return this.#outbound.send(topic, payload, options.retain, write);
    if (write === undefined) return Promise.reject(new Error("not connected to the broker"));
    write(generate({ cmd: "publish", topic, payload: asBuffer(payload), qos: 0, retain: options.retain, dup: false }));
    return Promise.resolve();
  }

  pause(paused: boolean): void {
    this.#paused = paused;
    const link = this.#link();
    if (!paused) link?.release("paused");
    // A link that is not ready still has to hear its CONNACK; it is held right after that.
    else if (link?.ready === true) link.hold("paused");
  }

  /** A machine's connection is the broker's: its password file decides, and the machine is cut when that is reloaded. */
  disconnectMachine(vmId: string): void {
    this.#log.warn(
      { vm: vmId },
      "this machine is connected to an external broker: remove it from the broker's password file and reload it",
    );
  }

  async stop(): Promise<void> {
    const state = this.#state;
    if (state.name === "waiting") state.cancel();
    const link = this.#link();
    link?.hold("paused");
    this.#selfTest.conclude();
    await this.#storesDone();
    this.#state = { name: "stopped" };
    await link?.close();
    this.#outbound.rejectAll(new Error("stopped before the broker acknowledged"));
  }

  #link(): BrokerLink | undefined {
    return this.#state.name === "linked" ? this.#state.link : undefined;
  }

  #connect(): void {
    const { clock, clientId, inflightMax, ca, username, password } = this.#options;
    const { connectTimeoutMs, keepaliveS, messageBytesMax } = this.#limits;
    this.#attempts++;
    const link: BrokerLink = new BrokerLink(
      {
        address: this.#address,
        ca,
        clientId,
        username: username || this.#address.username,
        password: password || this.#address.password,
        inflightMax,
        messageBytesMax,
        connectTimeoutMs,
        keepaliveS,
        clock,
      },
      {
        ready: (sessionPresent) => this.#ready(link, sessionPresent),
        message: (message, slot) => this.#message(link, message, slot),
        puback: (packetId) => this.#outbound.acknowledged(packetId),
        suback: (packetId, codes) => this.#suback(packetId, codes),
        ended: (reason) => this.#ended(link, reason),
      },
    );
    this.#state = { name: "linked", link };
  }

  #ready(link: BrokerLink, sessionPresent: boolean): void {
    this.#log.info({ host: this.#address.host, port: this.#address.port, sessionPresent }, "connected to the broker");
    if (this.#hadSession && !sessionPresent) {
      this.#log.error(
        {},
        "THE BROKER FORGOT OUR SESSION: what machines sent meanwhile is lost. It must run with persistence true (deploy/mosquitto)",
      );
    }
    this.#hadSession = true;
    // Before anything is written: the broker may already be sending what it kept for us.
    if (this.#paused) link.hold("paused");
    this.#subscribe(link, subscribeIds.topics, this.#options.topics, 1);
    this.#subscribe(link, subscribeIds.dropped, [droppedTopic], 0);
    this.#outbound.resendAll((bytes) => link.write(bytes));
    if (!this.#selfTested) {
      this.#selfTested = true;
      // A window below the broker's default says nothing about the broker.
      if (this.#options.inflightMax > 64) this.#selfTest.start();
    }
    this.#onFirstAttempt();
  }

  #subscribe(link: BrokerLink, messageId: number, topics: readonly string[], qos: 0 | 1): void {
    link.write(generate({ cmd: "subscribe", messageId, subscriptions: topics.map((topic) => ({ topic, qos })) }));
  }

  #suback(packetId: number, codes: readonly number[]): void {
    if (packetId !== subscribeIds.topics) return;
    for (const [index, topic] of this.#options.topics.entries()) {
      if (codes[index] === 1) continue;
      this.#log.error({ topic, code: codes[index] }, "the broker does not let us subscribe with QoS 1: check its ACL (deploy/mosquitto)");
    }
  }

  #message(link: BrokerLink, message: LinkMessage, slot: AckSlot): void {
    if (message.topic === droppedTopic) {
      this.#noteDropped(message.payload);
      link.settle(slot);
      return;
    }
    if (message.topic.startsWith(`${selfTestTopicPrefix}/`)) {
      this.#selfTest.received(message.topic, slot);
      return;
    }
    this.#received++;
    this.#outstanding++;
    let answered = false;
    const done = (error?: Error): void => {
      if (answered) return;
      answered = true;
      this.#outstanding--;
      if (error === undefined) {
        link.settle(slot);
      } else {
        link.end(`not stored: ${error.message}`);
      }
    };
    try {
      this.#options.handler.message({ ...message, vmId: undefined, will: false }, done);
    } catch (cause) {
      done(cause instanceof Error ? cause : new Error("the intake handler threw", { cause }));
    }
  }

  #noteDropped(payload: Uint8Array): void {
    const count = Number(asBuffer(payload).toString("latin1"));
    if (!Number.isSafeInteger(count) || count < 0) return;
    if (this.#droppedByBroker !== undefined && count > this.#droppedByBroker) {
      this.#log.error(
        { dropped: count - this.#droppedByBroker },
        "THE BROKER DROPPED MESSAGES: raise max_queued_messages and max_queued_bytes",
      );
    }
    this.#droppedByBroker = count;
  }

  #ended(link: BrokerLink, reason: string): void {
    this.#acknowledgedBefore += link.acknowledged;
    this.#selfTest.abandon();
    if (this.#state.name === "stopped") return;
    const reasonClass = reason.startsWith("not stored") ? "not_stored" : "connection_lost";
    this.#refused.set(reasonClass, (this.#refused.get(reasonClass) ?? 0) + 1);
    const aliveMs = link.readyAtMs === undefined ? 0 : this.#options.clock.monotonicMs() - link.readyAtMs;
    if (aliveMs >= steadyMs) this.#failuresInARow = 0;
    const delayMs = this.#retryDelayMs();
    this.#log.warn({ host: this.#address.host, port: this.#address.port, reason, retryMs: delayMs }, "no connection to the broker");
    this.#state = { name: "waiting", cancel: this.#options.clock.schedule(delayMs, () => this.#connect()) };
    this.#onFirstAttempt();
  }

  /** Doubled from one failure to the next, with half of it left to chance: a fleet of consumers must not come back in step. */
  #retryDelayMs(): number {
    const { retryDelayMsMin, retryDelayMsMax } = this.#limits;
    const fullMs = Math.min(retryDelayMsMax, retryDelayMsMin * 2 ** Math.min(this.#failuresInARow, 16));
    this.#failuresInARow++;
    return Math.round(fullMs * (0.5 + this.#options.chance.random() / 2));
  }

  async #storesDone(): Promise<void> {
    const { clock } = this.#options;
    const deadlineMs = clock.monotonicMs() + this.#limits.stopLimitMs;
    while (this.#outstanding > 0 && clock.monotonicMs() < deadlineMs) {
      await new Promise<void>((resolve) => void clock.schedule(5, resolve));
    }
  }
}
