import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { commandType, delimited, encodeMessage, varint } from "../harness/protobuf-format.ts";
import { opcodes } from "../harness/raw-websocket.ts";
import { conformance, type RuleOptions } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";

const { group, rule } = conformance({
  name: "framing",
  title: "Frames and commands",
  about: "How commands and replies are put into frames, and which frames end a connection.",
  config: standard,
});

const json: RuleOptions = { formats: ["json"] };
const protobuf: RuleOptions = { formats: ["protobuf"] };

/** A frame that a connected client sends and that ends the connection with 3501. */
function violation(
  id: string,
  what: string,
  options: RuleOptions,
  frame: string | Uint8Array | ((side: Side) => string | Uint8Array),
): void {
  rule(`[${id}] ${what} ends the connection with 3501`, options, async (side) => {
    const client = await side.connect();
    client.sendFrame(typeof frame === "function" ? frame(side) : frame);
    await client.closed(3501);
  });
}

/** A frame that is read as `presence_stats` of a channel, with id 7. */
function accepted(id: string, what: string, options: RuleOptions, frame: (channel: string, side: Side) => string | Uint8Array): void {
  rule(`[${id}] ${what}`, options, async (side) => {
    const client = await side.connect();
    client.sendFrame(frame(side.channel("open:a"), side));
    const reply = await client.reply(7);
    assert.deepEqual(reply["presence_stats"], side.format.name === "json" ? { num_clients: 0, num_users: 0 } : {});
  });
}

violation("C1.1", "an empty frame", {}, "");
violation("C1.2", "a frame of one newline", json, "\n");
violation("C1.3", "a blank line between two commands", json, '{"id":1,"ping":{}}\n\n{"id":2}');
violation("C1.4", "a command that is cut off", json, '{"id":7,"presence_stats":{"channel":"open:a"');
violation("C1.5", "text that is no JSON", json, "hello");
violation("C1.6", "an array instead of an object", json, '[{"id":7,"presence_stats":{"channel":"open:a"}}]');
violation("C1.7", "an id that is a string", json, '{"id":"7","presence_stats":{"channel":"open:a"}}');
violation("C1.8", "an id with a fraction, 1.0 too", json, '{"id":1.0,"presence_stats":{"channel":"open:a"}}');
violation("C1.9", "an id above uint32", json, '{"id":4294967296,"presence_stats":{"channel":"open:a"}}');
violation("C1.10", "a negative id", json, '{"id":-1,"presence_stats":{"channel":"open:a"}}');
violation("C1.11", "an array where a request belongs", json, '{"id":7,"subscribe":[]}');
violation("C1.12", "a channel that is a number", json, '{"id":7,"subscribe":{"channel":5}}');
violation("C1.13", "a boolean that is a string", json, '{"id":7,"subscribe":{"channel":"open:a","recover":"true"}}');
violation("C1.14", "a raw control character inside a string", json, '{"id":7,"presence_stats":{"channel":"open:\u0001"}}');
violation("C1.15", "a number with a leading zero", json, '{"id":07,"presence_stats":{"channel":"open:a"}}');
violation("C1.16", "single quotes", json, "{'id':7,'presence_stats':{'channel':'open:a'}}");
violation("C1.17", "a comma before the closing brace", json, '{"id":7,"presence_stats":{"channel":"open:a"},}');
violation("C1.18", "a byte order mark", json, '\ufeff{"id":7,"presence_stats":{"channel":"open:a"}}');

rule("[C1.19] the commands before a broken line are answered before the close", json, async (side) => {
  const client = await side.connect();
  client.sendFrame(`{"id":7,"presence_stats":{"channel":"${side.channel("open:a")}"}}\n{"id":8,`);
  assert.notEqual((await client.reply(7))["presence_stats"], undefined);
  await client.closed(3501);
});

accepted("C1.20", "one newline at the end is allowed", json, (channel) => `{"id":7,"presence_stats":{"channel":"${channel}"}}\n`);
accepted("C1.21", "lines may end in CRLF", json, (channel) => `{"id":7,"presence_stats":{"channel":"${channel}"}}\r\n`);
accepted(
  "C1.22",
  "white space between tokens is read over",
  json,
  (channel) => ` { "id" :\t7 , "presence_stats" : { "channel" : "${channel}" } } `,
);
accepted(
  "C1.23",
  "bytes behind the object of a line are not looked at",
  json,
  (channel) => `{"id":7,"presence_stats":{"channel":"${channel}"}} and more`,
);
accepted(
  "C1.24",
  "unknown fields are skipped, at every level",
  json,
  (channel) => `{"id":7,"x":{"y":[1,{}]},"presence_stats":{"channel":"${channel}","z":null}}`,
);
accepted(
  "C1.25",
  "names and strings are read with their escapes",
  json,
  (channel) => `{"\\u0069d":7,"presence_stats":{"channel":"\\u006fpen${channel.slice(4)}"}}`,
);
accepted("C1.26", "null is an absent field", json, (channel) => `{"id":7,"presence_stats":{"channel":"${channel}"},"connect":null}`);
accepted(
  "C1.27",
  "of a field that is there twice the last one counts",
  json,
  (channel) => `{"id":5,"id":7,"presence_stats":{"channel":"x","channel":"${channel}"}}`,
);
accepted(
  "C1.28",
  "an id of 2^32-1 is the largest",
  json,
  (channel) => `{"id":4294967295,"presence_stats":{"channel":"none"}}\n{"id":7,"presence_stats":{"channel":"${channel}"}}`,
);

rule("[C1.29] a payload of 10,000 levels is read", json, async (side) => {
  const client = await side.connect();
  const depth = 10_000;
  client.sendFrame(`{"id":7,"publish":{"channel":"${side.channel("open:a")}","data":${"[".repeat(depth)}${"]".repeat(depth)}}}`);
  assert.deepEqual((await client.reply(7))["publish"], {});
});

rule("[C2.1] a command before connect ends the connection with 3501", async (side) => {
  const client = await side.open();
  client.send({ id: 1, subscribe: { channel: side.channel("open:a") } });
  await client.closed(3501);
});

rule("[C2.2] a second connect ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 9, connect: {} });
  await client.closed(3501);
});

rule("[C2.3] a pong before connect ends the connection with 3501", async (side) => {
  const client = await side.open();
  client.pong();
  await client.closed(3501);
});

rule("[C2.4] connect and the first commands may share a frame", async (side) => {
  const client = await side.open();
  client.send({ id: 1, connect: side.connectRequest() }, { id: 2, subscribe: { channel: side.channel("open:a") } });
  assert.notEqual((await client.next())["connect"], undefined);
  assert.deepEqual(await client.next(), { id: 2, subscribe: {} });
});

rule("[C4.1] a pong without a ping ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.pong();
  await client.closed(3501);
});

rule("[C5.1] a command without an id is read as a pong", async (side) => {
  const client = await side.connect();
  client.send({ subscribe: { channel: side.channel("open:a") } });
  await client.closed(3501);
});

rule("[C5.2] connect without an id does not connect", async (side) => {
  const client = await side.open();
  client.send({ connect: side.connectRequest() });
  await client.closed(3501);
});

rule("[C6.1] an id alone ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 1 });
  await client.closed(3501);
});

rule("[C6.2] the ping command ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 1, ping: {} });
  await client.closed(3501);
});

violation("C6.3", "a command that nobody knows", json, '{"id":7,"shout":{"channel":"open:a"}}');

const inOrder = ["subscribe", "unsubscribe", "publish", "presence", "presence_stats", "history"] as const;
for (const [index, first] of inOrder.entries()) {
  const second = inOrder[index + 1];
  if (second === undefined) continue;
  rule(`[C7.${index + 1}] of ${first} and ${second} in one command ${first} is taken`, async (side) => {
    const client = await side.connect();
    const channel = side.channel("open:a");
    const request = (method: string) => (method === "publish" ? { channel, data: 1 } : { channel });
    client.send({ id: 7, [second]: request(second), [first]: request(first) });
    const reply = await client.reply(7);
    assert.deepEqual(Object.keys(reply), ["id", first]);
  });
}

rule("[C7.6] history is taken before rpc, and rpc before send", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, history: { channel: side.channel("hist:a") }, rpc: { method: "x" } });
  assert.notEqual((await client.reply(7))["history"], undefined);
  client.send({ id: 8, rpc: { method: "x" }, send: { data: 1 } });
  assert.equal((await client.reply(8))["error"].code, 108);
});

rule("[C7.7] connect is taken before everything else", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, connect: {}, presence_stats: { channel: side.channel("open:a") } });
  await client.closed(3501);
});

rule("[C8.1] several commands of one frame are answered in their order, each with its id", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  client.send({ id: 70, subscribe: { channel } }, { id: 5, presence_stats: { channel } }, { id: 70, unsubscribe: { channel } });
  assert.deepEqual([(await client.next())["id"], (await client.next())["id"], (await client.next())["id"]], [70, 5, 70]);
});

rule("[C8.2] a thousand commands of one frame are all answered, in order", async (side) => {
  const client = await side.connect();
  client.send(...Array.from({ length: 1_000 }, (_, i) => ({ id: i + 10, unsubscribe: { channel: "a" } })));
  for (let id = 10; id < 1_010; id++) assert.deepEqual(await client.next(), { id, unsubscribe: {} });
});

rule("[C8.3] commands behind one that ends the connection are not done", async (side) => {
  const listener = await side.connect();
  const channel = side.channel("open:a");
  await listener.subscribe(channel);
  const client = await side.connect();
  client.send({ id: 7, subscribe: { channel: "" } }, { id: 8, publish: { channel, data: 1 } });
  await client.closed(3501);
  await listener.silent(60);
});

violation("C10.1", "a length longer than the rest of the frame", protobuf, Uint8Array.of(20, 0x08, 7));
violation("C10.2", "a length of eleven bytes", protobuf, Uint8Array.of(...new Array(10).fill(0x80), 1));
violation("C10.3", "a message that is cut", protobuf, Uint8Array.of(2, 0x08, 0x80));
violation("C10.4", "a field of the wrong wire type", protobuf, delimited(Uint8Array.of(0x0a, 1, 7)));
violation("C10.5", "a group that is not closed", protobuf, delimited(Uint8Array.of(0x08, 7, 0xfb, 0x07)));
violation("C10.6", "a field number of zero", protobuf, delimited(Uint8Array.of(0x08, 7, 0x00, 1)));

/** `presence_stats` of a channel with more bytes inside the command. */
function stats(channel: string, id: number | bigint, ...more: readonly number[]): Buffer {
  const request = encodeMessage(commandType, { presence_stats: { channel } });
  return delimited(Buffer.concat([Buffer.from([0x08]), varint(id), request, Buffer.from(more)]));
}

accepted("C10.7", "an unknown field is skipped", protobuf, (channel) => stats(channel, 7, 0xfa, 0x07, 2, 1, 2));
accepted("C10.8", "a field that is there twice: the last one counts", protobuf, (channel) => stats(channel, 5, 0x08, 7));
accepted("C10.9", "an id above uint32 is taken modulo 2^32", protobuf, (channel) => stats(channel, (1n << 32n) + 7n));
accepted("C10.10", "a varint longer than it need be is read", protobuf, (channel) => stats(channel, 5, 0x08, 0x87, 0x80, 0x00));

rule("[C10.11] invalid UTF-8 in a channel is accepted by the decoder and refused by the name rules with 107", protobuf, async (side) => {
  const client = await side.connect();
  client.sendFrame(delimited(Uint8Array.of(0x08, 7, 0x2a, 7, 0x0a, 5, 0x6f, 0x70, 0xff, 0xfe, 0x61)));
  assert.equal((await client.reply(7))["error"].code, 107);
});

rule("[C10.12] a message of length zero is a pong", protobuf, async (side) => {
  const client = await side.connect();
  client.sendFrame(Uint8Array.of(0));
  await client.closed(3501);
});

violation("C11.1", "JSON on a Protobuf connection", protobuf, '{"id":7,"presence_stats":{"channel":"open:a"}}');
violation("C11.2", "Protobuf on a JSON connection", json, stats("open:a", 7));

rule("[C11.3] the kind of frame is not looked at: binary for JSON, text for Protobuf", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  const frame = side.format.encode([{ id: 7, presence_stats: { channel } }]);
  client.sendFrame(frame, side.format.name === "json" ? opcodes.binary : opcodes.text);
  assert.notEqual((await client.reply(7))["presence_stats"], undefined);
});

rule("[PR1.1] JSON leaves in text frames, Protobuf in binary ones", async (side) => {
  const client = await side.connect();
  assert.equal(client.lastOpcode, side.format.opcode);
});

rule("[PR1.2] what the server sends ends without a newline", json, async (side) => {
  const client = await side.connect();
  client.send({ id: 7, unsubscribe: { channel: "a" } }, { id: 8, unsubscribe: { channel: "a" } });
  await client.reply(8);
  for (const frame of client.frames) assert.notEqual(frame.at(-1), 0x0a);
});

rule("[PR1.3] a frame joins at most 16 messages", async (side) => {
  const client = await side.connect();
  client.send(...Array.from({ length: 100 }, (_, i) => ({ id: i + 10, unsubscribe: { channel: "a" } })));
  await client.reply(109);
  for (const frame of client.frames) assert.ok(side.format.decode(frame).length <= 16);
});

const prefixes: readonly (readonly [string, bigint])[] = [
  ["4 GiB", 1n << 32n],
  ["64 GiB", 1n << 36n],
  ["2^63", 1n << 63n],
  ["2^64 - 4", (1n << 64n) - 4n],
];
for (const [index, [name, length]] of prefixes.entries()) {
  rule(
    `[C20.${index + 1}] a length of ${name} before connect, in a frame of twenty bytes, ends the connection with 3501`,
    protobuf,
    async (side) => {
      const client = await side.open();
      client.sendFrame(Buffer.concat([varint(length), Buffer.alloc(20, 8)]).subarray(0, 20));
      await client.closed(3501);
    },
  );
}

export default group;
