import { generate } from "mqtt-packet";

interface PendingPublish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  sent: boolean;
  readonly resolve: () => void;
  readonly reject: (cause: Error) => void;
}

/**
 * What we send with QoS 1 until the broker acknowledged it, across reconnects: sent again with DUP under the same packet
 * id and in the same order [MQTT-4.4.0-1]. Bounded: beyond, the caller is told at once.
 */
export class OutboundPublishes {
  readonly #pending = new Map<number, PendingPublish>();
  readonly #pendingMax: number;
  #lastId = 0;

  constructor(pendingMax: number) {
    this.#pendingMax = Math.min(pendingMax, 65_000);
  }

  get count(): number {
    return this.#pending.size;
  }

  /** Resolves at PUBACK. `write` is absent while there is no connection: then it waits for the next one. */
  send(topic: string, payload: Uint8Array, retain: boolean, write: ((bytes: Buffer) => void) | undefined): Promise<void> {
    if (this.#pending.size >= this.#pendingMax) return Promise.reject(new Error("too many messages wait for the broker"));
    return new Promise((resolve, reject) => {
      const packetId = this.#freeId();
      const publish: PendingPublish = { topic, payload, retain, sent: false, resolve, reject };
      this.#pending.set(packetId, publish);
      if (write !== undefined) transmit(packetId, publish, write);
    });
  }

  resendAll(write: (bytes: Buffer) => void): void {
    for (const [packetId, publish] of this.#pending) transmit(packetId, publish, write);
  }

  acknowledged(packetId: number): void {
    const publish = this.#pending.get(packetId);
    this.#pending.delete(packetId);
    publish?.resolve();
  }

  rejectAll(cause: Error): void {
    for (const publish of this.#pending.values()) publish.reject(cause);
    this.#pending.clear();
  }

  #freeId(): number {
    do {
      this.#lastId = this.#lastId >= 65_535 ? 1 : this.#lastId + 1;
    } while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }
}

function transmit(messageId: number, publish: PendingPublish, write: (bytes: Buffer) => void): void {
  const { topic, payload, retain, sent } = publish;
  publish.sent = true;
  write(generate({ cmd: "publish", topic, payload: asBuffer(payload), qos: 1, retain, dup: sent, messageId }));
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
