import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ConfigFile } from "../harness/rule.ts";

/** Key pairs of every family, by a name that is also their `kid`. */
export const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  rsa384: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  es256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  es384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  es512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  ed: generateKeyPairSync("ed25519"),
  encrypts: generateKeyPairSync("rsa", { modulusLength: 2_048 }),
  unused: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  other: generateKeyPairSync("ec", { namedCurve: "P-256" }),
} satisfies Readonly<Record<string, { publicKey: KeyObject; privateKey: KeyObject }>>;

export type PairName = keyof typeof pairs;

function entry(name: PairName, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ...pairs[name].publicKey.export({ format: "jwk" }), kid: name, use: "sig", ...fields };
}

const main = [
  entry("rsa"),
  entry("rsa384", { alg: "RS384" }),
  entry("es256"),
  entry("es384", { alg: "ES384" }),
  entry("es512"),
  entry("ed", { alg: "EdDSA" }),
  entry("encrypts", { use: "enc" }),
  entry("unused", { use: undefined }),
  // One kid twice: the last counts.
  entry("other", { kid: "twice" }),
  entry("es256", { kid: "twice" }),
  { kty: "oct", k: Buffer.from("a-secret-that-everybody-can-read-0001").toString("base64url"), kid: "secret", use: "sig" },
];

/** What is published at which path; anything else is 404. */
const published: Readonly<Record<string, { readonly status?: number; readonly text: string; readonly location?: string }>> = {
  "/keys": { text: JSON.stringify({ keys: main }) },
  "/one/keys": { text: JSON.stringify({ keys: [entry("es256", { kid: "shared" })] }) },
  "/two/keys": { text: JSON.stringify({ keys: [entry("other", { kid: "shared" })] }) },
  "/broken/keys": { text: JSON.stringify({ keys: [entry("es256"), { kty: "RSA", kid: "bad", use: "sig", n: "AQAB" }] }) },
  "/created/keys": { status: 201, text: JSON.stringify({ keys: main }) },
  "/html/keys": { text: "<html></html>" },
  "/moved/keys": { status: 302, text: "", location: "/keys" },
};

const server = createServer((request, response) => {
  const answer = published[request.url ?? ""] ?? { status: 404, text: "" };
  response.writeHead(answer.status ?? 200, answer.location === undefined ? {} : { location: answer.location }).end(answer.text);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
server.unref();
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const channel = { namespaces: [{ name: "closed" }] };

/** Tokens are verified with a published key set; the static secret of the suite counts no more. */
export const keySet: ConfigFile = { client: { token: { jwks_public_endpoint: `${url}/keys` } }, channel };

/** The set depends on the audience and the issuer, both by expression; subscription tokens have the previous secret, ECDSA and an expression. */
export const tenants: ConfigFile = {
  client: {
    token: {
      jwks_public_endpoint: `${url}/{{tenant}}/keys`,
      issuer_regex: "^https://id\\.example\\.com/(?P<tenant>one|two|broken|created|html|moved|missing)$",
      audience_regex: "fleet",
    },
    subscription_token: {
      enabled: true,
      hmac_secret_key: "the-secret-of-now-for-subscriptions-0001",
      hmac_previous_secret_key: "the-secret-before-for-subscriptions-0001",
      hmac_previous_secret_key_valid_until: Math.floor(Date.now() / 1_000) + 3_600,
      ecdsa_public_key: pairs.es384.publicKey.export({ type: "spki", format: "pem" }).toString(),
      audience_regex: "^fleet(?P<number>[0-9]*)$",
    },
  },
  channel,
};

/** The previous secret holds no more. */
export const rotated: ConfigFile = {
  client: {
    token: {
      hmac_previous_secret_key: "the-secret-before-for-connections-0001",
      hmac_previous_secret_key_valid_until: Math.floor(Date.now() / 1_000) - 10,
      ecdsa_public_key: pairs.es512.publicKey.export({ type: "spki", format: "pem" }).toString(),
    },
  },
};
