import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Authority, type Certificate, testAuthority } from "../../packages/mqtt/testing/authority.ts";
import type { Part } from "../parts/find.ts";

export const openssl: Part =
  testAuthority() === undefined
    ? { found: false, why: "openssl is not installed (Debian package openssl)" }
    : { found: true, path: "openssl" };

/** A certificate authority and a server's certificate in files, as an operator has them. */
export class CertificateFolder {
  readonly authority: Authority;
  readonly folder: string;

  constructor() {
    const authority = testAuthority();
    if (authority === undefined) throw new Error("openssl is not installed");
    this.authority = authority;
    this.folder = mkdtempSync(join(tmpdir(), "fleetcast-certificates-"));
    writeFileSync(this.ca, authority.ca);
    this.put(authority.server());
  }

  get ca(): string {
    return join(this.folder, "ca.pem");
  }

  get cert(): string {
    return join(this.folder, "cert.pem");
  }

  get key(): string {
    return join(this.folder, "key.pem");
  }

  /** The keys of a TLS section. */
  get section(): { readonly enabled: true; readonly cert_pem: string; readonly key_pem: string } {
    return { enabled: true, cert_pem: this.cert, key_pem: this.key };
  }

  /** Another server certificate in place of the one before, each file whole, one after the other, as certbot does it. */
  put({ cert, key }: Certificate): void {
    for (const [file, text] of [
      [this.cert, cert],
      [this.key, key],
    ] as const) {
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
  }

  /** Files with a machine's certificate. */
  machine(commonName: string, days?: number): { readonly cert: string; readonly key: string } {
    const made = this.authority.certificate({ commonName, ...(days === undefined ? {} : { days }) });
    return this.files(`machine-${commonName}`, made);
  }

  files(name: string, { cert, key }: Certificate): { readonly cert: string; readonly key: string } {
    const files = { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
    writeFileSync(files.cert, cert);
    writeFileSync(files.key, key, { mode: 0o600 });
    return files;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
