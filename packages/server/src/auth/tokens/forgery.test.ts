import assert from "node:assert/strict";
import { test } from "node:test";
import {
  base64Url,
  clientConfig,
  hmacToken,
  keyToken,
  rsaPublicPem,
  rsaToken,
  testKey,
  testNowMs,
  testNowS,
} from "../testing/token-forge.ts";
import { createTokenVerifier } from "./verifier.ts";

/** A million in CI; a tenth of it on a developer's machine. */
const forgedTokens = process.env["CI"] === "true" ? 1_000_000 : 100_000;

const [ecdsa, eddsa] = [testKey("ES256"), testKey("EdDSA")];
const ports = { clock: { wallMs: () => testNowMs, monotonicMs: () => 0 } };
const previous = "the secret before, which still holds, of 32 bytes";
const withKeys = createTokenVerifier(
  clientConfig({ rsaPublicKey: rsaPublicPem, ecdsaPublicKey: ecdsa.publicPem, hmacPreviousSecretKey: previous }),
  ports,
);
const keySet = JSON.stringify({ keys: [ecdsa.jwk({ kid: "e" }), eddsa.jwk({ kid: "d" })] });
const withKeySet = createTokenVerifier(
  { ...clientConfig({ jwksPublicEndpoint: "https://id.example.com/keys" }), ownTokenKey: "the key of our own tokens, 32 bytes" },
  { ...ports, fetchKeySet: async () => new TextEncoder().encode(keySet) },
);

/** mulberry32: a failure names its seed and comes again. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const genuine = [
  hmacToken(`{"sub":"admin_user_01","exp":${testNowS + 600},"channels":["public"],"info":{"role":"manager"}}`),
  hmacToken(`{"sub":"a"}`, { algorithm: "HS384" }),
  hmacToken(`{"sub":"b","meta":{"vms":["VM-1"]}}`, { algorithm: "HS512" }),
  rsaToken(`{"sub":"c","exp":${testNowS + 600}}`),
  rsaToken(`{"sub":"d"}`, { algorithm: "RS512" }),
  hmacToken(`{"sub":"e"}`, { secret: previous }),
  keyToken(`{"sub":"f"}`, ecdsa),
  keyToken(`{"sub":"g"}`, { ...eddsa, header: `{"alg":"EdDSA","kid":"d"}` }),
  keyToken(`{"sub":"h"}`, { ...ecdsa, header: `{"alg":"ES256","kid":"e"}` }),
];
const known = new Set(genuine);
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+/= \n";
const headers = ["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "none", "PS256", "ES256", "EdDSA"].flatMap((alg) =>
  [undefined, "e", "d", "fleetcast-own", ""].map((kid) => base64Url(JSON.stringify({ alg, kid }))),
);

/** One change that a forger could make to tokens seen on the wire, without any key. */
function forged(pick: (below: number) => number): string {
  const token = genuine[pick(genuine.length)]!;
  const parts = token.split(".") as [string, string, string];
  const other = genuine[pick(genuine.length)]!.split(".") as [string, string, string];
  const at = pick(token.length);
  switch (pick(9)) {
    case 0:
      return token.slice(0, at) + alphabet[pick(alphabet.length)] + token.slice(at + 1);
    case 1:
      return token.slice(0, at) + token.slice(at + 1 + pick(4));
    case 2:
      return token.slice(0, at) + alphabet[pick(alphabet.length)] + token.slice(at);
    case 3:
      return [parts[0], parts[1], other[2]].join(".");
    case 4:
      return [other[0], parts[1], parts[2]].join(".");
    case 5:
      return [headers[pick(headers.length)], parts[1], parts[2]].join(".");
    case 6:
      return [headers[pick(headers.length)], base64Url(`{"sub":"root${pick(1_000_000)}"}`), [parts[2], other[2], "", "AA"][pick(4)]].join(
        ".",
      );
    case 7: {
      const bytes = Buffer.from(parts[2], "base64url");
      bytes[pick(bytes.length)]! ^= 1 << pick(8);
      return [parts[0], parts[1], base64Url(bytes)].join(".");
    }
    default:
      return hmacToken(`{"sub":"root"}`, { secret: [rsaPublicPem, "secret", "fleetcast", String(pick(1_000_000))][pick(4)]! });
  }
}

test(`[S1] [J1] of ${forgedTokens} forged tokens none opens a connection or a channel`, { timeout: 120_000 }, async () => {
  const seed = 20_260_126;
  const pick = chance(seed);
  let tried = 0;
  while (tried < forgedTokens) {
    const tokens = Array.from({ length: 1_000 }, () => forged(pick)).filter((token) => !known.has(token));
    const verifier = tried % 3 === 0 ? withKeySet : withKeys;
    const verdicts = await Promise.all(
      tokens.map((token, index) => (index % 2 === 0 ? verifier.connection(token) : verifier.subscription(token))),
    );
    const accepted = verdicts.findIndex((verdict) => verdict.ok);
    assert.equal(accepted, -1, `seed ${seed}: accepted ${tokens[accepted]}`);
    assert.ok(verdicts.every((verdict) => !verdict.ok && verdict.why === "invalid"));
    tried += tokens.length;
  }
  for (const token of genuine) {
    const opened = [await withKeys.connection(token), await withKeySet.connection(token)].filter((verdict) => verdict.ok).length;
    assert.ok(opened >= 1, token);
  }
});
