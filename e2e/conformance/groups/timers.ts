import assert from "node:assert/strict";
import { timers } from "../configs/timers.ts";
import { pause } from "../harness/client.ts";
import { opcodes } from "../harness/raw-websocket.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "timers",
  title: "Pings, and clients that do not keep up",
  about: "What the server expects of a living client, and what becomes of the others.",
  config: timers,
});

rule("[C4.10] the server pings, and a client that answers stays", async (side) => {
  const client = await side.connect();
  assert.deepEqual([client.messages[0]!["connect"].ping, client.messages[0]!["connect"].pong], [1, true]);
  await client.pinged(3);
  assert.equal(client.ending, undefined);
});

rule("[C4.11] a ping is an empty message", async (side) => {
  const client = await side.connect();
  await client.pinged();
  const frame = client.frames.at(-1)!;
  assert.deepEqual([...frame], side.format.name === "json" ? [...Buffer.from("{}")] : [0]);
});

rule("[C27.1] a client that answers no ping ends with 3012", async (side) => {
  const client = await side.connect();
  client.answersPings = false;
  await client.closed(3012, 5_000);
});

rule("[C27.2] other commands are no answer", { compare: { off: "how many are answered is different each time" } }, async (side) => {
  const client = await side.connect();
  client.answersPings = false;
  const timer = setInterval(() => client.send({ id: 9, unsubscribe: { channel: "a" } }), 100);
  side.later(() => clearInterval(timer));
  await client.until("the close", () => client.ending, 5_000);
  assert.equal(client.ending?.kind === "close" && client.ending.code, 3012);
});

rule("[C27.3] native pongs are none either", async (side) => {
  const client = await side.connect();
  client.answersPings = false;
  const timer = setInterval(() => client.socket.send(opcodes.pong, ""), 100);
  side.later(() => clearInterval(timer));
  await client.closed(3012, 5_000);
});

rule("[C4.12] two pongs for one ping end the connection with 3501", async (side) => {
  const client = await side.connect();
  await client.pinged();
  client.pong();
  await client.closed(3501);
});

rule("[C5.10] a command with id 0 is a pong where one is due: it is swallowed, and the next ends the connection", async (side) => {
  const client = await side.connect();
  client.answersPings = false;
  await client.pinged();
  client.send({ subscribe: { channel: side.channel("open:a") } });
  client.send({ id: 7, presence_stats: { channel: side.channel("open:a") } });
  assert.equal((await client.reply(7))["presence_stats"].num_clients ?? 0, 0);
  client.send({ subscribe: { channel: side.channel("open:a") } });
  await client.closed(3501);
});

rule("[C4.13] a pong may share a frame with commands", async (side) => {
  const client = await side.connect();
  client.answersPings = false;
  await client.pinged();
  client.send({}, { id: 7, unsubscribe: { channel: "a" } });
  await client.reply(7);
  client.answersPings = true;
  await client.pinged(2);
});

rule(
  "[C27.4] one message larger than queue_max_size is enough: 3008",
  { compare: { off: "at the real one it may still arrive" } },
  async (side) => {
    const channel = side.channel("open:a");
    const client = await side.connect();
    await client.subscribe(channel);
    client.socket.socket.pause();
    await side.publish(channel, "x".repeat(500_000));
    await pause(50);
    client.socket.socket.resume();
    await client.until("the end", () => client.ending);
    assert.ok(client.ending?.kind === "cut" || client.ending?.code === 3008, JSON.stringify(client.ending));
  },
);

rule(
  "[C27.5] a client that reads nothing is given up, and costs the others nothing",
  { alone: true, compare: { off: "how much a kernel takes before it says no is different each time" } },
  async (side) => {
    const channel = side.channel("open:a");
    const [frozen, healthy] = [await side.connect(), await side.connect()];
    await frozen.subscribe(channel);
    await healthy.subscribe(channel);
    frozen.socket.socket.pause();
    // More than the kernel's buffers on both sides of a loopback socket hold.
    const text = "x".repeat(30_000);
    for (let i = 0; i < 300; i++) await side.publish(channel, text);
    await side.publish(channel, "the last");
    await healthy.until("the last publication", () => healthy.pushed("pub", channel).find(({ data }) => data === "the last"));
    const gone = async (): Promise<boolean> => (await side.api("presence_stats", { channel }))["num_clients"] === 1;
    // The real server waits 5 s for the answer to its close frame before it takes the presence away.
    for (let i = 0; i < 90 && !(await gone()); i++) await pause(100);
    assert.equal(await gone(), true);
  },
);

rule("[CN4.10] the official client answers pings by itself", async (side) => {
  const sdk = side.sdk();
  await sdk.connect();
  await pause(2_500);
  assert.deepEqual(
    sdk.events.filter(({ event }) => event === "disconnected"),
    [],
  );
});

export default group;
