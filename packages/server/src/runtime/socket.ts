import type { ConnectionInput, Engine, Socket, TransportInfo } from "@fleetcast/engine";
import type { ServerWebSocket } from "bun";
import type { NativePings, PingedSocket } from "./native-pings.ts";
import type { BlockedSocket, WriteWatch } from "./write-watch.ts";

/** What all connections of one WebSocket address have in common. */
export interface WebSocketTerms {
  /** A larger message closes with 1009. */
  readonly messageBytesMax: number;
  /** Frames above this are compressed where the client agreed to it; undefined: none are. */
  readonly compressAboveBytes: number | undefined;
  readonly writeTimeoutMs: number;
  /** Ping frames on every connection, and not only on those that ask for them. */
  readonly pingsAll: boolean;
  /** The server's end of a connection is a cut without a close frame. */
  readonly closesSilently: boolean;
  readonly writes: WriteWatch;
  readonly pings: NativePings;
}

/** What a Bun socket carries: its end of the seam towards the engine. */
export interface SocketData {
  readonly terms: WebSocketTerms;
  readonly info: TransportInfo;
  /** One-way: what it connects with; undefined where that is to come as its first message. */
  readonly connect: string | undefined;
  socket: BunSocket | undefined;
}

/**
 * Bun holds what the kernel does not take. The outbox stops after the first `queued`, so this is only a fuse far above
 * `client.queue_max_size`: past it `send` drops silently (D20).
 */
export function backpressureBytesMax(queueBytesMax: number): number {
  return queueBytesMax * 4 + 16 * 1_048_576;
}

const tooLarge = 1009;

/**
 * The engine's `Socket` on Bun. Measured on 1.4.5: `send` answers the payload's length when the kernel took it, -1 when Bun
 * keeps (part of) it, and it is then sent later in order, 0 when it was dropped or the socket is closed; inside a cork the
 * length, whatever happens when the cork is pulled.
 */
class BunSocket implements Socket, BlockedSocket, PingedSocket {
  readonly #ws: ServerWebSocket<SocketData>;
  #input: ConnectionInput | undefined;

  constructor(ws: ServerWebSocket<SocketData>) {
    this.#ws = ws;
  }

  get #terms(): WebSocketTerms {
    return this.#ws.data.terms;
  }

  open(engine: Engine): void {
    const { terms, info, connect } = this.#ws.data;
    this.#input = engine.accept(this, info);
    if (terms.pingsAll || info.pings === "native") terms.pings.add(this);
    if (connect !== undefined) this.#input.message(connect);
  }

  message(frame: string | Uint8Array): void {
    if (isLongerThan(frame, this.#terms.messageBytesMax)) this.#ws.close(tooLarge);
    else this.#input?.message(frame);
  }

  drained(): void {
    // Bun also says so when a part went out; the outbox waits for the whole (measured: several calls for one buffer).
    if (this.#ws.getBufferedAmount() > 0) return;
    this.#terms.writes.released(this);
    this.#input?.drained();
  }

  ponged(): void {
    this.#terms.pings.ponged(this);
  }

  closed(): void {
    this.#terms.writes.released(this);
    this.#terms.pings.remove(this);
    this.#input?.closed();
    this.#input = undefined;
  }

  /** A string leaves as a text frame, bytes as a binary one. */
  send(frame: string | Uint8Array): "sent" | "queued" | "gone" {
    const { compressAboveBytes, writes, writeTimeoutMs } = this.#terms;
    const compress = compressAboveBytes !== undefined && frame.length > compressAboveBytes;
    const result = this.#ws.send(frame as string, compress);
    if (result > 0) return "sent";
    if (result === 0) return "gone";
    writes.blocked(this, writeTimeoutMs);
    return "queued";
  }

  close(code: number, reason: string): void {
    if (this.#terms.closesSilently) this.#ws.terminate();
    else this.#ws.close(code, reason);
  }

  destroy(): void {
    this.#ws.terminate();
  }

  get bufferedBytes(): number {
    return this.#ws.getBufferedAmount();
  }

  cork(run: () => void): void {
    this.#ws.cork(run);
    if (this.bufferedBytes > 0) this.#terms.writes.blocked(this, this.#terms.writeTimeoutMs);
  }

  onWriteTimeout(): void {
    this.#input?.writeTimedOut();
  }

  sendPing(): void {
    this.#ws.ping();
  }

  onPongMissing(): void {
    this.#ws.terminate();
  }
}

/** In bytes of UTF-8; a text has at most three for each of its units. */
function isLongerThan(frame: string | Uint8Array, bytesMax: number): boolean {
  if (typeof frame !== "string") return frame.length > bytesMax;
  return frame.length * 3 > bytesMax && Buffer.byteLength(frame) > bytesMax;
}

/** What `Bun.serve` is told about WebSockets (design section 10). Pings are ours, and so are silence timers. */
export function websocketHandlers(
  engine: Engine,
  options: {
    readonly queueBytesMax: number;
    /** Largest message of any address, as it is after inflating. */
    readonly messageBytesMax: number;
    readonly compresses: boolean;
  },
): Bun.WebSocketHandler<SocketData> {
  return {
    idleTimeout: 0,
    sendPings: false,
    maxPayloadLength: options.messageBytesMax,
    perMessageDeflate: options.compresses,
    backpressureLimit: backpressureBytesMax(options.queueBytesMax),
    closeOnBackpressureLimit: false,
    open(ws) {
      ws.data.socket = new BunSocket(ws);
      ws.data.socket.open(engine);
    },
    message(ws, frame) {
      ws.data.socket?.message(frame);
    },
    drain(ws) {
      ws.data.socket?.drained();
    },
    pong(ws) {
      ws.data.socket?.ponged();
    },
    close(ws) {
      ws.data.socket?.closed();
      ws.data.socket = undefined;
    },
  };
}
