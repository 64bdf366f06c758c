import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { base64Url, clientConfig, hmacToken, jsonHeader, keyToken, testKey, testNowMs, testNowS } from "../testing/token-forge.ts";
import { TokenKeyError } from "./keys.ts";
import { createTokenVerifier, type TokensConfig } from "./verifier.ts";

const payload = `{"sub":"a"}`;

async function outcome(token: string, config: TokensConfig, clock = handClock(testNowMs)): Promise<string> {
  const verdict = await createTokenVerifier(config, { clock }).connection(token);
  return verdict.ok ? `user:${verdict.claims.user}` : verdict.why;
}

test("[J3] the previous secret opens until its time, and for ever where no time is set", async () => {
  const previous = "the secret before this one, also of 32 bytes";
  const old = hmacToken(payload, { secret: previous, algorithm: "HS512" });
  const config = (untilS: number) => clientConfig({ hmacPreviousSecretKey: previous, hmacPreviousSecretKeyValidUntilS: untilS });
  assert.equal(await outcome(old, clientConfig()), "invalid");
  assert.equal(await outcome(old, config(0)), "user:a");
  assert.equal(await outcome(old, config(testNowS)), "user:a");
  assert.equal(await outcome(old, config(testNowS - 1)), "invalid");
  assert.equal(await outcome(hmacToken(payload), config(testNowS - 1)), "user:a");
  assert.equal(await outcome(hmacToken(payload, { secret: "neither of the two, though of 32 bytes" }), config(0)), "invalid");
});

test("[J3] the time is looked at when a token comes, not when the server starts", async () => {
  const previous = "the secret before this one, also of 32 bytes";
  const clock = handClock(testNowMs);
  const config = clientConfig({ hmacPreviousSecretKey: previous, hmacPreviousSecretKeyValidUntilS: testNowS + 10 });
  const verifier = createTokenVerifier(config, { clock });
  const old = hmacToken(payload, { secret: previous });
  assert.equal((await verifier.connection(old)).ok, true);
  clock.advance(11_000);
  assert.equal((await verifier.connection(old)).ok, false);
});

for (const algorithm of ["ES256", "ES384", "ES512"]) {
  test(`[J1] ${algorithm} opens with the key of its curve only, and only with a plain signature`, async () => {
    const key = testKey(algorithm);
    const config = clientConfig({ ecdsaPublicKey: key.publicPem });
    const good = keyToken(payload, key);
    assert.equal(await outcome(good, config), "user:a");
    assert.equal(await outcome(good, clientConfig()), "invalid");
    assert.equal(await outcome(good, clientConfig({ ecdsaPublicKey: testKey(algorithm).publicPem })), "invalid");
    assert.equal(await outcome(keyToken(payload, { ...key, dsaEncoding: "der" }), config), "invalid");
    const zeros = Buffer.from(good.split(".")[2]!, "base64url").fill(0);
    assert.equal(await outcome(`${good.slice(0, good.lastIndexOf("."))}.${base64Url(zeros)}`, config), "invalid");
    // Another algorithm of the family over the same key: the curve does not fit.
    for (const other of ["ES256", "ES384", "ES512"].filter((name) => name !== algorithm)) {
      assert.equal(await outcome(keyToken(payload, { ...key, header: jsonHeader(other) }), config), "invalid");
    }
    // The public key's text as an HMAC secret.
    assert.equal(await outcome(hmacToken(payload, { secret: key.publicPem }), config), "invalid");
  });
}

test("[J1] EdDSA has no static key: without a key set it is invalid", async () => {
  assert.equal(await outcome(keyToken(payload, testKey("EdDSA")), clientConfig()), "invalid");
});

test("[J4] an ECDSA key that is private, of another kind or on another curve stops the start", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-224" });
  for (const ecdsaPublicKey of [
    testKey("RS256").publicPem,
    testKey("EdDSA").publicPem,
    ec.publicKey.export({ type: "spki", format: "pem" }).toString(),
    ec.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    "not a key",
  ]) {
    assert.throws(
      () => createTokenVerifier(clientConfig({ ecdsaPublicKey }), { clock: handClock(0) }),
      (error) => error instanceof TokenKeyError && error.message.startsWith("client.token.ecdsa_public_key "),
    );
  }
});

test("insecure_skip_token_signature_verify believes any signature, and nothing else", async () => {
  const config = { ...clientConfig({ audience: "fleet" }), insecureSkipTokenSignatureVerify: true };
  const unsigned = (claims: string, header = jsonHeader("none")) => `${base64Url(header)}.${base64Url(claims)}.AA`;
  assert.equal(await outcome(unsigned(`{"sub":"a","aud":"fleet"}`), config), "user:a");
  assert.equal(await outcome(unsigned(`{"sub":"a"}`), config), "invalid");
  assert.equal(await outcome(unsigned(`{"sub":"a","aud":"fleet","exp":1}`), config), "expired");
  assert.equal(await outcome(`${base64Url(`{"sub":"a"}`)}.`, config), "invalid");
});
