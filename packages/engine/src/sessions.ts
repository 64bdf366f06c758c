import { disconnects } from "@fleetcast/protocol";
import type { Connection } from "./connection/connection.ts";
import { takeFrameBeside } from "./connection/intake.ts";

/** What a frame costs beside its bytes while its commands are worked on. */
const frameOverheadBytes = 128;

interface Session {
  readonly connection: Connection;
  /** Frames that came by `/emulation` and are not done. */
  frameBytes: number;
}

/** Connections that are found by their session: those of emulated and one-way transports, and no others. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  get size(): number {
    return this.#sessions.size;
  }

  add(session: string, connection: Connection): void {
    this.#sessions.set(session, { connection, frameBytes: 0 });
  }

  remove(session: string): void {
    this.#sessions.delete(session);
  }

  find(session: string): Connection | undefined {
    return this.#sessions.get(session)?.connection;
  }

  /**
   * Commands that came apart from the connection that they are for. Each frame is worked on by itself: requests overtake each
   * other on their way anyway, and a pong must not wait behind a slow command. Resolves when they were worked on, at once
   * where nobody has that session.
   */
  async emulate(session: string, frame: string | Uint8Array): Promise<void> {
    const found = this.#sessions.get(session);
    if (found === undefined || found.connection.transport.oneWay) return;
    const { connection } = found;
    const bytes = frame.length + frameOverheadBytes;
    found.frameBytes += bytes;
    if (found.frameBytes > connection.context.options.queueBytesMax) connection.disconnect(disconnects.tooManyRequests);
    try {
      await takeFrameBeside(connection, frame);
    } catch (cause) {
      connection.fail("frame", cause);
    }
    found.frameBytes -= bytes;
  }
}
