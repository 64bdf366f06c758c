import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import {
  base64Url,
  clientConfig,
  hmacToken,
  jsonHeader,
  rsaPublicPem,
  rsaToken,
  testNowMs,
  testNowS,
  tokenConfig,
} from "../testing/token-forge.ts";
import { TokenKeyError } from "./keys.ts";
import { createTokenVerifier } from "./verifier.ts";

const clock = { wallMs: () => testNowMs, monotonicMs: () => 0 };
const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : new TextDecoder().decode(bytes));

function verifierFor(changes: Parameters<typeof clientConfig>[0] = {}) {
  return createTokenVerifier(clientConfig(changes), { clock });
}

/** One word for the outcome: the failure, or the user who got in. */
async function outcome(token: string, verifier = verifierFor()): Promise<string> {
  const verdict = await verifier.connection(token);
  return verdict.ok ? `user:${verdict.claims.user}` : verdict.why;
}

async function claimsOf(payload: string, verifier = verifierFor()) {
  const verdict = await verifier.connection(hmacToken(payload));
  assert.ok(verdict.ok, `refused: ${payload}`);
  return verdict.claims;
}

test("the user's document: the claims of section 2.1 open a connection", async () => {
  const claims = await claimsOf(
    `{"sub":"admin_user_01","exp":${testNowS + 60},"channels":["public"],"info":{"role": "manager","name":"管理员"}}`,
  );
  assert.equal(claims.user, "admin_user_01");
  assert.equal(claims.expireAtS, testNowS + 60);
  assert.deepEqual(claims.channels, ["public"]);
  assert.equal(text(claims.info), `{"role": "manager","name":"管理员"}`);
});

test("[J1] each algorithm of a configured key is accepted, and only with its own key", async () => {
  const verifier = verifierFor({ rsaPublicKey: rsaPublicPem });
  for (const algorithm of ["HS256", "HS384", "HS512"])
    assert.equal(await outcome(hmacToken(`{"sub":"a"}`, { algorithm }), verifier), "user:a");
  for (const algorithm of ["RS256", "RS384", "RS512"])
    assert.equal(await outcome(rsaToken(`{"sub":"a"}`, { algorithm }), verifier), "user:a");
  assert.equal(await outcome(rsaToken(`{"sub":"a"}`), verifierFor()), "invalid");
  assert.equal(await outcome(hmacToken(`{"sub":"a"}`), verifierFor({ hmacSecretKey: "", rsaPublicKey: rsaPublicPem })), "invalid");
});

test("[J1] algorithms that are not ours, confused keys and broken signatures are invalid", async () => {
  const verifier = verifierFor({ rsaPublicKey: rsaPublicPem });
  const payload = `{"sub":"a"}`;
  for (const header of [
    `{"alg":"none"}`,
    `{"alg":"None"}`,
    `{"alg":"nOnE"}`,
    `{"typ":"JWT"}`,
    `{"alg":["HS256"]}`,
    `{"alg":"hs256"}`,
    `{"alg":"ES256"}`,
    `{"alg":"PS256"}`,
    `{"alg":"dir","enc":"A256GCM"}`,
    `{"alg":"HS256","alg":"none"}`,
    `{"alg":"__proto__"}`,
    `[]`,
    `null`,
    `"HS256"`,
    ``,
  ]) {
    assert.equal(await outcome(hmacToken(payload, { header }), verifier), "invalid", header);
    const unsigned = `${base64Url(header)}.${base64Url(payload)}.`;
    assert.equal(await outcome(unsigned, verifier), "invalid", header);
  }
  // HS256 with the public key's text as secret: the classic confusion.
  for (const secret of [rsaPublicPem, rsaPublicPem.trim()])
    assert.equal(await outcome(hmacToken(payload, { secret }), verifier), "invalid");
  assert.equal(await outcome(hmacToken(payload, { header: jsonHeader("RS256") }), verifier), "invalid");
  const stranger = generateKeyPairSync("rsa", { modulusLength: 2_048 }).privateKey;
  assert.equal(await outcome(rsaToken(payload, { key: stranger }), verifier), "invalid");
  assert.equal(await outcome(hmacToken(payload, { secret: "another" }), verifier), "invalid");
  assert.equal(await outcome(hmacToken(payload, { header: `{"alg":"none","alg":"HS256","typ":"JWE"}` }), verifier), "user:a");
});

test("[J4] an empty secret is no key; a small or private RSA key stops the start", async () => {
  const none = verifierFor({ hmacSecretKey: "" });
  const signed = `${base64Url(jsonHeader("HS256"))}.${base64Url(`{"sub":"a"}`)}`;
  assert.equal(await outcome(`${signed}.${createHmac("sha256", "").update(signed).digest("base64url")}`, none), "invalid");

  const pem = (bits: number, kind: "public" | "private") => {
    const pair = generateKeyPairSync("rsa", { modulusLength: bits });
    return kind === "public"
      ? pair.publicKey.export({ type: "spki", format: "pem" }).toString()
      : pair.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  };
  for (const rsaPublicKey of [pem(1_024, "public"), pem(2_048, "private"), "not a key"]) {
    assert.throws(
      () => verifierFor({ rsaPublicKey }),
      (error) => error instanceof TokenKeyError && error.message.startsWith("client.token.rsa_public_key "),
    );
  }
});

test("[J5] a key id is ignored, key addresses are never fetched, extensions and headers of a wrong type are invalid", async () => {
  const cases: readonly (readonly [string, string])[] = [
    [`{"alg":"HS256","kid":"../../x"}`, "user:a"],
    [`{"alg":"HS256","kid":"' OR 1"}`, "user:a"],
    [`{"alg":"HS256","kid":"${"k".repeat(10_000)}"}`, "user:a"],
    [`{"alg":"HS256","jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/","jwk":{"kty":"oct","k":"AA"}}`, "user:a"],
    [`{"alg":"HS256","kid":["a"]}`, "invalid"],
    [`{"alg":"HS256","typ":5}`, "invalid"],
    [`{"alg":"HS256","crit":["x"],"x":1}`, "invalid"],
    [`{"alg":"HS256","crit":[]}`, "invalid"],
    [`{"alg":"HS256","b64":false,"crit":["b64"]}`, "invalid"],
    [`{"alg":"HS256","b64":false}`, "invalid"],
  ];
  for (const [header, expected] of cases) assert.equal(await outcome(hmacToken(`{"sub":"a"}`, { header })), expected, header);
});

test("[J6] [J7] times: what is no number is invalid, what has passed or is not yet is expired", async () => {
  const cases: readonly (readonly [string, string])[] = [
    [`"exp":"x"`, "invalid"],
    [`"exp":1e400`, "invalid"],
    [`"exp":true`, "invalid"],
    [`"exp":""`, "invalid"],
    [`"exp":0`, "expired"],
    [`"exp":-1`, "expired"],
    [`"exp":${testNowS}`, "expired"],
    [`"exp":1e308`, "expired"],
    [`"exp":9223372036854775807`, "expired"],
    [`"exp":${testNowS + 1}`, "user:a"],
    [`"exp":"${testNowS + 1}"`, "user:a"],
    [`"exp":9007199254740993`, "user:a"],
    [`"exp":1e18`, "user:a"],
    [`"exp":null`, "user:a"],
    [`"expire_at":"5"`, "invalid"],
    [`"expire_at":5.5`, "invalid"],
    [`"expire_at":1e9`, "invalid"],
    [`"nbf":${testNowS + 1}`, "expired"],
    [`"nbf":${testNowS - 1}`, "user:a"],
    [`"nbf":"x"`, "invalid"],
    [`"iat":${testNowS + 9_000}`, "user:a"],
    [`"iat":"x"`, "invalid"],
    [`"jti":5`, "invalid"],
  ];
  for (const [claim, expected] of cases) assert.equal(await outcome(hmacToken(`{"sub":"a",${claim}}`)), expected, claim);
});

test("[J6] expire_at outranks exp, zero or less means no expiry, fractions are cut", async () => {
  const expiry = async (claims: string) => (await claimsOf(`{"sub":"a",${claims}}`)).expireAtS;
  assert.equal(await expiry(`"exp":${testNowS + 50}.9`), testNowS + 50);
  assert.equal(await expiry(`"exp":${testNowS + 50},"expire_at":${testNowS + 30}`), testNowS + 30);
  assert.equal(await expiry(`"exp":${testNowS + 50},"expire_at":0`), undefined);
  assert.equal(await expiry(`"exp":${testNowS + 50},"expire_at":-1`), undefined);
  assert.equal(await expiry(`"iat":1`), undefined);
});

test("[J8] audience and issuer must be equal where they are configured; one element of a list is enough", async () => {
  const verifier = verifierFor({ audience: "fleet", issuer: "backend" });
  const token = (claims: string) => hmacToken(`{"sub":"a",${claims}}`);
  for (const [claims, expected] of [
    [`"aud":"fleet","iss":"backend"`, "user:a"],
    [`"aud":["x","fleet"],"iss":"backend"`, "user:a"],
    [`"aud":"fleet\\n","iss":"backend"`, "invalid"],
    [`"aud":["x"],"iss":"backend"`, "invalid"],
    [`"aud":[],"iss":"backend"`, "invalid"],
    [`"iss":"backend"`, "invalid"],
    [`"aud":"fleet"`, "invalid"],
    [`"aud":"fleet","iss":"backend."`, "invalid"],
    [`"aud":5,"iss":"backend"`, "invalid"],
    [`"aud":["fleet",5],"iss":"backend"`, "invalid"],
    // Audience before times: a stranger's expired token is not told that it was once good.
    [`"aud":"x","iss":"backend","exp":1`, "invalid"],
  ] as const) {
    assert.equal(await outcome(token(claims), verifier), expected, claims);
  }
});

test("[J9] sub: a string, absent or null for anonymous; a number, NUL or endless text is invalid", async () => {
  for (const [payload, expected] of [
    [`{}`, "user:"],
    [`{"sub":null}`, "user:"],
    [`{"sub":""}`, "user:"],
    [`{"sub":1}`, "invalid"],
    [`{"sub":["a"]}`, "invalid"],
    [`{"sub":"a\\u0000"}`, "invalid"],
    [`{"sub":"${"x".repeat(100_000)}"}`, "invalid"],
    [`{"sub":"${"x".repeat(1_025)}"}`, "invalid"],
  ] as const) {
    assert.equal(await outcome(hmacToken(payload)), expected, payload.slice(0, 40));
  }
});

test("[J10] repeated names: the last wins, null overwrites nothing, other case counts, subs merge", async () => {
  assert.equal((await claimsOf(`{"sub":"x","SUB":"y"}`)).user, "y");
  assert.equal((await claimsOf(`{"sub":"x","sub":null}`)).user, "x");
  assert.equal(await outcome(hmacToken(`{"sub":"x","EXP":1}`)), "expired");
  assert.equal(await outcome(hmacToken(`{"sub":1,"sub":"x"}`)), "invalid");
  const { subs, channels } = await claimsOf(`{"sub":"x","channels":["z"],"subs":{"b":{}},"subs":{"c":null,"__proto__":{}}}`);
  assert.deepEqual([...subs.keys()].sort(), ["__proto__", "b", "c"]);
  assert.deepEqual(channels, []);
  assert.deepEqual((await claimsOf(`{"channels":["a","a",null,"b"],"subs":{}}`)).channels, ["a", "b"]);
  assert.equal((await claimsOf(`{"channels":${JSON.stringify(Array.from({ length: 5_000 }, (_, n) => `c${n}`))}}`)).channels.length, 5_000);
});

test("[J10] bad base64 is an internal failure at the top and invalid inside subs; good base64 outranks info", async () => {
  assert.equal(await outcome(hmacToken(`{"b64info":"!!"}`)), "internal");
  assert.equal(await outcome(hmacToken(`{"b64info":"e30"}`)), "internal");
  assert.equal(await outcome(hmacToken(`{"subs":{"a":{"b64info":"!!"}}}`)), "invalid");
  assert.equal(await outcome(hmacToken(`{"exp":1,"subs":{"a":{"b64info":"!!"}}}`)), "expired");
  assert.equal(text((await claimsOf(`{"b64info":"eyJhIjoxfQ==","info":{"x":1}}`)).info), `{"a":1}`);
});

test("[J11] forms: too long, two or four parts, padding, white space and the other alphabet are invalid", async () => {
  const good = hmacToken(`{"sub":"a"}`);
  const [header, payload, signature] = good.split(".") as [string, string, string];
  for (const token of [
    "",
    ".",
    "..",
    `${header}.${payload}`,
    `${good}.${signature}`,
    `${good}=`,
    `${good}\n`,
    ` ${good}`,
    `${header}\n.${payload}.${signature}`,
    `${header}.${payload.slice(0, 4)}\n${payload.slice(4)}.${signature}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    hmacToken(`{"sub":"a","x":"${"y".repeat(1_048_576)}"}`),
  ]) {
    assert.equal(await outcome(token), "invalid", token.slice(0, 80));
  }
});

test("[J11] a second spelling of the last signature character is invalid", async () => {
  const good = hmacToken(`{"sub":"a"}`);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(good.at(-1)!);
  for (const low of [1, 2, 3]) assert.equal(await outcome(good.slice(0, -1) + alphabet[last + low]), "invalid");
});

test("the order of the rules: signature, audience, channel, times, subs", async () => {
  const verifier = verifierFor({ audience: "fleet" });
  assert.equal(await outcome(hmacToken(`{"exp":1}`, { secret: "other" }), verifier), "invalid");
  assert.equal(await outcome(hmacToken(`{"aud":"fleet","channel":"x","exp":1}`), verifier), "invalid");
  assert.equal(await outcome(hmacToken(`{"aud":"fleet","channel":"","exp":1}`), verifier), "expired");
  assert.equal(await outcome(hmacToken(`{"aud":"fleet","channel":null}`), verifier), "user:");
});

test("claims that are not an object, not UTF-8, not JSON or nested too deep are invalid", async () => {
  const deep = (levels: number) => `{"sub":"a","x":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  for (const payload of [`[]`, `"a"`, `5`, `{"sub":"a"} x`, `{"sub":"a",}`, `\ufeff{"sub":"a"}`, `{"sub":NaN}`, deep(20_000)]) {
    assert.equal(await outcome(hmacToken(payload)), "invalid", payload.slice(0, 30));
  }
  assert.equal(await outcome(hmacToken(new Uint8Array([...Buffer.from(`{"sub":"`), 0xff, ...Buffer.from(`"}`)]))), "invalid");
  assert.equal(await outcome(hmacToken(deep(5_000))), "user:a");
});

test("wrong types are invalid wherever they stand", async () => {
  for (const claim of [
    `"channels":"public"`,
    `"channels":["public",5]`,
    `"subs":[]`,
    `"subs":{"a":5}`,
    `"subs":{"a":{"override":5}}`,
    `"subs":{"a":{"override":{"presence":true}}}`,
    `"subs":{"a":{"override":{"presence":{"value":1}}}}`,
    `"subs":{"a":{"b64data":5}}`,
    `"b64info":5`,
    `"channel":5`,
    `"iss":5`,
  ]) {
    assert.equal(await outcome(hmacToken(`{"sub":"a",${claim}}`)), "invalid", claim);
  }
});

test("info, data and meta keep their source bytes", async () => {
  const source = `{ "n": 1.0, "big": 9007199254740993, "dup":1, "dup":2, "s":"\\u0041\\"}]", "a":[ [1] ,{"}":"]"} ] }`;
  const claims = await claimsOf(`{"info":${source},"meta":  ${source}  ,"subs":{"a":{"info":${source},"data":${source}}}}`);
  assert.equal(text(claims.info), source);
  assert.equal(text(claims.meta), source);
  assert.equal(text(claims.subs.get("a")?.info), source);
  assert.equal(text(claims.subs.get("a")?.data), source);
  assert.equal(text((await claimsOf(`{"info":-0.50}`)).info), "-0.50");
});

test("overrides of server-side subscriptions", async () => {
  const { subs } = await claimsOf(
    `{"subs":{"a":{"override":{"presence":{"value":true},"join_leave":{"value":false},"force_push_join_leave":null,"force_recovery":{},"FORCE_POSITIONING":{"VALUE":true},"other":{"value":true}}}}}`,
  );
  assert.deepEqual(subs.get("a")?.override, { presence: true, joinLeave: false, forceRecovery: false, forcePositioning: true });
});

test("user_id_claim renames the user id; a number is its digits", async () => {
  const verifier = verifierFor({ userIdClaim: "user_id" });
  assert.equal(await outcome(hmacToken(`{"sub":"s","user_id":"u"}`), verifier), "user:u");
  assert.equal(await outcome(hmacToken(`{"sub":"s","user_id":42}`), verifier), "user:42");
  assert.equal(await outcome(hmacToken(`{"sub":"s"}`), verifier), "user:");
  assert.equal(await outcome(hmacToken(`{"sub":"s","USER_ID":"u"}`), verifier), "user:");
  assert.equal(await outcome(hmacToken(`{"user_id":{"a":1}}`), verifier), "invalid");
  assert.equal(await outcome(hmacToken(`{"sub":5,"user_id":"u"}`), verifier), "invalid");
});

test("subscription tokens: channel required, claims read, own keys where the section is on", async () => {
  const shared = verifierFor();
  const payload = `{"sub":"a","channel":"fleet:all","exp":${testNowS + 9},"info":{"x": 1},"data":[1 ],"client":"c","override":{"presence":{"value":true}}}`;
  const verdict = await shared.subscription(hmacToken(payload));
  assert.ok(verdict.ok);
  assert.deepEqual(
    { ...verdict.claims, info: text(verdict.claims.info), data: text(verdict.claims.data) },
    { user: "a", channel: "fleet:all", client: "c", expireAtS: testNowS + 9, info: `{"x": 1}`, data: "[1 ]", override: { presence: true } },
  );
  for (const [claims, why] of [
    [`{"sub":"a"}`, "invalid"],
    [`{"sub":"a","channel":""}`, "invalid"],
    [`{"sub":"a","channel":"x","exp":1}`, "expired"],
    [`{"sub":"a","exp":1}`, "expired"],
    [`{"sub":"a","channel":"x","b64data":"!"}`, "invalid"],
    [`{"sub":"a","channel":"x","b64info":"!"}`, "invalid"],
    [`{"sub":"a","channel":"x","override":5}`, "invalid"],
  ] as const) {
    assert.deepEqual(await shared.subscription(hmacToken(claims)), { ok: false, why }, claims);
  }

  const config = {
    ...clientConfig(),
    subscriptionToken: { enabled: true as const, ...tokenConfig({ hmacSecretKey: "the other key of 32 bytes and more" }) },
  };
  const separate = createTokenVerifier(config, { clock });
  assert.equal((await separate.subscription(hmacToken(payload))).ok, false);
  assert.equal((await separate.subscription(hmacToken(payload, { secret: "the other key of 32 bytes and more" }))).ok, true);
  assert.equal((await separate.connection(hmacToken(`{"sub":"a"}`))).ok, true);
});

test("[A3] a failing verifier is an internal failure, never a pass", async () => {
  const broken = createTokenVerifier(clientConfig(), {
    clock: {
      wallMs: () => {
        throw new Error("no clock");
      },
      monotonicMs: () => 0,
    },
  });
  assert.deepEqual(await broken.connection(hmacToken(`{"sub":"a"}`)), { ok: false, why: "internal" });
});
