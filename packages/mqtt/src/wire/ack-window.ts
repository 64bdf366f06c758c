/**
 * The messages of one connection that were handed over and not yet answered. Answers leave in the order in which the
 * packets came [MQTT-4.6.0-2], whatever the order in which the handler finishes them (D2), and not before (D1).
 */
export interface AckSlot {
  /** First byte of the answer (PUBACK, PUBREC, PUBCOMP); 0 for QoS 0, which has none. */
  readonly answer: number;
  readonly packetId: number;
  readonly sizeBytes: number;
  settled: boolean;
}

export class AckWindow {
  /** Messages that wait for their answer, and their bytes. */
  count = 0;
  bytes = 0;
  #slots: AckSlot[] = [];
  #head = 0;
  #out: Buffer = Buffer.allocUnsafeSlow(64);
  #outBytes = 0;

  open(answer: number, packetId: number, sizeBytes: number): AckSlot {
    const slot: AckSlot = { answer, packetId, sizeBytes, settled: false };
    this.#slots.push(slot);
    this.count++;
    this.bytes += sizeBytes;
    return slot;
  }

  /** Marks a message as stored. @returns how many answers are now ready to leave because of it. */
  settle(slot: AckSlot): number {
    slot.settled = true;
    let ready = 0;
    for (;;) {
      const head = this.#slots[this.#head];
      if (head === undefined || !head.settled) break;
      this.#head++;
      this.count--;
      this.bytes -= head.sizeBytes;
      if (head.answer !== 0) {
        this.#append(head.answer, head.packetId);
        ready++;
      }
    }
    // Forget what was answered in large steps: shifting an array one by one costs more than the messages do.
    if (this.#head === this.#slots.length) {
      this.#slots = [];
      this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return ready;
  }

  /** The answers gathered since the last call, as one piece to write; undefined when there are none. */
  take(): Buffer | undefined {
    if (this.#outBytes === 0) return undefined;
    const answers = Buffer.from(this.#out.subarray(0, this.#outBytes));
    this.#outBytes = 0;
    if (this.#out.length > 4096) this.#out = Buffer.allocUnsafeSlow(64);
    return answers;
  }

  #append(answer: number, packetId: number): void {
    if (this.#outBytes + 4 > this.#out.length) {
      const larger = Buffer.allocUnsafeSlow(this.#out.length * 2);
      this.#out.copy(larger, 0, 0, this.#outBytes);
      this.#out = larger;
    }
    const at = this.#outBytes;
    this.#out[at] = answer;
    this.#out[at + 1] = 2;
    this.#out[at + 2] = packetId >> 8;
    this.#out[at + 3] = packetId & 0xff;
    this.#outBytes = at + 4;
  }
}
