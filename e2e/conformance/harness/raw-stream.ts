import { connect as connectSocket, type Socket } from "node:net";
import { bodyBytes, headText, parseHead, type RawAnswer, type RawRequest, readBody } from "./raw-http.ts";

/** How the body ended: by its last chunk, or with its socket. */
export type StreamEnd = "end" | "cut";

/** An HTTP answer that does not end: its head, and its body as it comes. */
export class RawStream {
  readonly head: RawAnswer;
  /** Everything that came of the body so far. */
  body: Buffer = Buffer.alloc(0);
  end: StreamEnd | undefined;
  onChange: () => void = () => {};
  readonly socket: Socket;
  #input: Buffer;

  private constructor(socket: Socket, head: RawAnswer, rest: Buffer) {
    this.socket = socket;
    this.head = head;
    this.#input = rest;
    socket.on("data", (chunk: Buffer) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#read();
    });
    socket.on("close", () => this.#ended("cut"));
    socket.on("error", () => this.#ended("cut"));
    this.#read();
  }

  /** Resolves with the open stream, or with the whole answer where it is none. */
  static open(port: number, request: RawRequest): Promise<RawStream | RawAnswer> {
    const body = bodyBytes(request);
    const head = headText(`${request.method ?? "POST"} ${request.path} HTTP/1.1`, {
      Host: `127.0.0.1:${port}`,
      ...(request.body === undefined ? {} : { "Content-Length": String(body.length) }),
      ...request.headers,
    });
    return new Promise((resolve, reject) => {
      const socket = connectSocket(port, "127.0.0.1");
      socket.setNoDelay(true);
      let input: Buffer = Buffer.alloc(0);
      const onData = (chunk: Buffer): void => {
        input = Buffer.concat([input, chunk]);
        const parsed = parseHead(input);
        if (parsed === undefined) return;
        socket.off("data", onData);
        if (parsed.answer.status === 200 && parsed.answer.headers.get("transfer-encoding") === "chunked") {
          resolve(new RawStream(socket, parsed.answer, parsed.rest));
        } else {
          readBody(socket, parsed.answer, parsed.rest).then((answer) => {
            socket.destroy();
            resolve(answer);
          }, reject);
        }
      };
      socket.on("data", onData);
      socket.once("error", reject);
      socket.once("close", () => reject(new Error("the socket ended before there was an answer")));
      socket.write(Buffer.concat([head, body]));
    });
  }

  /** Gone without a word. */
  cut(): void {
    this.socket.destroy();
  }

  #read(): void {
    for (;;) {
      const lineEnd = this.#input.indexOf("\r\n");
      if (lineEnd < 0) return;
      const size = Number.parseInt(this.#input.subarray(0, lineEnd).toString("latin1"), 16);
      if (this.#input.length < lineEnd + 2 + size + 2) return;
      if (size === 0) {
        this.#ended("end");
        return;
      }
      this.body = Buffer.concat([this.body, this.#input.subarray(lineEnd + 2, lineEnd + 2 + size)]);
      this.#input = this.#input.subarray(lineEnd + 2 + size + 2);
      this.onChange();
    }
  }

  #ended(end: StreamEnd): void {
    this.end ??= end;
    this.onChange();
  }
}
