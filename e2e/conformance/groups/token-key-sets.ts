import { keySet, type PairName, pairs } from "../configs/key-sets.ts";
import { encode, inSeconds, type JwtOptions, jwt, TOKEN_SECRET } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "token-key-sets",
  title: "Tokens by a published key set",
  about: "Keys of every family by their `kid`, and what opens nothing.",
  config: keySet,
});

const json = { formats: ["json"] } as const;

const token = (side: Side, name: PairName, alg: string, { header = {}, ...more }: JwtOptions = {}): string =>
  jwt({ sub: side.user(), exp: inSeconds(600) }, { alg, key: pairs[name].privateKey, header: { kid: name, ...header }, ...more });

function connects(id: string, what: string, make: (side: Side) => string): void {
  rule(`[${id}] ${what}: connects`, json, async (side) => void (await side.connect({ token: make(side) })));
}

function invalid(id: string, what: string, make: (side: Side) => string): void {
  rule(`[${id}] ${what}: 3500`, json, async (side) => {
    const client = await side.open();
    client.send({ id: 1, connect: { token: make(side) } });
    await client.closed(3500);
  });
}

const families: readonly (readonly [PairName, string])[] = [
  ["rsa", "RS256"],
  ["rsa", "RS384"],
  ["rsa", "RS512"],
  ["rsa384", "RS384"],
  ["es256", "ES256"],
  ["es384", "ES384"],
  ["es512", "ES512"],
  ["ed", "EdDSA"],
];
for (const [index, [name, alg]] of families.entries())
  connects(`J12.${1 + index}`, `${alg} by the key ${name}`, (side) => token(side, name, alg));

invalid("J12.20", "an algorithm that the key does not name", (side) => token(side, "rsa384", "RS256"));
invalid("J12.21", "a key of another family", (side) => token(side, "es256", "ES256", { header: { kid: "rsa" } }));
invalid("J12.22", "another key of the family", (side) => token(side, "es256", "ES256", { header: { kid: "unknown" } }));
invalid("J12.23", "a key of another curve", (side) => token(side, "es384", "ES384", { header: { kid: "es256" } }));
invalid("J12.24", "a key for encryption", (side) => token(side, "encrypts", "RS256"));
invalid("J12.25", "a key without `use`", (side) => token(side, "unused", "ES256"));
invalid("J12.26", "the first of two keys with one kid", (side) => token(side, "other", "ES256", { header: { kid: "twice" } }));
connects("J12.27", "the last of two keys with one kid", (side) => token(side, "es256", "ES256", { header: { kid: "twice" } }));
invalid("J12.28", "a secret of the set", (side) =>
  token(side, "es256", "HS256", { key: "a-secret-that-everybody-can-read-0001", header: { kid: "secret" } }),
);
invalid("J12.29", "a signature of one bit more", (side) => {
  const [head, body, signature] = token(side, "es256", "ES256").split(".") as [string, string, string];
  const bytes = Buffer.from(signature, "base64url");
  bytes[5]! ^= 1;
  return `${head}.${body}.${encode(bytes)}`;
});

invalid("J5.20", "no kid", (side) => token(side, "es256", "ES256", { header: { kid: undefined } }));
invalid("J5.21", "an empty kid", (side) => token(side, "es256", "ES256", { header: { kid: "" } }));
invalid("J5.22", "a kid that is a list", (side) => token(side, "es256", "ES256", { header: { kid: ["es256"] } }));
for (const [index, kid] of ["../../x", "' OR 1", "__proto__", "k".repeat(10_000)].entries()) {
  invalid(`J5.${23 + index}`, `the kid ${kid.slice(0, 12)}`, (side) => token(side, "es256", "ES256", { header: { kid } }));
}
connects("J5.30", "keys and addresses in the header are not looked at", (side) => {
  const jwk = pairs.other.publicKey.export({ format: "jwk" });
  return token(side, "es256", "ES256", { header: { jwk, jku: "http://127.0.0.1:1/", x5u: "http://127.0.0.1:1/" } });
});
invalid("J5.31", "a key in the header", (side) => {
  const jwk = pairs.other.publicKey.export({ format: "jwk" });
  return token(side, "other", "ES256", { header: { kid: "unknown", jwk } });
});

invalid("J1.50", "the static secret, which the set replaces", (side) => jwt({ sub: side.user() }, { key: TOKEN_SECRET }));
invalid("J1.51", "the static secret with a kid of the set", (side) =>
  jwt({ sub: side.user() }, { key: TOKEN_SECRET, header: { kid: "rsa" } }),
);
invalid("J1.52", "HS256 with a public key of the set", (side) =>
  jwt({ sub: side.user() }, { key: pairs.rsa.publicKey.export({ type: "spki", format: "pem" }).toString(), header: { kid: "rsa" } }),
);
invalid("J1.53", "no signature", (side) => `${encode(`{"alg":"none","kid":"rsa"}`)}.${encode(`{"sub":"${side.user()}"}`)}.`);
invalid("J1.54", "PS256 by an RSA key", (side) => token(side, "rsa", "RS256", { header: { alg: "PS256" } }));

rule("[J12.40] subscription tokens use the set, too", json, async (side) => {
  const client = await side.connect({ token: token(side, "ed", "EdDSA") });
  const channel = side.channel("closed:a");
  const claims = { sub: side.user(), channel };
  await client.refused("subscribe", { channel, token: jwt(claims) }, 103);
  await client.subscribe(channel, { token: jwt(claims, { alg: "ES256", key: pairs.es256.privateKey, header: { kid: "es256" } }) });
});

export default group;
