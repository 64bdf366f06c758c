import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { standard } from "../configs/standard.ts";
import { expectError } from "../harness/client.ts";
import { encode, inSeconds, jwt, TOKEN_SECRET } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "token-claims",
  title: "Tokens and their claims",
  about: "What makes a token valid, claim by claim. In JSON only: a token is one string in both formats.",
  config: standard,
});

const json = { formats: ["json"] } as const;

/** A connect with this token: connected (0), an error, or a close. */
async function verdict(side: Side, token: string, expected: number): Promise<Wire> {
  const client = await side.open();
  if (expected >= 3_000) {
    client.send({ id: 1, connect: { token } });
    await client.closed(expected);
    return {};
  }
  const reply = await client.call("connect", { token });
  if (expected !== 0) expectError(reply, expected);
  else assert.notEqual(reply["connect"], undefined, JSON.stringify(reply));
  return reply["connect"] as Wire;
}

const says = (expected: number): string => (expected === 0 ? "connects" : expected < 3_000 ? `error ${expected}` : String(expected));

function token(id: string, what: string, expected: number, make: (side: Side) => string): void {
  rule(`[${id}] ${what}: ${says(expected)}`, json, async (side) => void (await verdict(side, make(side), expected)));
}

/** The payload as text, `USER` the run's user. */
function claims(id: string, text: string, expected: number): void {
  rule(`[${id}] ${text.replace('"sub":"USER",', "")}: ${says(expected)}`, json, async (side) => {
    await verdict(side, jwt(text.replaceAll("USER", side.user())), expected);
  });
}

const good = (side: Side): Wire => ({ sub: side.user(), exp: inSeconds(100) });
const withHeader = (header: string, side: Side): string => {
  const signed = `${encode(header)}.${encode(JSON.stringify(good(side)))}`;
  return `${signed}.${createHmac("sha256", TOKEN_SECRET).update(signed).digest("base64url")}`;
};

for (const [index, alg] of ["none", "None", "nOnE", "NONE"].entries()) {
  token(
    `J1.${index + 1}`,
    `\`alg\` ${alg} with an empty signature`,
    3500,
    (side) => `${encode(`{"alg":"${alg}"}`)}.${encode(JSON.stringify(good(side)))}.`,
  );
}
token("J1.5", "no `alg`", 3500, (side) => withHeader('{"typ":"JWT"}', side));
token("J1.6", "`alg` as a list", 3500, (side) => withHeader('{"alg":["HS256"]}', side));
token("J1.7", "`alg` in small letters", 3500, (side) => withHeader('{"alg":"hs256"}', side));
token("J1.8", "an algorithm that was not used", 3500, (side) => withHeader('{"alg":"HS512"}', side));
token("J1.9", "an algorithm whose key is not configured", 3500, (side) => withHeader('{"alg":"RS256"}', side));
token("J1.10", "an empty signature", 3500, (side) => side.token().replace(/\.[^.]*$/, "."));
token("J1.11", "one byte changed in the claims", 3500, (side) =>
  side.token().replace(/\.(.)/, (_, c: string) => `.${c === "e" ? "f" : "e"}`),
);
token("J1.12", "no `typ`", 0, (side) => withHeader('{"alg":"HS256"}', side));
token("J1.13", "another `typ`", 0, (side) => withHeader('{"alg":"HS256","typ":"JWE"}', side));
token("J1.14", "HS384 and HS512 are taken, too", 0, (side) => jwt(good(side), { alg: "HS384" }));
token("J1.15", "HS512", 0, (side) => jwt(good(side), { alg: "HS512" }));
token("J1.16", "`alg` twice: the last one counts", 0, (side) => withHeader('{"alg":"none","alg":"HS256"}', side));
token("J1.17", "a header that is no JSON", 3500, (side) => withHeader("alg", side));
token("J5.1", "`kid` where no key set is asked", 0, (side) => jwt(good(side), { header: { kid: "../../x" } }));
token("J5.2", "headers that name keys and addresses", 0, (side) =>
  jwt(good(side), { header: { jku: "http://127.0.0.1:1/", x5u: "http://127.0.0.1:1/", jwk: { kty: "oct", k: "eA" } } }),
);

claims("J6.1", '{"sub":"USER","exp":"x"}', 3500);
claims("J6.2", '{"sub":"USER","exp":true}', 3500);
claims("J6.3", '{"sub":"USER","exp":[]}', 3500);
claims("J6.4", '{"sub":"USER","exp":1e400}', 3500);
claims("J6.5", '{"sub":"USER","exp":0}', 109);
claims("J6.6", '{"sub":"USER","exp":-1}', 109);
claims("J6.7", '{"sub":"USER","exp":1}', 109);
claims("J6.8", '{"sub":"USER","exp":99999999999.9}', 0);
claims("J6.9", '{"sub":"USER","exp":"99999999999"}', 0);
claims("J6.10", '{"sub":"USER","exp":null}', 0);
claims("J6.11", '{"sub":"USER","exp":1000000000000000000}', 0);
claims("J6.12", '{"sub":"USER","expire_at":"1"}', 3500);
claims("J6.13", '{"sub":"USER","expire_at":99999999999.5}', 3500);
claims("J6.14", '{"sub":"USER","expire_at":0}', 0);
claims("J6.15", '{"sub":"USER","expire_at":-5}', 0);
claims("J6.16", '{"sub":"USER","expire_at":null}', 0);
claims("J6.17", '{"sub":"USER","expire_at":1}', 110);
claims("J6.18", '{"sub":"USER","exp":1,"expire_at":99999999999}', 109);
claims("J7.1", '{"sub":"USER","nbf":99999999999}', 109);
claims("J7.2", '{"sub":"USER","nbf":1}', 0);
claims("J7.3", '{"sub":"USER","nbf":"x"}', 3500);
claims("J7.4", '{"sub":"USER","iat":99999999999}', 0);
claims("J7.5", '{"sub":"USER","iat":"x"}', 3500);
claims("J7.6", '{"sub":"USER","jti":5}', 3500);
claims("J8.1", '{"sub":"USER","aud":"anybody","iss":"anybody"}', 0);
claims("J8.2", '{"sub":"USER","aud":5}', 3500);
claims("J9.1", '{"sub":5}', 3500);
claims("J9.2", '{"sub":null}', 0);
claims("J9.3", "{}", 0);
claims("J9.4", '{"sub":["USER"]}', 3500);
claims("J10.1", '{"sub":"x","sub":"USER"}', 0);
claims("J10.2", '{"sub":"USER","EXP":1}', 109);
claims("J10.3", '{"SUB":5}', 3500);
claims("J10.4", '{"sub":"USER","b64info":"%%"}', 100);
claims("J10.5", '{"sub":"USER","subs":{"open:a":{"b64info":"%%"}}}', 3500);
claims("J10.6", '{"sub":"USER","channels":"open:a"}', 3500);
claims("J10.7", '{"sub":"USER","channels":[5]}', 3500);
claims("J10.8", '{"sub":"USER","subs":[]}', 3500);
claims("J10.9", '{"sub":"USER","subs":{"open:a":5}}', 3500);
claims("J10.10", '{"sub":"USER","channel":""}', 0);
claims("J10.11", '{"sub":"USER","unknown":{"a":[1]}}', 0);
claims("J10.12", '{"sub":"USER","meta":{"a":1}}', 0);
claims("J10.13", '["USER"]', 3500);
claims("J10.14", "USER", 3500);

claims("J10.15", '{"sub":"USER","sub":null}', 0);

/** A claim, and then the same one with null. */
const nullBehind = "a claim and then the same claim with null";
const channelsOf =
  (expected: readonly string[]) =>
  async (side: Side): Promise<void> => {
    const connected = await verdict(side, jwt(`{"sub":"${side.user()}","channels":["open:a"],"channels":null}`), 0);
    assert.deepEqual(Object.keys((connected["subs"] as Wire | undefined) ?? {}), expected);
  };
rule(
  "[J10.16] null behind a list does not take it away",
  { ...json, differs: { deviation: nullBehind, real: channelsOf([]) } },
  channelsOf(["open:a"]),
);

const expiry =
  (expected: number) =>
  async (side: Side): Promise<void> =>
    void (await verdict(side, jwt(`{"sub":"${side.user()}","exp":1,"exp":null}`), expected));
rule(
  "[J10.17] null behind an expiry does not take it away: error 109",
  { ...json, differs: { deviation: nullBehind, real: expiry(0) } },
  expiry(109),
);

token("J11.1", "two parts", 3500, (side) => side.token().replace(/\.[^.]*$/, ""));
token("J11.2", "four parts", 3500, (side) => `${side.token()}.x`);
token("J11.3", "padding", 3500, (side) => `${side.token()}=`);
token("J11.4", "a space in front", 3500, (side) => ` ${side.token()}`);
token("J11.5", "a space behind", 3500, (side) => `${side.token()} `);
token("J11.6", "dots alone", 3500, () => "..");
token("J11.7", "the standard alphabet", 3500, (side) => {
  const [head, body] = jwt({ sub: `${side.user()}`, info: "???>>>" }).split(".") as [string, string];
  const standardBody = Buffer.from(body, "base64url").toString("base64").replaceAll("=", "");
  return `${head}.${standardBody}.${createHmac("sha256", TOKEN_SECRET).update(`${head}.${standardBody}`).digest("base64url")}`;
});

rule("[J6.19] a ttl is counted from now, in whole seconds", json, async (side) => {
  const { ttl } = await verdict(side, jwt({ sub: side.user(), exp: inSeconds(50) + 0.9 }), 0);
  assert.ok(ttl >= 49 && ttl <= 50, String(ttl));
});

export default group;
