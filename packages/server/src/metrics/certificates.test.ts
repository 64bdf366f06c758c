import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsConfig } from "../config/config.ts";
import { testAuthority } from "../outgoing/testing/authority.ts";
import { shownCertificates } from "./certificates.ts";

const authority = testAuthority();

test("[MET11] a listener with a certificate says when it expires, and one without says nothing", { skip: authority === undefined }, () => {
  const { cert, key } = authority!.certificate("fleet.example");
  const tls: TlsConfig = {
    certPem: cert + authority!.caPem,
    keyPem: key,
    serverCaPem: "",
    clientCaPem: "",
    insecureSkipVerify: false,
    serverName: "",
    files: [],
  };
  const [shown, ...others] = shownCertificates({ http: tls, internal: undefined, mqtt: { ...tls, certPem: "" } });
  assert.deepEqual(others, []);
  assert.equal(shown?.listener, "http");
  const daysLeft = ((shown?.expiresAtMs ?? 0) - Date.now()) / 86_400_000;
  assert.ok(daysLeft > 1.9 && daysLeft <= 2, `${daysLeft}`);
});
