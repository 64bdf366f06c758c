import { unsigned } from "../configs/unsigned.ts";
import { encode, inSeconds, jwt } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "token-unsigned",
  title: "Tokens whose signature is not looked at",
  about: "`insecure_skip_token_signature_verify` takes the signature away, and nothing else.",
  config: unsigned,
});

const json = { formats: ["json"] } as const;
const claims = (side: Side, more: Wire = {}): Wire => ({ sub: side.user(), aud: "dashboards", exp: inSeconds(600), ...more });
const other = { key: "a-key-that-nobody-configured-anywhere-01" };

rule("[S1.1] a token of any key connects", json, async (side) => void (await side.connect({ token: jwt(claims(side), other) })));
rule("[S1.2] and one that names no algorithm we know", json, async (side) => {
  const [, body] = jwt(claims(side)).split(".");
  await side.connect({ token: `${encode(`{"alg":"none"}`)}.${body}.AA` });
});
for (const [id, what, more, code] of [
  ["S1.3", "another audience", { aud: "others" }, 3500],
  ["S1.4", "a user that is a number", { sub: 5 }, 3500],
  ["S1.5", "a channel in it", { channel: "x" }, 3500],
] as const) {
  rule(`[${id}] ${what}: ${code}`, json, async (side) => {
    const client = await side.open();
    client.send({ id: 1, connect: { token: jwt(claims(side, more), other) } });
    await client.closed(code);
  });
}
rule("[S1.6] an expired one: error 109", json, async (side) => {
  const client = await side.open();
  await client.refused("connect", { token: jwt(claims(side, { exp: 1 }), other) }, 109);
});
rule("[S1.7] subscription tokens alike", json, async (side) => {
  const client = await side.connect({ token: jwt(claims(side), other) });
  const channel = side.channel("closed:a");
  await client.subscribe(channel, { token: jwt(claims(side, { channel }), other) });
  await client.refused("subscribe", { channel: side.channel("closed:b"), token: jwt(claims(side, { aud: "x" }), other) }, 103);
});

export default group;
