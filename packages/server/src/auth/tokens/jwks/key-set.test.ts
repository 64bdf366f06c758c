import assert from "node:assert/strict";
import { test } from "node:test";
import { base64Url, keyToken, type TestKey, testKey } from "../../testing/token-forge.ts";
import { compactReader } from "../compact.ts";
import { readKeySet, UnusableKeySet } from "./key-set.ts";

const keys = new Map(["RS256", "ES256", "ES384", "ES512", "EdDSA"].map((algorithm) => [algorithm, testKey(algorithm)]));
const key = (algorithm: string): TestKey => keys.get(algorithm)!;
const set = (...entries: readonly unknown[]) => new TextEncoder().encode(JSON.stringify({ keys: entries }));
const read = compactReader();

/** Does a token of this key, under this algorithm's name, open with the key called `kid`? */
async function opens(document: Uint8Array, signer: TestKey, algorithm = signer.algorithm, kid = "k"): Promise<boolean> {
  const token = read(keyToken(`{"sub":"a"}`, { ...signer, algorithm, header: JSON.stringify({ alg: algorithm, kid }) }));
  return (await readKeySet(document).get(kid)?.check(algorithm)?.(token)) ?? false;
}

test("[J12] every family opens with its own algorithms, named by the key or not", async () => {
  for (const signer of keys.values()) {
    assert.equal(await opens(set(signer.jwk({ kid: "k" })), signer), true, signer.algorithm);
    assert.equal(await opens(set(signer.jwk({ kid: "k", alg: signer.algorithm })), signer), true, signer.algorithm);
  }
  for (const algorithm of ["RS384", "RS512"]) {
    assert.equal(await opens(set(key("RS256").jwk({ kid: "k" })), key("RS256"), algorithm), true, algorithm);
    assert.equal(await opens(set(key("RS256").jwk({ kid: "k", alg: "RS256" })), key("RS256"), algorithm), false, algorithm);
  }
});

test("[J12] a key of another family, or of another algorithm, opens nothing", async () => {
  for (const signer of keys.values()) {
    for (const other of keys.values()) {
      if (other !== signer)
        assert.equal(await opens(set(other.jwk({ kid: "k" })), signer), false, `${signer.algorithm} ${other.algorithm}`);
    }
  }
  assert.equal(await opens(set(key("RS256").jwk({ kid: "k", alg: "PS256" })), key("RS256")), false);
  assert.equal(await opens(set(key("ES256").jwk({ kid: "k", alg: "RS256" })), key("ES256")), false);
  assert.equal(
    readKeySet(set(key("RS256").jwk({ kid: "k" })))
      .get("k")
      ?.check("HS256"),
    undefined,
  );
  assert.equal(
    readKeySet(set(key("RS256").jwk({ kid: "k" })))
      .get("k")
      ?.check("none"),
    undefined,
  );
});

test("[J12] only keys for signatures count: any other use, or none, is left out", async () => {
  const signer = key("RS256");
  for (const use of ["enc", "SIG", "", undefined]) {
    const document = set(signer.jwk({ kid: "k", use }), key("ES256").jwk({ kid: "other" }));
    assert.equal(await opens(document, signer), false, String(use));
  }
  assert.throws(() => readKeySet(set(signer.jwk({ kid: "k", use: "enc" }))), UnusableKeySet);
  // What the entry says beside it does not change its use.
  assert.equal(await opens(set(signer.jwk({ kid: "k", key_ops: ["sign"], ext: false, x5u: "http://127.0.0.1:1/" })), signer), true);
});

test("[J12] the last of two keys with one kid counts", async () => {
  const [first, last] = [key("ES256"), key("EdDSA")];
  const document = set(first.jwk({ kid: "k" }), last.jwk({ kid: "k" }));
  assert.equal(await opens(document, first), false);
  assert.equal(await opens(document, last), true);
});

test("[J12] one key that cannot be read makes the set unusable", () => {
  const good = key("ES256").jwk({ kid: "k" });
  for (const bad of [
    { kty: "RSA", use: "sig", n: "AQAB" },
    { kty: "EC", use: "sig", crv: "P-256", x: base64Url(Buffer.alloc(32, 1)), y: base64Url(Buffer.alloc(32, 2)) },
    { kty: "EC", use: "enc", crv: "secp256k1", x: "AA", y: "AA" },
    { kty: "OKP", use: "sig", crv: "Ed25519", x: "AA" },
    { kty: "AKP", use: "sig", alg: "ML-DSA-44", pub: "AA" },
    { kty: "oct", use: "sig" },
    { ...good, kid: 5 },
    { ...good, use: ["sig"] },
    {},
    "a key",
    null,
    [],
  ]) {
    assert.throws(() => readKeySet(set(good, bad)), UnusableKeySet, JSON.stringify(bad));
  }
});

test("[J12] secrets, private halves and weak keys of a set open nothing", async () => {
  const signer = key("RS256");
  const jwk = (source: TestKey) => source.privateKey.export({ format: "jwk" });
  assert.equal(await opens(set({ ...jwk(signer), kid: "k", use: "sig" }), signer), false);
  assert.equal(await opens(set({ ...jwk(key("ES256")), kid: "k", use: "sig" }), key("ES256")), false);
  const secret = { kty: "oct", k: "c2VjcmV0", kid: "k", use: "sig" };
  assert.equal(readKeySet(set(secret)).get("k")?.check("HS256"), undefined);
});

test("[J12] what is no key set is unusable", () => {
  const text = (source: string) => new TextEncoder().encode(source);
  for (const document of ["", "<html>", "[]", "null", "{}", `{"keys":{}}`, `{"keys":[]}`, `{"keys":null}`]) {
    assert.throws(() => readKeySet(text(document)), UnusableKeySet, document);
  }
  assert.throws(() => readKeySet(new Uint8Array([0x7b, 0xff, 0x7d])), UnusableKeySet);
});

test("[J12] ten thousand keys are no key set, and cost no time", () => {
  const entry = key("EdDSA").jwk({ kid: "k" });
  const document = set(...Array.from({ length: 10_000 }, () => entry));
  const started = performance.now();
  assert.throws(() => readKeySet(document), UnusableKeySet);
  assert.ok(performance.now() - started < 500);
});
