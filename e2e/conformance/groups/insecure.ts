import assert from "node:assert/strict";
import { insecure } from "../configs/insecure.ts";
import { expectError } from "../harness/client.ts";
import { inSeconds } from "../harness/jwt.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "insecure",
  title: "The insecure mode",
  about: "What `client.insecure` opens, and what stays closed.",
  config: insecure,
});

rule("[SB1.10] everybody connects without a token", async (side) => {
  await side.connect({ token: "" });
});

rule("[SB1.11] and may subscribe, publish, read history and presence where no rule allows it", async (side) => {
  const client = await side.connect({ token: "" });
  const channel = side.channel("full:a");
  await client.subscribe(channel);
  await client.ok("publish", { channel, data: 1 });
  await client.push("pub", channel);
  assert.equal((await client.ok("history", { channel, limit: 1 }))["publications"].length, 1);
  await client.ok("presence", { channel });
  await client.ok("presence_stats", { channel });
});

rule("[SB1.12] what is switched off stays unavailable: error 108", async (side) => {
  const client = await side.connect({ token: "" });
  await client.refused("history", { channel: side.channel("bare:a") }, 108);
  await client.refused("presence", { channel: side.channel("bare:a") }, 108);
});

rule("[SB1.13] namespaces and names hold", async (side) => {
  const client = await side.connect({ token: "" });
  await client.refused("subscribe", { channel: side.channel("nowhere:a") }, 102);
  await client.refused("subscribe", { channel: side.channel("re:A") }, 107);
  await client.refused("publish", { channel: side.channel("re:A"), data: 1 }, 107);
});

rule("[SB1.14] `$` wants a token still", async (side) => {
  const client = await side.connect({ token: "" });
  await client.refused("subscribe", { channel: `$${side.channel("bare:a")}` }, 103);
});

rule("[SB1.15] a token is verified still", async (side) => {
  const client = await side.open();
  client.send({ id: 1, connect: { token: "bad" } });
  await client.closed(3500);
});

rule("[SB1.16] an expired token is expired still", async (side) => {
  const client = await side.open();
  expectError(await client.call("connect", { token: side.token({ exp: inSeconds(-5) }) }), 109);
});

rule("[SB1.17] a token's connection does not expire", async (side) => {
  const client = await side.connect({ claims: { exp: inSeconds(100) } });
  assert.equal(client.messages[0]!["connect"].expires, undefined);
});

rule("[SB1.18] another user's channel", async (side) => {
  const client = await side.connect();
  await client.call("subscribe", { channel: `full:a#${side.user("bob")}` });
});

rule("[SB1.19] a token's channels and the command's", async (side) => {
  const [a, b, c] = [side.channel("bare:a"), side.channel("bare:b"), `$${side.channel("bare:c")}`];
  const client = await side.connect({ claims: { channels: [a] }, request: { subs: { [b]: {}, [c]: {} } } });
  assert.deepEqual(Object.keys(client.messages[0]!["connect"].subs).sort(), [a, b].sort());
});

rule("[SB1.20] channels without a namespace are open", async (side) => {
  const client = await side.connect({ token: "" });
  await client.subscribe(side.channel("news"));
});

export default group;
