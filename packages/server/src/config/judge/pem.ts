import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { certificatesOf } from "../certificates.ts";
import type { TlsConfig } from "../config.ts";
import type { Problem } from "../problems.ts";
import type { ValueOf } from "../table/option.ts";
import type { tlsOptions } from "../table/options/tls.ts";

export type TlsValues = { readonly [K in keyof typeof tlsOptions]: ValueOf<(typeof tlsOptions)[K]> };

const block = /-----BEGIN [A-Z0-9 ]+-----/;

/**
 * Reads one TLS section where it is enabled. A relative path is relative to the working folder.
 * What is wrong goes to `problems`; the value itself is never shown, a key may be pasted where a path belongs.
 */
export function readTls(
  values: TlsValues,
  section: string,
  source: string,
  folder: string,
  { problems, warnings }: { readonly problems: Problem[]; readonly warnings: string[] },
): TlsConfig | undefined {
  if (!values.enabled) return undefined;
  const files: string[] = [];
  const read = (name: "cert_pem" | "key_pem" | "server_ca_pem" | "client_ca_pem"): string => {
    const text = values[name];
    if (text === "" || block.test(text)) return text;
    const decoded = Buffer.from(text, "base64").toString("latin1");
    if (block.test(decoded)) return decoded;
    const file = resolve(folder, text);
    const refuse = (expected: string): string => {
      problems.push({ source, key: `${section}.${name}`, expected });
      return "";
    };
    try {
      const content = readFileSync(file, "latin1");
      files.push(file);
      if (name === "key_pem" && process.platform !== "win32" && (statSync(file).mode & 0o007) !== 0) {
        warnings.push(`${source}: ${section}.key_pem: everybody on this machine may read the key; its mode should be 0600`);
      }
      return block.test(content) ? content : refuse("the file holds no PEM text");
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "unknown";
      return refuse(`is neither PEM text, nor PEM text in base64, nor a file that can be read (${code})`);
    }
  };
  return {
    certPem: read("cert_pem"),
    keyPem: read("key_pem"),
    serverCaPem: read("server_ca_pem"),
    clientCaPem: read("client_ca_pem"),
    insecureSkipVerify: values.insecure_skip_verify,
    serverName: values.server_name,
    files,
  };
}

/** A listener needs a certificate and the key that belongs to it; nothing half-written or mixed up gets through here. */
export function checkListenerTls(tls: TlsConfig | undefined, section: string, source: string, problems: Problem[]): void {
  if (tls === undefined) return;
  const refuse = (name: string, expected: string): void => void problems.push({ source, key: `${section}.${name}`, expected });
  const missing = [
    ["cert_pem", tls.certPem],
    ["key_pem", tls.keyPem],
  ].filter(([, text]) => text === "");
  for (const [name] of missing) refuse(name!, "a server with TLS needs its certificate and its key");
  if (missing.length > 0) return;
  const certificate = certificateOf(tls.certPem);
  const key = keyOf(tls.keyPem);
  if (certificate === undefined) refuse("cert_pem", "holds no certificate that can be read; was it written to its end?");
  if (typeof key === "string") refuse("key_pem", key);
  if (tls.clientCaPem !== "" && certificatesOf(tls.clientCaPem) === undefined) {
    refuse("client_ca_pem", "holds a certificate that cannot be read; was it written to its end?");
  }
  if (certificate === undefined || typeof key === "string") return;
  if (!certificate.checkPrivateKey(key)) refuse("key_pem", "is not the key of the certificate in cert_pem");
}

function certificateOf(pem: string): X509Certificate | undefined {
  return certificatesOf(pem)?.[0];
}

/** Why a key cannot be used is said in our own words: those of the library may quote what it read. */
function keyOf(pem: string): KeyObject | string {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    const isLocked = (cause as NodeJS.ErrnoException).code === "ERR_MISSING_PASSPHRASE";
    return isLocked ? "is locked with a pass phrase; it must be stored without one" : "holds no private key that can be read";
  }
}
