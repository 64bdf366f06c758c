import type { PeerCertificate } from "node:tls";
import { isVmId } from "../topics.ts";

/** What a device's certificate says about who it is, judged once after the handshake. */
export type ClientCertificate =
  /** None was asked for, or none shown where it need not be. */
  | { readonly kind: "none" }
  | { readonly kind: "machine"; readonly vmId: string }
  /** Closed with this reason before any packet is read. */
  | { readonly kind: "refused"; readonly reason: string };

export type CertificateDemand = "off" | "optional" | "required";

/** The part of a TLS socket that knows. */
export interface SecureSocket {
  readonly authorized: boolean;
  readonly authorizationError: unknown;
  getPeerCertificate(): PeerCertificate | undefined;
}

/**
 * A certificate that is shown must be good, also where none is needed: who shows a bad one is told, not taken for somebody
 * with a password.
 */
export function judgeCertificate(socket: SecureSocket, demand: CertificateDemand, nowMs: number): ClientCertificate {
  if (demand === "off") return { kind: "none" };
  const certificate = socket.getPeerCertificate();
  // Bun answers undefined where Node answers an empty object.
  if (certificate?.subject === undefined) {
    return demand === "required" ? refused("certificate_missing") : { kind: "none" };
  }
  if (!socket.authorized) return refused(reasonOf(socket.authorizationError));
  // A resumed session brings the verdict of its first handshake, and the certificate may have ended since.
  if (Date.parse(certificate.valid_to) < nowMs) return refused("certificate_expired");
  const vmId = machineOf(certificate);
  return vmId === undefined ? refused("certificate_without_machine") : { kind: "machine", vmId };
}

/** The common name; where that is no machine's id, the one DNS name among the alternative names that is. */
function machineOf({ subject, subjectaltname }: PeerCertificate): string | undefined {
  const commonName: unknown = subject.CN;
  if (typeof commonName === "string" && isVmId(commonName)) return commonName;
  const names = (subjectaltname ?? "")
    .split(", ")
    .filter((entry) => entry.startsWith("DNS:"))
    .map((entry) => entry.slice("DNS:".length))
    .filter(isVmId);
  return names.length === 1 ? names[0] : undefined;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  if (/EXPIRED/.test(code)) return "certificate_expired";
  if (/NOT_YET_VALID/.test(code)) return "certificate_not_yet_valid";
  if (/ISSUER|SELF_SIGNED|UNABLE_TO_VERIFY|UNTRUSTED|SIGNATURE/.test(code)) return "certificate_of_unknown_authority";
  return "certificate_invalid";
}

function refused(reason: string): ClientCertificate {
  return { kind: "refused", reason };
}
