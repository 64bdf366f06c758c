import assert from "node:assert/strict";
import { standard } from "../configs/standard.ts";
import { opcodes } from "../harness/raw-websocket.ts";
import { conformance } from "../harness/rule.ts";

const { group, rule } = conformance({
  name: "names",
  title: "Names of channels",
  about: "Which names a client may use. The server API and tokens are not held to these rules.",
  config: standard,
});

/** A client's subscribe to this channel succeeds (0) or is refused. */
function name(id: string, what: string, code: number, channel: (tag: string) => string): void {
  rule(`[${id}] ${what}${code === 0 ? "" : `: error ${code}`}`, async (side) => {
    const client = await side.connect();
    const request = { channel: channel(side.tag) };
    if (code === 0) await client.ok("subscribe", request);
    else await client.refused("subscribe", request, code);
  });
}

name("C18.1", "a letter outside ASCII without channel_regex", 107, (tag) => `open:ü${tag}`);
name("C18.2", "the same without a namespace", 107, (tag) => `ü${tag}`);
name("C18.3", "channel_regex alone decides which letters", 0, (tag) => `any:ü漢字🙂${tag}`);
name("C18.4", "a name that channel_regex does not match", 107, (tag) => `re:A-${tag}`);
name("C18.5", "it is matched against what follows the boundary", 0, (tag) => `re:abc-${tag}`);
name("C18.6", "it is not anchored by itself", 0, (tag) => `unanchored:aXYxyz${tag}`);
name("C18.7", "and has to match somewhere", 107, (tag) => `unanchored:abc${tag}`);
name("C18.8", "Go's named groups are understood", 0, (tag) => `named:abc-${tag}`);
name("C18.9", "`$` is not part of what is matched, the token still wanted", 103, (tag) => `$re:abc-${tag}`);
name("C18.10", "spaces, quotes, slashes and stars are characters", 0, (tag) => `open: "a" / * ? ${tag}`);
name("C18.11", "U+0000 is a character of ASCII", 0, (tag) => `open:a\0b${tag}`);
name("C18.12", "DEL and control characters, too", 0, (tag) => `open:\u007f\u0001\n${tag}`);
name("C18.13", "U+0080 is none", 107, (tag) => `open:\u0080${tag}`);
name("C18.14", "right to left marks pass where the regex says so", 0, (tag) => `any:\u202e${tag}`);
name("C18.15", "`__proto__` as a namespace is unknown", 102, (tag) => `__proto__:${tag}`);
name("C18.16", "`constructor` as a namespace is unknown", 102, (tag) => `constructor:${tag}`);
name("C18.17", "`__proto__` as a name is a name", 0, () => "open:__proto__");
name("C18.18", "`constructor` without a namespace is a name", 0, () => "constructor");
name("C18.19", "the namespace ends at the first boundary", 0, (tag) => `open:a:nowhere:${tag}`);
name("C18.20", "a boundary at the very beginning ends no namespace", 0, (tag) => `:a${tag}`);
name("C18.21", "nothing behind the boundary is a name", 0, () => "open:");
name("C18.22", "namespaces are told apart by case", 102, (tag) => `Open:${tag}`);
name("C18.23", "`#` at the beginning needs no user where it has no meaning", 0, (tag) => `open:#${tag}`);

rule("[C18.24] two spellings of one letter are two channels", async (side) => {
  const client = await side.connect();
  const [composed, decomposed] = [`any:\u00fc${side.tag}`, `any:u\u0308${side.tag}`];
  await client.subscribe(composed);
  await client.subscribe(decomposed);
  await side.publish(composed, 1);
  assert.deepEqual(await client.push("pub", composed), { data: 1 });
  assert.deepEqual(client.pushed("pub", decomposed), []);
});

rule("[C18.25] publish, presence, presence_stats and history are held to the names, too", async (side) => {
  const client = await side.connect();
  const channel = `re:A-${side.tag}`;
  await client.refused("publish", { channel, data: 1 }, 107);
  await client.refused("presence", { channel }, 107);
  await client.refused("presence_stats", { channel }, 107);
  await client.refused("history", { channel }, 107);
});

rule("[C18.26] unsubscribe is not", async (side) => {
  const client = await side.connect();
  await client.ok("unsubscribe", { channel: "re:A" });
  await client.ok("unsubscribe", { channel: "nowhere:a" });
  await client.ok("unsubscribe", { channel: "open:ü" });
});

rule("[C18.27] the server API is not: it reaches every name of a known namespace", async (side) => {
  const channel = `re:Ü ${side.tag}`;
  const client = await side.connect({ claims: { channels: [channel] } });
  await side.publish(channel, 1);
  assert.equal((await client.push("pub", channel))["data"], 1);
});

rule("[C18.28] a name leaves as it came, HTML's own characters and all", async (side) => {
  const channel = `open:<a>&'\u0001"${side.tag}`;
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1);
  assert.deepEqual(await client.push("pub", channel), { data: 1 });
});

rule("[PR4.1] U+2028, U+2029 and letters of all kinds in names are written alike", async (side) => {
  const channel = `any:\u2028\u2029é漢🙂\u007f${side.tag}`;
  const client = await side.connect();
  await client.subscribe(channel);
  await side.publish(channel, 1);
  await client.push("pub", channel);
});

rule("[PR2.1] a lone surrogate in a name is U+FFFD", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  client.sendFrame(`{"id":7,"subscribe":{"channel":"any:\\ud800${side.tag}"}}`);
  assert.deepEqual((await client.reply(7))["subscribe"], {});
  await side.publish(`any:\ufffd${side.tag}`, 1);
  await client.push("pub", `any:\ufffd${side.tag}`);
});

/** A subscribe whose channel has a byte that is no UTF-8. */
const brokenName = (tag: string): Buffer =>
  Buffer.concat([Buffer.from('{"id":7,"subscribe":{"channel":"any:'), Buffer.from([0xff]), Buffer.from(`${tag}"}}`)]);

rule("[PR2.2] in a binary frame bytes that are no UTF-8 are U+FFFD in a name", { formats: ["json"] }, async (side) => {
  const client = await side.connect();
  client.sendFrame(brokenName(side.tag), opcodes.binary);
  assert.deepEqual((await client.reply(7))["subscribe"], {});
  await side.publish(`any:\ufffd${side.tag}`, 1);
  await client.push("pub", `any:\ufffd${side.tag}`);
});

rule(
  "[PR2.3] a text frame whose bytes are no UTF-8 ends the connection with 1007",
  {
    formats: ["json"],
    differs: {
      deviation: "a text frame whose bytes are not UTF-8",
      real: async (side) => {
        const client = await side.connect();
        client.sendFrame(brokenName(side.tag));
        assert.deepEqual((await client.reply(7))["subscribe"], {});
      },
    },
  },
  async (side) => {
    const client = await side.connect();
    client.sendFrame(brokenName(side.tag));
    await client.until("the close", () => client.ending);
    assert.equal(client.ending?.kind === "close" && client.ending.code, 1007);
  },
);

export default group;
