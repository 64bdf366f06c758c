import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeReplies, raw } from "../../testing/index.ts";
import { jsonCodec } from "../json/codec.ts";
import type { Push } from "../push.ts";
import type { ConnectResult, Reply, SubscribeResult } from "../reply.ts";
import type { ClientInfo, Publication } from "../values.ts";
import { protobufCodec } from "./codec.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const push = (what: Push) => protobufCodec.push(what)?.payload as Uint8Array;
const reply = (what: Reply) => protobufCodec.reply(what)?.payload as Uint8Array;

/** Our bytes as a foreign decoder reads them, and our JSON as JSON: both formats say the same. */
function saysTheSame(ours: Uint8Array, json: unknown): void {
  assert.deepEqual(decodeReplies(ours), [JSON.parse(String(json))]);
}

const info: ClientInfo = { user: "ann", client: "c-1", connInfo: bytes('{"a":1}'), chanInfo: bytes("[2]") };
const publication: Publication = {
  data: bytes('{"bar":41.5}'),
  offset: 9_007_199_254_740_991,
  info,
  tags: { at: "1", late: "", é: "ü".repeat(40) },
  version: 4_294_967_296,
  key: "k",
  removed: true,
  delta: true,
};
const subscribed: SubscribeResult = {
  expires: true,
  ttl: 3_600,
  recoverable: true,
  epoch: "epoch",
  publications: [publication, { data: bytes("1"), offset: 1 }],
  recovered: true,
  offset: 128,
  positioned: true,
  data: bytes('"d"'),
  wasRecovering: true,
  delta: true,
  type: 1,
  phase: 2,
  cursor: "next",
  state: [{ data: bytes("2"), offset: 2, key: "k" }],
};
const connected: ConnectResult = {
  client: "0b3c",
  version: "0.1.0 Fleetcast",
  expires: true,
  ttl: 60,
  data: bytes("[]"),
  subs: new Map([
    ["news:é", subscribed],
    ["empty", {}],
  ]),
  ping: 25,
  pong: true,
  session: "s",
  node: "n",
  time: 1_795_000_000_000,
};

const replies: readonly Reply[] = [
  { kind: "error", id: 4_294_967_295, error: { code: 103, message: "permission denied", temporary: false } },
  { kind: "error", id: 1, error: { code: 100, message: "internal server error", temporary: true } },
  { kind: "connect", id: 2, result: connected },
  { kind: "connect", id: 2, result: { client: "c", version: "v", ping: 0, pong: false } },
  { kind: "subscribe", id: 3, result: subscribed },
  { kind: "subscribe", id: 3, result: {} },
  { kind: "unsubscribe", id: 4 },
  { kind: "publish", id: 5 },
  {
    kind: "presence",
    id: 6,
    result: {
      presence: new Map([
        ["c-1", info],
        ["c-2", { user: "", client: "c-2" }],
      ]),
    },
  },
  { kind: "presence", id: 6, result: { presence: new Map() } },
  { kind: "presence_stats", id: 7, result: { numClients: 300, numUsers: 0 } },
  { kind: "history", id: 8, result: { publications: [publication, publication], epoch: "e", offset: 2 } },
  { kind: "history", id: 8, result: { publications: [], epoch: "", offset: 0 } },
  { kind: "rpc", id: 9, data: bytes("{}") },
  { kind: "rpc", id: 9, data: undefined },
  { kind: "refresh", id: 10, result: { expires: true, ttl: 60 } },
  { kind: "refresh", id: 10, result: {} },
  { kind: "sub_refresh", id: 11, result: { expires: true, ttl: 60 } },
  { kind: "sub_refresh", id: 11, result: { items: [publication, { data: bytes("1"), offset: 0, key: "k", version: 7 }] } },
  { kind: "sub_refresh", id: 11, result: {} },
];

const pushes: readonly Push[] = [
  { kind: "publication", channel: "news:a", publication, epoch: "e" },
  { kind: "publication", channel: "", publication: { data: bytes("0"), offset: 0 } },
  { kind: "join", channel: "c", info },
  { kind: "leave", channel: "c", info: { user: "", client: "" } },
  { kind: "unsubscribe", channel: "c", unsubscribe: { code: 2_500, reason: "insufficient state" } },
  { kind: "unsubscribe", channel: "", unsubscribe: { code: 2_000, reason: "server unsubscribe" } },
  { kind: "subscribe", channel: "c", subscribe: { recoverable: true, epoch: "e", offset: 7, positioned: true, data: bytes("1") } },
  { kind: "subscribe", channel: "c", subscribe: {} },
  { kind: "refresh", refresh: { expires: true, ttl: 5 } },
  { kind: "refresh", refresh: {} },
  { kind: "connect", connect: connected },
  { kind: "disconnect", disconnect: { code: 3_501, reason: "bad request" } },
];

test("[PR14] every reply and push, read by a decoder that is not ours, says what the JSON protocol says", () => {
  for (const what of replies) saysTheSame(reply(what), jsonCodec.reply(what)?.payload);
  for (const what of pushes) saysTheSame(push(what), jsonCodec.push(what)?.payload);
});

test("[PR14] messages one behind another are one frame, and their sizes are told", () => {
  const messages = [...replies.map((what) => protobufCodec.reply(what)), ...pushes.map((what) => protobufCodec.push(what))];
  for (const message of messages) assert.equal(message?.sizeBytes, message?.payload.length);
  const frame = protobufCodec.join(messages.map((message) => message?.payload ?? "")) as Uint8Array;
  assert.equal(
    frame.length,
    messages.reduce((sum, message) => sum + (message?.sizeBytes ?? 0), 0),
  );
  assert.deepEqual(
    decodeReplies(frame),
    [...replies.map((what) => jsonCodec.reply(what)), ...pushes.map((what) => jsonCodec.push(what))].map((m) =>
      JSON.parse(String(m?.payload)),
    ),
  );
  assert.equal(protobufCodec.separatorBytes, 0);
});

test("[PR15] a ping is the single byte 0; results without content are there with length 0, and zero values are left out", () => {
  assert.deepEqual(protobufCodec.ping, { payload: new Uint8Array([0]), sizeBytes: 1 });
  assert.deepEqual(reply({ kind: "publish", id: 3 }), new Uint8Array([4, 0x08, 3, 0x42, 0]));
  assert.deepEqual(reply({ kind: "unsubscribe", id: 3 }), new Uint8Array([4, 0x08, 3, 0x3a, 0]));
  assert.deepEqual(reply({ kind: "rpc", id: 3, data: new Uint8Array() }), new Uint8Array([4, 0x08, 3, 0x6a, 0]));
  assert.deepEqual(reply({ kind: "presence_stats", id: 3, result: { numClients: 0, numUsers: 0 } }), new Uint8Array([4, 0x08, 3, 0x52, 0]));
  assert.deepEqual(
    push({ kind: "publication", channel: "c", publication: { data: bytes("1"), offset: 0 } }),
    raw.delimited(raw.message(4, raw.text(2, "c"), raw.message(4, raw.text(4, "1")))),
  );
  assert.deepEqual(push({ kind: "refresh", refresh: {} }), raw.delimited(raw.message(4, raw.message(12))));
});

test("[PR16] [P5] payloads are any bytes, and leave as they came", () => {
  const data = new Uint8Array(300).map((_, index) => index);
  const [message] = decodeReplies(push({ kind: "publication", channel: "c", publication: { data, offset: 1 } }));
  assert.deepEqual(message?.["push"]["pub"]["data"], data);
  const text = bytes('{\n "a" : 1.0 }\n');
  assert.ok(Buffer.from(push({ kind: "publication", channel: "c", publication: { data: text, offset: 1 } })).includes(Buffer.from(text)));
});

test("[PR17] messages of any size: the memory that a large one needed is not kept, and the next ones are right", () => {
  for (const size of [0, 1, 127, 128, 4_000, 16_384, 70_000, 3_000_000, 5]) {
    const data = new Uint8Array(size).fill(0xab);
    const [message] = decodeReplies(
      push({
        kind: "publication",
        channel: "x".repeat(size % 5_000),
        publication: { data, offset: size, tags: { n: "é".repeat(size % 999) } },
      }),
    );
    assert.equal(message?.["push"]["channel"]?.length ?? 0, size % 5_000);
    assert.deepEqual(message?.["push"]["pub"]["data"]?.length ?? 0, size);
    assert.equal(message?.["push"]["pub"]["tags"]["n"].length, size % 999);
  }
});

test("texts are UTF-8, and a lone surrogate is U+FFFD", () => {
  for (const channel of ["é", "😀".repeat(20), "a\ud800b", `${"a".repeat(23)}é`, "\u0000", "x".repeat(24), "x".repeat(25)]) {
    const [message] = decodeReplies(push({ kind: "publication", channel, publication: { data: bytes("1"), offset: 1 } }));
    assert.equal(message?.["push"]["channel"], channel.toWellFormed());
  }
});
