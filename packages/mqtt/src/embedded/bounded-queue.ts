/** A message as aedes hands it to its store. `brokerCounter` is aedes' identity of it, `messageId` the packet id once sent. */
export interface StoredPacket {
  cmd: "publish";
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup: boolean;
  brokerId?: string | undefined;
  brokerCounter?: number | undefined;
  messageId?: number | undefined;
}

/** What waits for one device until it acknowledges: newest kept, oldest dropped, for the newest command is the one that counts. */
export class BoundedQueue {
  packets: StoredPacket[] = [];
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(messagesMax: number, bytesMax: number) {
    this.#messagesMax = messagesMax;
    this.#bytesMax = bytesMax;
  }

  /** @returns how many older messages had to go. */
  add(packet: StoredPacket): number {
    const { cmd, topic, payload, qos, retain, dup, brokerId, brokerCounter } = packet;
    this.packets.push({ cmd, topic, payload, qos, retain, dup, brokerId, brokerCounter, messageId: undefined });
    this.#bytes += payload.length;
    let dropped = 0;
    while (this.packets.length > 1 && (this.packets.length > this.#messagesMax || this.#bytes > this.#bytesMax)) {
      this.#bytes -= (this.packets.shift() as StoredPacket).payload.length;
      dropped++;
    }
    return dropped;
  }

  number(packet: StoredPacket): void {
    const kept = this.packets.find((other) => other.brokerId === packet.brokerId && other.brokerCounter === packet.brokerCounter);
    if (kept !== undefined) kept.messageId = packet.messageId;
  }

  remove(messageId: number | undefined): StoredPacket | undefined {
    if (messageId === undefined) return undefined;
    const index = this.packets.findIndex((other) => other.messageId === messageId);
    if (index === -1) return undefined;
    const [removed] = this.packets.splice(index, 1);
    this.#bytes -= removed?.payload.length ?? 0;
    return removed;
  }
}
