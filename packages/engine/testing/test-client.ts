import type { Wire } from "@fleetcast/protocol/testing";
import type { ConnectionInput } from "../src/engine-api.ts";
import type { ManualClock } from "./manual-clock.ts";
import type { MemorySocket } from "./memory-socket.ts";
import { commandsOf, frameOf, messagesOf, type WireFormat } from "./wire-format.ts";

export type { Wire } from "@fleetcast/protocol/testing";

/** The client's end: speaks frames of its format, keeps what came back. */
export class TestClient {
  readonly socket: MemorySocket;
  readonly #clock: ManualClock;
  readonly #input: ConnectionInput;
  readonly #format: WireFormat;
  #nextId = 1;
  #read = 0;
  #pongCount = 0;
  readonly #messages: Wire[] = [];
  #parsedFrames = 0;

  constructor(clock: ManualClock, socket: MemorySocket, input: ConnectionInput, format: WireFormat) {
    this.#clock = clock;
    this.socket = socket;
    this.#input = input;
    this.#format = format;
  }

  /** Every message so far, in order. Pings are `{}`. */
  get messages(): readonly Wire[] {
    const { arrived } = this.socket;
    for (; this.#parsedFrames < arrived.length; this.#parsedFrames++) {
      this.#messages.push(...messagesOf(this.#format, arrived[this.#parsedFrames] ?? ""));
    }
    return this.#messages;
  }

  /** Close code, or 0 for a cut without a close frame; undefined while open. */
  get closeCode(): number | undefined {
    return this.socket.ended === undefined ? undefined : (this.socket.ended.code ?? 0);
  }

  get pushes(): readonly Wire[] {
    return this.messages.flatMap((message) => ("push" in message ? [message["push"] as Wire] : []));
  }

  publications(channel: string): readonly Wire[] {
    return this.pushes.flatMap((push) => (push["channel"] === channel && "pub" in push ? [push["pub"] as Wire] : []));
  }

  get pingCount(): number {
    return this.messages.filter((message) => Object.keys(message).length === 0).length;
  }

  /** Id of the connection, from its connect reply. */
  get id(): string {
    return String(this.messages.find((message) => "connect" in message)?.["connect"]["client"]);
  }

  /**
   * Sends a frame; nothing is awaited. Commands are written as lines of JSON in either format; what is no JSON, and bytes,
   * are sent as they are.
   */
  say(frame: string | Uint8Array): void {
    const commands = this.#format === "protobuf" && typeof frame === "string" ? commandsOf(frame) : undefined;
    this.#input.message(commands === undefined ? frame : frameOf(this.#format, commands));
  }

  /** Sends one command and waits until all is quiet; answers its reply, or undefined when none came. */
  async call(method: string, request: Readonly<Record<string, unknown>> = {}): Promise<Wire> {
    const id = this.#nextId++;
    this.#input.message(frameOf(this.#format, [{ id, [method]: request }]));
    await this.#clock.settle();
    return this.reply(id) ?? {};
  }

  reply(id: number): Wire | undefined {
    return this.messages.find((message) => message["id"] === id);
  }

  subscribe(channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<Wire> {
    return this.call("subscribe", { channel, ...more });
  }

  /** Next message that was not yet asked for. */
  next(): Wire | undefined {
    return this.messages[this.#read++];
  }

  /** Everything that was not yet asked for. */
  rest(): readonly Wire[] {
    const rest = this.messages.slice(this.#read);
    this.#read = this.messages.length;
    return rest;
  }

  /** Says a pong, whether one is due or not. */
  pong(): void {
    this.#pongCount++;
    this.say("{}");
  }

  /** Answers the pings that are still open, as a living client does. */
  answerPings(): void {
    while (this.#pongCount < this.pingCount && this.closeCode === undefined) this.pong();
  }

  /** The runtime noticed that this peer takes nothing. */
  writeTimedOut(): void {
    this.#input.writeTimedOut();
  }

  /** Leaves without a word. */
  cut(): void {
    this.socket.cut();
  }
}
