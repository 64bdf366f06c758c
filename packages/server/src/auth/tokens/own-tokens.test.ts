import assert from "node:assert/strict";
import { test } from "node:test";
import { handClock } from "../testing/hand-clock.ts";
import { clientConfig, hmacToken, testKey, testNowMs, testSecret } from "../testing/token-forge.ts";
import { createTokenSigner, NoSigningKey } from "./signer.ts";
import { createTokenVerifier, type TokensConfig } from "./verifier.ts";

const clock = handClock(testNowMs);
const ownTokenKey = "a key that never leaves this server, of 32 bytes";
const user = { id: "u_AbCdEfGhIj", name: "李娜", role: "viewer" as const, generation: 1 };

function world(config: TokensConfig) {
  const keySet = JSON.stringify({ keys: [testKey("ES256").jwk({ kid: "k" })] });
  const verifier = createTokenVerifier(config, { clock, fetchKeySet: async () => new TextEncoder().encode(keySet) });
  return { verifier, signer: createTokenSigner({ client: config, fleetcastKey: "the second key", clock }) };
}

const configs: readonly (readonly [string, TokensConfig])[] = [
  ["a key set", { ...clientConfig({ jwksPublicEndpoint: "https://id.example.com/keys" }), ownTokenKey }],
  ["an expression for the issuer", { ...clientConfig({ issuerRegex: "^https://id\\.example\\.com$" }), ownTokenKey }],
  ["a renamed user id", { ...clientConfig({ audienceRegex: "^fleet-[0-9]$", userIdClaim: "user_id" }), ownTokenKey }],
];

for (const [name, config] of configs) {
  test(`our own users come in although the operator's tokens are judged by ${name}`, async () => {
    const { verifier, signer } = world(config);
    const connected = await verifier.connection(signer.signConnectionToken(user, 60).token);
    assert.ok(connected.ok && connected.claims.user === user.id);
    const subscribed = await verifier.subscription(signer.signSubscriptionToken(user.id, "fleet:all", 60).token);
    assert.ok(subscribed.ok && subscribed.claims.channel === "fleet:all");
  });

  test(`that door opens to its own key alone: ${name}`, async () => {
    const { verifier } = world(config);
    const header = `{"alg":"HS256","typ":"JWT","kid":"fleetcast-own"}`;
    assert.equal((await verifier.connection(hmacToken(`{"sub":"a"}`, { header, secret: ownTokenKey }))).ok, true);
    for (const forged of [
      hmacToken(`{"sub":"a"}`, { header, secret: testSecret }),
      hmacToken(`{"sub":"a"}`, { secret: ownTokenKey }),
      hmacToken(`{"sub":"a"}`, { header: header.replace("HS256", "HS512"), algorithm: "HS512", secret: ownTokenKey }),
      hmacToken(`{"sub":"a"}`, { header: header.replace("HS256", "none"), secret: ownTokenKey }),
    ]) {
      assert.deepEqual(await verifier.connection(forged), { ok: false, why: "invalid" });
    }
    assert.deepEqual(await verifier.connection(hmacToken(`{"sub":"a","exp":1}`, { header, secret: ownTokenKey })), {
      ok: false,
      why: "expired",
    });
  });
}

test("without such a key there is no such door", async () => {
  const { verifier } = world(clientConfig());
  const header = `{"alg":"HS256","typ":"JWT","kid":"fleetcast-own"}`;
  assert.equal((await verifier.connection(hmacToken(`{"sub":"a"}`, { header, secret: ownTokenKey }))).ok, false);
  assert.equal((await verifier.connection(hmacToken(`{"sub":"a"}`, { header, secret: "" }))).ok, false);
});

test("a separate section for subscription tokens without a secret signs nothing", () => {
  const { token } = clientConfig();
  const config: TokensConfig = { ...clientConfig(), subscriptionToken: { enabled: true, ...token, hmacSecretKey: "" } };
  assert.throws(() => world(config).signer.signSubscriptionToken("a", "fleet:all", 60), NoSigningKey);
});
