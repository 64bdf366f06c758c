import { certificatesOf, notAfterMs } from "../../config/certificates.ts";
import type { TlsConfig } from "../../config/config.ts";
import type { ListenerTls } from "../../config/listener-tls.ts";

/** A certificate that one of our listeners shows. */
export interface ShownCertificate {
  /** Its section of the configuration. */
  readonly section: "http_server.tls" | "http_server.internal_tls" | "mqtt.tls";
  readonly subject: string;
  /** Of the chain, what ends first. Unix milliseconds. */
  readonly notAfterMs: number;
}

/** From here on an end that comes near is said. */
export const warnBeforeMs = 14 * 86_400_000;

export function shownCertificates({ tls, internalTls, mqttTls }: ListenerTls): readonly ShownCertificate[] {
  return [shown("http_server.tls", tls), shown("http_server.internal_tls", internalTls), shown("mqtt.tls", mqttTls)].filter(
    (certificate) => certificate !== undefined,
  );
}

function shown(section: ShownCertificate["section"], tls: TlsConfig | undefined): ShownCertificate | undefined {
  const chain = tls === undefined ? undefined : certificatesOf(tls.certPem);
  if (chain === undefined) return undefined;
  return { section, subject: chain[0]!.subject?.replaceAll("\n", ", ") ?? "", notAfterMs: notAfterMs(chain) };
}

/** How a certificate stands, in words for a log line and for the commands that check. */
export function expiryOf(
  certificate: ShownCertificate,
  nowMs: number,
): { readonly verdict: "ok" | "soon" | "over"; readonly text: string } {
  const { section, subject, notAfterMs: endMs } = certificate;
  const until = new Date(endMs).toISOString();
  const days = Math.floor((endMs - nowMs) / 86_400_000);
  if (endMs <= nowMs)
    return { verdict: "over", text: `${section}: the certificate of ${subject} ended at ${until}: nobody trusts it any more` };
  if (endMs - nowMs <= warnBeforeMs) {
    return { verdict: "soon", text: `${section}: the certificate of ${subject} ends in ${days} days, at ${until}` };
  }
  return { verdict: "ok", text: `${section}: the certificate of ${subject} is good until ${until}` };
}
