import { connect, type Socket } from "node:net";
import { frame, opcodes } from "./frame.ts";

export interface ServerFrame {
  readonly opcode: number;
  readonly compressed: boolean;
  readonly payload: Buffer;
}

/** How the server ended it: a close frame with its code (1005 for none), or the bare end of the socket. */
export type ProbeEnd = { readonly kind: "close"; readonly code: number } | { readonly kind: "cut" };

const patienceMs = 8_000;

/** A socket that shows each of the server's frames, and writes bytes in the pieces it is told. It answers nothing by itself. */
export class FrameProbe {
  readonly frames: ServerFrame[] = [];
  /** Of the handshake's answer. */
  head = "";
  #end: ProbeEnd | undefined;
  #gone = false;
  readonly #socket: Socket;
  #input = Buffer.alloc(0);
  #wake: () => void = () => {};
  #inflate: ((payload: Buffer) => Buffer) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#input = this.#input.length === 0 ? chunk : Buffer.concat([this.#input, chunk]);
      this.#read();
      this.#wake();
    });
    socket.on("error", () => this.#cut());
    socket.on("close", () => this.#cut());
  }

  static async open(
    port: number,
    options: { readonly path?: string; readonly extensions?: string; readonly inflate?: (payload: Buffer) => Buffer } = {},
  ): Promise<FrameProbe> {
    const probe = new FrameProbe(connect(port, "127.0.0.1"));
    probe.#inflate = options.inflate;
    const extensions = options.extensions === undefined ? "" : `Sec-WebSocket-Extensions: ${options.extensions}\r\n`;
    probe.#socket.write(
      `GET ${options.path ?? "/connection/websocket"} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${extensions}\r\n`,
    );
    await probe.until("the handshake", () => (probe.head === "" ? undefined : true));
    return probe;
  }

  get end(): ProbeEnd | undefined {
    return this.#end;
  }

  /** Texts of the messages so far, inflated where they were compressed. */
  get texts(): string[] {
    return this.frames
      .filter(({ opcode }) => opcode === opcodes.text || opcode === opcodes.binary)
      .flatMap(({ payload, compressed }) => {
        const text = compressed && this.#inflate !== undefined ? this.#inflate(payload) : payload;
        return text.toString().split("\n");
      });
  }

  get pongs(): string[] {
    return this.frames.filter(({ opcode }) => opcode === opcodes.pong).map(({ payload }) => payload.toString("latin1"));
  }

  say(text: string): void {
    this.write(frame({ opcode: opcodes.text, payload: text }));
  }

  write(bytes: Uint8Array): void {
    if (!this.#gone) this.#socket.write(bytes);
  }

  /** In pieces of this size, each of them a write of its own. */
  async writeInPieces(bytes: Buffer, size: number): Promise<void> {
    for (let at = 0; at < bytes.length && !this.#gone; at += size) {
      this.#socket.write(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Waits until the server ended it. */
  ended(): Promise<ProbeEnd> {
    return this.until("the end", () => this.#end);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async until<T>(what: string, look: () => T | undefined): Promise<T> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#gone) throw new Error(`${what}: the socket ended (${JSON.stringify(this.#end)})`);
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`${what}: not within ${patienceMs} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  #cut(): void {
    this.#gone = true;
    this.#end ??= { kind: "cut" };
    this.#wake();
  }

  #read(): void {
    if (this.head === "") {
      const at = this.#input.indexOf("\r\n\r\n");
      if (at < 0) return;
      this.head = this.#input.subarray(0, at).toString("latin1");
      this.#input = this.#input.subarray(at + 4);
    }
    for (;;) {
      const input = this.#input;
      if (input.length < 2) return;
      const short = input[1]! & 0x7f;
      const wide = short === 126 ? 2 : short === 127 ? 8 : 0;
      if (input.length < 2 + wide) return;
      const length = wide === 0 ? short : wide === 2 ? input.readUInt16BE(2) : Number(input.readBigUInt64BE(2));
      const end = 2 + wide + length;
      if (input.length < end) return;
      const payload = Buffer.from(input.subarray(2 + wide, end));
      const opcode = input[0]! & 0x0f;
      this.frames.push({ opcode, compressed: (input[0]! & 0x40) !== 0, payload });
      if (opcode === opcodes.close) this.#end ??= { kind: "close", code: payload.length < 2 ? 1005 : payload.readUInt16BE(0) };
      this.#input = input.subarray(end);
    }
  }
}
