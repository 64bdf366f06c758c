import type { Config, TlsConfig } from "../../config/config.ts";

/** Of the runtime's `fetch`. */
interface OwnTls {
  readonly rejectUnauthorized: false;
  readonly cert?: string;
  readonly key?: string;
}

type Http = Pick<Config["http"], "tls" | "internalTls" | "tlsExternal">;

/** TLS of an internal port of its own: what is set for it, or the external one's unless that is for outside only. */
export function internalPortTls({ tls, internalTls, tlsExternal }: Http): TlsConfig | undefined {
  return internalTls ?? (tlsExternal ? undefined : tls);
}

/** TLS of the door where the internal routes answer, whichever that is. */
export function internalRoutesTls(http: Http & Pick<Config["http"], "internalPort">): TlsConfig | undefined {
  return http.internalPort === 0 ? http.tls : internalPortTls(http);
}

/**
 * How our own commands speak to a server on this machine: whose certificate it is they know, its name need not be the
 * loopback's. Where a certificate is asked for they show the server's own.
 */
export function ownRequestTls(tls: TlsConfig | undefined): { readonly tls?: OwnTls } {
  if (tls === undefined) return {};
  const shown = tls.clientCaPem === "" ? {} : { cert: tls.certPem, key: tls.keyPem };
  return { tls: { rejectUnauthorized: false, ...shown } };
}
