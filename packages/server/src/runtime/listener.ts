import { isClientGone } from "../http/client-gone.ts";
import type { Peer } from "../http/route.ts";
import { dataSecurityHeaders } from "../http/security.ts";
import type { Logger } from "../log.ts";
import type { UpgradeDecision } from "../transports/upgrade.ts";
import { seatOf } from "./response-stream.ts";
import type { Match, Router } from "./router.ts";
import type { SocketData, WebSocketTerms } from "./socket.ts";
import type { StaticFiles } from "./static-files.ts";
import { ciphers } from "./tls-terms.ts";

/** One door: a port on one or two addresses, and what stands behind it. */
export interface ListenerOptions {
  /** Empty: 127.0.0.1 and ::1 both. */
  readonly address: string;
  readonly port: number;
  /** The other end of the way speaks TLS, with us or with a proxy in front. */
  readonly secure: boolean;
  readonly tls?: ListenerCertificate | undefined;
  /** Browsers are told to come back over HTTPS only. */
  readonly hsts?: boolean;
  readonly router: Router;
  readonly page: StaticFiles | undefined;
  /** Shown at `/` and below when there is no page. */
  readonly withoutPage: string;
  readonly bodyBytesMax: number;
  /** Seconds a connection may be silent, streams and WebSockets apart; 30 unless said. Bun looks every few seconds. */
  readonly idleSMax?: number;
  readonly websockets:
    | {
        readonly addresses: ReadonlyMap<string, WebSocketAddress>;
        readonly handlers: Bun.WebSocketHandler<SocketData>;
      }
    | undefined;
  readonly log: Logger;
  /** Told of each answer, by the path of its route, where somebody counts them. */
  readonly answered?: ((path: string | undefined, method: string, status: number) => void) | undefined;
}

/** What a listener with TLS shows, and whom it asks for a certificate. PEM texts. */
export interface ListenerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** Set: a client must show a certificate of this authority. "" for none. */
  readonly clientCaPem: string;
}

/** A path where requests are upgraded. */
export interface WebSocketAddress {
  readonly terms: WebSocketTerms;
  readonly decide: (request: Request, remoteAddress: string) => UpgradeDecision;
}

export interface Listener {
  readonly addresses: readonly string[];
  /**
   * Shows another certificate from the next connection on; open ones live on. Only where there is TLS already.
   * @throws and keeps the one before, where that cannot be.
   */
  swapCertificate(next: ListenerCertificate): void;
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

const idleSMaxDefault = 30;

const hstsValue = `max-age=${365 * 86_400}`;

const loopbacks = ["127.0.0.1", "::1"];

/** @throws ListenError */
export function listen(options: ListenerOptions): Listener {
  const addresses = options.address === "" ? loopbacks : [options.address];
  const opened = openAll(options, addresses, options.tls);
  let servers = opened.map(({ server }) => server);
  const retired = new Set<BunServer>();
  return {
    addresses: opened.map(({ address }) => (address.includes(":") ? `[${address}]:${options.port}` : `${address}:${options.port}`)),
    swapCertificate: (next) => {
      // Bun's `reload` keeps the certificate (measured, 1.4.5): a second server on the same port takes over what comes from now on.
      const successors: BunServer[] = [];
      try {
        for (const { address } of opened) successors.push(serve(options, address, next, "share"));
      } catch (cause) {
        for (const server of successors) void server.stop(true);
        throw cause;
      }
      for (const server of servers) {
        retired.add(server);
        // In the loop's next turn: what waits to be accepted by the old one has been by then.
        setImmediate(() => void server.stop(false).then(() => retired.delete(server)));
      }
      servers = successors;
    },
    stopAccepting: () => {
      for (const server of servers) void server.stop(false);
    },
    stop: async () => {
      await Promise.all([...servers, ...retired].map((server) => server.stop(true)));
    },
  };
}

type BunServer = Bun.Server<SocketData>;

function openAll(
  options: ListenerOptions,
  addresses: readonly string[],
  tls: ListenerCertificate | undefined,
): { readonly address: string; readonly server: BunServer }[] {
  const opened: { readonly address: string; readonly server: BunServer }[] = [];
  for (const address of addresses) {
    try {
      // Who shares a port is let onto a taken one: whether it is free is asked without sharing it.
      if (tls !== undefined) void serve(options, address, undefined, "own").stop(true);
      opened.push({ address, server: serve(options, address, tls, tls === undefined ? "own" : "share") });
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "UNKNOWN";
      // A machine without IPv6 has only the other loopback.
      if (address === "::1" && opened.length > 0 && (code === "EADDRNOTAVAIL" || code === "EAFNOSUPPORT")) continue;
      for (const { server } of opened) void server.stop(true);
      throw new ListenError(code, address, options.port, { cause });
    }
  }
  return opened;
}

function serve(options: ListenerOptions, hostname: string, tls: ListenerCertificate | undefined, port: "own" | "share"): BunServer {
  const { websockets, log, idleSMax = idleSMaxDefault } = options;
  const pathOf = createPathOf();
  return Bun.serve<SocketData>({
    hostname,
    port: options.port,
    development: false,
    // Without this `development: false` switches it on, and a second server on the port would be let in (measured, 1.4.5).
    reusePort: port === "share",
    ...(tls === undefined ? {} : { tls: bunTls(tls) }),
    maxRequestBodySize: options.bodyBytesMax,
    // Of a handshake that does not come to its end Bun has a limit of its own: 10 s by its coarse clock, 12 at most (measured, 1.4.5).
    idleTimeout: idleSMax,
    websocket: websockets?.handlers ?? { message() {} },
    // Not async: an upgrade is answered at once, and a storm of them makes no promises.
    fetch(request, server) {
      const path = request.headers.get("host")?.includes(",") === true ? undefined : pathOf(request.url);
      if (path === undefined) return plain(400, "Bad Request");
      const address = websockets?.addresses.get(path);
      return address === undefined ? handle(options, request, path, server) : upgrade(options, address, path, request, server);
    },
    error(cause) {
      log.error({ cause }, "an HTTP request failed");
      return plain(500, "Internal Server Error");
    },
  });
}

function upgrade(
  { answered }: ListenerOptions,
  address: WebSocketAddress,
  path: string,
  request: Request,
  server: Bun.Server<SocketData>,
): Response | undefined {
  const decision = address.decide(request, addressOf(request, server));
  if (decision.kind === "answer") {
    answered?.(path, request.method, decision.response.status);
    return decision.response;
  }
  const { info, headers, connect } = decision;
  const data: SocketData = { terms: address.terms, info, connect, socket: undefined };
  if (!server.upgrade(request, headers === undefined ? { data } : { data, headers })) return plain(400, "Bad Request");
  answered?.(path, request.method, 101);
  return undefined;
}

async function handle(options: ListenerOptions, request: Request, path: string, server: Bun.Server<SocketData>): Promise<Response> {
  const { log, idleSMax = idleSMaxDefault } = options;
  try {
    const match = options.router(request.method, path);
    const peer = { remoteAddress: addressOf(request, server), secure: options.secure };
    const response = await answer(options, request, path, match, peer);
    options.answered?.(match.kind === "route" ? match.route.path : undefined, request.method, response.status);
    if (options.hsts === true) response.headers.set("strict-transport-security", hstsValue);
    const seat = seatOf(response);
    if (seat === undefined) return response;
    // A stream is silent for as long as it likes; once it is over its connection is one like any other again.
    server.timeout(request, 0);
    seat.onEnd = () => server.timeout(request, idleSMax);
    return response;
  } catch (cause) {
    if (isClientGone(cause, request)) return plain(400, "Bad Request");
    log.error({ path, cause }, "an HTTP handler failed");
    return plain(500, "Internal Server Error");
  }
}

function addressOf(request: Request, server: Bun.Server<SocketData>): string {
  return server.requestIP(request)?.address ?? "";
}

/** Segments that no URL parser changes: no dots, escapes or query. */
const plainPath = /^(?:\/[\w-]+)+$/;

/**
 * With `.` and `..` resolved; undefined where the Host header makes no address (D26: two of them arrive joined by a comma).
 * Most requests come for a plain path under one and the same name, which is remembered: they need no parser.
 */
function createPathOf(): (url: string) => string | undefined {
  let known: string | undefined;
  return (url) => {
    if (known !== undefined && url.startsWith(known)) {
      const path = url.slice(known.length);
      if (plainPath.test(path)) return path;
    }
    try {
      const { origin, pathname } = new URL(url);
      if (url.startsWith(`${origin}/`)) known = origin;
      return pathname;
    } catch {
      return undefined;
    }
  };
}

function answer(
  options: ListenerOptions,
  request: Request,
  path: string,
  match: Match,
  peer: Omit<Peer, "rest">,
): Response | Promise<Response> {
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
      return match.route.handle(request, { remoteAddress: peer.remoteAddress, secure: peer.secure, rest: match.rest });
    }
  }
}

function plain(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(text, { status, headers: { ...dataSecurityHeaders(), "content-type": "text/plain; charset=utf-8", ...headers } });
}

/** TLS 1.2 is the oldest that Bun speaks as a server; there is no renegotiation in BoringSSL (measured, 1.4.5). */
function bunTls({ certPem, keyPem, clientCaPem }: ListenerCertificate): Bun.TLSOptions {
  const asked = clientCaPem === "" ? {} : { ca: clientCaPem, requestCert: true, rejectUnauthorized: true };
  return { cert: certPem, key: keyPem, ciphers, ...asked };
}
