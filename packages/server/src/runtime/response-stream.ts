import type { ConnectionInput, Socket } from "@fleetcast/engine";
import type { OpenStream, StreamOptions } from "../transports/open-stream.ts";
import type { BlockedSocket, WriteWatch } from "./write-watch.ts";

/** What the listener does for a stream: it alone knows the server that the request came to. */
export interface StreamSeat {
  /** The stream is about to end: its connection falls under the idle timeout again. */
  onEnd: () => void;
}

const seats = new WeakMap<Response, StreamSeat>();

/** The stream behind an answer, for the listener; undefined for every other answer. */
export function seatOf(response: Response): StreamSeat | undefined {
  const seat = seats.get(response);
  seats.delete(response);
  return seat;
}

export function createOpenStream(watch: WriteWatch): OpenStream {
  return (options) => {
    const stream = new ResponseStream(options, watch);
    // Bun's own type: what is written goes to the socket without a queue between, and it alone tells of a peer that takes
    // nothing (measured, 1.4.5). It stays open after `pull`, until it is closed.
    const source: Bun.DirectUnderlyingSource = {
      type: "direct",
      pull: (controller) => stream.pull(controller),
      cancel: () => stream.cancel(),
    };
    const response = new Response(new ReadableStream(source), { headers: options.headers });
    seats.set(response, stream);
    return response;
  };
}

/** The engine's `Socket` on an HTTP answer that stays open. */
class ResponseStream implements Socket, BlockedSocket, StreamSeat {
  readonly #watch: WriteWatch;
  #options: StreamOptions | undefined;
  readonly #writeTimeoutMs: number;
  #controller: ReadableStreamDirectController | undefined;
  #input: ConnectionInput | undefined;
  #blockedBytes = 0;
  onEnd: () => void = () => {};

  constructor(options: StreamOptions, watch: WriteWatch) {
    this.#options = options;
    this.#writeTimeoutMs = options.writeTimeoutMs;
    this.#watch = watch;
  }

  /** Called once, when the answer is begun. */
  pull(controller: ReadableStreamDirectController): void {
    const options = this.#options;
    if (options === undefined) return;
    this.#options = undefined;
    this.#controller = controller;
    if (options.firstText !== "") this.send(options.firstText);
    this.#input = options.start(this);
    // It may have ended in the middle of its start, when there was nobody to be told yet.
    if (this.#controller === undefined) this.#input.closed();
  }

  /** The client went away. */
  cancel(): void {
    this.#closed();
  }

  send(frame: string | Uint8Array): "sent" | "queued" | "gone" {
    const controller = this.#controller;
    if (controller === undefined) return "gone";
    const written = controller.write(frame as string);
    if (written === 0) return "gone";
    const flushed = controller.flush();
    const rest = written instanceof Promise ? written : flushed;
    if (!(rest instanceof Promise)) return "sent";
    this.#blockedBytes = frame.length;
    this.#watch.blocked(this, this.#writeTimeoutMs);
    const released = (): void => this.#released();
    rest.then(released, released);
    return "queued";
  }

  close(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    // In this order: after its end the answer is nothing that a timeout could be set on.
    this.onEnd();
    controller.end();
    this.#closed();
  }

  destroy(): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    this.#controller = undefined;
    controller.close(new Error("cut"));
    this.#closed();
  }

  /** How much of it is left is not told: all of the frame that blocked, until nothing is. */
  get bufferedBytes(): number {
    return this.#blockedBytes;
  }

  onWriteTimeout(): void {
    this.#input?.writeTimedOut();
  }

  #released(): void {
    this.#blockedBytes = 0;
    this.#watch.released(this);
    if (this.#controller !== undefined) this.#input?.drained();
  }

  #closed(): void {
    this.#controller = undefined;
    this.#watch.released(this);
    this.#input?.closed();
    this.#input = undefined;
  }
}
