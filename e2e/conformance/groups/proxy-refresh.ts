import assert from "node:assert/strict";
import { refreshed } from "../configs/refreshed.ts";
import type { Answer } from "../harness/backend.ts";
import { type Client, pause } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "proxy-refresh",
  title: "Proxies: who stays",
  about: "A connection's time is over, and the application's backend is asked whether it may stay.",
  config: refreshed,
});

const json = { formats: ["json"] } as const;

/** A connection of one or two seconds, and what the backend says at its end. */
async function expiring(side: Side, ...answers: readonly [Answer, ...Answer[]]): Promise<{ client: Client; asked: () => number }> {
  const asked = (): number => side.backend.asked.filter(({ path }) => path === "/refresh").length;
  side.backend.on("/connect", () => ({ result: { user: side.user(), expire_at: inSeconds(2), info: { v: 1 }, meta: { m: 1 } } }));
  side.backend.on("/refresh", () => answers[Math.min(asked(), answers.length) - 1]!);
  const client = await side.open();
  const connected = await client.ok("connect", { data: { who: side.user() } });
  assert.equal(connected["expires"], undefined, "the client has nothing to refresh");
  for (let tries = 0; tries < 200 && asked() === 0; tries++) await pause(25);
  assert.equal(asked(), 1, "the backend was to be asked");
  return { client, asked };
}

rule("[PX3.20] the backend is asked with user and meta; the connection stays", async (side) => {
  const { client } = await expiring(side, { result: { expire_at: inSeconds(100) } });
  const { client: id, ...rest } = side.backend.asked.at(-1)!.body as Wire;
  assert.equal(id, client.id);
  assert.deepEqual(rest, { transport: "websocket", protocol: side.format.name, encoding: "json", user: side.user(), meta: { m: 1 } });
  await client.silent(1_500);
});

rule("[PX10.20] info is replaced, meta is what the next question carries", json, async (side) => {
  const { client, asked } = await expiring(
    side,
    { result: { expire_at: inSeconds(4), info: { v: 2 }, meta: { m: 2 } } },
    { result: { expire_at: inSeconds(100) } },
  );
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  assert.deepEqual((await client.ok("presence", { channel }))["presence"][client.id].conn_info, { v: 2 });
  for (let tries = 0; tries < 200 && asked() === 1; tries++) await pause(25);
  assert.deepEqual((side.backend.asked.at(-1)!.body as Wire)["meta"], { m: 2 });
});

for (const [id, what, answer] of [
  ["X3.20", "no result", {}],
  ["X3.21", "a null result", { result: null }],
  ["X3.22", "an empty result, so no new expiry", { result: {} }],
  ["PX10.21", "`expired`", { result: { expired: true, expire_at: 5_000_000_000 } }],
  ["PX10.22", "an expiry that is past", { result: { expire_at: 1 } }],
  ["PX10.23", "an expiry below zero", { result: { expire_at: -1 } }],
  ["X4.20", "an error alone", { error: { code: 1000, message: "no" } }],
  ["X4.21", "a disconnect alone", { disconnect: { code: 4500, reason: "no" } }],
  ["PX9.20", "a status that is mapped", { status: 403, text: "" }],
] as const satisfies readonly (readonly [string, string, Answer])[]) {
  rule(`[${id}] ${what}: 3005`, json, async (side) => {
    const { client } = await expiring(side, answer);
    await client.closed(3005);
  });
}

rule("[X4.22] a result beside an error and a disconnect: the result counts", json, async (side) => {
  const answer = { result: { expire_at: inSeconds(100) }, error: { code: 1000, message: "x" }, disconnect: { code: 4500, reason: "x" } };
  const { client } = await expiring(side, answer);
  await client.silent(1_500);
});

for (const [id, what, answer] of [
  ["X1.80", "status 500", { status: 500, text: "" }],
  ["X1.81", "no JSON", { status: 200, text: "no" }],
  ["X1.82", "a cut connection", "cut"],
  ["X1.83", "no answer in time", "hang"],
] as const satisfies readonly (readonly [string, string, Answer])[]) {
  rule(`[${id}] ${what}: a minute more`, json, async (side) => {
    const { client, asked } = await expiring(side, answer);
    await client.silent(2_500);
    assert.equal(asked(), 1);
  });
}

rule("[X1.84] bad base64: 3004", json, async (side) => {
  const { client } = await expiring(side, { result: { expire_at: inSeconds(100), b64info: "!" } });
  await client.closed(3004);
});

rule("[PX1.20] a client's own refresh is not taken here: 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 90, refresh: { token: side.token() } });
  await client.closed(3501);
});

rule("[PX1.21] a token's expiry is asked about, too", json, async (side) => {
  side.backend.on("/refresh", () => ({ result: { expire_at: inSeconds(100) } }));
  const client = await side.connect({ claims: { exp: inSeconds(2), meta: { m: 3 } } });
  for (let tries = 0; tries < 200 && side.backend.asked.length === 0; tries++) await pause(25);
  assert.deepEqual((side.backend.asked[0]!.body as Wire)["meta"], { m: 3 });
  await client.silent(1_500);
});

export default group;
