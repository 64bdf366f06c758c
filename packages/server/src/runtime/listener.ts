import { isClientGone } from "../http/client-gone.ts";
import type { Peer } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";
import type { Logger } from "../log.ts";
import type { Router } from "./router.ts";
import type { SocketData } from "./socket.ts";
import type { StaticFiles } from "./static-files.ts";
import type { UpgradeDecision } from "./upgrade.ts";

/** One door: a port on one or two addresses, and what stands behind it. */
export interface ListenerOptions {
  /** Empty: 127.0.0.1 and ::1 both. */
  readonly address: string;
  readonly port: number;
  readonly secure: boolean;
  readonly router: Router;
  readonly page: StaticFiles | undefined;
  /** Shown at `/` and below when there is no page. */
  readonly withoutPage: string;
  readonly bodyBytesMax: number;
  readonly websocket:
    | {
        readonly path: string;
        readonly decide: (request: Request) => UpgradeDecision;
        readonly handlers: Bun.WebSocketHandler<SocketData>;
      }
    | undefined;
  readonly log: Logger;
}

export interface Listener {
  readonly addresses: readonly string[];
  /** No new sockets; open ones live on. */
  stopAccepting(): void;
  /** Cuts what is still open. */
  stop(): Promise<void>;
}

/** Told by the system when an address cannot be had; `code` is its own word (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;
  readonly address: string;
  readonly port: number;
  constructor(code: string, address: string, port: number, options: ErrorOptions) {
    super(`${address}:${port}: ${code}`, options);
    this.code = code;
    this.address = address;
    this.port = port;
  }
}

const loopbacks = ["127.0.0.1", "::1"];

/** @throws ListenError */
export function listen(options: ListenerOptions): Listener {
  const addresses = options.address === "" ? loopbacks : [options.address];
  const servers: Bun.Server<SocketData>[] = [];
  const opened: string[] = [];
  for (const address of addresses) {
    try {
      servers.push(serve(options, address));
      opened.push(address.includes(":") ? `[${address}]:${options.port}` : `${address}:${options.port}`);
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "UNKNOWN";
      // A machine without IPv6 has only the other loopback.
      if (address === "::1" && servers.length > 0 && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT")) continue;
      for (const server of servers) void server.stop(true);
      throw new ListenError(code, address, options.port, { cause });
    }
  }
  return {
    addresses: opened,
    stopAccepting: () => {
      for (const server of servers) void server.stop(false);
    },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop(true)));
    },
  };
}

function serve(options: ListenerOptions, hostname: string): Bun.Server<SocketData> {
  const { websocket, log } = options;
  return Bun.serve<SocketData>({
    hostname,
    port: options.port,
    development: false,
    // Without this `development: false` switches it on, and a second server on the port would be let in (measured, 1.4.5).
    reusePort: false,
    maxRequestBodySize: options.bodyBytesMax,
    idleTimeout: 30,
    websocket: websocket?.handlers ?? { message() {} },
    async fetch(request, server) {
      const remoteAddress = server.requestIP(request)?.address ?? "";
      const path = request.headers.get("host")?.includes(",") === true ? undefined : pathOf(request.url);
      if (path === undefined) return plain(400, "Bad Request");
      if (websocket !== undefined && path === websocket.path) {
        const decision = websocket.decide(request);
        if (decision.kind === "refuse") return plain(decision.status, decision.text);
        const data: SocketData = { remoteAddress, protocol: decision.protocol, input: undefined };
        if (server.upgrade(request, { data, headers: decision.headers })) return undefined;
        return plain(400, "Bad Request");
      }
      try {
        return await answer(options, request, path, { remoteAddress, rest: "", secure: options.secure });
      } catch (cause) {
        if (isClientGone(cause, request)) return plain(400, "Bad Request");
        log.error({ path, cause }, "an HTTP handler failed");
        return plain(500, "Internal Server Error");
      }
    },
    error(cause) {
      log.error({ cause }, "an HTTP request failed");
      return plain(500, "Internal Server Error");
    },
  });
}

/** With `.` and `..` resolved; undefined where the Host header makes no address (D26: two of them arrive joined by a comma). */
function pathOf(url: string): string | undefined {
  try {
    return new URL(url).pathname;
  } catch {
    return undefined;
  }
}

async function answer(options: ListenerOptions, request: Request, path: string, peer: Peer): Promise<Response> {
  const match = options.router(request.method, path);
  switch (match.kind) {
    case "reserved":
      return plain(404, "404 page not found\n");
    case "method":
      return plain(405, "Method Not Allowed", { allow: match.allow.join(", ") });
    case "page":
      if (options.page !== undefined) return options.page(request, path);
      return plain(404, options.withoutPage);
    case "route": {
      if (Number(request.headers.get("content-length") ?? 0) > match.route.bodyBytesMax) return plain(413, "Request Entity Too Large");
      return await match.route.handle(request, { ...peer, rest: match.rest });
    }
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { ...dataSecurityHeaders(), "content-type": "text/plain; charset=utf-8", ...headers } });
}
