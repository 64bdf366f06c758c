import type { ConnectionInput, Engine, Socket } from "@fleetcast/engine";
import type { ServerWebSocket } from "bun";

/** What a Bun socket carries: its end of the seam towards the engine. */
export interface SocketData {
  readonly remoteAddress: string;
  readonly protocol: "json" | "protobuf";
  input: ConnectionInput | undefined;
}

/**
 * Bun holds what the kernel does not take. The outbox stops after the first `queued`, so this is only a fuse far above
 * `client.queue_max_size`: past it `send` drops silently (D20).
 */
export function backpressureBytesMax(queueBytesMax: number): number {
  return queueBytesMax * 4 + 16 * 1_048_576;
}

/**
 * The engine's `Socket` on Bun. Measured on 1.4.5: `send` answers the payload's length when the kernel took it, -1 when Bun
 * keeps (part of) it, and it is then sent later in order, 0 when it was dropped or the socket is closed; inside a cork the
 * length, whatever happens when the cork is pulled.
 */
class BunSocket implements Socket {
  readonly #ws: ServerWebSocket<SocketData>;

  constructor(ws: ServerWebSocket<SocketData>) {
    this.#ws = ws;
  }

  /** A string leaves as a text frame, bytes as a binary one. */
  send(frame: string | Uint8Array): "sent" | "queued" | "gone" {
    const result = this.#ws.send(frame as string);
    if (result > 0) return "sent";
    return result === -1 ? "queued" : "gone";
  }

  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
  }

  destroy(): void {
    this.#ws.terminate();
  }

  get bufferedBytes(): number {
    return this.#ws.getBufferedAmount();
  }

  cork(run: () => void): void {
    this.#ws.cork(run);
  }
}

const webSocket = {
  transport: "websocket",
  oneWay: false,
  emulated: false,
  disconnectPush: false,
  pings: "protocol",
  headers: new Map<string, string>(),
  headerUser: undefined,
} as const;

/** What `Bun.serve` is told about WebSockets (design section 10). Pings are the protocol's own, and so are silence timers. */
export function websocketHandlers(
  engine: Engine,
  limits: { readonly messageBytesMax: number; readonly queueBytesMax: number },
): Bun.WebSocketHandler<SocketData> {
  return {
    idleTimeout: 0,
    sendPings: false,
    maxPayloadLength: limits.messageBytesMax,
    perMessageDeflate: false,
    backpressureLimit: backpressureBytesMax(limits.queueBytesMax),
    closeOnBackpressureLimit: false,
    open(ws) {
      const { protocol, remoteAddress } = ws.data;
      ws.data.input = engine.accept(new BunSocket(ws), { ...webSocket, protocol, remoteAddress });
    },
    message(ws, frame) {
      ws.data.input?.message(frame);
    },
    drain(ws) {
      // Bun also says so when a part went out; the outbox waits for the whole (measured: several calls for one buffer).
      if (ws.getBufferedAmount() === 0) ws.data.input?.drained();
    },
    close(ws) {
      ws.data.input?.closed();
      ws.data.input = undefined;
    },
  };
}
