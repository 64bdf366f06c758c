import { connect, createServer, type Socket } from "node:net";

/** A frame as the server sent it. */
export interface Frame {
  readonly opcode: number;
  /** RSV1: compressed. */
  readonly compressed: boolean;
  readonly payload: Buffer;
}

/** A WebSocket by hand: shows every frame of the server and how the socket ended. Asks for nothing and answers nothing by itself. */
export class RawWebSocket {
  readonly tcp: Socket;
  /** The answer to the handshake. */
  head = "";
  readonly frames: Frame[] = [];
  /** "fin" or the system's word, once it ended. */
  end = "";
  #input = Buffer.alloc(0);

  private constructor(tcp: Socket) {
    this.tcp = tcp;
    tcp.on("data", (chunk) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#read();
    });
    tcp.on("end", () => {
      this.end ||= "fin";
    });
    tcp.on("error", (error: NodeJS.ErrnoException) => {
      this.end = error.code ?? "error";
    });
  }

  static async open(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<RawWebSocket> {
    const socket = new RawWebSocket(connect(port, "127.0.0.1"));
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.tcp.write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n${more.join("")}\r\n`,
    );
    await until("the handshake", () => socket.head !== "" || socket.end !== "");
    return socket;
  }

  send(opcode: number, payload: string | Uint8Array, firstBits = 0x80): void {
    const bytes = Buffer.from(payload as Uint8Array);
    const length = bytes.length < 126 ? [0x80 | bytes.length] : [0x80 | 126, bytes.length >> 8, bytes.length & 0xff];
    // A mask of zeros is a mask.
    this.tcp.write(Buffer.concat([Buffer.from([firstBits | opcode, ...length, 0, 0, 0, 0]), bytes]));
  }

  /** Code and reason of the server's close frame. */
  get close(): { readonly code: number; readonly reason: string } | undefined {
    const frame = this.frames.find(({ opcode }) => opcode === 8);
    if (frame === undefined) return undefined;
    const code = frame.payload.length < 2 ? 1005 : frame.payload.readUInt16BE(0);
    return { code, reason: frame.payload.subarray(2).toString() };
  }

  #read(): void {
    if (this.head === "") {
      const headEnd = this.#input.indexOf("\r\n\r\n");
      if (headEnd === -1) return;
      this.head = this.#input.subarray(0, headEnd).toString("latin1");
      this.#input = this.#input.subarray(headEnd + 4);
    }
    for (;;) {
      const [first, second] = this.#input;
      if (first === undefined || second === undefined) return;
      const wide = second === 126 ? 2 : second === 127 ? 8 : 0;
      if (this.#input.length < 2 + wide) return;
      const length = wide === 0 ? second : wide === 2 ? this.#input.readUInt16BE(2) : Number(this.#input.readBigUInt64BE(2));
      const end = 2 + wide + length;
      if (this.#input.length < end) return;
      this.frames.push({
        opcode: first & 0x0f,
        compressed: (first & 0x40) !== 0,
        payload: Buffer.from(this.#input.subarray(2 + wide, end)),
      });
      this.#input = this.#input.subarray(end);
    }
  }
}

export async function until(what: string, holds: () => boolean, limitMs = 8_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen in ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
