import assert from "node:assert/strict";
import { after, test } from "node:test";
import { withoutCentrifugo } from "../../push/centrifugo/testing-centrifugo.ts";
import { createKeyCheck } from "./api-key.ts";
import { type ApiSide, apiKey, embeddedSide, realSide } from "./testing-sides.ts";

/** Where a key may stand (H1, H2), asked of our routes and of the real Centrifugo. */
interface KeyCase {
  readonly name: string;
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly query?: string;
  readonly accepted: boolean;
  /** Where the real server answers otherwise, on purpose. */
  readonly realAccepts?: boolean;
}

const cases: readonly KeyCase[] = [
  { name: "[H1] no key", accepted: false },
  { name: "[H1] X-API-Key", headers: { "x-api-key": apiKey }, accepted: true },
  { name: "[H1] Authorization: apikey", headers: { authorization: `apikey ${apiKey}` }, accepted: true },
  { name: "[H1] the scheme in any case", headers: { authorization: `ApiKey  ${apiKey}` }, accepted: true },
  { name: "[H2] the document's Authorization: Token", headers: { authorization: `Token ${apiKey}` }, accepted: true, realAccepts: false },
  { name: "[H2] Bearer", headers: { authorization: `Bearer ${apiKey}` }, accepted: false },
  { name: "[H1] the key without a scheme", headers: { authorization: apiKey }, accepted: false },
  { name: "[H1] api_key in the query", query: `?api_key=${apiKey}`, accepted: true },
  { name: "[H1] a wrong key in the query", query: "?api_key=wrong", accepted: false },
  { name: "[H1] an empty key", headers: { "x-api-key": "" }, accepted: false },
  { name: "[H1] the beginning of the key", headers: { "x-api-key": apiKey.slice(0, -1) }, accepted: false },
  { name: "[H1] the key and one byte", headers: { "x-api-key": `${apiKey}x` }, accepted: false },
  { name: "[H1] two keys in one value", headers: { "x-api-key": `${apiKey} ${apiKey}` }, accepted: false },
  { name: "[H1] two keys behind a scheme", headers: { authorization: `apikey ${apiKey} ${apiKey}` }, accepted: false },
  {
    name: "[H1] a right Authorization beside a wrong X-API-Key",
    headers: { authorization: `apikey ${apiKey}`, "x-api-key": "wrong" },
    accepted: false,
  },
  {
    name: "[H1] a right Authorization beside an empty X-API-Key",
    headers: { authorization: `apikey ${apiKey}`, "x-api-key": "" },
    accepted: true,
  },
  { name: "[H1] a wrong header and a right query", headers: { "x-api-key": "wrong" }, query: `?api_key=${apiKey}`, accepted: true },
  {
    name: "[H1] two headers, the right one first",
    headers: [
      ["x-api-key", apiKey],
      ["x-api-key", "wrong"],
    ],
    accepted: true,
  },
  {
    name: "[H1] two headers, the right one last",
    headers: [
      ["x-api-key", "wrong"],
      ["x-api-key", apiKey],
    ],
    accepted: false,
  },
];

const sides: Partial<Record<ApiSide["name"], Promise<ApiSide>>> = {};
after(async () => {
  for (const side of Object.values(sides)) await (await side).stop();
});

for (const row of cases) {
  for (const path of ["/api", "/api/publish"]) {
    test(`${row.name} on ${path}: ${row.accepted ? 200 : 401}`, async () => {
      sides.embedded ??= embeddedSide();
      await expectKey(await sides.embedded, path, row, row.accepted);
    });
    // fetch joins repeated headers before they are sent, so the real server is not asked that way.
    if (Array.isArray(row.headers)) continue;
    test(`real: ${row.name} on ${path}: ${(row.realAccepts ?? row.accepted) ? 200 : 401}`, { skip: withoutCentrifugo() }, async () => {
      sides.real ??= realSide();
      await expectKey(await sides.real, path, row, row.realAccepts ?? row.accepted);
    });
  }
}

async function expectKey(side: ApiSide, path: string, row: KeyCase, accepted: boolean): Promise<void> {
  const response = await side.request(`${path}${row.query ?? ""}`, {
    method: "POST",
    body: "{}",
    headers: (row.headers ?? {}) as Record<string, string>,
  });
  const text = await response.text();
  assert.equal(response.status, accepted ? 200 : 401);
  if (!accepted) assert.equal(text, "");
}

test("[H3] not POST is 405 before the key is looked at, on paths that exist", async () => {
  sides.embedded ??= embeddedSide();
  const side = await sides.embedded;
  for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
    assert.equal((await side.request("/api/publish", { method })).status, 405);
    assert.equal((await side.request("/api", { method })).status, 405);
    assert.equal((await side.request("/api/nope", { method })).status, 404);
  }
});

test("[H1] an empty configured key closes the API, `insecure` opens it", () => {
  const request = new Request("http://localhost/api", { method: "POST", headers: { "x-api-key": "" } });
  assert.equal(createKeyCheck({ key: "", insecure: false })(request), false);
  assert.equal(createKeyCheck({ key: "", insecure: true })(request), true);
});

test("[H4] a body above the limit is 413, declared or not, and nothing is read after it", async () => {
  const side = await embeddedSide({ bodyBytesMax: 100 });
  try {
    const headers = { "x-api-key": apiKey };
    const body = JSON.stringify({ channel: "public", data: "x".repeat(100) });
    const declared = { ...headers, "content-length": String(body.length) };
    assert.equal((await side.request("/api/publish", { method: "POST", headers: declared, body })).status, 413);
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled += 1;
        controller.enqueue(new Uint8Array(64));
      },
    });
    assert.equal((await side.request("/api/publish", { method: "POST", headers, body: endless })).status, 413);
    assert.ok(pulled < 10, `${pulled} chunks were read`);
    assert.equal((await side.request("/api/publish", { method: "POST", headers, body: '{"channel":"public","data":1}' })).status, 200);
  } finally {
    await side.stop();
  }
});
