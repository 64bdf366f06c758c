import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
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

/** A server cannot listen without a certificate of its own. */
export function checkServerTls(tls: TlsConfig | undefined, section: string, source: string, problems: Problem[]): void {
  if (tls === undefined) return;
  for (const [name, text] of [
    ["cert_pem", tls.certPem],
    ["key_pem", tls.keyPem],
  ]) {
    if (text === "") problems.push({ source, key: `${section}.${name}`, expected: "a server with TLS needs its certificate and its key" });
  }
}
