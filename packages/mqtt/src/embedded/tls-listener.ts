import type net from "node:net";
import tls from "node:tls";
import type { CertificateDemand } from "./client-certificate.ts";

/** TLS of the device listener: PEM texts. */
export interface BrokerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Who may sign the devices' certificates, where they are asked for one. */
  readonly ca?: string | Buffer | undefined;
  /** `off` unless said. */
  readonly clientCertificates?: CertificateDemand | undefined;
}

export interface TlsHooks {
  readonly handshakeTimeoutMs: number;
  /** Before the handshake: false closes the socket. */
  readonly onOpening: (socket: net.Socket) => boolean;
  readonly onSecure: (socket: tls.TLSSocket) => void;
  /** The handshake did not come to its end; `code` is the library's word. */
  readonly onFailed: (socket: net.Socket, code: string) => void;
}

/** Forward secrecy, authenticated encryption; those of TLS 1.3 are all of that kind. */
const ciphers = [
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

function terms({ cert, key, ca, clientCertificates = "off" }: BrokerTls): tls.TlsOptions {
  return {
    cert,
    key,
    ciphers,
    minVersion: "TLSv1.2",
    ...(ca === undefined || clientCertificates === "off" ? {} : { ca }),
    requestCert: clientCertificates !== "off",
    // Judged after the handshake, by us: that knows why, and says so.
    rejectUnauthorized: false,
  };
}

export function createTlsServer(options: BrokerTls, hooks: TlsHooks): tls.Server {
  const server = tls.createServer({ ...terms(options), handshakeTimeout: hooks.handshakeTimeoutMs }, hooks.onSecure);
  server.on("connection", (socket: net.Socket) => {
    socket.on("error", () => undefined);
    if (!hooks.onOpening(socket)) socket.destroy();
  });
  server.on("tlsClientError", (error: NodeJS.ErrnoException, socket: net.Socket) => {
    hooks.onFailed(socket, error.code ?? "EUNKNOWN");
    // Bun only tells of a handshake that took too long; the socket is ours to close (measured, 1.4.5).
    socket.destroy();
  });
  return server;
}

/** From the next handshake on; open connections keep what they have. @throws and keeps the former, where the new pair is no good */
export function swapTls(server: tls.Server, next: BrokerTls): void {
  server.setSecureContext(terms(next));
}
