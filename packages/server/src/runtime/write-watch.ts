import type { Clock } from "@fleetcast/engine";

/** A socket that holds bytes which its peer did not take. */
export interface BlockedSocket {
  readonly bufferedBytes: number;
  /** It takes nothing any more. Told again after each further `writeTimeoutMs`. */
  onWriteTimeout(): void;
}

interface Watched {
  readonly writeTimeoutMs: number;
  bufferedBytes: number;
  sinceMs: number;
}

const looksPerTimeout = 4;
const lookMsMin = 10;

/**
 * Notices peers that take nothing. Only blocked sockets are known here, so that all others cost nothing; one timer serves
 * them all and rests while there are none. A peer that takes something, however little, begins its time anew.
 */
export class WriteWatch {
  readonly #clock: Clock;
  readonly #blocked = new Map<BlockedSocket, Watched>();
  #timing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#blocked.size;
  }

  /** It said `queued`. Said again while it is, this changes nothing. */
  blocked(socket: BlockedSocket, writeTimeoutMs: number): void {
    if (this.#blocked.has(socket)) return;
    this.#blocked.set(socket, { writeTimeoutMs, bufferedBytes: socket.bufferedBytes, sinceMs: this.#clock.monotonicMs() });
    this.#schedule(writeTimeoutMs);
  }

  /** The socket is empty or closed. */
  released(socket: BlockedSocket): void {
    this.#blocked.delete(socket);
  }

  #schedule(writeTimeoutMs: number): void {
    if (this.#timing) return;
    this.#timing = true;
    this.#clock.schedule(Math.max(lookMsMin, writeTimeoutMs / looksPerTimeout), () => this.#look());
  }

  #look(): void {
    this.#timing = false;
    const nowMs = this.#clock.monotonicMs();
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [socket, watched] of [...this.#blocked]) {
      const { bufferedBytes } = socket;
      if (bufferedBytes < watched.bufferedBytes) watched.sinceMs = nowMs;
      watched.bufferedBytes = bufferedBytes;
      if (nowMs - watched.sinceMs >= watched.writeTimeoutMs) {
        watched.sinceMs = nowMs;
        socket.onWriteTimeout();
      }
      nextMs = Math.min(nextMs, watched.writeTimeoutMs);
    }
    if (this.#blocked.size > 0) this.#schedule(nextMs);
  }
}
