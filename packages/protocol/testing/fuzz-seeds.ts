import { encodeCommands, encodeMessage, type Wire } from "./independent-protobuf.ts";
import * as raw from "./raw-protobuf.ts";

/** Valid frames of the client protocol and the pieces that its formats are made of: what a mutator begins with. */

const filter: Wire = {
  op: "and",
  nodes: [
    { key: "zone", cmp: "in", vals: ["north", ""] },
    { op: "not", nodes: [{ key: "t", cmp: "gte", val: "4" }] },
  ],
};
const subscribe: Wire = {
  channel: "telemetry:VM-1",
  token: "a.b.c",
  recover: true,
  epoch: "xyzw",
  offset: 4_294_967_297,
  data: { a: [1, -2.5e3, { b: "\u00e9\n" }], n: null },
  positioned: true,
  recoverable: true,
  join_leave: true,
  delta: "fossil",
  tf: filter,
  flag: 3,
  type: 1,
  phase: 2,
  cursor: "c",
  limit: -1,
  asc: true,
};

/** Each list is one frame. */
const commands: readonly (readonly Wire[])[] = [
  [{}],
  [
    {
      id: 1,
      connect: {
        token: "a.b.c",
        data: { x: "<é>" },
        subs: { "news:a": subscribe, "": {} },
        name: "js",
        version: "1",
        headers: { h: "v" },
        flag: 1,
      },
    },
    { id: 2, subscribe },
    { id: 3, history: { channel: "x", limit: 10, since: { offset: 1, epoch: "e" }, reverse: true } },
  ],
  [{ id: 4, subscribe: { channel: "é", tf: filter } }],
  [
    { id: 5, publish: { channel: "c", data: [1, "2", { "3": true }], type: 1, key: "k", removed: false } },
    { send: { data: "x" } },
    { id: 4_294_967_295, rpc: { method: "m", data: 0 } },
  ],
  [
    {
      id: 6,
      sub_refresh: { channel: "c", type: 1, track: [{ signature: "s", items: [{ key: "k", version: 7 }, {}] }, {}], untrack: ["u", ""] },
    },
  ],
  [{ id: 7, presence: { channel: "c" } }, {}, { id: 8, presence_stats: { channel: "c" } }, { id: 9, unsubscribe: { channel: "c" } }],
  [
    { id: 10, refresh: { token: "t" } },
    { id: 11, ping: {} },
  ],
];

const bytes = (text: string) => new TextEncoder().encode(text);

export const jsonFrames: readonly Uint8Array[] = commands.map((list) => bytes(list.map((command) => JSON.stringify(command)).join("\n")));
export const protobufFrames: readonly Uint8Array[] = commands.map((list) => encodeCommands(...list));
/** Bodies of single commands: what a mutator changes before a right length is put before them. */
export const protobufBodies: readonly Uint8Array[] = commands.flat().map((command) => encodeMessage("Command", command));

export const jsonTokens: readonly Uint8Array[] = [
  ...'null true false {} [] [null] {"a":1} "" "\\ud800" "\\u0000" "\\uD83D\\uDE00" "\\x" "\u00e9" 0 -0 00 1.0 1e400 -1 1e -'.split(" "),
  ..."9007199254740993 18446744073709551615 18446744073709551616 4294967296 2147483648 99999999999999999999999".split(" "),
  ..."connect subscribe rpc send ping publish history id channel data tf nodes vals track items subs offset flag ID Channel __proto__"
    .split(" ")
    .map((name) => `"${name}":`),
  ...["\n", "\r\n", "\t", " ", ",", ":", '"', "\\", "{", "}", "[", "]", "[[[[[[[[", '{"nodes":[', "\u2028", "\ufeff", "{}\n"],
]
  .map(bytes)
  .concat(new Uint8Array([0xff]), new Uint8Array([0xed, 0xa0, 0x80]), new Uint8Array([0xc3]));

export const protobufTokens: readonly Uint8Array[] = [
  ...[0n, 1n, 127n, 128n, 16_384n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 4n, 2n ** 64n - 1n].map((value) =>
    raw.varint(value),
  ),
  raw.varint(5, 10),
  raw.varint(5, 11),
  ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((wireType) => [1, 4, 13, 16, 99].map((field) => raw.tag(field, wireType))),
  raw.message(6, raw.text(2, "k")),
  raw.message(13),
  raw.text(1, [0xff, 0xc3]),
  [...raw.tag(9, 3), ...raw.tag(9, 4)],
  [...raw.tag(0, 0)],
].map((piece) => new Uint8Array(piece));
