import assert from "node:assert/strict";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import tls from "node:tls";
import type { OutgoingTls } from "../config/config.ts";
import { systemClock } from "../runtime/clock.ts";
import { createDestinations } from "./destinations.ts";
import { createOutgoingFetch, OutgoingFailure } from "./outgoing-fetch.ts";
import { testAuthority } from "./testing/authority.ts";

const authority = testAuthority();
const skip = authority === undefined ? "openssl is not installed: NOT TESTED" : false;
const noTls: OutgoingTls = { serverCaPem: "", certPem: "", keyPem: "", serverName: "", insecureSkipVerify: false };

const servers: tls.Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** Answers each request with the name that its TLS hello asked for, the client's certificate name and the Host header. */
async function server(options: tls.TlsOptions): Promise<number> {
  const listening = tls.createServer(options, (socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => {
      const host = /host: ([^\r]*)/i.exec(data.toString())?.[1] ?? "";
      const body = `${socket.servername || "-"} ${socket.getPeerCertificate()?.subject?.CN ?? "-"} ${host.split(":")[0]}`;
      socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`);
    });
  });
  listening.on("tlsClientError", () => {});
  servers.push(listening);
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  return (listening.address() as AddressInfo).port;
}

/** Every name leads to this machine, the backup address first to nowhere. */
const destinations = createDestinations({ clock: systemClock, resolve: async () => ["127.0.0.3", "127.0.0.1"] });
const outgoing = createOutgoingFetch({ clock: systemClock, destinations });

async function ask(url: string, options?: Partial<OutgoingTls>): Promise<string> {
  const request = { url, headers: {}, body: "{}", timeoutMs: 2_000, answerBytesMax: 1_000 };
  const answer = await outgoing({ ...request, tls: options === undefined ? undefined : { ...noTls, ...options } });
  return Buffer.from(answer.body).toString();
}

test("[OUT5] a certificate is verified for the name, although the connection goes to an address", { skip, timeout: 20_000 }, async () => {
  const port = await server(authority!.certificate("backend.test"));
  const ca = { serverCaPem: authority!.caPem };
  assert.equal(await ask(`https://backend.test:${port}/`, ca), "backend.test - backend.test");
  await assert.rejects(ask(`https://other.test:${port}/`, ca), OutgoingFailure);
  await assert.rejects(ask(`https://backend.test:${port}/`), OutgoingFailure, "an authority nobody named");
  await assert.rejects(ask(`https://127.0.0.1:${port}/`, ca), OutgoingFailure, "the address is not in the certificate");
});

test("[OUT5] server_name replaces the name, insecure_skip_verify the verification", { skip, timeout: 20_000 }, async () => {
  const port = await server(authority!.certificate("backend.test"));
  const ca = { serverCaPem: authority!.caPem };
  assert.equal(await ask(`https://127.0.0.1:${port}/`, { ...ca, serverName: "backend.test" }), "backend.test - 127.0.0.1");
  assert.equal(await ask(`https://other.test:${port}/`, { ...ca, serverName: "backend.test" }), "backend.test - other.test");
  assert.match(await ask(`https://other.test:${port}/`, { insecureSkipVerify: true }), / - other\.test$/);
});

test("[OUT5] a client certificate is shown where the backend asks for one", { skip, timeout: 20_000 }, async () => {
  const port = await server({
    ...authority!.certificate("backend.test"),
    ca: authority!.caPem,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const ca = { serverCaPem: authority!.caPem };
  const mine = authority!.certificate("fleetcast");
  const shown = { ...ca, certPem: mine.cert, keyPem: mine.key };
  assert.equal(await ask(`https://backend.test:${port}/`, shown), "backend.test fleetcast backend.test");
  await assert.rejects(ask(`https://backend.test:${port}/`, ca), OutgoingFailure);
});

test("[OUT5] verification stays although the environment turns it off", { skip, timeout: 20_000 }, async () => {
  const port = await server(authority!.certificate("backend.test"));
  const before = process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
  process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  try {
    await assert.rejects(ask(`https://backend.test:${port}/`), OutgoingFailure);
  } finally {
    if (before === undefined) delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    else process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = before;
  }
});

test("[A5] a failure names no address: its query may hold a key", { skip, timeout: 20_000 }, async () => {
  const port = await server(authority!.certificate("backend.test"));
  for (const address of [
    `https://fleet:canary@backend.test:${port}/x?key=canary`,
    `http://backend.test:1/?key=canary`,
    `https://127.0.0.1:${port}/?canary`,
  ]) {
    await assert.rejects(ask(address), (error) => {
      assert.ok(error instanceof OutgoingFailure);
      assert.doesNotMatch(`${error.stack} ${String(error.cause)}`, /canary/);
      return true;
    });
  }
});
