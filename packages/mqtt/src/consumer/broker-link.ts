import net from "node:net";
import tls from "node:tls";
import { generate } from "mqtt-packet";
import type { MqttClock } from "../ports.ts";
import { type AckSlot, AckWindow } from "../wire/ack-window.ts";
import { PacketFramer } from "../wire/packet-framer.ts";
import { disconnectBytes, PacketType, pingreqBytes } from "../wire/packet-type.ts";
import { decodeText } from "../wire/text.ts";
import type { BrokerAddress } from "./broker-url.ts";

export interface LinkSettings {
  readonly address: BrokerAddress;
  readonly ca: string | Buffer | undefined;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Messages taken and not acknowledged; at this many the socket is not read. */
  readonly inflightMax: number;
  /** A larger message is handed over cut to this size, so that it becomes a dead letter instead of blocking the way for ever. */
  readonly messageBytesMax: number;
  readonly connectTimeoutMs: number;
  readonly keepaliveS: number;
  readonly clock: MqttClock;
}

export interface LinkMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly dup: boolean;
}

export interface LinkEvents {
  ready(sessionPresent: boolean): void;
  message(message: LinkMessage, slot: AckSlot): void;
  puback(packetId: number): void;
  suback(packetId: number, codes: readonly number[]): void;
  /** Once, for whatever reason; nothing comes after it. */
  ended(reason: string): void;
}

const refusals = ["", "protocol version", "client identifier", "server unavailable", "bad user name or password", "not authorised"];

type Phase = "connecting" | "ready" | "ended";

/**
 * One connection to an external broker, from socket to end. It never throws for anything the broker sends: what is not
 * MQTT ends the connection with a reason (crafted CONNACK, CVE-2021-28166 class).
 */
export class BrokerLink {
  readonly window: AckWindow = new AckWindow();
  acknowledged = 0;
  /** When CONNACK came; undefined before. */
  readyAtMs: number | undefined;
  readonly #settings: LinkSettings;
  readonly #events: LinkEvents;
  readonly #socket: net.Socket;
  readonly #framer: PacketFramer;
  #phase: Phase = "connecting";
  #holds = new Set<"paused" | "window">();
  #pumping = false;
  #flushPending = false;
  #lastHeardMs: number;
  #cancelTimer: () => void;

  constructor(settings: LinkSettings, events: LinkEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#lastHeardMs = settings.clock.monotonicMs();
    this.#framer = new PacketFramer((first) => this.#headerFault(first), settings.messageBytesMax);
    const { host, port, secure } = settings.address;
    this.#socket = secure
      ? tls.connect({
          host,
          port,
          servername: net.isIP(host) === 0 ? host : "",
          minVersion: "TLSv1.2",
          ...(settings.ca ? { ca: settings.ca } : {}),
        })
      : net.connect({ host, port });
    this.#socket.setNoDelay(true);
    this.#socket.once(secure ? "secureConnect" : "connect", () => this.#opened());
    this.#socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.end(error.code ?? error.message));
    this.#socket.on("close", () => this.end("closed by the broker"));
    this.#cancelTimer = settings.clock.schedule(settings.connectTimeoutMs, () => this.end("no CONNACK in time"));
  }

  get ready(): boolean {
    return this.#phase === "ready";
  }

  write(bytes: Buffer): void {
    if (this.#phase !== "ended") this.#socket.write(bytes);
  }

  hold(why: "paused" | "window"): void {
    this.#holds.add(why);
    this.#socket.pause();
  }

  release(why: "paused" | "window"): void {
    if (!this.#holds.delete(why) || this.#holds.size > 0 || this.#phase === "ended") return;
    this.#lastHeardMs = this.#settings.clock.monotonicMs();
    this.#pump();
    if (this.#holds.size === 0) this.#socket.resume();
  }

  /** Stored: acknowledged in its turn, together with the others of this tick. */
  settle(slot: AckSlot): void {
    const ready = this.window.settle(slot);
    if (this.#phase === "ended") return;
    this.acknowledged += ready;
    if (this.window.count * 2 <= this.#settings.inflightMax) this.release("window");
    if (ready === 0 || this.#flushPending) return;
    this.#flushPending = true;
    this.#settings.clock.soon(() => this.flush());
  }

  flush(): void {
    this.#flushPending = false;
    const answers = this.window.take();
    if (answers !== undefined) this.write(answers);
  }

  /** Without DISCONNECT: the broker sends again what was not acknowledged. */
  end(reason: string): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#cancelTimer();
    this.#socket.destroy();
    this.#events.ended(reason);
  }

  /** What is stored is acknowledged, then DISCONNECT; the session stays at the broker. */
  close(): Promise<void> {
    this.flush();
    this.write(disconnectBytes);
    const socket = this.#socket;
    return new Promise((resolve) => {
      const cancel = this.#settings.clock.schedule(1_000, finish);
      const end = (): void => this.end("stopped");
      function finish(): void {
        cancel();
        end();
        resolve();
      }
      if (socket.destroyed) finish();
      else socket.end(finish);
    });
  }

  #opened(): void {
    const { clientId, username, password, keepaliveS } = this.#settings;
    this.write(
      generate({
        cmd: "connect",
        protocolId: "MQTT",
        protocolVersion: 4,
        // The session and everything in it outlive us: that is what makes the broker send again.
        clean: false,
        clientId,
        keepalive: keepaliveS,
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
      }),
    );
  }

  #headerFault(first: number): string | undefined {
    const type = first >> 4;
    if (this.#phase === "connecting") return type === PacketType.connack ? undefined : "the first packet is not CONNACK";
    if (type === PacketType.publish) return ((first >> 1) & 3) > 1 ? "a delivery with a QoS that was not asked for" : undefined;
    const known = type === PacketType.puback || type === PacketType.suback || type === PacketType.unsuback || type === PacketType.pingresp;
    return known ? undefined : `a packet of type ${type}`;
  }

  #receive(chunk: Buffer): void {
    if (this.#phase === "ended") return;
    this.#lastHeardMs = this.#settings.clock.monotonicMs();
    this.#framer.push(chunk);
    if (this.#holds.size === 0) this.#pump();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#holds.size === 0 && !this.#isEnded() && this.#framer.next()) this.#packet();
    this.#pumping = false;
    if (this.#framer.violation !== undefined) this.end(`the broker sent ${this.#framer.violation}`);
  }

  #isEnded(): boolean {
    return this.#phase === "ended";
  }

  #packet(): void {
    const { first, bytes, start, end } = this.#framer;
    switch (first >> 4) {
      case PacketType.connack:
        this.#connack(bytes, start, end);
        break;
      case PacketType.publish:
        this.#delivery(first, bytes, start, end);
        break;
      case PacketType.puback:
        if (end - start >= 2) this.#events.puback(bytes.readUInt16BE(start));
        break;
      case PacketType.suback:
        if (end - start >= 2) this.#events.suback(bytes.readUInt16BE(start), [...bytes.subarray(start + 2, end)]);
        break;
      default:
      // PINGRESP and UNSUBACK say only that the broker lives, and that was noted with the bytes.
    }
  }

  #connack(bytes: Buffer, start: number, end: number): void {
    if (this.#phase === "ready") {
      this.end("a second CONNACK");
      return;
    }
    const code = end - start === 2 ? bytes[start + 1] : undefined;
    if (code !== 0) {
      this.end(code === undefined ? "a malformed CONNACK" : `refused by the broker: ${refusals[code] ?? `code ${code}`}`);
      return;
    }
    this.#phase = "ready";
    this.readyAtMs = this.#settings.clock.monotonicMs();
    this.#cancelTimer();
    this.#pingLater();
    this.#events.ready((bytes[start] as number) === 1);
  }

  #delivery(first: number, bytes: Buffer, start: number, end: number): void {
    const qos = ((first >> 1) & 1) as 0 | 1;
    const topicEnd = end - start < 2 ? end + 1 : start + 2 + bytes.readUInt16BE(start);
    const payloadStart = topicEnd + (qos === 0 ? 0 : 2);
    const topic = payloadStart > end ? undefined : decodeText(bytes, start + 2, topicEnd);
    const packetId = qos === 0 || payloadStart > end ? 0 : bytes.readUInt16BE(topicEnd);
    if (topic === undefined || (qos === 1 && packetId === 0)) {
      this.end("the broker sent a malformed PUBLISH");
      return;
    }
    const slot = this.window.open(qos === 1 ? 0x40 : 0, packetId, end - start);
    if (this.window.count >= this.#settings.inflightMax) this.hold("window");
    const payload = new Uint8Array(bytes.subarray(payloadStart, end));
    this.#events.message({ topic, payload, qos, retain: (first & 1) !== 0, dup: (first & 8) !== 0 }, slot);
  }

  /** Two pings in a keep-alive. A broker that was silent for 1.5 of them is gone; while we do not read we cannot know. */
  #pingLater(): void {
    const { clock, keepaliveS } = this.#settings;
    this.#cancelTimer = clock.schedule(keepaliveS * 500, () => {
      if (this.#holds.size === 0 && clock.monotonicMs() - this.#lastHeardMs > keepaliveS * 1_500) {
        this.end("the broker is silent");
        return;
      }
      this.write(pingreqBytes);
      this.#pingLater();
    });
  }
}
