import assert from "node:assert/strict";
import { anonymous } from "../configs/anonymous.ts";
import { type Client, expectError } from "../harness/client.ts";
import { jwt } from "../harness/jwt.ts";
import { opcodes } from "../harness/raw-websocket.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "limits",
  title: "Limits, and clients without a name",
  about: "How many of everything, and what a client may do that names no user.",
  config: anonymous,
});

async function fill(side: Side, channel: string, count: number): Promise<string> {
  let epoch = "";
  for (let i = 1; i <= count; i++) epoch = (await side.publish(channel, i))["epoch"];
  return epoch;
}

rule("[C12.20] a connect without a token where that is allowed: nobody", async (side) => {
  const client = await side.connect({ token: "" });
  assert.equal(client.messages[0]!["connect"].expires, undefined);
  await client.subscribe(side.channel("all:a"));
});

rule("[C12.21] a token without a user where that is not allowed: 3507", async (side) => {
  const client = await side.open();
  client.send({ id: 1, connect: { token: jwt({ exp: 99_999_999_999 }) } });
  await client.closed(3507);
});

rule("[C12.22] a bad token is not taken for none: 3500", async (side) => {
  const client = await side.open();
  client.send({ id: 1, connect: { token: "bad" } });
  await client.closed(3500);
});

rule("[C12.23] nobody may do what is for nobody, and nothing for users", async (side) => {
  const client = await side.connect({ token: "" });
  await client.subscribe(side.channel("news"));
  await client.refused("subscribe", { channel: side.channel("users:a") }, 103);
  await client.refused("publish", { channel: side.channel("all:a"), data: 1 }, 103);
});

rule("[CN3.5] nobody may ask for channels in the connect command", async (side) => {
  const [yes, no] = [side.channel("all:a"), side.channel("users:a")];
  const client = await side.connect({ token: "", request: { subs: { [yes]: {}, [no]: {} } } });
  assert.deepEqual(Object.keys(client.messages[0]!["connect"].subs), [yes]);
});

rule("[C14.10] a third connection of a user where two are allowed: 3504", async (side) => {
  const [first, second] = [await side.connect(), await side.connect()];
  const third = await side.open();
  third.send({ id: 1, connect: side.connectRequest() });
  await third.closed(3504);
  first.end();
  second.end();
});

rule("[C14.11] a connection that ended makes room", async (side) => {
  await side.connect();
  const second = await side.connect();
  second.cut();
  await new Promise((resolve) => setTimeout(resolve, 100));
  await side.connect();
});

rule("[C14.12] nobody may have as many as it likes", async (side) => {
  for (let i = 0; i < 4; i++) await side.connect({ token: "" });
});

rule("[C14.13] more channels in the token than one connection may have: 3505", async (side) => {
  const client = await side.open();
  const channels = [1, 2, 3, 4, 5].map((i) => side.channel(`users:${i}`));
  client.send({ id: 1, connect: { token: side.token({ channels }) } });
  await client.closed(3505);
});

rule("[C15.20] server-side subscriptions count for the limit of subscribe: error 106", async (side) => {
  const channels = [1, 2, 3].map((i) => side.channel(`users:${i}`));
  const client = await side.connect({ claims: { channels } });
  await client.subscribe(side.channel("users:4"));
  await client.refused("subscribe", { channel: side.channel("users:5") }, 106);
});

rule("[C15.21] the limit is told before the namespace, and after the length and the repetition", async (side) => {
  const channels = [1, 2, 3, 4].map((i) => side.channel(`users:${i}`));
  const client = await side.connect({ claims: { channels } });
  await client.refused("subscribe", { channel: side.channel("nowhere:a") }, 106);
  await client.refused("subscribe", { channel: "x".repeat(41) }, 107);
  await client.refused("subscribe", { channel: channels[0] }, 105);
});

rule("[C15.22] the length of names is channel.max_length bytes", async (side) => {
  const client = await side.connect();
  await client.subscribe(side.channel("users:").padEnd(40, "x"));
  await client.refused("subscribe", { channel: side.channel("users:").padEnd(41, "x") }, 107);
});

rule("[C15.23] it holds for subscribe only", async (side) => {
  const client = await side.connect();
  const channel = side.channel("all:").padEnd(60, "x");
  await client.ok("history", { channel });
  await side.publish(channel, 1);
});

rule("[C22.60] history answers history_max_publication_limit at most", async (side) => {
  const channel = side.channel("all:a");
  await fill(side, channel, 8);
  const client = await side.connect();
  assert.equal((await client.ok("history", { channel, limit: 100 }))["publications"].length, 5);
  assert.equal((await client.ok("history", { channel, limit: -1 }))["publications"].length, 5);
  assert.equal((await side.api("history", { channel, limit: 100 }))["publications"].length, 8);
});

rule("[C19.40] recovery brings recovery_max_publication_limit at most; more missed is not recovered", async (side) => {
  const channel = side.channel("all:a");
  const epoch = await fill(side, channel, 8);
  const client = await side.connect();
  const whole = await client.subscribe(channel, { recover: true, epoch, offset: 5 });
  assert.equal(whole["publications"].length, 3);
  await client.ok("unsubscribe", { channel });
  const tooMuch = await client.subscribe(channel, { recover: true, epoch, offset: 4 });
  assert.deepEqual([tooMuch["recovered"], tooMuch["publications"], tooMuch["offset"]], [undefined, undefined, 8]);
});

rule("[C9.1] a message of exactly the limit is read", async (side) => {
  const client = await side.connect();
  const command = { id: 7, unsubscribe: { channel: "x" } };
  const rest = 4_096 - side.format.encode([{ ...command, unsubscribe: { channel: "x".repeat(3_900) } }]).length;
  const frame = side.format.encode([{ ...command, unsubscribe: { channel: "x".repeat(3_900 + rest) } }]);
  assert.equal(frame.length, 4_096);
  client.sendFrame(frame);
  await client.reply(7);
});

type Send = (client: Client, frame: Buffer) => void;

const tooLong =
  (send: Send, code: number, reason: string) =>
  async (side: Side): Promise<void> => {
    const client = await side.connect();
    send(client, side.format.encode([{ id: 7, unsubscribe: { channel: "x".repeat(6_000) } }]));
    await client.until("the end", () => client.ending);
    assert.deepEqual(client.ending, { kind: "close", code, reason });
  };
const [theirText, ourText] = ["", "Received too big message"];
const whole: Send = (client, frame) => client.sendFrame(frame);
const inFragments: Send = (client, frame) => {
  client.socket.send(opcodes.text, frame.subarray(0, 3_000), { fin: false });
  client.socket.send(opcodes.continuation, frame.subarray(3_000));
};

rule(
  "[C9.2] a message above the limit closes with 1009",
  { differs: { deviation: "text of a close with 1009", real: tooLong(whole, 1009, theirText) } },
  tooLong(whole, 1009, ourText),
);

rule(
  "[C9.3] a message whose fragments together are above it closes with 1009",
  { formats: ["json"], differs: { deviation: "text of a close with 1009", real: tooLong(inFragments, 1009, theirText) } },
  tooLong(inFragments, 1009, ourText),
);

rule(
  "[C9.5] the same in Protobuf",
  {
    formats: ["protobuf"],
    differs: {
      deviation: "Protobuf: a message that is too long, in fragments or compressed",
      real: tooLong(inFragments, 3501, "bad request"),
    },
  },
  tooLong(inFragments, 1009, ourText),
);

rule("[C9.4] what the server sends may be larger", async (side) => {
  const channel = side.channel("all:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, "x".repeat(20_000));
  assert.equal((await client.push("pub", channel))["data"].length, 20_000);
});

rule("[C3.10] a socket that says nothing is closed with 3502", async (side) => {
  const client = await side.open();
  await client.closed(3502, 4_000);
});

rule("[C3.11] a connect that was refused and then silence: 3502 where the stale delay ends first", async (side) => {
  const client = await side.open();
  expectError(await client.call("connect", { token: side.token({ exp: 1 }) }), 109);
  await client.closed(3502, 4_000);
});

rule("[C3.12] native pings are no connect", async (side) => {
  const client = await side.open();
  const timer = setInterval(() => client.socket.send(opcodes.ping, ""), 200);
  side.later(() => clearInterval(timer));
  await client.closed(3502, 4_000);
});

export default group;
