import { clientConfig, hmacToken, keyToken, testKey, testNowMs, testNowS } from "../testing/token-forge.ts";
import { createTokenVerifier } from "./verifier.ts";

/** CPU of one verification, by algorithm: `bun packages/server/src/auth/tokens/verifier.bench.ts`. */
const [rsa, ecdsa, eddsa] = [testKey("RS256"), testKey("ES256"), testKey("EdDSA")];
const keySet = JSON.stringify({ keys: [eddsa.jwk({ kid: "d" })] });
const ports = {
  clock: { wallMs: () => testNowMs, monotonicMs: () => 0 },
  fetchKeySet: async () => new TextEncoder().encode(keySet),
};
const withKeys = createTokenVerifier(clientConfig({ rsaPublicKey: rsa.publicPem, ecdsaPublicKey: ecdsa.publicPem }), ports);
const withKeySet = createTokenVerifier(clientConfig({ jwksPublicEndpoint: "https://id.example.com/keys" }), ports);

/** The claims of the document's section 2.1, another user in each. */
const claims = (user: number): string =>
  `{"sub":"admin_user_${user}","exp":${testNowS + 600},"channels":["public"],"info":{"role":"manager","name":"管理员"}}`;
const tokens = (make: (payload: string) => string): readonly string[] => Array.from({ length: 200 }, (_, user) => make(claims(user)));

const cases = {
  HS256: { verifier: withKeys, tokens: tokens((payload) => hmacToken(payload)), rounds: 100_000 },
  RS256: { verifier: withKeys, tokens: tokens((payload) => keyToken(payload, rsa)), rounds: 10_000 },
  ES256: { verifier: withKeys, tokens: tokens((payload) => keyToken(payload, ecdsa)), rounds: 5_000 },
  "EdDSA by a key set": {
    verifier: withKeySet,
    tokens: tokens((payload) => keyToken(payload, { ...eddsa, header: `{"alg":"EdDSA","kid":"d"}` })),
    rounds: 5_000,
  },
};

for (const [name, { verifier, tokens: all, rounds }] of Object.entries(cases)) {
  for (const count of [Math.floor(rounds / 4), rounds]) {
    const before = process.cpuUsage();
    const started = performance.now();
    for (let round = 0; round < count; round++) {
      const verdict = verifier.connection(all[round % all.length]!);
      if (verdict instanceof Promise) await verdict;
    }
    if (count !== rounds) continue;
    const { user, system } = process.cpuUsage(before);
    const wallUs = ((performance.now() - started) * 1_000) / count;
    process.stdout.write(`${name}: ${((user + system) / count).toFixed(2)} us of CPU, ${wallUs.toFixed(2)} us\n`);
  }
}
