import net from "node:net";
import tls from "node:tls";
import { type BrokerTls, createTlsServer, swapTls, type TlsHooks } from "./tls-listener.ts";

/** Not listening: `code` is the system's (EADDRINUSE, EACCES, ...), beside which address and port it was. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code: string;
  readonly address: string;
  readonly port: number;
  constructor(code: string, address: string, port: number, cause: unknown) {
    super(`cannot listen on ${address.includes(":") ? `[${address}]` : address}:${port}: ${code}`, { cause });
    this.code = code;
    this.address = address;
    this.port = port;
  }
}

export interface Listeners {
  /** The port; of the first address where 0 was asked for, and then the same on the others. */
  readonly port: number;
  readonly addresses: readonly string[];
  /** With TLS only. @throws and keeps the former certificate */
  swapCertificate(next: BrokerTls): void;
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  readonly tls: BrokerTls | undefined;
  /** What happens before a TLS socket is one. */
  readonly handshake: Omit<TlsHooks, "onSecure">;
  readonly onSocket: (socket: net.Socket | tls.TLSSocket, address: string) => void;
  /** After listening began: accepting failed (no descriptors); the listener lives on. */
  readonly onError: (error: Error, address: string) => void;
}

/** Codes with which a machine without IPv6 answers: no error as long as another address works. */
const missingAddress = new Set(["EADDRNOTAVAIL", "EAFNOSUPPORT", "EINVAL"]);

/** @throws ListenError when one of the addresses cannot be had; then none stays open. */
export async function listen(options: ListenOptions): Promise<Listeners> {
  const servers: net.Server[] = [];
  const addresses: string[] = [];
  let port = options.port;
  let missing: ListenError | undefined;
  for (const address of options.addresses) {
    try {
      const server = await listenOn(options, address, port);
      servers.push(server);
      addresses.push(address);
      port = (server.address() as net.AddressInfo).port;
    } catch (error) {
      if (error instanceof ListenError && net.isIPv6(address) && missingAddress.has(error.code)) {
        missing = error;
        continue;
      }
      await closeAll(servers);
      throw error;
    }
  }
  if (servers.length === 0) throw missing ?? new ListenError("EINVAL", "", port, new Error("no address given"));
  return {
    port,
    addresses,
    swapCertificate: (next) => {
      for (const server of servers) if (server instanceof tls.Server) swapTls(server, next);
    },
    close: () => closeAll(servers),
  };
}

function listenOn(options: ListenOptions, address: string, port: number): Promise<net.Server> {
  const onSocket = (socket: net.Socket): void => {
    socket.setNoDelay(true);
    options.onSocket(socket, address);
  };
  const server =
    options.tls === undefined ? net.createServer(onSocket) : createTlsServer(options.tls, { ...options.handshake, onSecure: onSocket });
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => reject(new ListenError(error.code ?? "EUNKNOWN", address, port, error));
    server.once("error", refused);
    // Never dual-stack: `::` beside `0.0.0.0` would take each other's port.
    server.listen({ host: address, port, ipv6Only: net.isIPv6(address) }, () => {
      server.off("error", refused);
      server.on("error", (error) => options.onError(error, address));
      resolve(server);
    });
  });
}

async function closeAll(servers: readonly net.Server[]): Promise<void> {
  // `close` waits for live sockets; those are ended by their owners, so this only stops accepting.
  for (const server of servers) server.close();
  await Promise.resolve();
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address === "localhost" || (net.isIPv4(address) && address.startsWith("127."));
}
