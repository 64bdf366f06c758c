import assert from "node:assert/strict";
import { test } from "node:test";
import { corsHeaders, preflight } from "./cors.ts";
import { originRule } from "./origin.ts";

const rule = originRule(["https://*.example"]);
const of = (headers: Record<string, string>) => Object.fromEntries(corsHeaders(new Request("http://a/", { headers }), rule));

test("[TR60] an allowed page is named and may send credentials and the headers it asked for", () => {
  assert.deepEqual(of({ origin: "https://A.example", "access-control-request-headers": "x-a, content-type" }), {
    "access-control-allow-origin": "https://A.example",
    "access-control-allow-headers": "x-a, content-type",
    "access-control-allow-credentials": "true",
  });
});

test("[TR60] a request without an origin is named empty; asked-for headers `null` are none", () => {
  assert.deepEqual(of({ "access-control-request-headers": "null" }), {
    "access-control-allow-origin": "",
    "access-control-allow-credentials": "true",
  });
});

test("[TR60] a foreign page is not turned away, but told nothing", () => {
  assert.deepEqual(of({ origin: "https://evil.test", "access-control-request-headers": "x-a" }), {});
});

test("[TR61] OPTIONS is 204 for 300 s, whatever the origin", () => {
  const answer = preflight(new Headers());
  assert.equal(answer.status, 204);
  assert.deepEqual(Object.fromEntries(answer.headers), {
    "access-control-max-age": "300",
    "access-control-allow-methods": "POST, OPTIONS",
  });
});
