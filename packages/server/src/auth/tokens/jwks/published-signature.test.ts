import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { after, test } from "node:test";
import { createDestinations } from "../../../outgoing/destinations.ts";
import { createOutgoingFetch } from "../../../outgoing/outgoing-fetch.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { clientConfig, hmacToken, keyToken, type TestKey, testKey, testNowMs } from "../../testing/token-forge.ts";
import { createTokenVerifier } from "../verifier.ts";
import { keySetFetch } from "./fetch-key-set.ts";

const clock = { ...systemClock, wallMs: () => testNowMs };
const [one, two] = [testKey("ES256"), testKey("EdDSA")];
const servers: { close(): unknown }[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** A server of key sets by path; what it was asked is kept. */
async function keyServer(answer: (path: string) => { status?: number; body?: string | Buffer; headers?: Record<string, string> }) {
  const asked: string[] = [];
  const server: Server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const { status = 200, body = "", headers = {} } = answer(request.url ?? "");
    response.writeHead(status, headers).end(body);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { asked, port: (server.address() as AddressInfo).port };
}

const set = (...keys: readonly TestKey[]) => JSON.stringify({ keys: keys.map((key) => key.jwk({ kid: "k" })) });
const signed = (key: TestKey, claims = "", kid = "k") =>
  keyToken(`{"sub":"a"${claims}}`, { ...key, header: JSON.stringify({ alg: key.algorithm, kid }) });

function verifierOf(changes: Parameters<typeof clientConfig>[0], resolve?: (host: string) => Promise<readonly string[]>) {
  const outgoing = createOutgoingFetch({
    clock,
    destinations: createDestinations({ clock, ...(resolve === undefined ? {} : { resolve }) }),
  });
  const verifier = createTokenVerifier(clientConfig(changes), { clock, fetchKeySet: keySetFetch(outgoing) });
  return async (token: string) => {
    const verdict = await verifier.connection(token);
    return verdict.ok ? `user:${verdict.claims.user}` : verdict.why;
  };
}

test("[J12] a key set replaces the configured keys, and needs a kid", async () => {
  const { port, asked } = await keyServer(() => ({ body: set(one) }));
  const outcome = verifierOf({ jwksPublicEndpoint: `http://127.0.0.1:${port}/keys` });
  assert.equal(await outcome(signed(one)), "user:a");
  assert.equal(await outcome(signed(two)), "invalid");
  assert.equal(await outcome(hmacToken(`{"sub":"a"}`)), "invalid");
  assert.equal(await outcome(hmacToken(`{"sub":"a"}`, { header: `{"alg":"HS256","kid":"k"}` })), "invalid");
  assert.equal(await outcome(keyToken(`{"sub":"a"}`, one)), "invalid");
  assert.equal(await outcome(keyToken(`{"sub":"a"}`, { ...one, header: `{"alg":"ES256","kid":["k"]}` })), "invalid");
  assert.deepEqual(asked, ["/keys"]);
});

test("[J8] [S1] a token whose maker is not accepted asks nobody (CVE-2026-32301)", async () => {
  const { port, asked } = await keyServer((path) => ({ body: path.startsWith("/one/") ? set(one) : set(two) }));
  const outcome = verifierOf({
    jwksPublicEndpoint: `http://127.0.0.1:${port}/{{tenant}}/keys`,
    issuerRegex: "^https://id\\.example\\.com/(?P<tenant>one|two)$",
  });
  for (const issuer of [
    "https://id.example.com/three",
    "https://id.example.com/one/../admin",
    "https://id.example.com/..",
    "https://id.example.com/one@evil.test",
    "https://id.example.com/one#",
    "https://id.example.com/one?x=",
    "https://id.example.com/%2f",
    "https://evil.test/https://id.example.com/one",
    "",
  ]) {
    assert.equal(await outcome(signed(one, `,"iss":"${issuer}"`)), "invalid", issuer);
  }
  assert.equal(await outcome(signed(one)), "invalid");
  assert.equal(await outcome(signed(one, `,"iss":5`)), "invalid");
  assert.deepEqual(asked, []);
});

test("[J12] two tenants with one kid: each only with its own key (CVE-2026-49998)", async () => {
  const { port, asked } = await keyServer((path) => ({ body: path.startsWith("/one/") ? set(one) : set(two) }));
  const outcome = verifierOf({
    jwksPublicEndpoint: `http://127.0.0.1:${port}/{{tenant}}/keys`,
    audienceRegex: "^(?P<tenant>one|two)$",
  });
  assert.equal(await outcome(signed(one, `,"aud":"one"`)), "user:a");
  assert.equal(await outcome(signed(one, `,"aud":"two"`)), "invalid");
  assert.equal(await outcome(signed(two, `,"aud":["x","two"]`)), "user:a");
  assert.equal(await outcome(signed(two, `,"aud":"one"`)), "invalid");
  assert.deepEqual(asked, ["/one/keys", "/two/keys"]);
});

const denied: readonly (readonly [string, () => { status?: number; body?: string | Buffer; headers?: Record<string, string> }])[] = [
  ["status 500", () => ({ status: 500, body: set(one) })],
  ["status 201", () => ({ status: 201, body: set(one) })],
  ["HTML", () => ({ body: "<html></html>", headers: { "content-type": "text/html" } })],
  ["an empty answer", () => ({})],
  ["a set of more than 1 MiB", () => ({ body: `${set(one).slice(0, -1)},"x":"${"x".repeat(1_048_576)}"}` })],
  ["another key of the kid", () => ({ body: set(two) })],
];

for (const [name, answer] of denied) {
  test(`[J12] ${name} opens nothing`, async () => {
    const { port } = await keyServer(answer);
    assert.equal(await verifierOf({ jwksPublicEndpoint: `http://127.0.0.1:${port}/` })(signed(one)), "invalid");
  });
}

test("[J12] a redirect is not followed", async () => {
  const target = await keyServer(() => ({ body: set(one) }));
  for (const status of [301, 302, 303, 307, 308]) {
    const { port } = await keyServer(() => ({ status, headers: { location: `http://127.0.0.1:${target.port}/` } }));
    assert.equal(await verifierOf({ jwksPublicEndpoint: `http://127.0.0.1:${port}/` })(signed(one)), "invalid", String(status));
  }
  assert.deepEqual(target.asked, []);
});

test("[J12] an endless set costs five seconds and little memory", { timeout: 20_000 }, async () => {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n");
      const flood = () => {
        while (socket.writable && socket.write(Buffer.alloc(65_536, 0x20)));
      };
      socket.on("drain", flood);
      flood();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const before = process.memoryUsage.rss();
  const { port } = server.address() as AddressInfo;
  assert.equal(await verifierOf({ jwksPublicEndpoint: `http://127.0.0.1:${port}/` })(signed(one)), "invalid");
  assert.ok(process.memoryUsage.rss() - before < 64 * 1_048_576);
});

test("[S5] a host that a token chose must be public; one that the operator wrote may be private, and stays what it was", async () => {
  const { port, asked } = await keyServer(() => ({ body: set(one) }));
  const names: Record<string, string> = {
    "one.example.com": "127.0.0.1",
    "keys.internal": "127.0.0.1",
    "rebinds.example.com": "192.0.2.7",
  };
  const resolve = async (host: string) => [names[host] ?? "127.0.0.1"];
  const chosen = verifierOf(
    { jwksPublicEndpoint: `http://{{tenant}}.example.com:${port}/`, issuerRegex: "^(?P<tenant>one|two)$" },
    resolve,
  );
  assert.equal(await chosen(signed(one, `,"iss":"one"`)), "invalid");
  assert.deepEqual(asked, []);
  const written = verifierOf({ jwksPublicEndpoint: `http://keys.internal:${port}/` }, resolve);
  assert.equal(await written(signed(one)), "user:a");
  assert.deepEqual(asked, ["/"]);
});
