import assert from "node:assert/strict";
import { proxiedMaps } from "../configs/proxied-maps.ts";
import type { Answer } from "../harness/backend.ts";
import { type Client, expectError } from "../harness/client.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import type { Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "proxy-maps",
  title: "Proxies: keys of maps",
  about: "The application's backend decides over what clients set and remove in map channels.",
  config: proxiedMaps,
});

const json = { formats: ["json"] } as const;

interface Said {
  readonly client: Client;
  readonly channel: string;
  readonly reply: Wire;
}

/** A client sets or removes a key, and the backend says this. */
async function says(side: Side, answer: Answer, change: Wire = { key: "k", data: { n: 1 } }): Promise<Said> {
  side.backend.on("/map_publish", () => answer);
  side.backend.on("/map_remove", () => answer);
  const client = await side.connect({ claims: { meta: { shop: 7 } } });
  const channel = side.channel("board:a");
  return { client, channel, reply: await client.call("publish", { channel, type: 1, ...change }) };
}

async function state(side: Side, channel: string): Promise<Wire> {
  const { entries } = await side.api("map_read_state", { channel, limit: -1 });
  return Object.fromEntries(((entries ?? []) as Wire[]).map(({ key, data }) => [key, data]));
}

/** On both the change is done; the real server then tells its client 107. */
function changes(id: string, what: string, body: (side: Side) => Promise<Said & { readonly check: () => Promise<void> }>): void {
  const run = (expected: (reply: Wire) => void) => async (side: Side) => {
    const { reply, check } = await body(side);
    expected(reply);
    await check();
  };
  rule(
    `[${id}] ${what}`,
    {
      differs: {
        deviation: "publish and remove proxies",
        real: run((reply) => expectError(reply, 107)),
      },
    },
    run((reply) => assert.deepEqual(reply["publish"], {})),
  );
}

changes("PX3.30", "map_publish: the backend is asked with user, channel, key, data and meta; `{}` sets it as it is", async (side) => {
  const said = await says(side, {});
  const check = async (): Promise<void> => {
    const { client: id, ...rest } = side.backend.asked[0]!.body as Wire;
    assert.equal(id, said.client.id);
    const base = { transport: "websocket", protocol: side.format.name, encoding: "json", user: side.user() };
    assert.deepEqual(rest, { ...base, channel: said.channel, key: "k", data: { n: 1 }, meta: { shop: 7 } });
    assert.deepEqual(await state(side, said.channel), { k: { n: 1 } });
  };
  return { ...said, check };
});

changes("PX3.31", "map_publish by nobody: without a user, and without a key where there is none", async (side) => {
  side.backend.on("/map_publish", () => ({ result: { key: "given" } }));
  const client = await side.connect({ token: side.token({ sub: "" }) });
  const channel = side.channel("board:a");
  const reply = await client.call("publish", { channel, type: 1, data: [1] });
  const check = async (): Promise<void> => {
    const { client: id, ...rest } = side.backend.asked[0]!.body as Wire;
    assert.equal(id, client.id);
    assert.deepEqual(rest, { transport: "websocket", protocol: side.format.name, encoding: "json", channel, data: [1] });
    assert.deepEqual(await state(side, channel), { given: [1] });
  };
  return { client, channel, reply, check };
});

changes("PX12.30", "map_publish: key and data are replaced", async (side) => {
  const said = await says(side, { result: { key: "other", data: { n: 2 } } });
  return { ...said, check: async () => assert.deepEqual(await state(side, said.channel), { other: { n: 2 } }) };
});

changes("PX11.30", "map_publish: base64 where there is no data", async (side) => {
  const said = await says(side, { result: { b64data: Buffer.from(`{"n":3}`).toString("base64") } });
  return { ...said, check: async () => assert.deepEqual(await state(side, said.channel), { k: { n: 3 } }) };
});

changes("PX3.32", "map_remove: the backend is asked with user, channel and key", async (side) => {
  const channel = side.channel("board:a");
  await side.api("map_publish", { channel, key: "k", data: {} });
  const said = await says(side, {}, { key: "k", removed: true });
  const check = async (): Promise<void> => {
    const { client: id, ...rest } = side.backend.asked[0]!.body as Wire;
    assert.equal(id, said.client.id);
    assert.deepEqual(rest, { transport: "websocket", protocol: side.format.name, encoding: "json", user: side.user(), channel, key: "k" });
    assert.deepEqual(await state(side, channel), {});
  };
  return { ...said, check };
});

changes("PX12.31", "map_remove: another key", async (side) => {
  const channel = side.channel("board:a");
  await side.api("map_publish", { channel, key: "k", data: 1 });
  await side.api("map_publish", { channel, key: "other", data: 2 });
  const said = await says(side, { result: { key: "other" } }, { key: "k", removed: true });
  return { ...said, check: async () => assert.deepEqual(await state(side, channel), { k: 1 }) };
});

rule("[X4.30] an error is passed on, and nothing changes", async (side) => {
  for (const change of [
    { key: "k", data: {} },
    { key: "k", removed: true },
  ]) {
    const error = { code: 1003, message: "no" };
    const { reply, channel } = await says(side, { error, result: { key: "x" } }, change);
    assert.deepEqual(reply["error"], error);
    assert.deepEqual(await state(side, channel), {});
  }
});

rule("[X6.30] without data it is error 107, and nobody is asked", async (side) => {
  const { reply, channel } = await says(side, {}, { key: "k" });
  expectError(reply, 107);
  assert.equal(side.backend.asked.length, 0);
  assert.deepEqual(await state(side, channel), {});
});

for (const [index, [what, answer]] of (
  [
    ["status 500", { status: 500, text: "" }],
    ["no JSON", { status: 200, text: "no" }],
    ["bad base64", { result: { b64data: "!" } }],
    ["no answer in time", "hang"],
  ] as const satisfies readonly (readonly [string, Answer])[]
).entries()) {
  rule(`[X1.${90 + index}] map_publish, ${what}: error 100, nothing is set`, json, async (side) => {
    const { reply, channel } = await says(side, answer);
    expectError(reply, 100);
    assert.deepEqual(await state(side, channel), {});
  });
}

rule("[X1.95] map_remove, a backend that fails: error 100, nothing is removed", json, async (side) => {
  const channel = side.channel("board:a");
  await side.api("map_publish", { channel, key: "k", data: 1 });
  const { reply } = await says(side, { status: 500, text: "" }, { key: "k", removed: true });
  expectError(reply, 100);
  assert.deepEqual(await state(side, channel), { k: 1 });
});

export default group;
