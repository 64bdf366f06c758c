import {
  type ClientCommand,
  type Codec,
  type Disconnect,
  disconnects,
  type EncodedMessage,
  type ErrorReply,
  type Push,
  type Reply,
  type Unsubscribe,
} from "@fleetcast/protocol";
import type { EngineContext } from "../context.ts";
import type { ConnectionInput } from "../engine-api.ts";
import { connectionKind } from "../metrics/engine-metrics.ts";
import { type FrameType, frameTypeOfCommand, frameTypeOfPush } from "../metrics/frame-types.ts";
import type { Socket } from "../ports.ts";
import { resume } from "../slow-readers/resume.ts";
import type { WheelEntry } from "../timer-wheel.ts";
import { tracedCommand, tracedOutcome } from "../trace.ts";
import type { TransportInfo } from "../transport.ts";
import { codecOf } from "./codec-of.ts";
import { disconnectOfConnectError } from "./connect-failure.ts";
import { abandon, type Intake, takeFrame } from "./intake.ts";
import type { Member } from "./member.ts";
import { Outbox, type OutboxOwner } from "./outbox.ts";
import type { Outcome } from "./outcome.ts";
import { nextDeadline, runDeadlines } from "./timers.ts";
import { leaveAll } from "./unsubscribing.ts";

/** How long a reader that is closed may take for what it was already sent (D23). */
const closeWaitMsMax = 1_000;
/** How long a closed socket may take to answer before it is cut. */
const closeAnswerMsMax = 5_000;
/** A connection whose connect command failed is cut this long after. */
const refusedMsMax = 5_000;

export type Phase =
  | { readonly name: "opened"; readonly staleAtMs: number }
  /** A connect command is being worked on. The member is in the hub from the moment its right is known. */
  | { readonly name: "connecting"; readonly staleAtMs: number; readonly member: Member | undefined }
  | { readonly name: "connected"; readonly member: Member }
  /** Connect was answered with an error: nothing more is read or answered. */
  | { readonly name: "refused"; readonly staleAtMs: number; readonly cutAtMs: number }
  /** Out of the hub; the last bytes leave, or a slow reader gets its second. `disconnect` is still to be said. */
  | { readonly name: "ending"; readonly disconnect: Disconnect; readonly cutAtMs: number }
  /** The close frame is out; the peer may answer it. */
  | { readonly name: "closing"; readonly cutAtMs: number }
  | { readonly name: "closed" };

/** How a command is handled; handed in so that this file knows none of them. */
export type Dispatch = (connection: Connection, command: ClientCommand) => Outcome | Promise<Outcome>;

/**
 * One client. Its commands run one after another, in the order of the wire; whatever awaits finds the connection closed
 * when it returns, so everything looks at the phase again.
 */
export class Connection implements ConnectionInput, OutboxOwner, WheelEntry {
  readonly context: EngineContext;
  readonly transport: TransportInfo;
  readonly codec: Codec;
  readonly outbox: Outbox;
  readonly #socket: Socket;
  readonly #dispatch: Dispatch;
  #phase: Phase;
  /** While commands are being worked on. */
  intake: Intake | undefined;
  wheelDueMs = 0;
  wheelSlot = -1;
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;

  constructor(context: EngineContext, socket: Socket, transport: TransportInfo, dispatch: Dispatch) {
    this.context = context;
    this.transport = transport;
    this.#socket = socket;
    this.#dispatch = dispatch;
    this.codec = codecOf(transport);
    this.outbox = new Outbox(socket, this.codec, context.fanOut, this, context.options.queueBytesMax);
    this.#phase = { name: "opened", staleAtMs: context.ports.clock.monotonicMs() + context.options.staleCloseDelayMs };
    context.hub.open.add(this);
    this.setDeadline();
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The member while it is connected; undefined before and after. */
  get member(): Member | undefined {
    return this.#phase.name === "connected" ? this.#phase.member : undefined;
  }

  /** The member from the moment its right is known, hence also before its connect reply. */
  get anyMember(): Member | undefined {
    return this.#phase.name === "connected" || this.#phase.name === "connecting" ? this.#phase.member : undefined;
  }

  /** True while a reply may still be said. */
  get isOpen(): boolean {
    return this.#phase.name === "opened" || this.#phase.name === "connecting" || this.#phase.name === "connected";
  }

  startConnecting(): void {
    if (this.#phase.name === "opened") this.#phase = { name: "connecting", staleAtMs: this.#phase.staleAtMs, member: undefined };
  }

  #encoded(reply: Reply): EncodedMessage | undefined {
    if (reply.kind === "connect" && this.codec.oneWay) return this.codec.push({ kind: "connect", connect: reply.result });
    return this.codec.reply(reply);
  }

  /** The right to connect is known: from here on the member is counted and found by its user. */
  enter(member: Member): void {
    if (this.#phase.name !== "connecting") return;
    this.#phase = { ...this.#phase, member };
    this.context.hub.enter(this, member.user);
    this.context.metrics.entered[connectionKind(this.transport.transport, member.software)]!++;
    if (member.session !== undefined) this.context.sessions.add(member.session, this);
  }

  becomeConnected(member: Member): void {
    if (this.#phase.name !== "connecting") return;
    this.#phase = { name: "connected", member };
    if (this.context.ports.trace?.active === true) this.context.ports.trace.connected(member, this.transport);
    this.setDeadline();
  }

  message(frame: string | Uint8Array): void {
    // A one-way client has nothing more to say than its connect request.
    if (!this.isOpen || (this.codec.oneWay && this.#phase.name !== "opened")) return;
    try {
      takeFrame(this, frame);
    } catch (cause) {
      this.fail("frame", cause);
    }
  }

  drained(): void {
    this.outbox.drained();
    if (this.outbox.isBlocked) return;
    const { member } = this;
    if (this.#phase.name === "ending") this.#sayClose(this.#phase.disconnect);
    else if (member !== undefined) resume(this, member);
  }

  writeTimedOut(): void {
    this.disconnect(disconnects.writeError);
  }

  closed(): void {
    if (this.#phase.name === "closed") return;
    this.#leave();
    this.#phase = { name: "closed" };
    this.outbox.end();
    this.context.wheel.remove(this);
    abandon(this);
    this.context.hub.open.delete(this);
    this.context.onConnectionClosed();
  }

  dispatch(command: ClientCommand): Outcome | Promise<Outcome> {
    return this.#dispatch(this, command);
  }

  /** What a command came to, told to the client. */
  act(command: ClientCommand, outcome: Outcome): void {
    if (!this.isOpen) return;
    if (this.context.ports.trace?.active === true) this.#traceCommand(command, outcome);
    switch (outcome.kind) {
      case "reply": {
        const message = this.#encoded(outcome.reply);
        if (outcome.orElse !== undefined && message !== undefined && message.sizeBytes > this.context.options.queueBytesMax) {
          this.act(command, outcome.orElse());
          return;
        }
        this.say(message, frameTypeOfCommand(command.kind));
        if (this.isOpen) outcome.after?.();
        return;
      }
      case "error":
        this.context.metrics.replyErrors.add(`${command.kind} ${outcome.error.code}`);
        if (command.kind === "connect" && this.codec.oneWay) {
          this.#refuseOneWay(outcome.error);
          return;
        }
        this.say(
          this.codec.reply({ kind: "error", id: command.kind === "pong" ? 0 : command.id, error: outcome.error }),
          frameTypeOfCommand(command.kind),
        );
        if (command.kind === "connect") this.#refuse();
        return;
      case "disconnect":
        this.disconnect(outcome.disconnect);
        return;
      case "nothing":
        return;
    }
  }

  /** A message for this connection alone; `undefined` is a payload its format cannot carry. */
  say(message: EncodedMessage | undefined, frameType: FrameType): void {
    if (!this.isOpen) return;
    if (message === undefined) this.disconnect(disconnects.inappropriateProtocol);
    else {
      this.context.metrics.said(frameType, this.codec.index, message);
      this.outbox.push(message);
    }
  }

  push(push: Push): void {
    this.say(this.codec.push(push), frameTypeOfPush(push.kind));
  }

  pushUnsubscribe(channel: string, unsubscribe: Unsubscribe): void {
    this.context.metrics.unsubscribes.add(String(unsubscribe.code));
    this.push({ kind: "unsubscribe", channel, unsubscribe });
  }

  /** Out of the hub at once; what was queued before still leaves, except for slow readers (3008), then the close frame. */
  disconnect(disconnect: Disconnect): void {
    const isTold = this.transport.tellsConnectFailures === true && (this.#phase.name === "opened" || this.#phase.name === "connecting");
    this.#end(disconnect, this.transport.disconnectPush && !isTold);
  }

  /** The frame, or the rest of it, cannot be read. A one-way client that says no connect request is told by the close frame alone. */
  violated(): void {
    this.#end(disconnects.badRequest, this.transport.disconnectPush && !this.codec.oneWay);
  }

  /** At once and without a close frame: for peers that are gone and for those that must not be told anything. */
  destroy(): void {
    if (this.#phase.name === "closed") return;
    this.#leave();
    this.#phase = { name: "closing", cutAtMs: Number.POSITIVE_INFINITY };
    this.outbox.end();
    this.#socket.destroy();
    this.closed();
  }

  /** Our own mistake: reported once, here, and told to the client as 3004. Everybody else goes on. */
  fail(what: string, cause: unknown): void {
    this.context.ports.report(`a connection failed at its ${what}`, cause);
    this.disconnect(disconnects.internal);
  }

  onSlow(): void {
    this.disconnect(disconnects.slow);
  }

  onFailure(cause: unknown): void {
    this.context.ports.report("a socket failed at its flush", cause);
    this.destroy();
  }

  onGone(): void {
    if (this.#phase.name === "closed") return;
    if (this.isOpen) this.context.metrics.droppedFrames++;
    this.destroy();
  }

  onDeadline(nowMs: number): void {
    if (this.#phase.name === "ending" || this.#phase.name === "closing") {
      if (nowMs >= this.#phase.cutAtMs) this.destroy();
      else this.setDeadline();
      return;
    }
    try {
      runDeadlines(this, nowMs);
    } catch (cause) {
      this.fail("deadline", cause);
    }
    this.setDeadline();
  }

  /** Puts the nearest of this connection's deadlines on the wheel; call it after changing one. */
  setDeadline(): void {
    if (this.#phase.name !== "closed") this.context.wheel.set(this, nextDeadline(this.#phase));
  }

  #refuse(): void {
    if (this.#phase.name !== "connecting") return;
    const { staleAtMs } = this.#phase;
    this.#leave();
    // A stream has nothing to read that could end: it stays until it is stale.
    const cutAtMs = this.transport.emulated ? Number.POSITIVE_INFINITY : this.context.ports.clock.monotonicMs() + refusedMsMax;
    this.#phase = { name: "refused", staleAtMs, cutAtMs };
    this.setDeadline();
  }

  /** One-way transports have no replies: a connect that failed ends with a disconnect, or with what its HTTP answer is made of. */
  #refuseOneWay({ code, message }: ErrorReply): void {
    if (this.transport.tellsConnectFailures === true) this.#end({ code, reason: message }, false);
    else this.disconnect(disconnectOfConnectError(this.context.options, code));
  }

  #end(disconnect: Disconnect, withPush: boolean): void {
    if (this.#phase.name === "ending" || this.#phase.name === "closing" || this.#phase.name === "closed") return;
    this.#leave(disconnect);
    const isSlow = disconnect.code === disconnects.slow.code;
    const { metrics } = this.context;
    if (isSlow) metrics.slowDisconnects++;
    metrics.disconnects.add(String(disconnect.code));
    metrics.closes.add(`${this.transport.transport} ${disconnect.code}`);
    this.#phase = { name: "ending", disconnect, cutAtMs: this.context.ports.clock.monotonicMs() + closeWaitMsMax };
    abandon(this);
    if (isSlow) this.outbox.end();
    else this.#sayLast(withPush ? this.codec.push({ kind: "disconnect", disconnect }) : undefined);
    if (this.#isGone) return; // the flush found no peer
    if (this.outbox.isBlocked) this.setDeadline();
    else this.#sayClose(disconnect);
  }

  #sayLast(message: EncodedMessage | undefined): void {
    if (message !== undefined) {
      this.context.metrics.said(frameTypeOfPush("disconnect"), this.codec.index, message);
      this.outbox.push(message);
    }
    if (!this.#isGone) this.outbox.flush();
  }

  #traceCommand(command: ClientCommand, outcome: Outcome): void {
    const member = this.anyMember;
    if (member !== undefined && command.kind !== "pong") {
      this.context.ports.trace?.command(member, tracedCommand(command), tracedOutcome(outcome));
    }
  }

  #leave(disconnect: Disconnect = disconnects.connectionClosed): void {
    const member = this.anyMember;
    if (member === undefined) return;
    if (this.context.ports.trace?.active === true) this.context.ports.trace.closed(member, disconnect);
    this.context.hub.leave(this, member.user);
    this.context.metrics.left[connectionKind(this.transport.transport, member.software)]!++;
    if (member.session !== undefined) this.context.sessions.remove(member.session);
    leaveAll(this.context, member);
  }

  get #isGone(): boolean {
    return this.#phase.name === "closed";
  }

  #sayClose(disconnect: Disconnect): void {
    this.outbox.end();
    this.#phase = { name: "closing", cutAtMs: this.context.ports.clock.monotonicMs() + closeAnswerMsMax };
    this.setDeadline();
    this.#socket.close(disconnect.code, disconnect.reason);
  }
}
