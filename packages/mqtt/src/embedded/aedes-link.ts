import { Duplex } from "node:stream";

/** What a link needs from the connection that owns it. */
export interface LinkOwner {
  /** @returns false when the socket holds the bytes back; `drained` of the link is called once it took them. */
  writeToSocket(bytes: Buffer): boolean;
  /** aedes opened the session and sent CONNACK. */
  linkReady(): void;
  /** aedes ended this client (delivery timed out, session taken over, broker closing). */
  linkEnded(): void;
}

/**
 * The stream that aedes takes for a device's socket. Towards aedes it carries one packet, the CONNECT that the
 * guard wrote under the machine's own name; from aedes it carries CONNACK and deliveries.
 *
 * mqtt-packet corks around every packet, so `_writev` always holds whole packets and the guard's own answers can be
 * written to the socket between two calls.
 */
export class AedesLink extends Duplex {
  readonly owner: LinkOwner;
  readonly #outboundBytesMax: number;
  #waiting: (() => void) | undefined;

  constructor(owner: LinkOwner, outboundBytesMax: number) {
    super({ decodeStrings: true, autoDestroy: true, allowHalfOpen: true });
    this.owner = owner;
    this.#outboundBytesMax = outboundBytesMax;
  }

  /** The socket took everything: the write that waited goes on. */
  drained(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  override _read(): void {
    // The guard pushes its one packet.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#hand(chunk, done);
  }

  override _writev(chunks: Array<{ chunk: Buffer; encoding: BufferEncoding }>, done: (error?: Error | null) => void): void {
    this.#hand(chunks.length === 1 ? (chunks[0] as { chunk: Buffer }).chunk : Buffer.concat(chunks.map((part) => part.chunk)), done);
  }

  override _destroy(_error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting = undefined;
    this.owner.linkEnded();
    // aedes hands its reason to `destroy`; it was counted where it arose, and nobody listens for it here.
    done(null);
  }

  #hand(bytes: Buffer, done: (error?: Error | null) => void): void {
    if (this.writableLength > this.#outboundBytesMax) {
      this.destroy();
      return;
    }
    if (this.owner.writeToSocket(bytes)) done();
    else this.#waiting = done;
  }
}
