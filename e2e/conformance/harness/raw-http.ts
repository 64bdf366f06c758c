import { connect as connectSocket, type Socket } from "node:net";

/** HTTP/1.1 by hand: exactly these bytes out, and what came back with nothing followed, unpacked or hidden. */
export interface RawAnswer {
  /** 0 where the socket ended without an answer. */
  readonly status: number;
  /** Names in lower case; repeated ones joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** A body in chunks, without a length. */
  readonly chunks?: string;
}

/** The bytes behind the head. */
export function bodyBytes({ body, chunks }: RawRequest): Buffer {
  if (chunks === undefined) return Buffer.from((body ?? "") as Uint8Array);
  const pieces = chunks.match(/[\s\S]{1,20000}/g) ?? [];
  return Buffer.from(`${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("")}0\r\n\r\n`, "latin1");
}

/** One request on a socket of its own. */
export function rawHttp(port: number, request: RawRequest): Promise<RawAnswer> {
  const body = bodyBytes(request);
  const head = headText(`${request.method ?? "POST"} ${request.path} HTTP/1.1`, {
    Host: `127.0.0.1:${port}`,
    Connection: "close",
    ...(request.body === undefined ? {} : { "Content-Length": String(body.length) }),
    ...request.headers,
  });
  return rawBytes(port, Buffer.concat([head, body]));
}

/** These bytes on a socket of their own, and the first answer to them. */
export function rawBytes(port: number, bytes: Uint8Array, limitMs = 15_000): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket(port, "127.0.0.1");
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no answer within ${limitMs} ms`));
    }, limitMs);
    const done = (settle: () => void): void => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    let input: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      input = Buffer.concat([input, chunk]);
      const parsed = parseHead(input);
      if (parsed === undefined) return;
      socket.off("data", onData);
      readBody(socket, parsed.answer, parsed.rest).then(
        (answer) => done(() => resolve(answer)),
        (error: unknown) => done(() => reject(error)),
      );
    };
    socket.on("data", onData);
    socket.once("error", (error) => done(() => reject(error)));
    socket.once("close", () => {
      if (parseHead(input) === undefined) done(() => resolve({ status: 0, headers: new Map(), body: input.toString("utf8") }));
    });
    socket.write(bytes);
  });
}

export function headText(first: string, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return Buffer.from(`${[first, ...lines].join("\r\n")}\r\n\r\n`, "latin1");
}

/** Status line and headers, once all of them are there. */
export function parseHead(input: Buffer): { readonly answer: RawAnswer; readonly rest: Buffer } | undefined {
  const end = input.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = input.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { answer: { status: Number(first.split(" ")[1] ?? 0), headers, body: "" }, rest: input.subarray(end + 4) };
}

/** Reads on until the body is whole: by its length, by its chunks, or to the end of the socket. */
export function readBody(socket: Socket, answer: RawAnswer, rest: Buffer): Promise<RawAnswer> {
  const length = answer.headers.get("content-length");
  const chunked = answer.headers.get("transfer-encoding") === "chunked";
  return new Promise((resolve) => {
    let input = rest;
    const finish = (): void => {
      const body = chunked ? dechunked(input).body : length === undefined ? input : input.subarray(0, Number(length));
      resolve({ ...answer, body: body.toString("utf8") });
    };
    const isWhole = (): boolean => (chunked ? dechunked(input).whole : length !== undefined && input.length >= Number(length));
    if (answer.status === 204 || answer.status === 304 || isWhole()) return finish();
    socket.on("data", (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      if (isWhole()) finish();
    });
    socket.once("close", finish);
  });
}

function dechunked(input: Buffer): { readonly body: Buffer; readonly whole: boolean } {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = input.indexOf("\r\n", at);
    if (lineEnd < 0) return { body: Buffer.concat(parts), whole: false };
    const size = Number.parseInt(input.subarray(at, lineEnd).toString("latin1"), 16);
    if (size === 0) return { body: Buffer.concat(parts), whole: true };
    if (input.length < lineEnd + 2 + size + 2) return { body: Buffer.concat(parts), whole: false };
    parts.push(input.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}
