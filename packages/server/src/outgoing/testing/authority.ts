import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  readonly caPem: string;
  /** A certificate for this DNS name; good for 2 days unless said. */
  certificate(name: string, days?: number): Certificate;
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate authority of a test's own; undefined where there is no `openssl` to make one. */
export function testAuthority(): Authority | undefined {
  try {
    const ca = inFolder((path) => {
      openssl("req", "-x509", ...newKey, "-days", "60", "-subj", "/CN=test authority", "-keyout", path("key"), "-out", path("cert"));
      return { cert: readFileSync(path("cert"), "utf8"), key: readFileSync(path("key"), "utf8") };
    });
    return { caPem: ca.cert, certificate: (name, days = 2) => signed(ca, name, days) };
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    return undefined;
  }
}

function signed(ca: Certificate, name: string, days: number): Certificate {
  return inFolder((path) => {
    writeFileSync(path("ca.cert"), ca.cert);
    writeFileSync(path("ca.key"), ca.key);
    writeFileSync(path("extensions"), `subjectAltName=DNS:${name}\n`);
    openssl("req", ...newKey, "-subj", `/CN=${name}`, "-keyout", path("key"), "-out", path("request"));
    const issuer = ["-CA", path("ca.cert"), "-CAkey", path("ca.key"), "-CAcreateserial"];
    openssl("x509", "-req", "-days", String(days), "-in", path("request"), ...issuer, "-extfile", path("extensions"), "-out", path("cert"));
    return { cert: readFileSync(path("cert"), "utf8"), key: readFileSync(path("key"), "utf8") };
  });
}

function inFolder<Made>(make: (path: (name: string) => string) => Made): Made {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-authority-"));
  try {
    return make((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync("openssl", args, { stdio: "ignore" });
}
