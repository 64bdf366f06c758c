import assert from "node:assert/strict";
import { pause } from "./client.ts";
import { decodeDelimited, emulationType, encodeMessage, replyType } from "./protobuf-format.ts";
import { type RawAnswer, rawHttp } from "./raw-http.ts";
import { RawStream, type StreamEnd } from "./raw-stream.ts";
import type { Side } from "./side.ts";
import type { Lane } from "./transcript.ts";
import { raw, type Wire } from "./wire-format.ts";

export type StreamTransport = "http_stream" | "sse" | "uni_http_stream" | "uni_sse";

export interface StreamOptions {
  readonly method?: string;
  /** Behind the transport's path, with its question mark. */
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

const patienceMs = 6_000;

/** One line of an event stream's messages, and what may stand before the first. */
const eventStart = "data: ";

/**
 * The client's end of a stream: replies and pushes in, commands out by `/emulation`. Answers pings unless told otherwise. One-way
 * transports have their pushes bare: `push` finds them all the same.
 */
export class StreamClient {
  readonly stream: RawStream;
  readonly messages: Wire[] = [];
  pings = 0;
  answersPings = true;
  readonly #side: Side;
  readonly #lane: Lane;
  readonly #transport: StreamTransport;
  readonly #protobuf: boolean;
  #readBytes = 0;
  #taken = new Set<Wire>();
  #wake: () => void = () => {};
  #nextId = 100;
  #left = false;

  private constructor(side: Side, transport: StreamTransport, stream: RawStream, lane: Lane, protobuf: boolean) {
    this.#side = side;
    this.#transport = transport;
    this.#lane = lane;
    this.#protobuf = protobuf;
    this.stream = stream;
    stream.onChange = () => this.#read();
    this.#read();
  }

  /** The answer, as a stream where it is one; its head is in the transcript. */
  static async open(side: Side, transport: StreamTransport, options: StreamOptions): Promise<StreamClient | RawAnswer> {
    const path = `/connection/${transport}${options.query ?? ""}`;
    const { method, headers, body } = options;
    const opened = await RawStream.open(side.port, {
      method: method ?? "POST",
      path,
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
    });
    const lane = side.transcript.lane("stream");
    if (!(opened instanceof RawStream)) {
      lane.add(`${opened.status} ${headLine(opened)} ${opened.body}`);
      return opened;
    }
    lane.add(`${opened.head.status} ${headLine(opened.head)}`);
    const protobuf = headers?.["Content-Type"] === "application/octet-stream" && transport === "http_stream";
    const client = new StreamClient(side, transport, opened, lane, protobuf);
    side.later(() => client.leave());
    return client;
  }

  get head(): RawAnswer {
    return this.stream.head;
  }

  get end(): StreamEnd | undefined {
    return this.stream.end;
  }

  get connected(): Wire {
    const found = this.messages.find((message) => message["connect"] !== undefined);
    assert.ok(found !== undefined, "the stream is connected");
    return found["connect"] as Wire;
  }

  /** What commands are sent as: the whole body of an emulation request, with its answer. */
  async emulate(commands: readonly Wire[], more: Partial<{ node: string; session: string }> = {}): Promise<RawAnswer> {
    const { node, session } = { ...(this.connected as { node: string; session: string }), ...more };
    const frame = this.#side.format.encode(commands);
    const body = this.#protobuf
      ? encodeMessage(emulationType, { node, session, data: raw(frame) })
      : JSON.stringify({ node, session, data: frame.toString() });
    return rawHttp(this.#side.port, {
      path: "/emulation",
      headers: { "Content-Type": this.#protobuf ? "application/octet-stream" : "application/json" },
      body,
    });
  }

  /** One command by `/emulation`; resolves with its reply on the stream. */
  async call(method: string, request: Wire = {}): Promise<Wire> {
    const id = this.#nextId++;
    const answer = await this.emulate([{ id, [method]: request }]);
    assert.equal(answer.status, 204, `${method}: ${answer.status} ${answer.body}`);
    return this.reply(id);
  }

  async ok(method: string, request: Wire = {}): Promise<Wire> {
    const reply = await this.call(method, request);
    assert.equal(reply["error"], undefined, `${method} was refused: ${JSON.stringify(reply["error"])}`);
    return reply[method] as Wire;
  }

  reply(id: number): Promise<Wire> {
    return this.until(`the reply to command ${id}`, () => this.#take((message) => message["id"] === id));
  }

  async push(kind: string, channel?: string): Promise<Wire> {
    const pushOf = (message: Wire): Wire | undefined =>
      this.#transport.startsWith("uni_") ? message : (message["push"] as Wire | undefined);
    const found = await this.until(`a push ${kind}`, () =>
      this.#take((message) => {
        const push = pushOf(message);
        return push?.[kind] !== undefined && (channel === undefined || push["channel"] === channel);
      }),
    );
    return pushOf(found)![kind] as Wire;
  }

  /** The stream says this disconnect and ends. */
  async disconnected(code: number, reason: string): Promise<void> {
    assert.deepEqual(await this.push("disconnect"), { code, reason });
    assert.equal(await this.ended(), "end");
  }

  ended(limitMs = patienceMs): Promise<StreamEnd> {
    return this.until("the end of the stream", () => this.end, limitMs);
  }

  pinged(count = 1, limitMs = patienceMs): Promise<true> {
    return this.until(`ping number ${count}`, () => (this.pings >= count ? true : undefined), limitMs);
  }

  /** Fails when anything but a ping comes, or the stream ends, within this time. */
  async silent(ms = 80): Promise<void> {
    const before = this.messages.length;
    await pause(ms);
    assert.deepEqual(this.messages.slice(before), [], `nothing was to come within ${ms} ms`);
    assert.equal(this.end, undefined, "the stream was to stay");
  }

  /** Gone without a word; what comes after is not recorded. */
  leave(): void {
    this.#left = true;
    this.stream.cut();
  }

  async until<T>(what: string, look: () => T | undefined, limitMs = patienceMs): Promise<T> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const last = JSON.stringify(this.messages.slice(-3)).slice(0, 300);
      if (this.end !== undefined) throw new Error(`${what}: the stream ended (${this.end}); last came ${last}`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${what}: not within ${limitMs} ms; last came ${last}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #take(fits: (message: Wire) => boolean): Wire | undefined {
    const found = this.messages.find((message) => !this.#taken.has(message) && fits(message));
    if (found !== undefined) this.#taken.add(found);
    return found;
  }

  #read(): void {
    for (const { value, text } of this.#whole()) {
      if (Object.keys(value).length === 0) {
        this.pings++;
        if (this.answersPings && !this.#transport.startsWith("uni_")) void this.emulate([{}]).catch(() => {});
        continue;
      }
      this.messages.push(value);
      if (!this.#left) this.#lane.add(text);
    }
    if (this.end !== undefined && !this.#left) {
      this.#left = true;
      this.#lane.add(this.end);
    }
    this.#wake();
  }

  /** The messages that are there to their last byte. */
  #whole(): { readonly value: Wire; readonly text: string }[] {
    const rest = this.stream.body.subarray(this.#readBytes);
    if (this.#protobuf) {
      const whole = wholeDelimited(rest);
      this.#readBytes += whole;
      return decodeDelimited(replyType, rest.subarray(0, whole));
    }
    if (this.#transport.endsWith("sse")) {
      const found: { value: Wire; text: string }[] = [];
      if (this.#readBytes === 0) {
        if (rest.length < 2) return [];
        assert.equal(rest.subarray(0, 2).toString(), "\r\n", "an event stream begins with an empty line");
        this.#readBytes = 2;
      }
      for (;;) {
        const text = this.stream.body.subarray(this.#readBytes).toString();
        const end = text.indexOf("\n\n");
        if (end < 0) return found;
        assert.ok(text.startsWith(eventStart), text);
        found.push({ value: JSON.parse(text.slice(eventStart.length, end)) as Wire, text: text.slice(eventStart.length, end) });
        this.#readBytes += Buffer.byteLength(text.slice(0, end + 2));
      }
    }
    const end = rest.lastIndexOf("\n");
    if (end < 0) return [];
    this.#readBytes += end + 1;
    const lines = rest.subarray(0, end).toString().split("\n");
    return lines.map((text) => ({ value: JSON.parse(text) as Wire, text }));
  }
}

/** Headers that a client may look at, by name. */
function headLine({ headers }: RawAnswer): string {
  const shown = [...headers].filter(([name]) => !["date", "content-length"].includes(name));
  return JSON.stringify(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Bytes of the delimited messages that are all there. */
function wholeDelimited(bytes: Buffer): number {
  let whole = 0;
  for (;;) {
    let size = 0;
    let at = whole;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return whole;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    if (at + size > bytes.length) return whole;
    whole = at + size;
  }
}
