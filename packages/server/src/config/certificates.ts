import { X509Certificate } from "node:crypto";

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const begin = /-----BEGIN CERTIFICATE-----/g;

/** The certificates of a PEM text, in their order; undefined where one cannot be read, is cut short, or there is none. */
export function certificatesOf(pem: string): readonly X509Certificate[] | undefined {
  const blocks = pem.match(block) ?? [];
  if (blocks.length === 0 || blocks.length !== pem.match(begin)?.length) return undefined;
  try {
    return blocks.map((text) => new X509Certificate(text));
  } catch {
    // Damaged inside: as good as none.
    return undefined;
  }
}

/** When a chain stops being good: the earliest end in it. Unix milliseconds. */
export function notAfterMs(chain: readonly X509Certificate[]): number {
  return Math.min(...chain.map((certificate) => Date.parse(certificate.validTo)));
}

/** A name that a certificate is good for: the first DNS name, or the first address. "" where it names none. */
export function certificateName(pem: string): string {
  const names = certificatesOf(pem)?.[0]?.subjectAltName?.split(", ") ?? [];
  const first = names.find((name) => name.startsWith("DNS:")) ?? names.find((name) => name.startsWith("IP Address:"));
  // Of a wildcard some name that it covers.
  return first?.slice(first.indexOf(":") + 1).replace(/^\*\./, "internal.") ?? "";
}
