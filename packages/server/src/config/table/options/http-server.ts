import { bool, bytes, int, list, oneOf, secret, string } from "../option.ts";
import { refused, under } from "../standing.ts";
import { listenerTlsOptions, tlsOptions } from "./tls.ts";

const port = { min: 1, max: 65_535 };

/** What the path of an endpoint must look like. */
export const path = { pattern: /^\//, expected: "a path that begins with /" };

export const httpServerOptions = {
  "http_server.address": string("", "Address the HTTP server listens on. Empty: this machine only, 127.0.0.1 and ::1 both."),
  "http_server.port": int(8_000, port, "Port of WebSocket, `/api`, `/v1` and the dashboard."),
  "http_server.internal_address": string("", "Address of the internal endpoints. Empty: as http_server.address."),
  "http_server.internal_port": {
    ...int(0, port, "Port of its own for `/api`, `/admin`, health and proxy endpoints. Empty: http_server.port."),
    // A text to Centrifugo, where 0 would be a port.
    empty: "" as const,
  },
  ...under("http_server.tls", listenerTlsOptions),
  "http_server.tls_external": bool(false, "TLS on the external endpoints only: `http_server.tls` does not hold for the internal port."),
  ...under("http_server.internal_tls", listenerTlsOptions),
  ...under("http_server.tls_autocert", {
    enabled: refused(
      bool(false, "Fetches certificates from Let's Encrypt."),
      "let certbot or the proxy in front fetch them: a new certificate is taken without a restart",
    ),
    host_whitelist: list([], "Names that certificates are fetched for."),
    cache_dir: string("", "Folder that keeps them."),
    email: string("", "Whom the authority may write to."),
    server_name: string("", "Name that is meant where a client says none."),
    http: bool(false, "Answers the authority's question on port 80."),
    http_addr: string(":80", "Address of that port."),
  }),
  "http_server.http3.enabled": refused(bool(false, "HTTP/3."), "clients use WebSocket over HTTP/1.1; a proxy in front may speak HTTP/3"),
  "http_server.h2c_external": refused(bool(false, "HTTP/2 without TLS."), "clients use HTTP/1.1; a proxy in front may speak HTTP/2"),

  "http_api.disabled": bool(false, "Takes `/api` away."),
  "http_api.handler_prefix": string("/api", "Path of the server API.", path),
  "http_api.key": secret("Key of the server API. Without it one is made at the first start."),
  "http_api.insecure": bool(false, "Answers `/api` without a key."),
  "http_api.external": bool(false, "Keeps `/api` on http_server.port although an internal port is set."),
  "http_api.error_mode": oneOf("", ["", "transport"], "`transport` puts the errors of the API into the HTTP status."),

  ...under("grpc_api", {
    enabled: refused(bool(false, "The server API over gRPC."), "call the HTTP API under http_api.handler_prefix; it has the same methods"),
    error_mode: oneOf("", ["", "transport"], "As http_api.error_mode."),
    address: string("", "Address it listens on."),
    port: int(10_000, port, "Its port."),
    key: secret("Its key."),
    ...under("tls", tlsOptions),
    reflection: bool(false, "Describes itself to gRPC tools."),
    max_receive_message_size: bytes(0, { min: 1, max: 2_147_483_647 }, "Largest message it takes."),
  }),
} as const;
