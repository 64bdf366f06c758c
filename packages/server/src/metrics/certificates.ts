import { X509Certificate } from "node:crypto";
import type { TlsConfig } from "../config/config.ts";

export interface ShownCertificate {
  readonly listener: string;
  /** Unix milliseconds. */
  readonly expiresAtMs: number;
}

/** When the certificates that listeners show expire; the first of a chain is the listener's own. */
export function shownCertificates(listeners: Readonly<Record<string, TlsConfig | undefined>>): readonly ShownCertificate[] {
  return Object.entries(listeners).flatMap(([listener, tls]) => {
    if (tls === undefined || tls.certPem === "") return [];
    return [{ listener, expiresAtMs: Date.parse(new X509Certificate(tls.certPem).validTo) }];
  });
}
