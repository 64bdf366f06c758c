import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Transcript } from "./transcript.ts";

/**
 * The application's backend that both servers' proxies ask. One for a group; the run that a question belongs to is known by
 * its tag, which stands somewhere in every question (a channel, a user, a payload, a client's name).
 */
export interface Asked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: what a proxy sent is what a test checks.
  readonly body: any;
  readonly text: string;
}

/** A body that is sent as JSON with status 200; or the whole answer by hand; or none (`"hang"`, `"cut"`). */
export type Answer =
  | Readonly<Record<string, unknown>>
  | { readonly status: number; readonly text: string; readonly headers?: Readonly<Record<string, string>> }
  | "hang"
  | "cut";

export type Handler = (asked: Asked) => Answer | Promise<Answer>;

export class Backend {
  readonly #server: Server;
  readonly #runs = new Map<string, { readonly handlers: Map<string, Handler>; readonly transcript: Transcript; readonly asked: Asked[] }>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async started(): Promise<Backend> {
    const server = createServer();
    const backend = new Backend(server);
    server.on("request", (request, response) => {
      backend.#answer(request).then(
        (answer) => {
          if (answer === "hang") return;
          if (answer === "cut") return void response.destroy();
          if ("status" in answer && typeof answer["status"] === "number" && typeof answer["text"] === "string") {
            response.writeHead(answer["status"], answer["headers"] as Record<string, string> | undefined);
            response.end(answer["text"]);
          } else {
            response.writeHead(200, { "content-type": "application/json" });
            response.end(JSON.stringify(answer));
          }
        },
        (error: unknown) => {
          response.writeHead(500);
          response.end(String(error));
        },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return backend;
  }

  /** Without a path; `on("/connect", ...)` answers `url + "/connect"`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** A run's own door: what it is asked with its tag. */
  door(tag: string, transcript: Transcript): BackendDoor {
    const run = { handlers: new Map<string, Handler>(), transcript, asked: [] as Asked[] };
    this.#runs.set(tag, run);
    return { on: (path, handler) => void run.handlers.set(path, handler), asked: run.asked, close: () => void this.#runs.delete(tag) };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString("utf8");
    const tag = /q\d{4}[or]/.exec(`${text} ${JSON.stringify(request.headers)}`)?.[0] ?? "";
    const run = this.#runs.get(tag);
    const path = request.url ?? "/";
    if (run === undefined) return { status: 404, text: `no run has the tag "${tag}"` };
    const asked: Asked = { path, headers: request.headers as Record<string, string>, body: JSON.parse(text === "" ? "null" : text), text };
    run.asked.push(asked);
    // Several may be asked at once, so each question is a lane of its own kind.
    run.transcript.lane(`backend ${path}`).add(text);
    const handler = run.handlers.get(path);
    return handler === undefined ? { status: 404, text: `nothing answers ${path}` } : handler(asked);
  }
}

export interface BackendDoor {
  on(path: string, handler: Handler): void;
  /** Every question so far. */
  readonly asked: readonly Asked[];
  close(): void;
}
