import assert from "node:assert/strict";
import type { Ending, RawWebSocket } from "./raw-websocket.ts";
import { type Lane, saidMark } from "./transcript.ts";
import { Raw, type Wire, type WireFormat } from "./wire-format.ts";

/** How long anything that has to come may take; machines that run tests are busy. */
const patienceMs = 6_000;

/**
 * The client's end of one connection: commands out, replies, pushes and endings in. Answers pings unless told otherwise.
 * What was looked at by `call`, `push` or `next` is taken and not found again.
 */
export class Client {
  /** Everything that came, pings left out. */
  readonly messages: Wire[] = [];
  pings = 0;
  answersPings = true;
  /** Text or binary, of the frame that came last. */
  lastOpcode: number | undefined;
  /** Bytes of the frames that came, as they were. */
  readonly frames: Buffer[] = [];
  readonly socket: RawWebSocket;
  #format: WireFormat;
  #lane: Lane;
  #taken = new Set<Wire>();
  #waiting = new Set<() => void>();
  #nextId = 1;
  #ended = false;

  constructor(socket: RawWebSocket, format: WireFormat, lane: Lane) {
    this.socket = socket;
    this.#format = format;
    this.#lane = lane;
    socket.onMessage = (opcode, payload) => this.#received(opcode, payload);
    socket.onEnding = (ending) => {
      if (!this.#ended) lane.add(endingText(ending));
      this.#wake();
    };
  }

  get ending(): Ending | undefined {
    return this.socket.ending;
  }

  /** Id of the connection, from its connect reply. */
  get id(): string {
    return String(this.messages.find((message) => message["connect"] !== undefined)?.["connect"].client);
  }

  get isConnected(): boolean {
    return this.ending === undefined && this.messages.some((message) => message["connect"] !== undefined);
  }

  /** Commands in one frame, exactly as given; ids are the caller's. */
  send(...commands: readonly Wire[]): void {
    if (!commands.some((command) => isBarrier(command))) this.#lane.add(saidMark + commands.map((command) => said(command)).join(" "));
    this.socket.send(this.#format.opcode, this.#format.encode(commands));
  }

  /** A frame's bytes as they are, in the format's own kind of frame or another. */
  sendFrame(frame: string | Uint8Array, opcode = this.#format.opcode): void {
    this.socket.send(opcode, frame);
  }

  /** A line in the transcript: `said` is for people, anything else is compared. */
  note(line: string, kind: "said" | "compared"): void {
    this.#lane.add(kind === "said" ? saidMark + line : line);
  }

  pong(): void {
    this.sendFrame(this.#format.name === "json" ? "{}" : Uint8Array.of(0));
  }

  /** One command with the next id; resolves with its reply, an error reply too. */
  async call(method: string, request: Wire = {}): Promise<Wire> {
    const id = this.#nextId++;
    this.send({ id, [method]: request });
    return this.reply(id);
  }

  /** As `call`, for a command that has to succeed; resolves with its result. */
  async ok(method: string, request: Wire = {}): Promise<Wire> {
    const reply = await this.call(method, request);
    assert.equal(reply["error"], undefined, `${method} was refused: ${JSON.stringify(reply["error"])}`);
    assert.notEqual(reply[method], undefined, `the reply to ${method} has no result: ${JSON.stringify(reply)}`);
    return reply[method] as Wire;
  }

  /** As `call`, for a command that has to be refused with exactly this error. */
  async refused(method: string, request: Wire, code: number): Promise<void> {
    expectError(await this.call(method, request), code);
  }

  reply(id: number): Promise<Wire> {
    return this.#until(`the reply to command ${id}`, () => this.#take((message) => message["id"] === id));
  }

  subscribe(channel: string, more: Wire = {}): Promise<Wire> {
    return this.ok("subscribe", { channel, ...more });
  }

  /** The next push of this kind, of this channel where one is named: its inside, e.g. the publication of a `pub`. */
  async push(kind: string, channel?: string): Promise<Wire> {
    const fits = ({ push }: Wire): boolean =>
      push !== undefined && push[kind] !== undefined && (channel === undefined || push.channel === channel);
    const message = await this.#until(`a push ${kind}${channel === undefined ? "" : ` of ${channel}`}`, () => this.#take(fits));
    return message["push"][kind] as Wire;
  }

  /** Every push of this kind that came so far and was not taken. */
  pushed(kind: string, channel?: string): Wire[] {
    return this.messages.flatMap((message) => {
      const push = message["push"] as Wire | undefined;
      const fits = push?.[kind] !== undefined && (channel === undefined || push["channel"] === channel) && !this.#taken.has(message);
      return fits ? [push[kind] as Wire] : [];
    });
  }

  /** The next message of any kind. */
  next(): Promise<Wire> {
    return this.#until("a message", () => this.#take(() => true));
  }

  /** Fails when anything but a ping comes, or the connection ends, within this time. */
  async silent(ms = 80): Promise<void> {
    const before = this.messages.length;
    await pause(ms);
    assert.deepEqual(this.messages.slice(before), [], `nothing was to come within ${ms} ms`);
    assert.equal(this.ending, undefined, "the connection was to stay");
  }

  /** The server ends the connection with this code and its text. */
  async closed(code: number, limitMs = patienceMs): Promise<void> {
    const ending = await this.#until(`the close with ${code}`, () => this.ending, limitMs);
    assert.deepEqual(ending, { kind: "close", code, reason: closeReasons[code] ?? "" });
  }

  /** The server ends the connection without a close frame. */
  async cutOff(limitMs = patienceMs): Promise<void> {
    assert.deepEqual(await this.#until("the end of the socket", () => this.ending, limitMs), { kind: "cut" });
  }

  pinged(count = 1, limitMs = patienceMs): Promise<true> {
    return this.#until(`ping number ${count}`, () => (this.pings >= count ? true : undefined), limitMs);
  }

  until<T>(what: string, look: () => T | undefined, limitMs = patienceMs): Promise<T> {
    return this.#until(what, look, limitMs);
  }

  /** Everything the server had to say up to now has arrived: one command there and back. Leaves no line in the transcript. */
  async settled(): Promise<void> {
    const id = firstBarrier + this.#nextId++;
    this.send({ id, unsubscribe: { channel: "nothing-of-this-name" } });
    await this.reply(id);
  }

  /** Leaves politely; what comes after is not recorded. */
  end(): void {
    this.#ended = true;
    if (this.ending === undefined) this.socket.close();
  }

  /** Leaves without a word. */
  cut(): void {
    this.#ended = true;
    this.socket.cut();
  }

  #received(opcode: number, frame: Buffer): void {
    this.lastOpcode = opcode;
    this.frames.push(frame);
    for (const { value, text } of this.#format.decode(frame)) {
      if (Object.keys(value).length === 0) {
        this.pings++;
        if (this.answersPings) this.pong();
        continue;
      }
      this.messages.push(value);
      if (!this.#ended && !isBarrier(value)) this.#lane.add(text);
    }
    this.#wake();
  }

  #take(fits: (message: Wire) => boolean): Wire | undefined {
    const found = this.messages.find((message) => !this.#taken.has(message) && fits(message));
    if (found !== undefined) this.#taken.add(found);
    return found;
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #until<T>(what: string, look: () => T | undefined, limitMs = patienceMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const tell = (problem: string): void => {
        settle();
        const last = this.messages.slice(-3).map((message) => JSON.stringify(message).slice(0, 150));
        reject(new Error(`${what}: ${problem}; last came ${last.join(" ") || "nothing"}`));
      };
      const ask = (): void => {
        const found = look();
        if (found !== undefined) {
          settle();
          resolve(found);
        } else if (this.ending !== undefined) tell(`the connection ended with ${endingText(this.ending)}`);
      };
      const timer = setTimeout(() => tell(`not within ${limitMs} ms`), limitMs);
      const settle = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(ask);
      };
      this.#waiting.add(ask);
      ask();
    });
  }
}

const said = (command: Wire): string =>
  JSON.stringify(command, (_key, value: unknown) => (value instanceof Raw ? `raw ${value.bytes.toString("latin1")}` : value));

/** Ids from here on belong to `settled`, whose commands and replies are no part of the transcript. */
const firstBarrier = 4_000_000_000;
const isBarrier = ({ id }: Wire): boolean => typeof id === "number" && id >= firstBarrier;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The reply is an error of this code, with the text and the mark that belong to it. */
export function expectError(reply: Wire, code: number): void {
  const [message, temporary] = errorTexts[code] ?? ["?"];
  assert.deepEqual(reply["error"], { code, message, ...(temporary === true ? { temporary } : {}) }, JSON.stringify(reply));
}

function endingText(ending: Ending): string {
  return ending.kind === "cut" ? "cut" : `close ${ending.code} ${ending.reason}`;
}

/** Client errors: text, and whether they are temporary (PR7). */
const errorTexts: Readonly<Record<number, readonly [string, true?]>> = {
  100: ["internal server error", true],
  101: ["unauthorized"],
  102: ["unknown channel"],
  103: ["permission denied"],
  104: ["method not found"],
  105: ["already subscribed"],
  106: ["limit exceeded"],
  107: ["bad request"],
  108: ["not available"],
  109: ["token expired"],
  110: ["expired"],
  111: ["too many requests", true],
  112: ["unrecoverable position"],
  113: ["concurrent pagination", true],
};

/** Close codes and their reasons (PR7). */
export const closeReasons: Readonly<Record<number, string>> = {
  3001: "shutdown",
  3004: "internal server error",
  3005: "connection expired",
  3006: "subscription expired",
  3008: "slow",
  3009: "write error",
  3010: "insufficient state",
  3011: "force reconnect",
  3012: "no pong",
  3013: "too many requests",
  3014: "state invalidated",
  3500: "invalid token",
  3501: "bad request",
  3502: "stale",
  3503: "force disconnect",
  3504: "connection limit",
  3505: "channel limit",
  3506: "inappropriate protocol",
  3507: "permission denied",
  3508: "not available",
  3509: "too many errors",
};
