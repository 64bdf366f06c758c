import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenConfig } from "../../testing/token-forge.ts";
import { TokenKeyError } from "../keys.ts";
import { keySetEndpoint } from "./endpoint.ts";

const issuerRegex = "^https://(?P<tenant>one|two|\\.\\.|a\\/b|x@evil\\.test|)/(?P<realm>main)$";

function endpoint(jwksPublicEndpoint: string, changes: Parameters<typeof tokenConfig>[0] = {}) {
  return keySetEndpoint(tokenConfig({ jwksPublicEndpoint, ...changes }), "client.token");
}

const groups = (tenant: string, realm = "main") =>
  new Map([
    ["tenant", tenant],
    ["realm", realm],
  ]);

test("[J8] an address without placeholders is the same for every token", () => {
  const { fixed, addressFor } = endpoint("https://user:pass@id.example.com/a/../keys");
  assert.equal(fixed, "https://user:pass@id.example.com/a/../keys");
  assert.equal(addressFor(new Map()), fixed);
});

test("[J8] placeholders are filled in host and path", () => {
  const inPath = endpoint("https://id.example.com/{{tenant}}/{{realm}}/keys", { issuerRegex });
  assert.equal(inPath.fixed, undefined);
  assert.equal(inPath.hostVaries, false);
  assert.equal(inPath.addressFor(groups("one")), "https://id.example.com/one/main/keys");
  const inHost = endpoint("https://{{tenant}}.example.com/keys?realm={{realm}}", { issuerRegex });
  assert.equal(inHost.hostVaries, true);
  assert.equal(inHost.addressFor(groups("two")), "https://two.example.com/keys?realm=main");
});

test("[J8] a filled address that means another one is none", () => {
  const { addressFor } = endpoint("https://id.example.com/{{tenant}}/keys", { issuerRegex });
  for (const tenant of ["..", ".", "%2e%2E", "", "a\\b"]) assert.equal(addressFor(groups(tenant)), undefined, tenant);
  assert.equal(addressFor(groups("a/b")), "https://id.example.com/a/b/keys");
  const inHost = endpoint("https://{{tenant}}/keys", { issuerRegex });
  for (const tenant of ["x@evil.test", "", "a b"]) assert.equal(inHost.addressFor(groups(tenant)), undefined, tenant);
});

test("[J8] a group that is no list of literals stops the start, before any token came", () => {
  for (const [template, regexes] of [
    ["https://{{tenant}}.example.com/keys", { issuerRegex: "^https://(?P<tenant>.+)$" }],
    ["https://id.example.com/{{tenant}}/keys", { audienceRegex: "^(?P<tenant>[a-z]+)$" }],
    ["https://id.example.com/{{tenant}}/keys", { audienceRegex: "^(?P<tenant>a|b)[0-9]$" }],
    ["https://id.example.com/{{tenant}}/keys", { audienceRegex: "^(?P<other>a|b)$" }],
    ["https://id.example.com/{{tenant}}/keys", {}],
    ["https://id.example.com/{{tenant}}/keys", { issuerRegex: "^(?P<tenant>a)$", audienceRegex: "^(?P<tenant>.)$" }],
  ] as const) {
    assert.throws(
      () => endpoint(template, regexes),
      (error) => error instanceof TokenKeyError && error.message.startsWith("client.token."),
      template,
    );
  }
});

test("a check that the operator turned off lets open groups in", () => {
  const { addressFor } = endpoint("https://id.example.com/{{tenant}}/keys", {
    issuerRegex: "^(?P<tenant>[a-z]+)$",
    insecureSkipJwksEndpointSafetyCheck: true,
  });
  assert.equal(addressFor(groups("anything")), "https://id.example.com/anything/keys");
});

test("what is no web address stops the start", () => {
  for (const address of ["id.example.com/keys", "ftp://id.example.com/keys", "https://", "file:///etc/passwd"]) {
    assert.throws(() => endpoint(address), TokenKeyError, address);
  }
});
