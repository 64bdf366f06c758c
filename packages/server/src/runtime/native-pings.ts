import type { Clock } from "@fleetcast/engine";

/** A WebSocket that is kept alive by ping frames of its own. */
export interface PingedSocket {
  sendPing(): void;
  /** It left a ping unanswered for too long. */
  onPongMissing(): void;
}

/**
 * Native ping frames (`cf_ws_frame_ping_pong`, `uni_websocket`): every `intervalMs` a ping, and `timeoutMs` for any pong
 * after it. Both lists are in the order of their times, because every socket waits equally long; hence one timer looks only
 * at those that are due.
 */
export class NativePings {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  /** When each is pinged next, and until when each that was pinged may answer. */
  readonly #pingAtMs = new Map<PingedSocket, number>();
  readonly #pongUntilMs = new Map<PingedSocket, number>();
  #timing = false;

  constructor(clock: Clock, { intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number }) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
  }

  get size(): number {
    return this.#pingAtMs.size;
  }

  add(socket: PingedSocket): void {
    this.#pingAtMs.set(socket, this.#clock.monotonicMs() + this.#intervalMs);
    this.#schedule();
  }

  ponged(socket: PingedSocket): void {
    this.#pongUntilMs.delete(socket);
  }

  remove(socket: PingedSocket): void {
    this.#pingAtMs.delete(socket);
    this.#pongUntilMs.delete(socket);
  }

  #schedule(): void {
    if (this.#timing || this.#pingAtMs.size === 0) return;
    this.#timing = true;
    const nowMs = this.#clock.monotonicMs();
    const nextMs = Math.min(firstOf(this.#pingAtMs), firstOf(this.#pongUntilMs));
    this.#clock.schedule(Math.max(1, nextMs - nowMs), () => this.#run());
  }

  #run(): void {
    this.#timing = false;
    const nowMs = this.#clock.monotonicMs();
    for (const [socket, atMs] of this.#pongUntilMs) {
      if (atMs > nowMs) break;
      this.remove(socket);
      socket.onPongMissing();
    }
    for (const [socket, atMs] of this.#pingAtMs) {
      if (atMs > nowMs) break;
      // Deleted first: it goes to the end of the list, where its new time belongs.
      this.#pingAtMs.delete(socket);
      this.#pingAtMs.set(socket, nowMs + this.#intervalMs);
      if (!this.#pongUntilMs.has(socket)) this.#pongUntilMs.set(socket, nowMs + this.#timeoutMs);
      socket.sendPing();
    }
    this.#schedule();
  }
}

function firstOf(times: ReadonlyMap<PingedSocket, number>): number {
  for (const atMs of times.values()) return atMs;
  return Number.POSITIVE_INFINITY;
}
