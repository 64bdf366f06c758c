import { type PairName, pairs, tenants } from "../configs/key-sets.ts";
import { inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "token-tenants",
  title: "Tokens of several makers",
  about: "The key set depends on who made the token; expressions for `aud` and `iss`; previous secrets and ECDSA for subscription tokens.",
  config: tenants,
});

const json = { formats: ["json"] } as const;

const maker = "https://id.example.com/";
const token = (side: Side, claims: Wire, name: PairName = "es256", kid = "shared"): string =>
  jwt(
    { sub: side.user(), exp: inSeconds(600), aud: "my fleet", iss: `${maker}one`, ...claims },
    { alg: "ES256", key: pairs[name].privateKey, header: { kid } },
  );

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

connects("J12.50", "a token of the first maker", (side) => token(side, {}));
connects("J12.51", "a token of the second maker, under the same kid", (side) => token(side, { iss: `${maker}two` }, "other"));
invalid("J12.52", "the first maker's key in the second's name", (side) => token(side, { iss: `${maker}two` }));
invalid("J12.53", "the second maker's key in the first's name", (side) => token(side, {}, "other"));
invalid("J12.54", "a set with a key that cannot be read", (side) => token(side, { iss: `${maker}broken` }, "es256", "es256"));
invalid("J12.55", "a set behind status 201", (side) => token(side, { iss: `${maker}created` }, "es256", "es256"));
invalid("J12.56", "HTML", (side) => token(side, { iss: `${maker}html` }, "es256", "es256"));
invalid("J12.57", "no set at all", (side) => token(side, { iss: `${maker}missing` }, "es256", "es256"));

rule(
  "[J12.58] a set behind a redirect: 3500",
  {
    ...json,
    differs: {
      deviation: "redirect in place of a key set",
      real: async (side) => void (await side.connect({ token: token(side, { iss: `${maker}moved` }, "es256", "es256") })),
    },
  },
  async (side) => {
    const client = await side.open();
    client.send({ id: 1, connect: { token: token(side, { iss: `${maker}moved` }, "es256", "es256") } });
    await client.closed(3500);
  },
);

for (const [index, iss] of [
  `${maker}three`,
  `${maker}one/../two`,
  `${maker}..`,
  `${maker}one@evil.test`,
  `${maker}one#`,
  `${maker}one?x`,
  `${maker}%2f`,
  `x${maker}one`,
  "",
  undefined,
  `${maker}one\n`,
].entries()) {
  invalid(`J8.${30 + index}`, `issuer ${JSON.stringify(iss)}`, (side) => token(side, { iss }));
}

connects("J8.50", "an expression is not anchored by itself", (side) => token(side, { aud: "the fleet of ours" }));
connects("J8.51", "one element of the audience is enough", (side) => token(side, { aud: ["x", "fleet"] }));
invalid("J8.52", "no element that matches", (side) => token(side, { aud: ["x", "flee"] }));
invalid("J8.53", "an empty audience", (side) => token(side, { aud: [] }));
invalid("J8.54", "no audience", (side) => token(side, { aud: undefined }));
invalid("J8.55", "an audience that is a number", (side) => token(side, { aud: 5 }));

/** A subscribe with a token of its own section. */
function subscribes(id: string, what: string, code: 0 | 103, make: (claims: Wire) => string): void {
  rule(`[${id}] subscription token, ${what}: ${code === 0 ? "subscribes" : `error ${code}`}`, json, async (side) => {
    const client = await side.connect({ token: token(side, {}) });
    const channel = side.channel("closed:a");
    const request = { channel, token: make({ sub: side.user(), channel, aud: "fleet7" }) };
    if (code === 0) await client.subscribe(channel, request);
    else await client.refused("subscribe", request, code);
  });
}

const now = "the-secret-of-now-for-subscriptions-0001";
const before = "the-secret-before-for-subscriptions-0001";
subscribes("J3.20", "the secret of now", 0, (claims) => jwt(claims, { key: now }));
subscribes("J3.21", "the previous secret", 0, (claims) => jwt(claims, { key: before }));
subscribes("J3.22", "the previous secret, HS512", 0, (claims) => jwt(claims, { key: before, alg: "HS512" }));
subscribes("J3.23", "another secret", 103, (claims) => jwt(claims, { key: "neither-of-the-two-secrets-of-these-tokens" }));
subscribes("J1.60", "ES384 by the ECDSA key", 0, (claims) => jwt(claims, { alg: "ES384", key: pairs.es384.privateKey }));
subscribes("J1.61", "ES256 with the ECDSA key of another curve", 103, (claims) =>
  jwt(claims, { alg: "ES256", key: pairs.es256.privateKey }),
);
subscribes("J8.60", "an audience that the anchored expression does not take", 103, (claims) =>
  jwt({ ...claims, aud: "fleet7b" }, { key: now }),
);
subscribes("J8.61", "an audience with a line break", 103, (claims) => jwt({ ...claims, aud: "fleet7\n" }, { key: now }));

export default group;
