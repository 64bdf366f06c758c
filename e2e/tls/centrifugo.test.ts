import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CertificateFolder, openssl } from "../harness/certificates.ts";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";
import { freePorts, OwnProcess } from "../harness/process.ts";
import { Sdk } from "../harness/sdk.ts";
import { bearerToken } from "../harness/tokens.ts";
import { findCentrifugo } from "../parts/centrifugo.ts";
import { requirePath, skipReason } from "../parts/find.ts";

const skip = skipReason(openssl, findCentrifugo({ build: false }));

test("[TLS16] centrifugo-config: a real Centrifugo asks us over HTTPS with a certificate, and speaks TLS itself", { skip }, async () => {
  const certificates = new CertificateFolder();
  const folder = mkdtempSync(join(tmpdir(), "centrifugo-tls-"));
  const [centrifugoPort, internalPort] = (await freePorts(2)) as [number, number];
  const ca = certificates.ca;
  const fleetcast = await Fleetcast.prepare({
    ca: certificates.authority.ca,
    // What Fleetcast itself sends goes to a Centrifugo with a certificate of a private authority.
    env: { NODE_EXTRA_CA_CERTS: ca },
    config: {
      http_server: {
        tls: certificates.section,
        internal_port: internalPort,
        internal_tls: { ...certificates.section, client_ca_pem: ca, server_ca_pem: ca },
      },
      mqtt: { enabled: true },
      push: { engine: "centrifugo", centrifugo: { url: `https://localhost:${centrifugoPort}`, api_key: "centrifugo-api-key" } },
    },
  });
  const printed = await fleetcast.cli("centrifugo-config");
  assert.equal(printed.code, 0, printed.output);
  const file = join(folder, "config.json");
  writeFileSync(file, printed.stdout, { mode: 0o600 });
  const centrifugo = new OwnProcess("centrifugo", requirePath(findCentrifugo({ build: false })), ["-c", file], { cwd: folder });
  let client: Sdk | undefined;
  try {
    await centrifugo.waitForHttp(`https://localhost:${centrifugoPort}/health`, 15_000, fleetcast.trust);
    const process = fleetcast.spawn();
    await process.waitForOutput(/"msg":"ready"/, 20_000);
    client = new Sdk({
      url: `wss://localhost:${centrifugoPort}/connection/websocket`,
      token: await bearerToken({ sub: "admin_user_01" }),
      caFile: ca,
    });
    await client.connect();
    // Whether it may is asked of us, over HTTPS.
    await client.subscribe("telemetry:VM-SH-001");
    const backend = certificates.authority.certificate({ commonName: "backend" });
    const answer = await fetch(`https://localhost:${internalPort}/api/publish`, {
      method: "POST",
      headers: { "X-API-Key": API_KEY },
      body: JSON.stringify({ channel: "telemetry:VM-SH-001", data: { n: 1 } }),
      tls: { ca: certificates.authority.ca, ...backend },
    });
    assert.equal(answer.status, 200, await answer.text());
    assert.deepEqual((await client.next("publication")).data, { n: 1 }, "we speak to it over HTTPS");
    await client.call("subscribe", { channel: "user_cmd:admin_user_02" });
    assert.equal((await client.next("unsubscribed")).code, 103);
    process.child.kill("SIGTERM");
    await process.exited;
  } finally {
    await client?.end();
    await centrifugo.end("SIGTERM");
    await fleetcast.remove();
    certificates.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
