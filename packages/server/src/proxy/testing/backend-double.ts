import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import type { ProxyCaller } from "@fleetcast/engine";
import type { ProxyConfig } from "../../config/config.ts";

export interface Asked {
  readonly path: string;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** JSON with status 200, or a status with a text. */
export type Answer = Record<string, unknown> | { readonly status: number; readonly text: string };

/** An operator's backend that answers as a test says, and keeps what it was asked. */
export class BackendDouble {
  readonly asked: Asked[] = [];
  answer: Answer | ((asked: Asked) => Answer) = {};
  readonly #server = createServer((request, response) => void this.#take(request, response));
  #port = 0;

  static async started(answer: BackendDouble["answer"] = {}): Promise<BackendDouble> {
    const double = new BackendDouble();
    double.answer = answer;
    await new Promise<void>((resolve) => double.#server.listen(0, "127.0.0.1", resolve));
    double.#port = (double.#server.address() as AddressInfo).port;
    return double;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const asked = {
      path: request.url ?? "",
      method: request.method ?? "",
      headers: request.headers,
      text,
      body: JSON.parse(text) as Record<string, unknown>,
    };
    this.asked.push(asked);
    const { answer } = this;
    const said = typeof answer === "function" ? answer(asked) : answer;
    if (typeof said["status"] === "number" && typeof said["text"] === "string") response.writeHead(said["status"]).end(said["text"]);
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(said));
  }
}

/** A peer that says exactly these bytes to each request and then does as told. */
export async function rawPeer(
  answer: readonly (string | Uint8Array)[],
  then: "end" | "reset" | "wait" | "flood" = "end",
): Promise<{ readonly url: string; stop(): void; readonly connections: number }> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createTcpServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.once("data", () => {
      for (const part of answer) socket.write(part);
      if (then === "end") socket.end();
      else if (then === "reset") socket.resetAndDestroy();
      else if (then === "flood") flood(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    get connections() {
      return connections;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

function flood(socket: Socket): void {
  const more = (): void => {
    while (socket.writable && socket.write(Buffer.alloc(65_536, 0x20)));
  };
  socket.on("drain", more);
  more();
}

export function proxyConfig(endpoint: string, changes: Partial<ProxyConfig> = {}): ProxyConfig {
  return {
    name: "default",
    endpoint,
    timeoutMs: 1_000,
    httpHeaders: [],
    emulatedHeaders: [],
    staticHeaders: new Map(),
    statusTransforms: [],
    tls: undefined,
    binaryEncoding: false,
    includeConnectionMeta: false,
    ...changes,
  };
}

export function caller(changes: Partial<ProxyCaller> & { readonly headers?: Record<string, string> } = {}): ProxyCaller {
  const { headers = {}, ...rest } = changes;
  return {
    client: "c-1",
    user: "ann",
    transport: {
      transport: "websocket",
      protocol: "json",
      oneWay: false,
      emulated: false,
      disconnectPush: false,
      pings: "protocol",
      remoteAddress: "127.0.0.1",
      headers: new Map(Object.entries(headers)),
      headerUser: undefined,
    },
    emulatedHeaders: new Map(),
    meta: undefined,
    ...rest,
  };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (raw: Uint8Array | undefined): string | undefined => (raw === undefined ? undefined : new TextDecoder().decode(raw));
