import { generate } from "mqtt-packet";
import type { MqttClock, MqttLogger } from "../ports.ts";
import type { AckSlot } from "../wire/ack-window.ts";

/**
 * Does the broker run with the settings that we ship? From outside one thing can be seen without harm: how many messages
 * it sends before the first is acknowledged. With Mosquitto's default of 20 (D11) our commits cap the throughput, and a
 * broker with that default most likely also has the defaults that lose acknowledged messages (D9).
 *
 * So: send ourselves a few dozen messages, acknowledge none until all came or two seconds are over, and count.
 */
export const selfTestMessages = 64;
const limitMs = 2_000;

export interface SelfTestPorts {
  readonly clock: MqttClock;
  readonly log: MqttLogger;
  readonly write: (bytes: Buffer) => void;
  readonly settle: (slot: AckSlot) => void;
  readonly nextPacketId: () => number;
  readonly publish: (topic: string, payload: Uint8Array) => void;
}

export class SelfTest {
  /** Messages that came before one was acknowledged; undefined until it ended, or when the broker let none through. */
  observedWindow: number | undefined;
  readonly topic: string;
  readonly #ports: SelfTestPorts;
  #slots: AckSlot[] = [];
  #running = false;
  #cancel: () => void = () => undefined;

  constructor(topic: string, ports: SelfTestPorts) {
    this.topic = topic;
    this.#ports = ports;
  }

  start(): void {
    const { clock, write, publish, nextPacketId } = this.#ports;
    this.#running = true;
    write(generate({ cmd: "subscribe", messageId: nextPacketId(), subscriptions: [{ topic: this.topic, qos: 1 }] }));
    for (let index = 0; index < selfTestMessages; index++) publish(this.topic, new Uint8Array([index]));
    this.#cancel = clock.schedule(limitMs, () => this.conclude());
  }

  /** Every message under the self-test's prefix ends here, also one that a former process left behind. */
  received(topic: string, slot: AckSlot): void {
    if (!this.#running || topic !== this.topic) {
      this.#ports.settle(slot);
      return;
    }
    this.#slots.push(slot);
    if (this.#slots.length === selfTestMessages) this.conclude();
  }

  /** The connection ended: nothing was learned, and nothing needs an answer any more. */
  abandon(): void {
    this.#running = false;
    this.#slots = [];
    this.#cancel();
  }

  /** Counts what came so far and acknowledges it. */
  conclude(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#cancel();
    const { log, write, settle, nextPacketId } = this.#ports;
    const count = this.#slots.length;
    for (const slot of this.#slots) settle(slot);
    this.#slots = [];
    write(generate({ cmd: "unsubscribe", messageId: nextPacketId(), unsubscriptions: [this.topic] }));
    if (count === 0) {
      log.info({ topic: this.topic }, "the broker's settings could not be checked: it does not let us write and read the self-test topic");
      return;
    }
    this.observedWindow = count;
    if (count >= selfTestMessages) return;
    log.warn(
      { inflight: count, expected: selfTestMessages },
      `THE BROKER DOES NOT RUN WITH THE SETTINGS WE SHIP: it sends only ${count} messages before the first is acknowledged ` +
        "(max_inflight_messages). Throughput will be capped, and with default settings acknowledged messages are lost when it " +
        "restarts or when Fleetcast is away. Use deploy/mosquitto/mosquitto.conf.",
    );
  }
}
