import { type ClientCommand, type DecodedFrame, disconnects } from "@fleetcast/protocol";
import type { Connection } from "./connection.ts";
import type { Outcome } from "./outcome.ts";

/** What a frame that waits costs beside its bytes: a frame may be a single one. */
const waitingFrameOverheadBytes = 128;

/** Commands that may be worked on beside others (`client.concurrency`); all others keep to their place. */
const sideBySide: ReadonlySet<ClientCommand["kind"]> = new Set([
  "subscribe",
  "sub_refresh",
  "publish",
  "presence",
  "presence_stats",
  "history",
  "rpc",
  "refresh",
]);

/**
 * Commands of one connection that are being worked on, and what waits for them. It exists only meanwhile: a connection at
 * rest has none.
 */
export class Intake {
  /** A command of the socket's own frames is awaited; the frames behind it wait here, bounded by bytes. */
  isBusy = false;
  /** Commands that run side by side. */
  running = 0;
  /** Frames whose next command needs a place among them. */
  #forPlace: (() => void)[] | undefined;
  #frames: (string | Uint8Array)[] | undefined;
  #frameBytes = 0;

  get isAtRest(): boolean {
    return !this.isBusy && this.running === 0 && this.#forPlace === undefined;
  }

  /** Answers the bytes that wait. */
  hold(frame: string | Uint8Array): number {
    this.#frames ??= [];
    this.#frames.push(frame);
    this.#frameBytes += frame.length + waitingFrameOverheadBytes;
    return this.#frameBytes;
  }

  next(): string | Uint8Array | undefined {
    const frame = this.#frames?.shift();
    if (frame !== undefined) this.#frameBytes -= frame.length + waitingFrameOverheadBytes;
    return frame;
  }

  waitForPlace(goOn: () => void): void {
    this.#forPlace ??= [];
    this.#forPlace.push(goOn);
  }

  givePlace(): void {
    const goOn = this.#forPlace?.shift();
    if (this.#forPlace?.length === 0) this.#forPlace = undefined;
    goOn?.();
  }

  letAllGo(): void {
    while (this.#forPlace !== undefined) this.givePlace();
  }
}

/** A frame of the connection's own socket: after all frames before it. */
export function takeFrame(connection: Connection, frame: string | Uint8Array): void {
  const { intake } = connection;
  if (intake === undefined || !intake.isBusy) {
    run(connection, decoded(connection, frame), 0, undefined);
    return;
  }
  // A socket cannot be paused here, so frames sent faster than commands end are bounded like everything else.
  if (intake.hold(frame) > connection.context.options.queueBytesMax) connection.disconnect(disconnects.tooManyRequests);
}

/** A frame that came by another way (`/emulation`): beside those of the socket. Resolves when its commands were worked on. */
export function takeFrameBeside(connection: Connection, frame: string | Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    if (run(connection, decoded(connection, frame), 0, resolve)) resolve();
  });
}

/** The connection is closing: whoever waits for a place is let go. */
export function abandon(connection: Connection): void {
  const { intake } = connection;
  connection.intake = undefined;
  intake?.letAllGo();
}

/**
 * Works on the commands of a frame from one of them on. Answers true at its end; false where it goes on later, and then
 * `done` is called, or the socket's next frame taken. `done` undefined: a frame of the socket.
 */
function run(connection: Connection, frame: DecodedFrame, from: number, done: (() => void) | undefined): boolean {
  const { metrics, ports } = connection.context;
  const { concurrency } = connection.context.options;
  for (let at = from; at < frame.commands.length && connection.isOpen; at++) {
    const command = frame.commands[at];
    if (command === undefined) break;
    const isBeside = concurrency > 1 && sideBySide.has(command.kind);
    if (isBeside && (connection.intake?.running ?? 0) >= concurrency) {
      begin(connection, done).waitForPlace(() => goOn(connection, frame, at, done));
      return false;
    }
    const startedAtMs = metrics.isTimed ? ports.clock.monotonicMs() : 0;
    const outcome = connection.dispatch(command);
    if (!(outcome instanceof Promise)) {
      act(connection, command, outcome, startedAtMs);
    } else if (isBeside) {
      runBeside(connection, command, outcome, startedAtMs);
    } else {
      begin(connection, done);
      void outcome
        .then((known) => {
          act(connection, command, known, startedAtMs);
          goOn(connection, frame, at + 1, done);
        })
        .catch((cause: unknown) => {
          connection.fail(command.kind, cause);
          done?.();
        });
      return false;
    }
  }
  if (frame.violation && connection.isOpen) connection.violated();
  return true;
}

function decoded(connection: Connection, frame: string | Uint8Array): DecodedFrame {
  const found = connection.codec.decode(frame);
  connection.context.metrics.heard(frame, connection.codec.index, found);
  return found;
}

function act(connection: Connection, command: ClientCommand, outcome: Outcome, startedAtMs: number): void {
  connection.act(command, outcome);
  const { metrics, ports } = connection.context;
  if (metrics.isTimed && command.kind !== "pong") metrics.worked(command.kind, startedAtMs, ports.clock.monotonicMs());
}

/** The socket's frames stop here for now; a frame that came by another way stops none but itself. */
function begin(connection: Connection, done: (() => void) | undefined): Intake {
  connection.intake ??= new Intake();
  if (done === undefined) connection.intake.isBusy = true;
  return connection.intake;
}

function goOn(connection: Connection, frame: DecodedFrame, at: number, done: (() => void) | undefined): void {
  if (!run(connection, frame, at, done)) return;
  if (done !== undefined) done();
  else takeWaiting(connection);
  if (connection.intake?.isAtRest) connection.intake = undefined;
}

function takeWaiting(connection: Connection): void {
  const { intake } = connection;
  if (intake === undefined) return;
  intake.isBusy = false;
  while (connection.isOpen && !intake.isBusy) {
    const frame = intake.next();
    if (frame === undefined) break;
    run(connection, decoded(connection, frame), 0, undefined);
  }
}

function runBeside(connection: Connection, command: ClientCommand, outcome: Promise<Outcome>, startedAtMs: number): void {
  connection.intake ??= new Intake();
  const { intake } = connection;
  intake.running++;
  void outcome
    .then((known) => act(connection, command, known, startedAtMs))
    .catch((cause: unknown) => connection.fail(command.kind, cause))
    .finally(() => {
      intake.running--;
      intake.givePlace();
      if (connection.intake === intake && intake.isAtRest) connection.intake = undefined;
    });
}
