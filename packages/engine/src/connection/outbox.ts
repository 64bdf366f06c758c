import type { Codec, EncodedMessage } from "@fleetcast/protocol";
import type { Socket } from "../ports.ts";

/**
 * A message that waits to be sent, linked to the one before it. Connections with the very same list of waiting messages
 * share the very same nodes, because a fan-out appends one message to all of them in turn and the successor is looked
 * up first: the frame they join into is then built once for all. A node never changes but for its two caches.
 */
export class WaitingMessage {
  readonly message: EncodedMessage;
  /** The message before it in the same frame. */
  readonly before: WaitingMessage | undefined;
  /** The last message of the frame before. */
  readonly frameBefore: WaitingMessage | undefined;
  /** Place in its frame, from 1 to the codec's `messagesPerFrameMax`. */
  readonly place: number;
  /** Messages and bytes up to here, over all frames of the list. */
  readonly count: number;
  readonly sizeBytes: number;
  /** The successor that a fan-out appended last: what others with the same list will want, too. */
  successor: WaitingMessage | undefined;
  #frame: EncodedMessage["payload"] | undefined;

  constructor(message: EncodedMessage, tail: WaitingMessage | undefined, codec: Codec) {
    const sameFrame = tail !== undefined && tail.place < codec.messagesPerFrameMax;
    this.message = message;
    this.before = sameFrame ? tail : undefined;
    this.frameBefore = sameFrame ? tail.frameBefore : tail;
    this.place = sameFrame ? tail.place + 1 : 1;
    this.count = (tail?.count ?? 0) + 1;
    this.sizeBytes = (tail?.sizeBytes ?? 0) + message.sizeBytes + codec.separatorBytes;
  }

  /** The frame that ends with this message. */
  frame(codec: Codec): EncodedMessage["payload"] {
    if (this.before === undefined) return this.message.payload;
    if (this.#frame === undefined) {
      const payloads: EncodedMessage["payload"][] = [];
      for (let node: WaitingMessage | undefined = this; node !== undefined; node = node.before) payloads.push(node.message.payload);
      this.#frame = codec.join(payloads.reverse());
    }
    return this.#frame;
  }
}

/** Bytes handed to a socket in one cork: it may hold as much before it can say that it is full. */
const corkBytesMax = 65_536;

/** What all outboxes of an engine share: who has something to send, and how much of it is waiting. */
export interface OutboxSchedule {
  /** The outbox has its first message: flush it in this or a later slice. */
  wake(outbox: Outbox): void;
  /** Messages that wait in outboxes whose socket takes them; for holding publishers back. */
  waitingMessages: number;
  /** What a fan-out appended last to an empty outbox, by `codec.index`: subscribers of several formats stand mixed. */
  readonly firsts: (WaitingMessage | undefined)[];
}

export interface OutboxOwner {
  /** More than `queueBytesMax` wait: this reader is slow (3008). */
  onSlow(): void;
  /** The runtime dropped a frame or lost the peer: this client has a gap (D20). */
  onGone(): void;
  /** The socket threw. */
  onFailure(cause: unknown): void;
}

/**
 * What one connection has to be sent, in order. Messages are appended at any time and leave once a tick, joined into
 * frames. After the first `queued` nothing is handed over until `drained`: what the runtime holds is one frame, what we
 * hold is at most `queueBytesMax` (D20, D21).
 */
export class Outbox {
  readonly #socket: Socket;
  readonly codec: Codec;
  readonly #schedule: OutboxSchedule;
  readonly #owner: OutboxOwner;
  readonly #bytesMax: number;
  #tail: WaitingMessage | undefined;
  /** Frames, oldest first, that were ready when the socket said `queued`. */
  #ready: WaitingMessage[] | undefined;
  #readyBytes = 0;
  #blocked = false;
  #ended = false;
  #awake = false;
  /** Messages of ours in `schedule.waitingMessages`. */
  #counted = 0;

  constructor(socket: Socket, codec: Codec, schedule: OutboxSchedule, owner: OutboxOwner, bytesMax: number) {
    this.#socket = socket;
    this.codec = codec;
    this.#schedule = schedule;
    this.#owner = owner;
    this.#bytesMax = bytesMax;
  }

  get queuedBytes(): number {
    return this.#readyBytes + (this.#tail?.sizeBytes ?? 0);
  }

  /** The socket holds bytes that the peer did not take. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** A message for this connection alone: a reply. */
  push(message: EncodedMessage): void {
    if (!this.#ended) this.#append(new WaitingMessage(message, this.#tail, this.codec));
  }

  /** A message that many get at this moment. The hot path: usually it finds its node made. */
  pushShared(message: EncodedMessage): void {
    if (this.#ended) return;
    const tail = this.#tail;
    if (tail !== undefined) {
      let node = tail.successor;
      if (node === undefined || node.message !== message) {
        node = new WaitingMessage(message, tail, this.codec);
        tail.successor = node;
      }
      this.#append(node);
      return;
    }
    const { firsts } = this.#schedule;
    let first = firsts[this.codec.index];
    if (first === undefined || first.message !== message) {
      first = new WaitingMessage(message, undefined, this.codec);
      firsts[this.codec.index] = first;
    }
    this.#append(first);
  }

  /** Hands everything over that the socket takes. */
  flush(): void {
    this.#awake = false;
    if (this.#blocked || this.#ended) return;
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    this.#uncount();
    if (tail.frameBefore === undefined) {
      this.#send(tail);
      return;
    }
    this.#ready = framesOf(tail);
    this.#readyBytes = tail.sizeBytes;
    this.#sendReady();
  }

  drained(): void {
    if (!this.#blocked) return;
    this.#blocked = false;
    if (this.#ended) return;
    this.#sendReady();
    this.flush();
  }

  /** Forgets what waits; nothing is sent or taken any more. */
  end(): void {
    this.#ended = true;
    this.#tail = undefined;
    this.#ready = undefined;
    this.#readyBytes = 0;
    this.#uncount();
  }

  #append(node: WaitingMessage): void {
    this.#tail = node;
    if (!this.#blocked) {
      this.#counted++;
      this.#schedule.waitingMessages++;
      if (!this.#awake) {
        this.#awake = true;
        this.#schedule.wake(this);
      }
    }
    if (node.sizeBytes + this.#readyBytes > this.#bytesMax) this.#overfull(node);
  }

  /**
   * What waits only for its turn is no slow reader: several large messages of one tick are handed over at once. A single
   * message above the limit is one, as at the real server.
   */
  #overfull({ message }: WaitingMessage): void {
    if (!this.#blocked && message.sizeBytes <= this.#bytesMax) this.flush();
    if (!this.#ended && this.queuedBytes > this.#bytesMax) this.#owner.onSlow();
  }

  /** Frame after frame until the socket takes no more, some at a time in one system call. */
  #sendReady(): void {
    while (this.#ready !== undefined && !this.#blocked && !this.#ended) {
      const ready = this.#ready;
      if (this.#socket.cork === undefined) this.#sendSome(ready);
      else this.#socket.cork(() => this.#sendSome(ready));
      // Inside a cork nobody can say `queued`: what the pull left behind is seen here.
      if (!this.#ended && this.#socket.bufferedBytes > 0) this.#blocked = true;
    }
  }

  #sendSome(ready: readonly WaitingMessage[]): void {
    let next = 0;
    let handedBytes = 0;
    while (next < ready.length && handedBytes < corkBytesMax && !this.#blocked && !this.#ended) {
      const node = ready[next++];
      if (node === undefined) break;
      handedBytes = node.sizeBytes - (ready[0]?.frameBefore?.sizeBytes ?? 0);
      this.#send(node);
    }
    if (this.#ended) return;
    const last = ready[ready.length - 1];
    this.#ready = next === ready.length ? undefined : ready.slice(next);
    this.#readyBytes = this.#ready === undefined ? 0 : (last?.sizeBytes ?? 0) - (ready[next - 1]?.sizeBytes ?? 0);
  }

  #send(node: WaitingMessage): void {
    try {
      const outcome = this.#socket.send(node.frame(this.codec));
      if (outcome === "sent") return;
      if (outcome === "queued") this.#blocked = true;
      else this.#owner.onGone();
    } catch (cause) {
      this.#owner.onFailure(cause);
    }
  }

  #uncount(): void {
    this.#schedule.waitingMessages -= this.#counted;
    this.#counted = 0;
  }
}

function framesOf(tail: WaitingMessage): WaitingMessage[] {
  const frames: WaitingMessage[] = [];
  for (let node: WaitingMessage | undefined = tail; node !== undefined; node = node.frameBefore) frames.push(node);
  return frames.reverse();
}
