import type { InboundMessage } from "../intake.ts";
import type { AckSlot } from "../wire/ack-window.ts";
import { decodeText, topicFault } from "../wire/text.ts";
import type { Attached, DeviceConnection } from "./device-connection.ts";
import { Hold } from "./hold.ts";

const puback = 0x40;
const pubrec = 0x50;
const pubcomp = 0x70;

/** Topics that a connection used and that were found good: a device has a handful and says them again and again. */
const knownTopicsMax = 6;

/**
 * What a device publishes: checked, handed to the handler in packet order, answered only when stored (D1, D2). QoS 0 goes
 * the same way and only lacks the answer, so that it keeps its place in the device's order and counts against its bound.
 */
export class InboundPublishes {
  readonly #connection: DeviceConnection;
  readonly #knownTopics: Array<{ readonly bytes: Buffer; readonly text: string }> = [];
  /** Of a clean session; a kept session's ids live in its store. */
  readonly #qos2Ids: Set<number> = new Set();

  constructor(connection: DeviceConnection) {
    this.#connection = connection;
  }

  take(attached: Attached, first: number, bytes: Buffer, start: number, end: number): void {
    const connection = this.#connection;
    const topicStart = start + 2;
    if (topicStart > end) {
      connection.refuse("short_packet");
      return;
    }
    const topicEnd = topicStart + (((bytes[start] as number) << 8) | (bytes[start + 1] as number));
    const qos = ((first >> 1) & 3) as 0 | 1 | 2;
    const payloadStart = qos === 0 ? topicEnd : topicEnd + 2;
    if (payloadStart > end) {
      connection.refuse("short_packet");
      return;
    }
    const topic = this.#topic(attached, bytes, topicStart, topicEnd);
    if (topic === undefined) return;
    const packetId = qos === 0 ? 0 : ((bytes[topicEnd] as number) << 8) | (bytes[topicEnd + 1] as number);
    if (qos !== 0 && packetId === 0) {
      connection.refuse("packet_id_0");
      return;
    }
    const dup = (first & 8) !== 0;
    if (dup && qos === 0) connection.context.counters.tolerate("dup_with_qos_0");
    if (qos === 2 && !this.#openQos2(attached, packetId)) return;
    // An exact copy: a view would keep the socket's whole chunk alive, and carry all of it to another thread.
    const payload = new Uint8Array(bytes.subarray(payloadStart, end));
    const retain = (first & 1) !== 0;
    this.#handOver(attached, { topic, payload, qos, retain, dup, vmId: attached.machine.vmId, will: false }, packetId, end - start);
  }

  /** PUBREL: the id may be used again. Unknown ones are answered too [MQTT-4.3.3-2] (F25, M15), in their turn. */
  release(attached: Attached, packetId: number): void {
    if (!this.#ids(attached).delete(packetId)) this.#connection.context.counters.tolerate("unknown_pubrel");
    this.#answerInTurn(pubcomp, packetId);
  }

  /** @returns false when the packet needs no handing over: repeated (answered again) or over the bound (closed). */
  #openQos2(attached: Attached, packetId: number): boolean {
    const ids = this.#ids(attached);
    if (ids.has(packetId)) {
      this.#answerInTurn(pubrec, packetId);
      return false;
    }
    if (ids.size >= this.#connection.context.limits.qos2PendingMax) {
      this.#connection.refuse("qos2_pending");
      return false;
    }
    ids.add(packetId);
    return true;
  }

  #handOver(attached: Attached, message: InboundMessage, packetId: number, sizeBytes: number): void {
    const { window, context } = this.#connection;
    const answer = message.qos === 1 ? puback : message.qos === 2 ? pubrec : 0;
    const slot = window.open(answer, packetId, sizeBytes);
    context.counters.received++;
    context.counters.outstanding++;
    if (window.count >= context.limits.inflightMessagesMax || window.bytes >= context.limits.inflightBytesMax) {
      this.#connection.hold(Hold.window);
    }
    let answered = false;
    const done = (error?: Error): void => {
      if (answered) return;
      answered = true;
      context.counters.outstanding--;
      if (error === undefined) this.#stored(attached, message, slot);
      else this.#notStored(attached, message, packetId);
    };
    try {
      context.handler.message(message, done);
    } catch (cause) {
      done(cause instanceof Error ? cause : new Error("the intake handler threw", { cause }));
    }
  }

  #stored(attached: Attached, message: InboundMessage, slot: AckSlot): void {
    this.#settle(slot);
    if (message.retain || attached.machine.listensToItself) this.#connection.context.forward(attached.machine, message);
  }

  /** Not stored, so never acknowledged: the device comes back and sends it again (D1). */
  #notStored(attached: Attached, message: InboundMessage, packetId: number): void {
    if (message.qos === 2) this.#ids(attached).delete(packetId);
    this.#connection.refuse("not_stored");
  }

  #answerInTurn(answer: number, packetId: number): void {
    this.#settle(this.#connection.window.open(answer, packetId, 0));
  }

  #settle(slot: AckSlot): void {
    const connection = this.#connection;
    const { window, context } = connection;
    const ready = window.settle(slot);
    if (connection.closed) return;
    if (ready > 0) {
      context.counters.acknowledged += ready;
      context.flushSoon(connection);
    }
    // Half empty before the socket flows again: a pause and a resume for each message would cost more than the message.
    if (window.count * 2 <= context.limits.inflightMessagesMax && window.bytes * 2 <= context.limits.inflightBytesMax) {
      connection.release(Hold.window);
    }
  }

  #ids(attached: Attached): Set<number> {
    return (attached.clean ? undefined : this.#connection.context.sessions.qos2Ids(attached.internalId)) ?? this.#qos2Ids;
  }

  /** The topic as text, or undefined after the connection was closed for it. */
  #topic(attached: Attached, bytes: Buffer, start: number, end: number): string | undefined {
    for (const known of this.#knownTopics) {
      if (sameBytes(known.bytes, bytes, start, end)) return known.text;
    }
    const fault = end > bytes.length ? "short_packet" : topicFault(bytes, start, end);
    if (fault !== undefined) {
      this.#connection.refuse(fault);
      return undefined;
    }
    const text = decodeText(bytes, start, end);
    if (text === undefined) {
      this.#connection.refuse("bad_topic_text");
      return undefined;
    }
    // `$` first (D7): a broker's own topics are no machine's business, whatever the layout says.
    if (text.startsWith("$")) {
      this.#connection.refuse("dollar_topic");
      return undefined;
    }
    if (!this.#connection.context.layout.mayPublish(attached.machine.vmId, text)) {
      this.#connection.refuse("topic_not_allowed");
      return undefined;
    }
    if (this.#knownTopics.length < knownTopicsMax) this.#knownTopics.push({ bytes: Buffer.from(bytes.subarray(start, end)), text });
    return text;
  }
}

/** From the back: a device's topics differ in their last level. */
function sameBytes(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (end - start !== known.length) return false;
  for (let at = known.length - 1; at >= 0; at--) {
    if (known[at] !== bytes[start + at]) return false;
  }
  return true;
}
