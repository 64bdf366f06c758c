import type { ConnectionInput } from "../src/engine-api.ts";
import type { Socket } from "../src/ports.ts";

/**
 * The server's end of a connection in memory. A test decides what the peer takes: `stall` lets the socket hold what it
 * is given after the first frame says `queued`, as a full kernel buffer does; `take` empties it and reports `drained`.
 */
export class MemorySocket implements Socket {
  /** Frames the peer has. */
  readonly arrived: (string | Uint8Array)[] = [];
  /** How the server ended it: a close frame, or undefined code and reason for a cut. */
  ended: { readonly code: number | undefined; readonly reason: string } | undefined;
  /** `send` calls, for tests that count system calls. */
  sendCount = 0;
  /** Frames handed over while the socket held bytes: must stay 0 (D21). */
  sentWhileQueued = 0;
  /** Called with each `send`: lets a test spend time in it. */
  onSend: () => void = () => {};
  /** What the peer does with a close frame: a living one answers it. */
  answersClose = true;
  #input: ConnectionInput | undefined;
  #held: (string | Uint8Array)[] = [];
  #stalled = false;
  #isCorked = false;
  /** Frames held by the cork that is open: handing over more of them is no fault. */
  #heldBeforeCork = 0;
  #gone = false;
  #isClosed = false;

  /** The connection that this socket reports to. */
  attach(input: ConnectionInput): void {
    this.#input = input;
  }

  get bufferedBytes(): number {
    return this.#held.reduce((sum, frame) => sum + frame.length, 0);
  }

  send(frame: string | Uint8Array): "sent" | "queued" | "gone" {
    this.sendCount++;
    this.onSend();
    if (this.#gone || this.#isClosed) return "gone";
    if (!this.#stalled) {
      this.arrived.push(frame);
      return "sent";
    }
    if (this.#held.length > this.#heldBeforeCork) this.sentWhileQueued++;
    this.#held.push(frame);
    if (!this.#isCorked) return "queued";
    this.#heldBeforeCork++;
    return "sent";
  }

  /** As Bun does it: inside, nothing is reported as queued. */
  cork(run: () => void): void {
    this.#isCorked = true;
    run();
    this.#isCorked = false;
    this.#heldBeforeCork = 0;
  }

  close(code: number, reason: string): void {
    if (this.ended !== undefined) return;
    this.ended = { code, reason };
    if (this.answersClose) this.cut();
  }

  destroy(): void {
    this.ended ??= { code: undefined, reason: "" };
    this.cut();
  }

  /** The peer stops reading. */
  stall(): void {
    this.#stalled = true;
  }

  /** The peer reads everything that is held, and goes on reading unless `andStall`. */
  take(andStall = false): void {
    this.arrived.push(...this.#held);
    this.#held = [];
    this.#stalled = andStall;
    this.#input?.drained();
  }

  /** The runtime will drop every frame from now on (D20). */
  dropFrames(): void {
    this.#gone = true;
  }

  /** The connection is gone: the peer left, or the network did. */
  cut(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#held = [];
    this.#input?.closed();
  }
}
