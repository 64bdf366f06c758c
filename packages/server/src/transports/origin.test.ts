import assert from "node:assert/strict";
import { test } from "node:test";
import { originRule } from "./origin.ts";

const host = "fleet.example.com:8000";

test("[W6] a request without an origin passes under every rule", () => {
  for (const allowed of [undefined, [], ["https://a.example"]]) {
    assert.equal(originRule(allowed)(null, host), true);
    assert.equal(originRule(allowed)("", host), true);
  }
});

test("[S9] the page's own host always passes, whatever the case and with a default port spelt out", () => {
  for (const allowed of [undefined, [], ["https://a.example"]]) {
    assert.equal(originRule(allowed)("http://fleet.example.com:8000", host), true);
    assert.equal(originRule(allowed)("HTTP://Fleet.Example.com:8000", host), true);
  }
  assert.equal(originRule([])("https://fleet.example.com", "fleet.example.com:443"), true);
  assert.equal(originRule([])("https://fleet.example.com", "fleet.example.com"), true);
});

test("[S9] another port, another host or a host that only begins alike is another origin", () => {
  const rule = originRule([]);
  for (const origin of ["http://fleet.example.com:9000", "http://evil.example", "http://fleet.example.com:8000.evil.example", "null"]) {
    assert.equal(rule(origin, host), false, origin);
  }
});

test("loopback pages pass while the list is absent, and only then", () => {
  for (const origin of ["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "https://app.localhost"]) {
    assert.equal(originRule(undefined)(origin, host), true, origin);
    assert.equal(originRule([])(origin, host), false, origin);
  }
  for (const origin of ["http://127.0.0.1.evil.example", "http://localhost.evil.example", "file://localhost", "null", "http://"]) {
    assert.equal(originRule(undefined)(origin, host), false, origin);
  }
});

test("globs decide without regard to case, and * reaches over everything", () => {
  const rule = originRule(["https://*.Example.org", "http://shop.test:*", "https://{a,b}.test"]);
  for (const origin of ["https://a.example.org", "https://A.B.EXAMPLE.ORG", "http://shop.test:81", "https://b.test"]) {
    assert.equal(rule(origin, host), true, origin);
  }
  for (const origin of ["https://example.org", "http://a.example.org", "https://c.test", "https://a.example.org.evil.test"]) {
    assert.equal(rule(origin, host), false, origin);
  }
  assert.equal(originRule(["*"])("https://anything.test", host), true);
});
