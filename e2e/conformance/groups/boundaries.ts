import assert from "node:assert/strict";
import { boundaries } from "../configs/boundaries.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "boundaries",
  title: "Other boundaries, an open API, errors as statuses",
  about: "The characters that names are cut at can be changed, the API's key can be left out, and its errors can be HTTP statuses.",
  config: boundaries,
});

rule("[C18.40] the namespace ends at the configured boundary", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("open/a"));
  await client.refused("subscribe", { channel: side.channel("nowhere/a") }, 102);
  await client.refused("subscribe", { channel: side.channel("open:a") }, 103);
});

rule("[C18.41] the configured prefix makes a channel private", async (side) => {
  const client = await side.connect();
  const channel = `@${side.channel("open/a")}`;
  await client.refused("subscribe", { channel }, 103);
  await client.subscribe(channel, { token: side.subscriptionToken(channel) });
  await client.refused("subscribe", { channel: `$${side.channel("open/a")}` }, 102);
});

rule("[C18.42] the configured characters name users", async (side) => {
  const client = await side.connect();
  await client.subscribe(`open/a~${side.user("bob")}+${side.user()}`);
  await client.refused("subscribe", { channel: `open/a~${side.user("bob")}` }, 103);
  await client.subscribe(`open/a#${side.user("bob")}`);
});

rule("[C21.30] channel.publication_data_format holds where the namespace says nothing", async (side) => {
  const client = await side.connect();
  await client.refused("publish", { channel: side.channel("open/a"), data: 1 }, 107);
  await client.ok("publish", { channel: side.channel("open/a"), data: { v: 1 } });
  await client.ok("publish", { channel: side.channel("raw/a"), data: 1 });
});

/** A call without a key, in the transport error mode of the configuration. */
function answers(
  id: string,
  what: string,
  method: string,
  params: (channel: (name: string) => string) => object,
  status: number,
  body: string,
): void {
  rule(`[${id}] ${what}: ${status}`, { formats: ["http"] }, async (side) => {
    const answer = await side.http({ path: `/api/${method}`, body: JSON.stringify(params((name) => side.channel(name))) });
    assert.deepEqual([answer.status, answer.body], [status, body]);
  });
}

const badRequest = '{"code":107,"message":"bad request"}';
answers(
  "H1.30",
  "without a key where the API is open",
  "publish",
  (channel) => ({ channel: channel("open/a"), data: {} }),
  200,
  '{"result":{}}',
);
answers("H6.30", "error 107 as a status", "publish", () => ({ data: {} }), 400, badRequest);
answers("H6.31", "data in the wrong format", "publish", (channel) => ({ channel: channel("open/a"), data: 1 }), 400, badRequest);
answers(
  "H7.30",
  "error 102 as a status",
  "publish",
  (channel) => ({ channel: channel("nowhere/a"), data: {} }),
  404,
  '{"code":102,"message":"unknown channel"}',
);
answers(
  "H7.31",
  "error 108 as a status",
  "presence",
  (channel) => ({ channel: channel("open/a") }),
  400,
  '{"code":108,"message":"not available"}',
);
answers("H7.32", "error 104 as a status", "rpc", () => ({ method: "x" }), 404, '{"code":104,"message":"not found"}');

rule("[H7.33] batch keeps its errors inside", { formats: ["http"] }, async (side) => {
  const commands = [{ publish: { channel: side.channel("nowhere/a"), data: {} } }];
  const answer = await side.http({ path: "/api/batch", body: JSON.stringify({ commands }) });
  assert.deepEqual([answer.status, answer.body], [200, '{"replies":[{"error":{"code":102,"message":"unknown channel"}}]}']);
});

rule("[H7.34] so does broadcast", { formats: ["http"] }, async (side) => {
  const answer = await side.http({ path: "/api/broadcast", body: JSON.stringify({ channels: [side.channel("nowhere/a")], data: {} }) });
  assert.deepEqual([answer.status, answer.body], [200, '{"result":{"responses":[{"error":{"code":102,"message":"unknown channel"}}]}}']);
});

rule("[H7.35] the form of commands keeps its errors inside", { formats: ["http"] }, async (side) => {
  const answer = await side.http({
    path: "/api",
    body: JSON.stringify({ method: "publish", params: { channel: side.channel("nowhere/a"), data: {} } }),
  });
  assert.equal(answer.status, 200);
});

export default group;
