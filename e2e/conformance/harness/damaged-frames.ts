import { Reader } from "protobufjs";
import { type Client, pause } from "./client.ts";
import { Dice } from "./random-session.ts";
import { opcodes } from "./raw-websocket.ts";
import type { Side } from "./side.ts";
import type { Wire } from "./wire-format.ts";

/**
 * Commands with a few bytes damaged, one frame after another, and what each is answered with. Binary frames in both formats:
 * the kind of frame is not looked at, and in a text frame the runtime would judge the bytes first.
 */
export async function sendDamaged(side: Side, seed: number, count: number): Promise<void> {
  const dice = new Dice(seed);
  let client = await side.connect();
  side.note("damage", `seed ${seed}`);
  for (let i = 0; i < count; i++) {
    const frame = damaged(side, dice, i);
    if (isKnownDifference(side, frame)) continue;
    if (client.ending !== undefined) client = await side.connect();
    client.note(side.format.name === "json" ? JSON.stringify(frame.toString("latin1")) : frame.toString("hex"), "said");
    client.note(`frame ${i}`, "compared");
    client.sendFrame(frame, opcodes.binary);
    await answered(client);
  }
}

/**
 * A frame is answered or ends the connection. The real server may answer what was sent behind a mistake before it closes, so
 * nothing is sent until the close had its time.
 */
async function answered(client: Client): Promise<void> {
  const before = client.messages.length;
  for (let waitedMs = 0; waitedMs < 3_000 && client.ending === undefined && client.messages.length === before; waitedMs += 2)
    await pause(2);
  if (client.ending === undefined) await pause(6);
}

function commandOf(side: Side, dice: Dice, id: number): Wire {
  const channel = `${dice.oneOf(["open", "hist", "any", "rec", "closed"])}:a-${side.tag.slice(0, -1)}`; // the same on both sides, to the byte
  const request = dice.oneOf<Wire>([
    { subscribe: { channel, recover: true, epoch: "abc", offset: 300, flag: 2, join_leave: true } },
    { subscribe: { channel, token: "a.b.c", positioned: true, delta: "fossil", data: { a: [1, "x"] } } },
    { subscribe: { channel, tf: { op: "and", nodes: [{ key: "k", cmp: "in", vals: ["a", "b"] }] } } },
    { unsubscribe: { channel } },
    { publish: { channel, data: { v: 1.5, s: "text", n: null, t: true } } },
    { presence: { channel } },
    { presence_stats: { channel } },
    { history: { channel, limit: 5, since: { offset: 3, epoch: "" }, reverse: true } },
    { rpc: { method: "hello", data: [1] } },
    { send: { data: "x" } },
    // No refresh: the close of a bad token may be overtaken by the 3501 for what stands behind it in the frame.
    { sub_refresh: { channel, token: "a.b", track: [{ signature: "s", items: [{ key: "k", version: 7 }] }] } },
    { connect: { token: "t", subs: { [channel]: { recover: true } }, headers: { a: "b" } } },
  ]);
  return { id, ...request };
}

const jsonBytes = [...Buffer.from('{}[]",:\\0123456789eE+-.tfnu/ \t\n\r\x00\x7f\xc3\xa9\xff')];

function damaged(side: Side, dice: Dice, index: number): Buffer {
  const isJson = side.format.name === "json";
  let frame = side.format.encode([commandOf(side, dice, 10 + index)]);
  for (let times = 1 + dice.below(3); times > 0; times--) {
    const at = dice.below(frame.length + 1);
    const byte = isJson ? dice.oneOf(jsonBytes) : dice.oneOf([dice.below(256), dice.below(32), 0, 1, 0x80, 0xff]);
    const length = 1 + dice.below(4);
    switch (dice.below(5)) {
      case 0: // another byte
        if (at < frame.length) frame[at] = byte;
        break;
      case 1: // one more
        frame = Buffer.concat([frame.subarray(0, at), Buffer.from([byte]), frame.subarray(at)]);
        break;
      case 2: // some fewer
        frame = Buffer.concat([frame.subarray(0, at), frame.subarray(at + length)]);
        break;
      case 3: // some twice
        frame = Buffer.concat([frame.subarray(0, at + length), frame.subarray(at)]);
        break;
      case 4: // cut
        if (dice.once(3)) frame = Buffer.from(frame.subarray(0, at));
    }
  }
  return frame;
}

/** What stands in docs/spec/deviations.md, and is looked at by rules of its own. */
function isKnownDifference(side: Side, frame: Buffer): boolean {
  return side.format.name === "json" ? hasWideInteger(frame) || publishesNoUtf8(frame) : endsBehindLength(frame);
}

/** An integer above 64 bits. */
const hasWideInteger = (frame: Buffer): boolean => /\d{19}/.test(frame.toString("latin1"));

const publishesNoUtf8 = (frame: Buffer): boolean => frame.includes("publish") && !Buffer.from(frame.toString("utf8")).equals(frame);

/** Whole messages, and then a length with nothing behind it. */
function endsBehindLength(frame: Buffer): boolean {
  const reader = Reader.create(frame);
  try {
    while (reader.pos < reader.len) {
      const begin = reader.pos;
      const size = reader.uint32();
      if (reader.pos === reader.len && size > 0) return begin > 0;
      reader.skip(size);
    }
  } catch {
    // A broken length, or one that leads beyond the end: both say 3501.
  }
  return false;
}
