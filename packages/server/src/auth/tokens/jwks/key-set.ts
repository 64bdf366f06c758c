import { createPublicKey, type JsonWebKey } from "node:crypto";
import { importJWK, type JWK } from "jose";
import { rsaModulusBitsMin } from "../keys.ts";
import { type PublicKeyAlgorithm, publicKeyCheck, type SignatureCheck } from "../signature-check.ts";

/** The keys of one set by `kid`. */
export type KeySet = ReadonlyMap<string, PublishedKey>;

/** One key of a set. */
export interface PublishedKey {
  /** The check for a token's algorithm; undefined where it is not of this key's family, or not the one the key names (J12). */
  check(algorithm: string): SignatureCheck | undefined;
}

/** The document is no key set that can be believed: nothing of it is used. */
export class UnusableKeySet extends Error {
  override readonly name = "UnusableKeySet";
}

/** More are no key set but a flood. */
export const keysMax = 1_000;

/**
 * Reads a JSON Web Key Set. One key that cannot be read makes the whole set unusable, of two with one `kid` the last counts, and
 * only keys with `use` `sig` are taken, as in the real server (J12).
 * @throws UnusableKeySet
 */
export function readKeySet(document: Uint8Array): KeySet {
  const entries = entriesOf(document);
  if (entries.length > keysMax) throw new UnusableKeySet(`the set has more than ${keysMax} keys`);
  const keys = new Map<string, PublishedKey>();
  for (const entry of entries) {
    const { kid, alg, use } = entry;
    if ([kid, alg, use].some((field) => field !== undefined && typeof field !== "string")) throw unreadable();
    const algorithms = algorithmsOf(entry);
    if (use !== "sig" || typeof kid !== "string" || kid === "") continue;
    keys.set(kid, publishedKey(entry, algorithms, alg));
  }
  if (keys.size === 0) throw new UnusableKeySet("the set has no key for signatures");
  return keys;
}

function entriesOf(document: Uint8Array): readonly JWK[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(document));
  } catch (cause) {
    throw new UnusableKeySet("the answer is not JSON", { cause });
  }
  const keys: unknown = typeof value === "object" && value !== null ? (value as { keys?: unknown }).keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0) throw new UnusableKeySet("the answer has no keys");
  if (keys.some((key) => typeof key !== "object" || key === null || Array.isArray(key))) throw unreadable();
  return keys as JWK[];
}

/** Of a key's family; none where the key cannot verify anything: a secret, a key for encryption, a private or a weak one. */
function algorithmsOf(entry: JWK): readonly PublicKeyAlgorithm[] {
  if (entry.kty === "oct") {
    if (typeof entry.k !== "string") throw unreadable();
    return [];
  }
  if (entry.kty !== "RSA" && entry.kty !== "EC" && entry.kty !== "OKP") throw unreadable();
  const key = readable(entry);
  if (entry.d !== undefined) return [];
  switch (key.asymmetricKeyType) {
    case "rsa":
      return (key.asymmetricKeyDetails?.modulusLength ?? 0) < rsaModulusBitsMin ? [] : ["RS256", "RS384", "RS512"];
    case "ec":
      return entry.crv === "P-256" ? ["ES256"] : entry.crv === "P-384" ? ["ES384"] : entry.crv === "P-521" ? ["ES512"] : [];
    case "ed25519":
      return ["EdDSA"];
    default:
      return [];
  }
}

function readable(entry: JWK): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey({ key: entry as JsonWebKey, format: "jwk" });
  } catch (cause) {
    throw unreadable(cause);
  }
}

function publishedKey(entry: JWK, family: readonly PublicKeyAlgorithm[], named: string | undefined): PublishedKey {
  // `alg` narrows RSA and EC keys to one algorithm; an Ed25519 key has only one.
  const algorithms = named === undefined || named === "" || entry.kty === "OKP" ? family : family.filter((one) => one === named);
  const checks = new Map<string, SignatureCheck>(
    algorithms.map((algorithm) => [algorithm, publicKeyCheck(algorithm, () => importPublic(entry, algorithm))]),
  );
  return { check: (algorithm) => checks.get(algorithm) };
}

async function importPublic(entry: JWK, algorithm: PublicKeyAlgorithm): Promise<CryptoKey> {
  // What else the entry says (`use`, `key_ops`, `ext`) must not change how it is used.
  const { kty, crv, x, y, n, e } = entry;
  const picked = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined));
  return (await importJWK(picked as JWK, algorithm)) as CryptoKey;
}

function unreadable(cause?: unknown): UnusableKeySet {
  return new UnusableKeySet("the set has a key that cannot be read", { cause });
}
