import { pairs, rotated } from "../configs/key-sets.ts";
import { encode, inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "token-rotation",
  title: "Tokens after a rotation",
  about: "A previous secret whose time is over, beside the secret of now and an ECDSA key.",
  config: rotated,
});

const json = { formats: ["json"] } as const;
const claims = (side: Side) => ({ sub: side.user(), exp: inSeconds(600) });
const es512 = (side: Side, header = {}): string => jwt(claims(side), { alg: "ES512", key: pairs.es512.privateKey, header });

function invalid(id: string, what: string, make: (side: Side) => string): void {
  rule(`[${id}] ${what}: 3500`, json, async (side) => {
    const client = await side.open();
    client.send({ id: 1, connect: { token: make(side) } });
    await client.closed(3500);
  });
}

rule("[J3.30] the secret of now: connects", json, async (side) => void (await side.connect({ token: jwt(claims(side)) })));
invalid("J3.31", "the previous secret, after its time", (side) => jwt(claims(side), { key: "the-secret-before-for-connections-0001" }));
rule("[J1.70] ES512 by the ECDSA key: connects", json, async (side) => void (await side.connect({ token: es512(side) })));
rule(
  "[J5.40] its kid is not looked at: connects",
  json,
  async (side) => void (await side.connect({ token: es512(side, { kid: "../../x" }) })),
);
invalid("J1.71", "ES512 of another key", (side) => jwt(claims(side), { alg: "ES512", key: pairs.es256.privateKey }));
invalid("J1.72", "ES256 of the same curve's key", (side) => es512(side, { alg: "ES256" }));
invalid("J1.73", "a signature of zeros", (side) => `${es512(side).split(".").slice(0, 2).join(".")}.${encode(Buffer.alloc(132))}`);
invalid("J1.74", "HS256 with the public key as its secret", (side) =>
  jwt(claims(side), { key: pairs.es512.publicKey.export({ type: "spki", format: "pem" }).toString() }),
);
invalid("J1.75", "EdDSA, which has no static key", (side) => jwt(claims(side), { alg: "EdDSA", key: pairs.ed.privateKey }));

rule("[J3.32] refresh with the previous secret: 3500", json, async (side) => {
  const client = await side.connect();
  client.send({ id: 9, refresh: { token: jwt(claims(side), { key: "the-secret-before-for-connections-0001" }) } });
  await client.closed(3500);
});

export default group;
