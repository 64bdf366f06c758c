import { createHash, randomBytes } from "node:crypto";
import { connect as connectSocket, type Socket } from "node:net";
import { headText, parseHead, type RawAnswer, readBody } from "./raw-http.ts";

/**
 * A WebSocket client that shows what other clients hide: the kind of every frame, whether a close frame came at all, and
 * bytes that no library would send. Knows no extensions.
 */
export type Ending =
  | { readonly kind: "close"; readonly code: number; readonly reason: string }
  /** The socket ended and no close frame came before. */
  | { readonly kind: "cut" };

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface OpenOptions {
  readonly port: number;
  readonly path?: string;
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Leaves the server's close frame without an answer. */
  readonly ignoresClose?: boolean;
  /** Leaves native pings without an answer. */
  readonly ignoresPings?: boolean;
}

/** The server answered the upgrade with something else than 101. */
export class UpgradeRefused extends Error {
  readonly answer: RawAnswer;

  constructor(answer: RawAnswer) {
    super(`the upgrade was answered with ${answer.status} ${JSON.stringify(answer.body)}`);
    this.answer = answer;
  }
}

export class RawWebSocket {
  readonly socket: Socket;
  /** What the server chose of the client's subprotocols. */
  readonly protocol: string | undefined;
  readonly headers: ReadonlyMap<string, string>;
  onMessage: (opcode: number, payload: Buffer) => void = () => {};
  onEnding: (ending: Ending) => void = () => {};
  /** Native ping frames of the server so far. */
  nativePings = 0;
  #ending: Ending | undefined;
  #input: Buffer;
  #fragments: Buffer[] = [];
  #fragmentOpcode = 0;
  #options: OpenOptions;

  private constructor(socket: Socket, answer: RawAnswer, rest: Buffer, options: OpenOptions) {
    this.socket = socket;
    this.headers = answer.headers;
    this.protocol = answer.headers.get("sec-websocket-protocol");
    this.#options = options;
    this.#input = rest;
    socket.on("data", (chunk: Buffer) => {
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
      this.#read();
    });
    socket.on("close", () => this.#end({ kind: "cut" }));
    socket.on("error", () => this.#end({ kind: "cut" }));
    // What came behind the head waits until the caller has set its handlers.
    setImmediate(() => this.#read());
  }

  /** Resolves once the server said 101; rejects with `UpgradeRefused` for any other answer. */
  static open(options: OpenOptions): Promise<RawWebSocket> {
    const key = randomBytes(16).toString("base64");
    const head = headText(`GET ${options.path ?? "/connection/websocket"} HTTP/1.1`, {
      Host: `127.0.0.1:${options.port}`,
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key,
      ...(options.protocols === undefined ? {} : { "Sec-WebSocket-Protocol": options.protocols.join(", ") }),
      ...options.headers,
    });
    return new Promise((resolve, reject) => {
      const socket = connectSocket(options.port, "127.0.0.1");
      let input: Buffer = Buffer.alloc(0);
      const onData = (chunk: Buffer): void => {
        input = Buffer.concat([input, chunk]);
        const parsed = parseHead(input);
        if (parsed === undefined) return;
        socket.off("data", onData);
        if (parsed.answer.status !== 101) {
          readBody(socket, parsed.answer, parsed.rest).then((answer) => reject(new UpgradeRefused(answer)), reject);
          return;
        }
        const expected = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        if (parsed.answer.headers.get("sec-websocket-accept") !== expected) reject(new Error("Sec-WebSocket-Accept does not fit the key"));
        else resolve(new RawWebSocket(socket, parsed.answer, parsed.rest, options));
      };
      socket.on("data", onData);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the socket ended before the upgrade was answered")));
      socket.setNoDelay(true);
      socket.write(head);
    });
  }

  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** One whole message, or one frame of it (`fin: false`), masked as the standard wants. */
  send(opcode: number, payload: string | Uint8Array, { fin = true, masked = true }: { fin?: boolean; masked?: boolean } = {}): void {
    this.write(clientFrame(opcode, Buffer.from(payload as Uint8Array), fin, masked));
  }

  /** These bytes on the socket, frame or not. */
  write(bytes: Uint8Array): void {
    if (!this.socket.destroyed) this.socket.write(bytes);
  }

  /** Says goodbye and waits for nothing. */
  close(code = 1000): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.send(opcodes.close, payload);
    this.socket.end();
  }

  /** Gone without a word. */
  cut(): void {
    this.socket.destroy();
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.onEnding(ending);
  }

  #read(): void {
    for (;;) {
      const frame = serverFrame(this.#input);
      if (frame === undefined || this.#ending !== undefined) return;
      this.#input = this.#input.subarray(frame.sizeBytes);
      this.#take(frame.opcode, frame.fin, Buffer.from(frame.payload));
    }
  }

  #take(opcode: number, fin: boolean, payload: Buffer): void {
    switch (opcode) {
      case opcodes.ping:
        this.nativePings++;
        if (this.#options.ignoresPings !== true) this.send(opcodes.pong, payload);
        return;
      case opcodes.pong:
        return;
      case opcodes.close:
        this.#end({
          kind: "close",
          code: payload.length < 2 ? 1005 : payload.readUInt16BE(0),
          reason: payload.subarray(2).toString("utf8"),
        });
        if (this.#options.ignoresClose === true) return;
        this.send(opcodes.close, payload.subarray(0, 2));
        this.socket.end();
        return;
      default:
        if (opcode !== opcodes.continuation) this.#fragmentOpcode = opcode;
        this.#fragments.push(payload);
        if (!fin) return;
        payload = Buffer.concat(this.#fragments);
        this.#fragments = [];
        this.onMessage(this.#fragmentOpcode, payload);
    }
  }
}

function clientFrame(opcode: number, payload: Buffer, fin: boolean, masked: boolean): Buffer {
  const maskBit = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | opcode;
  let head: Buffer;
  if (payload.length < 126) head = Buffer.from([first, maskBit | payload.length]);
  else if (payload.length < 65_536) {
    head = Buffer.from([first, maskBit | 126, 0, 0]);
    head.writeUInt16BE(payload.length, 2);
  } else {
    head = Buffer.from([first, maskBit | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  if (!masked) return Buffer.concat([head, payload]);
  const mask = randomBytes(4);
  const hidden = Buffer.from(payload);
  for (let i = 0; i < hidden.length; i++) hidden[i]! ^= mask[i % 4]!;
  return Buffer.concat([head, mask, hidden]);
}

interface ServerFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
  readonly sizeBytes: number;
}

/** The first frame in the buffer, when all of it is there. Servers do not mask. */
function serverFrame(input: Buffer): ServerFrame | undefined {
  if (input.length < 2) return undefined;
  let at = 2;
  let length = input[1]! & 0x7f;
  if (length === 126) {
    if (input.length < 4) return undefined;
    length = input.readUInt16BE(2);
    at = 4;
  } else if (length === 127) {
    if (input.length < 10) return undefined;
    length = Number(input.readBigUInt64BE(2));
    at = 10;
  }
  if (input.length < at + length) return undefined;
  return { fin: (input[0]! & 0x80) !== 0, opcode: input[0]! & 0x0f, payload: input.subarray(at, at + length), sizeBytes: at + length };
}
