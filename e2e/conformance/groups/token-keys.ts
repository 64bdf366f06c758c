import assert from "node:assert/strict";
import { keys, rsaPrivateKey, rsaPublicPem, subscriptionSecret } from "../configs/keys.ts";
import { expectError } from "../harness/client.ts";
import { inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "token-keys",
  title: "Tokens, keys, audience and issuer",
  about: "Several keys at once, rules for `aud` and `iss`, another claim for the user, and keys of their own for subscription tokens.",
  config: keys,
});

const json = { formats: ["json"] } as const;
const right = (side: Side): Wire => ({ login: side.user(), aud: "dashboards", iss: "the-backend", exp: inSeconds(600) });

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

connects("J1.30", "a token of the HMAC key", (side) => jwt(right(side)));
for (const [index, alg] of ["RS256", "RS384", "RS512"].entries()) {
  connects(`J1.${31 + index}`, `a token of the RSA key, ${alg}`, (side) => jwt(right(side), { alg, key: rsaPrivateKey }));
}
invalid("J1.34", "HS256 with the public RSA key as its secret", (side) => jwt(right(side), { key: rsaPublicPem }));
invalid("J1.35", "HS256 with the key of subscription tokens", (side) => jwt(right(side), { key: subscriptionSecret }));
invalid("J1.36", "RS256 signed as HS256", (side) => jwt(right(side), { header: { alg: "RS256" } }));

connects("J8.10", "`aud` as a list that contains the configured one", (side) => jwt({ ...right(side), aud: ["x", "dashboards"] }));
invalid("J8.11", "another `aud`", (side) => jwt({ ...right(side), aud: "others" }));
invalid("J8.12", "an `aud` that begins like it", (side) => jwt({ ...right(side), aud: "dashboards2" }));
invalid("J8.13", "no `aud`", (side) => jwt({ ...right(side), aud: undefined }));
invalid("J8.14", "an empty list", (side) => jwt({ ...right(side), aud: [] }));
invalid("J8.15", "another `iss`", (side) => jwt({ ...right(side), iss: "somebody" }));
invalid("J8.16", "no `iss`", (side) => jwt({ ...right(side), iss: undefined }));
invalid("J8.17", "other letters' case", (side) => jwt({ ...right(side), iss: "The-Backend" }));

rule("[J8.18] a wrong `aud` is told before an expiry", json, async (side) => {
  const client = await side.open();
  client.send({ id: 1, connect: { token: jwt({ ...right(side), aud: "others", exp: 1 }) } });
  await client.closed(3500);
});

rule("[J9.10] the user is in the configured claim, `sub` is not looked at", async (side) => {
  const channel = side.channel("closed:a");
  const client = await side.connect({ token: jwt({ ...right(side), sub: "somebody" }) });
  const token = jwt({ sub: side.user(), channel }, { key: subscriptionSecret });
  await client.subscribe(channel, { token });
  const { presence } = await client.ok("presence", { channel });
  assert.equal(presence[client.id].user, side.user());
});

rule("[J9.11] a token with `sub` alone names nobody", async (side) => {
  const client = await side.connect({ token: jwt({ ...right(side), login: undefined, sub: side.user() }) });
  const channel = side.channel("closed:a");
  const token = jwt({ channel }, { key: subscriptionSecret });
  await client.subscribe(channel, { token });
});

rule("[J4.10] subscription tokens have keys of their own; the connection's are not taken", async (side) => {
  const client = await side.connect({ token: jwt(right(side)) });
  const channel = side.channel("closed:a");
  expectError(await client.call("subscribe", { channel, token: jwt({ ...right(side), sub: side.user(), channel }) }), 103);
  await client.subscribe(channel, { token: jwt({ sub: side.user(), channel }, { key: subscriptionSecret }) });
});

rule("[J4.11] nor their audience, issuer and user claim", async (side) => {
  const client = await side.connect({ token: jwt(right(side)) });
  const channel = side.channel("closed:a");
  const token = jwt({ sub: side.user(), aud: "x", iss: "y", channel }, { key: subscriptionSecret });
  await client.subscribe(channel, { token });
});

rule("[J4.12] an algorithm they have no key for: error 103", async (side) => {
  const client = await side.connect({ token: jwt(right(side)) });
  const channel = side.channel("closed:a");
  const token = jwt({ sub: side.user(), channel }, { alg: "RS256", key: rsaPrivateKey });
  await client.refused("subscribe", { channel, token }, 103);
});

export default group;
