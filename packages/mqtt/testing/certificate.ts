import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh certificate for `localhost`, signed by itself; undefined where there is no `openssl` to make one. */
export function selfSigned(): { readonly cert: string; readonly key: string } | undefined {
  const folder = mkdtempSync(join(tmpdir(), "fleetcast-tls-"));
  try {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
        ...["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", join(folder, "key"), "-out", join(folder, "cert")],
      ],
      { stdio: "ignore" },
    );
    return { cert: readFileSync(join(folder, "cert"), "utf8"), key: readFileSync(join(folder, "key"), "utf8") };
  } catch (error) {
    if (process.env["CI"] === "true") throw error;
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
