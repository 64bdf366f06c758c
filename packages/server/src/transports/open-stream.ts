import type { ConnectionInput, Socket } from "@fleetcast/engine";

/** An HTTP answer that stays open while its connection lives. */
export interface StreamOptions {
  readonly request: Request;
  readonly headers: Headers;
  /** What the client gets before anything else; "" for nothing. */
  readonly firstText: string;
  /** A peer that takes no byte for this long is told to the connection (3009). */
  readonly writeTimeoutMs: number;
  /** Called once the head of the answer is on its way: opens the connection on this socket. */
  readonly start: (socket: Socket) => ConnectionInput;
}

/** The runtime's part: makes the answer, and the engine's socket out of it. */
export type OpenStream = (options: StreamOptions) => Response;
