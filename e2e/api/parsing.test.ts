import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { rawBytes } from "../conformance/harness/raw-http.ts";
import { API_KEY, Fleetcast } from "../harness/fleetcast.ts";

/** What no client library sends: requests that two parsers could read in two ways, and paths in odd spellings. */

let fleetcast: Fleetcast;

before(
  async () => {
    fleetcast = await Fleetcast.started({ env: { FLEETCAST_MQTT_ENABLED: "false" } });
  },
  { timeout: 60_000 },
);
after(async () => {
  await fleetcast?.remove();
});

const body = '{"channel":"a","data":1}';
const chunked = (size = body.length.toString(16), extension = ""): string => `${size}${extension}\r\n${body}\r\n0\r\n\r\n`;
const length = `Content-Length: ${body.length}\r\n`;

/** A publish with the right key, but for what the row changes. */
function post(headers: string, content: string, { line = "POST /api/publish HTTP/1.1", host = "Host: x\r\n" } = {}): string {
  return `${line}\r\n${host}X-API-Key: ${API_KEY}\r\n${headers}\r\n${content}`;
}

async function statusOf(request: string): Promise<number> {
  return (await rawBytes(fleetcast.httpPort, Buffer.from(request, "latin1"))).status;
}

const rows: readonly (readonly [what: string, request: string, status: number])[] = [
  ["a plain request", post(length, body), 200],
  ["chunks", post("Transfer-Encoding: chunked\r\n", chunked()), 200],
  ["a chunk extension", post("Transfer-Encoding: chunked\r\n", chunked(undefined, ";a=b")), 200],
  ["one length twice", post(`${length}${length}`, body), 200],
  ["two lengths", post(`${length}Content-Length: 5\r\n`, body), 400],
  ["a list of lengths", post(`Content-Length: ${body.length}, ${body.length}\r\n`, body), 400],
  ["length and chunks", post(`${length}Transfer-Encoding: chunked\r\n`, chunked()), 400],
  ["chunks and length", post(`Transfer-Encoding: chunked\r\n${length}`, chunked()), 400],
  ["a length with a sign", post(`Content-Length: +${body.length}\r\n`, body), 400],
  ["a negative length", post("Content-Length: -1\r\n", body), 400],
  ["a length beyond all numbers", post("Content-Length: 99999999999999999999\r\n", body), 400],
  ["a length that is none", post("Content-Length: x\r\n", body), 400],
  ["an unknown coding", post("Transfer-Encoding: xchunked\r\n", chunked()), 400],
  ["two codings", post("Transfer-Encoding: gzip, chunked\r\n", chunked()), 400],
  ["chunks twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunked()), 400],
  ["a space before the colon of the coding", post("Transfer-Encoding : chunked\r\n", chunked()), 400],
  ["a space before another colon", post(`X-A : b\r\n${length}`, body), 400],
  ["a bare line feed between headers", post(`X-A: b\n${length}`, body), 400],
  ["bare line feeds everywhere", post(length, body).replaceAll("\r\n", "\n"), 505],
  ["a line feed in a chunk extension", post("Transfer-Encoding: chunked\r\n", chunked(undefined, ";a\n")), 400],
  ["a negative chunk", post("Transfer-Encoding: chunked\r\n", chunked("-1d")), 400],
  ["a huge chunk", post("Transfer-Encoding: chunked\r\n", chunked("fffffffffffffffffff")), 400],
  ["a chunk size with 0x", post("Transfer-Encoding: chunked\r\n", chunked("0x18")), 400],
  ["a folded header", post(`X-A: a\r\n b\r\n${length}`, body), 400],
  ["NUL in a header", post(`X-A: a\0b\r\n${length}`, body), 400],
  ["NUL in the path", post(length, body, { line: "POST /api/pub\0lish HTTP/1.1" }), 505],
  ["two hosts", post(`Host: y\r\n${length}`, body), 400],
  ["no host", post(length, body, { host: "" }), 400],
  ["an empty host", post(length, body, { host: "Host: \r\n" }), 400],
];

for (const [what, request, status] of rows) {
  test(`[H10] ${what}: ${status}`, async () => assert.equal(await statusOf(request), status));
}

test("[H10] what follows the last chunk is a request of its own, and no good one", async () => {
  const request = post("Transfer-Encoding: chunked\r\n", chunked().replace(/\r\n$/, "XX"));
  assert.ok([200, 400].includes(await statusOf(request)));
  assert.equal(await statusOf(post(length, body)), 200);
});

/** Without a key: 401 says that the API was met and asked for it, 404 that nothing is there. */
const paths: readonly (readonly [path: string, status: number])[] = [
  ["/api/publish", 401],
  ["/api/publish#x", 401],
  ["/api/./publish", 401],
  ["/admin/../api/publish", 401],
  ["/%2e%2e/api/publish", 401],
  ["/api\\publish", 401],
  [`/api/publish?${"a".repeat(8_000)}`, 401],
  ["/api//publish", 404],
  ["//api/publish", 404],
  ["/api/%70ublish", 404],
  ["/api%2fpublish", 404],
  ["/admin/..;/api/publish", 404],
  [`/api/publish?${"a".repeat(20_000)}`, 431],
  [`/${"a".repeat(70_000)}`, 431],
];

for (const [path, status] of paths) {
  test(`[H11] ${path.slice(0, 30)} without a key: ${status}`, async () => {
    assert.equal(await statusOf(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}`), status);
  });
}

const lines: readonly (readonly [what: string, request: string, status: number])[] = [
  ["the absolute form", post(length, body, { line: "POST http://x/api/publish HTTP/1.1" }), 200],
  ["the absolute form without a key", "POST http://x/api/publish HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 401],
  ["`*`", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400],
  ["CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405],
  ["TRACE of the server API", "TRACE /api/publish HTTP/1.1\r\nHost: x\r\n\r\n", 405],
  ["TRACE of /v1", "TRACE /v1/me HTTP/1.1\r\nHost: x\r\n\r\n", 405],
  ["HTTP/0.9", "GET /api/publish\r\n\r\n", 505],
  ["HTTP/2.0 in words", post(length, body, { line: "POST /api/publish HTTP/2.0" }), 505],
  ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["an upgrade to h2c is not taken", post(`Connection: Upgrade\r\nUpgrade: h2c\r\n${length}`, body), 200],
  ["a method that nobody knows ends the connection", post(length, body, { line: "BREW /api/publish HTTP/1.1" }), 0],
];

for (const [what, request, status] of lines) {
  test(`[H11] ${what}: ${status}`, async () => assert.equal(await statusOf(request), status));
}

const v1: readonly (readonly [path: string, status: number])[] = [
  ["/v1/me", 401],
  [`/v1/me?${"a".repeat(12_000)}`, 401],
  ["/v1/me/", 404],
  ["/v1//me", 404],
  ["/v1/%6de", 404],
  ["/v1/ME", 404],
  ["/v1/", 404],
  ["/v1", 404],
  [`/v1/${"x".repeat(9_000)}`, 404],
  ["/v1/machines/%2e%2e%2fx", 401],
];

for (const [path, status] of v1) {
  test(`[H11] ${path.slice(0, 30)} without a session: ${status}`, async () => {
    const answer = await rawBytes(fleetcast.httpPort, Buffer.from(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`, "latin1"));
    assert.equal(answer.status, status);
    if (path !== "/v1") assert.equal(answer.headers.get("content-type"), "application/problem+json; charset=utf-8");
  });
}
