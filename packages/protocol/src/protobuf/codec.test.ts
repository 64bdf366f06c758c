import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeCommands, encodeMessage, raw } from "../../testing/index.ts";
import type { ClientCommand } from "../command.ts";
import { emulatedFrame } from "../emulation.ts";
import { jsonCodec } from "../json/codec.ts";
import { offsetBeyondExact } from "../limits.ts";
import { protobufCodec } from "./codec.ts";
import { decodeProtobufEmulation } from "./decode.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What a frame came to: kinds of its commands, and whether it broke the rules. */
function kinds(frame: string | Uint8Array): readonly string[] {
  const { commands, violation } = protobufCodec.decode(frame);
  return [...commands.map((command) => command.kind), ...(violation ? ["violation"] : [])];
}

function only<K extends ClientCommand["kind"]>(frame: string | Uint8Array, kind: K): Extract<ClientCommand, { kind: K }> {
  const { commands, violation } = protobufCodec.decode(frame);
  assert.equal(violation, false);
  assert.equal(commands[0]?.kind, kind);
  return commands[0] as Extract<ClientCommand, { kind: K }>;
}

const joined = (...frames: readonly Uint8Array[]) => protobufCodec.join(frames) as Uint8Array;
/** `{"id":7,"rpc":{}}` and what a test puts behind it. */
const rpc = (...more: readonly (readonly number[])[]) => raw.delimited(raw.number(1, 7), raw.message(13), ...more);

test("[PR10] a frame is commands, each behind its length, with nothing between them", () => {
  assert.deepEqual(kinds(encodeCommands({ id: 1, connect: {} }, { id: 2, rpc: {} }, {})), ["connect", "rpc", "pong"]);
  assert.deepEqual([...encodeCommands({})], [0]);
});

test("[PR11] every request is read with all of its fields", () => {
  const subscribe = {
    channel: "news:é",
    token: "t",
    recover: true,
    epoch: "e",
    offset: 9_007_199_254_740_991,
    data: { a: 1 },
    positioned: true,
    recoverable: true,
    join_leave: true,
    delta: "fossil",
    tf: {
      op: "or",
      nodes: [
        { key: "k", cmp: "in", vals: ["a", ""] },
        { op: "not", nodes: [{ key: "q", cmp: "eq", val: "v" }] },
      ],
    },
    flag: 3,
    type: 1,
    phase: 2,
    cursor: "c",
    limit: -1,
    asc: true,
  };
  const commands = [
    {
      id: 4_294_967_295,
      connect: {
        token: "a.b.c",
        data: [1],
        subs: { "": {}, x: subscribe },
        name: "js",
        version: "1",
        headers: { a: "b", "": "" },
        flag: 2,
      },
    },
    { id: 2, subscribe },
    { id: 3, unsubscribe: { channel: "c" } },
    { id: 4, publish: { channel: "c", data: "x", type: 1, key: "k", removed: true } },
    { id: 5, presence: { channel: "c" } },
    { id: 6, presence_stats: { channel: "c" } },
    { id: 7, history: { channel: "c", limit: -2, since: { offset: 5, epoch: "e" }, reverse: true } },
    { id: 8, history: {} },
    { id: 9, rpc: { method: "a:b", data: null } },
    { send: { data: 0 } },
    { id: 10, refresh: { token: "t" } },
    { id: 11, sub_refresh: { channel: "c", token: "t" } },
    {
      id: 12,
      sub_refresh: { channel: "c", type: 1, track: [{ signature: "s", items: [{ key: "k", version: 3 }, {}] }, {}], untrack: ["a", ""] },
    },
  ];
  const frame = encodeCommands(...commands);
  // What the JSON codec makes of the same commands is what they mean.
  assert.deepEqual(protobufCodec.decode(frame), jsonCodec.decode(commands.map((command) => JSON.stringify(command)).join("\n")));
});

test("[C10] an empty frame, a cut one, a length above the rest or of more than ten bytes are violations, after the commands before", () => {
  const two = joined(rpc(), rpc());
  const length = rpc().length;
  assert.deepEqual(kinds(new Uint8Array()), ["violation"]);
  for (let cut = 1; cut < two.length; cut++) {
    const expected = cut < length ? ["violation"] : cut === length ? ["rpc"] : ["rpc", "violation"];
    assert.deepEqual(kinds(two.subarray(0, cut)), expected, `cut at ${cut}`);
  }
  for (const wrong of [[5, 8, 1], [0x80], raw.varint(2n ** 64n), [...raw.varint(3, 11), 8, 1, 0]]) {
    assert.deepEqual(kinds(joined(rpc(), new Uint8Array(wrong))), ["rpc", "violation"], String(wrong));
  }
  assert.deepEqual(kinds(new Uint8Array([...raw.varint(4, 10), 8, 7, 0x6a, 0])), ["rpc"], "a length may be longer than it needs to be");
});

test("[C20] a length that no memory holds is only a number: nothing is allocated for it", () => {
  const before = process.memoryUsage().rss;
  for (const length of [2n ** 32n, 2n ** 36n, 2n ** 63n, 2n ** 64n - 4n, 2n ** 31n, 2n ** 31n - 1n]) {
    assert.deepEqual(kinds(new Uint8Array([...raw.varint(length), 8, 1])), ["violation"]);
    // Also as the length of a field: of a message, a string, bytes, an unknown one.
    for (const field of [4, 5, 13, 99]) {
      assert.deepEqual(kinds(raw.delimited(raw.number(1, 1), raw.tag(field, 2), raw.varint(length))), ["violation"]);
    }
    assert.deepEqual(kinds(raw.delimited(raw.number(1, 1), raw.message(13, raw.tag(1, 2), raw.varint(length)))), ["violation"]);
  }
  assert.ok(process.memoryUsage().rss - before < 64 * 1_048_576);
});

test("[C10] wrong wire types, group ends without a start, field number 0 and wire types 6 and 7 are violations", () => {
  const broken: readonly (readonly number[])[][] = [
    [raw.text(1, "7")], // id as bytes
    [raw.tag(1, 5), [0, 0, 0, 0]],
    [raw.number(13, 1)], // rpc as a number
    [raw.message(13, raw.number(2, 1))],
    [raw.message(5, raw.text(3, "1"))],
    [raw.message(5, raw.text(7, "1"))],
    [raw.message(5, raw.message(13, raw.number(6, 1)))],
    [raw.message(4, raw.message(3, raw.number(1, 1)))],
    [raw.message(4, raw.message(3, raw.number(2, 1)))],
    [raw.message(11, raw.tag(1, 3))], // also inside ping, which is never used
    [raw.tag(99, 4)],
    [raw.tag(99, 3)], // a group that never ends
    [raw.tag(99, 3), raw.tag(98, 3), raw.tag(98, 4)],
    [raw.tag(99, 6)],
    [raw.tag(99, 7)],
    [raw.tag(0, 0), [1]],
    [raw.tag(99, 1), [1, 2, 3]],
    [raw.tag(99, 5), [1, 2, 3]],
    [raw.tag(99, 0), [0x80]],
    [raw.tag(99, 0), raw.varint(0, 11)],
    [raw.varint((2n ** 31n) << 3n), [1]], // a field number below zero
  ];
  for (const members of broken) {
    assert.deepEqual(kinds(rpc(...members)), ["violation"], String(members));
    assert.deepEqual(kinds(raw.delimited(...members, raw.number(1, 7), raw.message(13))), ["violation"], String(members));
  }
});

test("[C10] unknown fields are skipped wherever they stand, and groups of 15,000 levels too", () => {
  const unknown = [
    raw.number(99, 2n ** 64n - 1n),
    [...raw.tag(98, 1), 1, 2, 3, 4, 5, 6, 7, 8],
    raw.text(97, "whatever"),
    [...raw.tag(96, 5), 1, 2, 3, 4],
    [...raw.tag(95, 3), ...raw.number(1, 1), ...raw.text(2, "x"), ...raw.tag(1, 5), 1, 2, 3, 4, ...raw.tag(95, 4)],
    [...raw.tag(95, 3), ...raw.tag(94, 4)], // whose end is another's is not looked at
  ];
  const command = raw.delimited(
    ...unknown,
    raw.number(1, 5),
    raw.message(5, ...unknown, raw.text(1, "c"), raw.message(13, ...unknown, raw.text(2, "k"), raw.message(6, ...unknown)), ...unknown),
    ...unknown,
  );
  const { id, request } = only(command, "subscribe");
  assert.deepEqual([id, request.channel, request.tagsFilter?.key, request.tagsFilter?.nodes.length], [5, "c", "k", 1]);
  const deep = [...new Array<number[]>(15_000).fill(raw.tag(90, 3)), ...new Array<number[]>(15_000).fill(raw.tag(90, 4))];
  assert.deepEqual(kinds(rpc(...deep)), ["rpc"]);
  assert.deepEqual(kinds(rpc(...deep.slice(1))), ["violation"]);
});

test("[C10] a tags filter 6,000 levels deep is a filter, and so is the deepest one that a frame has room for", () => {
  for (const levels of [6_000, 16_000]) {
    let filter: Uint8Array = new Uint8Array(raw.text(2, "leaf"));
    const parts: number[][] = [];
    let length = filter.length;
    for (let level = 1; level < levels; level++) {
      const head = [...raw.tag(6, 2), ...raw.varint(length)];
      parts.push(head);
      length += head.length;
    }
    filter = new Uint8Array([...parts.reverse().flat(), ...filter]);
    const subscribe = new Uint8Array([...raw.text(1, "c"), ...raw.tag(13, 2), ...raw.varint(filter.length), ...filter]);
    const body = new Uint8Array([...raw.number(1, 1), ...raw.tag(5, 2), ...raw.varint(subscribe.length), ...subscribe]);
    const { request } = only(new Uint8Array([...raw.varint(body.length), ...body]), "subscribe");
    let depth = 0;
    let leaf = request.tagsFilter;
    for (let node = leaf; node !== undefined; node = node.nodes[0]) {
      leaf = node;
      depth++;
    }
    assert.deepEqual([depth, leaf?.key], [levels, "leaf"]);
  }
});

test("[C10] invalid UTF-8 in a string is read as U+FFFD, a leading U+FEFF stays; bytes stay bytes", () => {
  const name = (value: readonly number[]) =>
    only(raw.delimited(raw.number(1, 1), raw.message(13, raw.text(2, value))), "rpc").request.method;
  assert.equal(name([0x61, 0xff, 0x62]), "a\ufffdb");
  assert.equal(name([...bytes("a name that is longer than twelve "), 0xc3]), "a name that is longer than twelve \ufffd");
  assert.equal(name([0xed, 0xa0, 0x80]), "\ufffd\ufffd\ufffd");
  assert.equal(name([...bytes("\ufeffa")]), "\ufeffa");
  const { data } = only(raw.delimited(raw.number(1, 1), raw.message(13, raw.text(1, [0, 0xff, 0xfe]))), "rpc").request;
  assert.deepEqual(data, new Uint8Array([0, 0xff, 0xfe]));
});

test("[C10] numbers are cut to their width: ids modulo 2^32, a truth is any number but 0", () => {
  const id = (value: bigint) => only(raw.delimited(raw.number(1, value), raw.message(13)), "rpc").id;
  assert.equal(id(2n ** 32n + 5n), 5);
  assert.equal(id(2n ** 64n - 1n), 4_294_967_295);
  assert.deepEqual(kinds(raw.delimited(raw.number(1, 2n ** 32n), raw.message(13))), ["pong"]);
  const subscribe = (...members: number[][]) => only(raw.delimited(raw.number(1, 1), raw.message(5, ...members)), "subscribe").request;
  assert.equal(subscribe(raw.number(3, 2n ** 40n)).recover, true);
  assert.equal(subscribe(raw.number(18, 2n ** 64n - 1n)).limit, -1);
  assert.equal(subscribe(raw.number(15, 2n ** 33n + 4n)).type, 4);
  assert.equal(subscribe(raw.number(14, -(2n ** 62n) + 2n ** 64n + 2n)).rejectUnrecovered, true);
  assert.equal(subscribe(raw.number(14, 1)).rejectUnrecovered, false);
});

test("[D29] offsets above 2^53-1 become a position that nothing recovers, and are told back as the largest", () => {
  const offset = (value: bigint) => only(raw.delimited(raw.number(1, 1), raw.message(5, raw.number(7, value))), "subscribe").request.offset;
  assert.equal(offset(2n ** 53n - 1n), Number.MAX_SAFE_INTEGER);
  assert.equal(offset(2n ** 32n), 2 ** 32);
  for (const value of [2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) assert.equal(offset(value), offsetBeyondExact);
  const reply = { kind: "subscribe", id: 1, result: { offset: offsetBeyondExact } } as const;
  assert.deepEqual(protobufCodec.reply(reply)?.payload, raw.delimited(raw.number(1, 1), raw.message(6, raw.number(9, 2n ** 64n - 1n))));
  assert.equal(jsonCodec.reply(reply)?.payload, '{"id":1,"subscribe":{"offset":18446744073709551615}}');
});

test("[C5] [C6] [C10] id 0 is a pong unless it is send, whatever its length; what names nothing known is a violation", () => {
  assert.deepEqual(kinds(new Uint8Array([0])), ["pong"]);
  assert.deepEqual(kinds(new Uint8Array([0, 0, 0])), ["pong", "pong", "pong"]);
  assert.deepEqual(kinds(raw.delimited(raw.number(1, 0))), ["pong"]);
  assert.deepEqual(kinds(encodeCommands({ rpc: {} })), ["pong"]);
  assert.deepEqual(kinds(encodeCommands({ ping: {} })), ["pong"]);
  assert.deepEqual(kinds(raw.delimited(raw.text(99, "x"))), ["pong"]);
  assert.deepEqual(kinds(encodeCommands({ send: {} })), ["send"]);
  assert.deepEqual(kinds(encodeCommands({ send: {}, rpc: {} })), ["rpc"], "with a send beside it a command without an id is done");
  assert.deepEqual(kinds(encodeCommands({ id: 1 })), ["violation"]);
  assert.deepEqual(kinds(encodeCommands({ id: 1, ping: {} })), ["violation"]);
  assert.deepEqual(kinds(raw.delimited(raw.number(1, 1), raw.text(99, "x"))), ["violation"]);
});

test("[C7] of several methods the first in the protocol's order counts, wherever it and the id stand", () => {
  const methods: readonly [number, string][] = [
    [4, "connect"],
    [5, "subscribe"],
    [6, "unsubscribe"],
    [7, "publish"],
    [8, "presence"],
    [9, "presence_stats"],
    [10, "history"],
    [13, "rpc"],
    [12, "send"],
    [14, "refresh"],
    [15, "sub_refresh"],
  ];
  for (let from = 0; from < methods.length; from++) {
    const fields = methods.slice(from).map(([field]) => raw.message(field));
    for (const order of [fields, fields.toReversed()]) {
      assert.equal(only(raw.delimited(...order, raw.number(1, 9)), methods[from]![1] as "rpc").id, 9);
    }
  }
});

test("[PR12] a field that stands twice: of numbers and texts the last counts, messages are read on, lists and maps grow", () => {
  const twice = raw.delimited(
    raw.number(1, 1),
    raw.message(5, raw.text(1, "a"), raw.text(6, "e"), raw.number(7, 1), raw.message(13, raw.text(2, "k"), raw.text(5, "x"))),
    raw.number(1, 2),
    raw.message(5, raw.text(1, "b"), raw.number(7, 2), raw.message(13, raw.text(3, "in"), raw.text(5, "y"))),
  );
  const { id, request } = only(twice, "subscribe");
  assert.deepEqual([id, request.channel, request.epoch, request.offset], [2, "b", "e", 2]);
  assert.deepEqual(request.tagsFilter, { op: "", key: "k", cmp: "in", val: "", vals: ["x", "y"], nodes: [] });
  const entry = (field: number, key: string, ...value: number[][]) => raw.message(field, raw.text(1, key), ...value);
  const { subs, headers } = only(
    raw.delimited(
      raw.number(1, 1),
      raw.message(4, entry(3, "x", raw.message(2, raw.text(6, "e"))), entry(6, "a", raw.text(2, "1"))),
      raw.message(4, entry(3, "x", raw.message(2, raw.number(3, 1))), entry(3, "y"), entry(6, "a", raw.text(2, "2")), entry(6, "b")),
    ),
    "connect",
  ).request;
  assert.deepEqual([subs.get("x")?.epoch, subs.get("x")?.recover, subs.get("y")?.recover], ["", true, false]);
  assert.deepEqual(
    [...headers],
    [
      ["a", "2"],
      ["b", ""],
    ],
  );
});

test("[C18] foreign names never meet a prototype", () => {
  const entry = (field: number, key: string, value: number[]) => raw.message(field, raw.text(1, key), value);
  const { subs, headers } = only(
    raw.delimited(
      raw.number(1, 1),
      raw.message(
        4,
        entry(3, "__proto__", raw.message(2, raw.number(3, 1))),
        entry(3, "constructor", raw.message(2)),
        entry(6, "__proto__", raw.text(2, "x")),
      ),
    ),
    "connect",
  ).request;
  assert.deepEqual([...subs.keys()], ["__proto__", "constructor"]);
  assert.equal(headers.get("__proto__"), "x");
});

test("[C11] JSON on a Protobuf connection is a violation, Protobuf in a text frame is not", () => {
  assert.deepEqual(kinds('{"id":1,"connect":{}}'), ["violation"]);
  assert.deepEqual(kinds(bytes('{"id":1,"connect":{}}')), ["violation"]);
  assert.deepEqual(kinds(new TextDecoder().decode(rpc())), ["rpc"]);
  assert.deepEqual(kinds("\u0000"), ["pong"]);
  const { commands, violation } = jsonCodec.decode(rpc());
  assert.deepEqual([commands.length, violation], [0, true]);
});

test("[C8] as many commands as 64 KiB hold are read", () => {
  const frame = joined(...new Array<Uint8Array>(10_000).fill(rpc()));
  assert.equal(protobufCodec.decode(frame).commands.length, 10_000);
});

test("a payload is a copy of its bytes: it neither changes with its frame nor keeps it", () => {
  const frame = encodeCommands({ id: 1, publish: { channel: "c", data: new Uint8Array([1, 2, 3]) } });
  const { data } = only(frame, "publish").request;
  frame.fill(0);
  assert.deepEqual([data, data?.buffer.byteLength], [new Uint8Array([1, 2, 3]), 3]);
});

test("[PR13] the body of an emulation request, and the frame in it for either format", () => {
  const body = encodeMessage("EmulationRequest", { node: "n", session: "s", data: rpc() });
  const request = decodeProtobufEmulation(body);
  assert.deepEqual(request, { node: "n", session: "s", data: rpc() });
  assert.deepEqual(decodeProtobufEmulation(new Uint8Array()), { node: "", session: "", data: undefined });
  assert.equal(decodeProtobufEmulation(body.subarray(0, 4)), undefined);
  assert.deepEqual(emulatedFrame(protobufCodec, request?.data), rpc());
  assert.equal(emulatedFrame(jsonCodec, bytes('"{\\"id\\":1}\\n"')), '{"id":1}\n');
  assert.equal(emulatedFrame(jsonCodec, bytes("null")), "");
  for (const data of [undefined, bytes("{}"), bytes('"a"x'), new Uint8Array([0x22, 0xff, 0x22])]) {
    assert.equal(emulatedFrame(jsonCodec, data), undefined);
  }
});
