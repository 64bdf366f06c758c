import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { conformance } from "../harness/rule.ts";
import type { Side } from "../harness/side.ts";
import { raw, type Wire } from "../harness/wire-format.ts";

const { group, rule } = conformance({
  name: "publish",
  title: "Publishing by clients, and what subscribers get",
  about: "Who may publish, what a payload may be, and what arrives.",
  config: standard,
});

function refused(id: string, what: string, code: number, request: (channel: (name: string) => string) => Wire): void {
  rule(`[${id}] ${what}: error ${code}`, async (side) => {
    const client = await side.connect();
    await client.refused(
      "publish",
      request((name) => side.channel(name)),
      code,
    );
  });
}

rule("[C21.1] a publish to an empty channel ends the connection with 3501", async (side) => {
  const client = await side.connect();
  client.send({ id: 7, publish: { channel: "", data: 1 } });
  await client.closed(3501);
});

refused("C21.2", "an unknown namespace", 102, (channel) => ({ channel: channel("nowhere:a"), data: 1 }));
refused("C21.3", "a namespace that lets nobody publish", 103, (channel) => ({ channel: channel("plain:a"), data: 1 }));
refused("C21.4", "no data", 107, (channel) => ({ channel: channel("open:a") }));
refused("C21.5", "no data where nothing is allowed: the data is looked at first", 107, (channel) => ({ channel: channel("plain:a") }));
refused("C21.6", "no data in an unknown namespace: the namespace is looked at first", 102, (channel) => ({
  channel: channel("nowhere:a"),
}));
refused("C21.7", "a name that breaks the rules", 107, (channel) => ({ channel: `${channel("open:a")}ü`, data: 1 }));
refused("C21.8", "an array where an object is asked", 107, (channel) => ({ channel: channel("obj:a"), data: [1] }));
refused("C21.9", "a number where an object is asked", 107, (channel) => ({ channel: channel("obj:a"), data: 1 }));
refused("C21.10", "null where an object is asked", 107, (channel) => ({ channel: channel("obj:a"), data: null }));

rule("[C21.11] an object where an object is asked", async (side) => {
  const client = await side.connect();
  await client.ok("publish", { channel: side.channel("obj:a"), data: { a: 1 } });
});

rule("[C21.12] any JSON where JSON is asked", async (side) => {
  const client = await side.connect();
  for (const data of [1, "text", [1], { a: null }, true]) await client.ok("publish", { channel: side.channel("json:a"), data });
});

rule("[C21.13] null is data", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  client.send({ id: 7, publish: { channel, data: raw("null") } });
  await client.reply(7);
});

rule("[C21.14] no data at all where any bytes are allowed", async (side) => {
  const client = await side.connect();
  const channel = side.channel("bin:a");
  await client.subscribe(channel);
  await client.ok("publish", { channel });
  await client.push("pub", channel);
});

rule("[C21.15] bytes that are no JSON where JSON is asked: error 107", { formats: ["protobuf"] }, async (side) => {
  const client = await side.connect();
  await client.refused("publish", { channel: side.channel("json:a"), data: raw(Uint8Array.of(0xff, 0)) }, 107);
  await client.refused("publish", { channel: side.channel("json:a"), data: raw('{"a":') }, 107);
  await client.refused("publish", { channel: side.channel("json:a"), data: raw("1 2") }, 107);
});

rule("[C21.16] any bytes where the namespace asks for nothing", { formats: ["protobuf"] }, async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  await client.ok("publish", { channel, data: raw(Uint8Array.of(0xff, 0, 1)) });
  assert.deepEqual((await client.push("pub", channel))["data"], { bytes: "ff0001" });
});

rule("[C21.17] a payload that JSON cannot carry ends its JSON subscribers with 3506, others get it", async (side) => {
  const client = await side.connect();
  const channel = side.channel("bin:a");
  await client.subscribe(channel);
  await side.api("publish", { channel, b64data: Buffer.from([0xff, 0, 1]).toString("base64") });
  if (side.format.name === "json") await client.closed(3506);
  else assert.deepEqual((await client.push("pub", channel))["data"], { bytes: "ff0001" });
});

rule("[PB1.1] allow_publish_for_client is for users, not for nobody", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.refused("publish", { channel: side.channel("open:a"), data: 1 }, 103);
});

rule("[PB1.2] allow_publish_for_anonymous widens it", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.ok("publish", { channel: side.channel("anon:a"), data: 1 });
});

rule("[PB1.3] alone it grants nothing", async (side) => {
  const nobody = await side.connect({ user: "" });
  await nobody.refused("publish", { channel: side.channel("lone:a"), data: 1 }, 103);
});

rule("[PB1.4] allow_publish_for_subscriber is for who is subscribed, and while it is", async (side) => {
  const client = await side.connect();
  const channel = side.channel("subs:a");
  await client.refused("publish", { channel, data: 1 }, 103);
  await client.subscribe(channel);
  await client.ok("publish", { channel, data: 1 });
  await client.ok("unsubscribe", { channel });
  await client.refused("publish", { channel, data: 1 }, 103);
});

rule("[PB1.5] a server-side subscription counts, too", async (side) => {
  const channel = side.channel("subs:a");
  const client = await side.connect({ claims: { channels: [channel] } });
  await client.ok("publish", { channel, data: 1 });
});

rule("[PB1.6] a publisher needs no subscription where clients may publish", async (side) => {
  const client = await side.connect();
  await client.ok("publish", { channel: side.channel("open:a"), data: 1 });
});

rule("[PB1.7] neither `$` nor a user's channel is closed to publishing by its name", async (side) => {
  const client = await side.connect();
  await client.ok("publish", { channel: `$${side.channel("open:a")}`, data: 1 });
  await client.ok("publish", { channel: `open:a#${side.user("bob")}`, data: 1 });
});

rule("[PB1.8] a subscriber of a user-limited channel may publish where subscribers may", async (side) => {
  const client = await side.connect();
  const channel = `mine:a#${side.user()}`;
  await client.subscribe(channel);
  await client.ok("publish", { channel, data: 1 });
});

rule("[PB2.1] a subscribed publisher sees its publication before the reply", async (side) => {
  const client = await side.connect();
  const channel = side.channel("open:a");
  await client.subscribe(channel);
  client.send({ id: 7, publish: { channel, data: { v: 1 } } });
  assert.equal((await client.next())["push"].pub.data.v, 1);
  assert.deepEqual(await client.next(), { id: 7, publish: {} });
});

rule("[PB2.2] a client's publication names its publisher, with conn_info and, where subscribed, chan_info", async (side) => {
  const channel = side.channel("open:a");
  const listener = await side.connect({ user: side.user("bob") });
  await listener.subscribe(channel);
  const stranger = await side.connect({ claims: { info: { n: 1 } } });
  await stranger.ok("publish", { channel, data: 1 });
  assert.deepEqual(await listener.push("pub", channel), { data: 1, info: { user: side.user(), client: stranger.id, conn_info: { n: 1 } } });
  await stranger.subscribe(channel, { token: side.subscriptionToken(channel, { info: { m: 2 } }) });
  await stranger.ok("publish", { channel, data: 2 });
  const { info } = await listener.push("pub", channel);
  assert.deepEqual(info, { user: side.user(), client: stranger.id, conn_info: { n: 1 }, chan_info: { m: 2 } });
});

rule("[PB2.3] nobody's publication names nobody", async (side) => {
  const channel = side.channel("anon:a");
  const client = await side.connect({ user: "" });
  await client.subscribe(channel);
  await client.ok("publish", { channel, data: 1 });
  assert.deepEqual(
    (await client.push("pub", channel))["info"],
    side.format.name === "json" ? { user: "", client: client.id } : { client: client.id },
  );
});

rule("[PB2.4] the server API's publication names nobody", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, { v: 1 });
  assert.deepEqual(await client.push("pub", channel), { data: { v: 1 } });
});

rule("[PB2.5] where history is kept, the publication has an offset, and the reply has none", async (side) => {
  const channel = side.channel("hist:a");
  const client = await side.connect();
  await client.subscribe(channel);
  assert.deepEqual(await client.ok("publish", { channel, data: 1 }), {});
  assert.equal((await client.push("pub", channel))["offset"], 1);
});

rule("[PS1.1] the live push of offset 1 names the epoch, no other does", async (side) => {
  const channel = side.channel("rec:a");
  const client = await side.connect();
  const { epoch } = await client.subscribe(channel);
  await side.publish(channel, 1);
  await side.publish(channel, 2);
  assert.deepEqual(await client.push("pub", channel), { data: 1, offset: 1, epoch });
  assert.deepEqual(await client.push("pub", channel), { data: 2, offset: 2 });
});

rule("[PS1.2] also towards subscribers that watch no position", async (side) => {
  const channel = side.channel("plain:a");
  const client = await side.connect();
  await client.subscribe(channel);
  const { epoch } = await side.publish(channel, 1);
  assert.deepEqual(await client.push("pub", channel), { data: 1, offset: 1, epoch });
});

const payloads: readonly (readonly [string, string])[] = [
  ["numbers stay as they were written", '{"a":1.0,"b":9007199254740993,"c":-0,"d":1e999}'],
  ["repeated names stay", '{"a":1,"a":2}'],
  ["names that look like numbers keep their order", '{"b":1,"2":1,"1":1}'],
  ["escapes stay", '"\\u00fc\\/\\ud800 <&>"'],
  ["white space stays", '{ "a" :\t[ 1 , 2 ] }'],
  ["letters of all kinds stay", '"ü漢字🙂\u2028\u007f"'],
];
for (const [index, [what, text]] of payloads.entries()) {
  rule(`[P5.${index + 1}] ${what}`, async (side) => {
    const channel = side.channel("open:a");
    const client = await side.connect();
    await client.subscribe(channel);
    client.send({ id: 7, publish: { channel, data: raw(text) } });
    await client.reply(7);
    assert.ok(client.frames.some((frame) => frame.includes(text)));
  });
}

rule("[P5.7] raw newlines between tokens go towards JSON clients and stay towards Protobuf clients", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.apiAnswer("publish", `{"channel":"${channel}","data":{"a":\n [1,\n2]}}`);
  await client.push("pub", channel);
});

/** A payload with carriage returns between its tokens reaches its subscriber. */
async function carriageReturns(side: Side): Promise<string> {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.apiAnswer("publish", `{"channel":"${channel}","data":[1,\r\n2]}`);
  await client.push("pub", channel);
  return client.frames.at(-1)!.toString("latin1");
}

rule("[P5.9] carriage returns between tokens stay", async (side) => {
  const sent = side.format.name === "json" ? "[1,\r2]" : "[1,\r\n2]";
  assert.ok((await carriageReturns(side)).includes(sent));
});

rule("[P5.8] a payload of 60,000 bytes arrives whole", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  const text = "x".repeat(60_000);
  await client.ok("publish", { channel, data: text });
  assert.equal((await client.push("pub", channel))["data"], text);
});

rule(
  "[C21.18] bytes that are no UTF-8 inside the data of a JSON client",
  {
    formats: ["json"],
    differs: {
      deviation: "invalid UTF-8 inside the `data` of a client's publish",
      real: async (side) => {
        const client = await side.connect();
        client.sendFrame(
          Buffer.concat([
            Buffer.from(`{"id":7,"publish":{"channel":"${side.channel("open:a")}","data":"`),
            Buffer.from([0xff]),
            Buffer.from('"}}'),
          ]),
          2,
        );
        assert.deepEqual((await client.reply(7))["publish"], {});
      },
    },
  },
  async (side) => {
    const client = await side.connect();
    client.sendFrame(
      Buffer.concat([
        Buffer.from(`{"id":7,"publish":{"channel":"${side.channel("open:a")}","data":"`),
        Buffer.from([0xff]),
        Buffer.from('"}}'),
      ]),
      2,
    );
    assert.equal((await client.reply(7))["error"].code, 107);
  },
);

rule("[P4.1] all subscribers of a channel see one order", async (side) => {
  const channel = side.channel("hist:a");
  const listeners = [await side.connect(), await side.connect(), await side.connect()];
  for (const listener of listeners) await listener.subscribe(channel);
  for (let i = 1; i <= 20; i++) await side.publish(channel, i);
  for (const listener of listeners) {
    for (let i = 1; i <= 20; i++) assert.deepEqual([(await listener.push("pub", channel))["data"]], [i]);
  }
});

rule("[PB2.6] tags of the server API arrive with the publication", async (side) => {
  const channel = side.channel("hist:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1, { tags: { "a<": "b>" } });
  assert.deepEqual((await client.push("pub", channel))["tags"], { "a<": "b>" });
});

rule(
  "[PB2.7] one connection in two channels gets each publication once, in the channel it was for",
  { compare: { anyOrder: "the real one publishes a broadcast in any order" } },
  async (side) => {
    const [a, b] = [side.channel("open:a"), side.channel("open:b")];
    const client = await side.connect();
    await client.subscribe(a);
    await client.subscribe(b);
    await side.api("broadcast", { channels: [a, b], data: { v: 1 } });
    assert.deepEqual(await client.push("pub", a), { data: { v: 1 } });
    assert.deepEqual(await client.push("pub", b), { data: { v: 1 } });
    await client.silent(50);
  },
);

rule("[PB2.8] after unsubscribe nothing more comes", async (side) => {
  const channel = side.channel("open:a");
  const client = await side.connect();
  await client.subscribe(channel);
  await client.ok("unsubscribe", { channel });
  await side.publish(channel, 1);
  await client.silent(80);
});

rule("[PB2.9] the official client publishes and hears itself", async (side) => {
  const channel = side.channel("open:a");
  const sdk = side.sdk();
  await sdk.connect();
  await sdk.subscribe(channel);
  await sdk.call("publish", { channel, data: { v: 1 } });
  assert.deepEqual((await sdk.next("publication")).data, { v: 1 });
});

export default group;
