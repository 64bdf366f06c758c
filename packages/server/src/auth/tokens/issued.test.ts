import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { clientConfig, hmacToken, testNowMs } from "../testing/token-forge.ts";
import { TokenKeyError } from "./keys.ts";
import { createTokenVerifier } from "./verifier.ts";

async function outcome(claims: string, changes: Parameters<typeof clientConfig>[0]): Promise<string> {
  const verifier = createTokenVerifier(clientConfig(changes), { clock: handClock(testNowMs) });
  const verdict = await verifier.connection(hmacToken(`{"sub":"a",${claims}}`));
  return verdict.ok ? `user:${verdict.claims.user}` : verdict.why;
}

test("[J8] a regular expression is RE2 and not anchored; one element of the audience is enough", async () => {
  for (const [regex, audience, expected] of [
    ["fleet", `"my-fleet-2"`, "user:a"],
    ["^fleet$", `"my-fleet-2"`, "invalid"],
    ["^fleet$", `["x","fleet"]`, "user:a"],
    ["^fleet$", `"fleet\\n"`, "invalid"],
    ["^fleet$", `"x\\nfleet"`, "invalid"],
    ["^fl(?P<rest>[a-z]+)$", `"fleet"`, "user:a"],
    // Without any audience nothing matches, not even what matches the empty text.
    [".*", `[]`, "invalid"],
    [".*", `""`, "user:a"],
  ] as const) {
    assert.equal(await outcome(`"aud":${audience}`, { audienceRegex: regex }), expected, `${regex} ${audience}`);
  }
  assert.equal(await outcome(`"jti":"x"`, { audienceRegex: ".*" }), "invalid");
});

test("[J8] an issuer's expression sees the empty text where there is no issuer", async () => {
  assert.equal(await outcome(`"iss":"https://id.example.com/"`, { issuerRegex: "example\\.com" }), "user:a");
  assert.equal(await outcome(`"iss":"https://id.example.org/"`, { issuerRegex: "example\\.com" }), "invalid");
  assert.equal(await outcome(`"jti":"x"`, { issuerRegex: "example" }), "invalid");
  assert.equal(await outcome(`"jti":"x"`, { issuerRegex: "^$" }), "user:a");
  assert.equal(await outcome(`"iss":null`, { issuerRegex: "^$" }), "user:a");
});

test("[K4] plain value and expression together, and what is no expression, stop the start", () => {
  for (const changes of [
    { audience: "a", audienceRegex: "a" },
    { issuer: "a", issuerRegex: "a" },
    { audienceRegex: "(" },
    { issuerRegex: "(?<=a)b" },
  ]) {
    assert.throws(() => createTokenVerifier(clientConfig(changes), { clock: handClock(0) }), TokenKeyError);
  }
});

test("[K6] an expression that would backtrack for hours answers at once", async () => {
  const started = performance.now();
  assert.equal(await outcome(`"iss":"${"a".repeat(40_000)}!"`, { issuerRegex: "^([a-zA-Z0-9]+\\.?)+$" }), "invalid");
  assert.ok(performance.now() - started < 2_000);
});
