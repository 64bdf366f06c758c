import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ClientCommand } from "../command.ts";
import { offsetBeyondExact } from "../limits.ts";
import { utf8Length } from "../utf8.ts";
import { isJsonObjectPayload, jsonCodec } from "./codec.ts";
import { decodeJsonEmulation } from "./decode.ts";
import { isJsonPayload } from "./encode.ts";
import { isJson } from "./scan.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | undefined) => new TextDecoder().decode(data);

/** What a frame came to: kinds of its commands, and whether it broke the rules. */
function kinds(frame: string | Uint8Array): readonly string[] {
  const { commands, violation } = jsonCodec.decode(frame);
  return [...commands.map((command) => command.kind), ...(violation ? ["violation"] : [])];
}

function only<K extends ClientCommand["kind"]>(frame: string | Uint8Array, kind: K): Extract<ClientCommand, { kind: K }> {
  const [command] = jsonCodec.decode(frame).commands;
  assert.equal(command?.kind, kind);
  return command as Extract<ClientCommand, { kind: K }>;
}

test("[PR1] a frame is lines of one object each, one newline at the end is allowed", () => {
  assert.deepEqual(kinds('{"id":1,"connect":{}}\n{"id":2,"rpc":{}}'), ["connect", "rpc"]);
  assert.deepEqual(kinds('{"id":1,"connect":{}}\n'), ["connect"]);
  assert.deepEqual(kinds('{"id":1,"connect":{}}\r\n'), ["connect"]);
  assert.deepEqual(kinds('  {"id":1,"connect":{}}  '), ["connect"]);
});

test("[C1] empty frames, blank lines and broken lines are violations, after the lines before them", () => {
  for (const frame of ["", "\n", "\r\n", "  ", "{", '{"id":1,"connect":{}', "[]", "1", '"x"', "{]", "{'id':1}"]) {
    assert.deepEqual(kinds(frame), ["violation"], JSON.stringify(frame));
  }
  assert.deepEqual(kinds('{"id":1,"rpc":{}}\n\n'), ["rpc", "violation"]);
  assert.deepEqual(kinds('{"id":1,"rpc":{}}\nxx\n{"id":2,"rpc":{}}'), ["rpc", "violation"]);
});

test("[C1] a wrong type in any known field breaks the command, also in a method that is not the one used", () => {
  const broken = [
    '{"id":"1","rpc":{}}',
    '{"id":1.0,"rpc":{}}',
    '{"id":1e1,"rpc":{}}',
    '{"id":-1,"rpc":{}}',
    '{"id":-0,"rpc":{}}',
    '{"id":4294967296,"rpc":{}}',
    '{"id":99999999999999999999999,"rpc":{}}',
    '{"id":1,"subscribe":[]}',
    '{"id":1,"subscribe":{"channel":1}}',
    '{"id":1,"subscribe":{"channel":"a\tb"}}',
    '{"id":1,"subscribe":{"recover":1}}',
    '{"id":1,"subscribe":{"offset":-1}}',
    '{"id":1,"subscribe":{"offset":1.5}}',
    '{"id":1,"subscribe":{"offset":"1"}}',
    '{"id":1,"subscribe":{"offset":18446744073709551616}}',
    '{"id":1,"subscribe":{"type":2147483648}}',
    '{"id":1,"subscribe":{"tf":"x"}}',
    '{"id":1,"connect":{"subs":{"a":[]}}}',
    '{"id":1,"connect":{"headers":{"a":1}}}',
    '{"id":1,"history":{"since":[]}}',
    '{"id":1,"history":{"limit":"5"}}',
    '{"id":1,"publish":{"removed":"x"}}',
    '{"id":1,"subscribe":{"channel":"a"},"rpc":[]}',
    '{"id":1,"rpc":{"data":{"a":}}}',
    '{"id":1,"ping":[],"rpc":{}}',
  ];
  for (const frame of broken) assert.deepEqual(kinds(frame), ["violation"], frame);
});

test("[C1] bytes behind the object of a line are not looked at; unknown members and null are no types at all", () => {
  assert.deepEqual(kinds('{"id":1,"rpc":{}} } garbage "'), ["rpc"]);
  assert.deepEqual(kinds('{"id":1,"new":[1,{"x":null}],"subscribe":null,"rpc":{"method":null,"data":null}}'), ["rpc"]);
});

test("[C1] a payload 30,000 levels deep is carried like any other", () => {
  const deep = "[".repeat(30_000) + "]".repeat(30_000);
  assert.equal(text(only(`{"id":1,"publish":{"channel":"c","data":${deep}}}`, "publish").request.data), deep);
  assert.ok(isJsonPayload(bytes(deep)));
});

test("[C5] [C6] id 0 is a pong unless it is send; a command that names nothing known is a violation", () => {
  assert.deepEqual(kinds("{}"), ["pong"]);
  assert.deepEqual(kinds('{"id":0}'), ["pong"]);
  assert.deepEqual(kinds('{"rpc":{}}'), ["pong"]);
  assert.deepEqual(kinds('{"unknown":1}'), ["pong"]);
  assert.deepEqual(kinds("null"), ["pong"]);
  assert.deepEqual(kinds('{"send":{"data":1}}'), ["send"]);
  assert.deepEqual(kinds('{"send":{},"rpc":{}}'), ["rpc"], "with a send beside it a command without an id is done");
  assert.deepEqual(kinds('{"id":1}'), ["violation"]);
  assert.deepEqual(kinds('{"id":1,"unknown":{}}'), ["violation"]);
  assert.deepEqual(kinds('{"id":1,"ping":{}}'), ["violation"]);
});

test("[C7] of several methods the first in the protocol's order counts; of two members with one name the last", () => {
  assert.deepEqual(kinds('{"id":1,"sub_refresh":{},"refresh":{},"send":{},"rpc":{},"history":{}}'), ["history"]);
  assert.deepEqual(kinds('{"id":1,"presence_stats":{},"presence":{},"publish":{},"unsubscribe":{}}'), ["unsubscribe"]);
  assert.deepEqual(kinds('{"id":1,"subscribe":{},"connect":{}}'), ["connect"]);
  const twice = only('{"id":1,"id":7,"rpc":{"method":"a"},"rpc":{"method":"b"}}', "rpc");
  assert.deepEqual([twice.id, twice.request.method], [7, "b"]);
});

test("[PR8] names of fields are read in any case, names in maps are not", () => {
  const { id, request } = only('{"ID":3,"Connect":{"TOKEN":"t","Subs":{"News":{"Recover":true}},"headers":{"X-Id":"1"}}}', "connect");
  assert.deepEqual([id, request.token, request.subs.get("News")?.recover, request.headers.get("X-Id")], [3, "t", true, "1"]);
  const { tagsFilter } = only('{"id":1,"subscribe":{"tf":{"Op":"or","NODES":[{"Key":"k","Cmp":"in","Vals":["a"]}]}}}', "subscribe").request;
  assert.deepEqual([tagsFilter?.op, tagsFilter?.nodes[0]?.key, tagsFilter?.nodes[0]?.vals], ["or", "k", ["a"]]);
});

test("[PR8] a member that stands twice: messages are read on, lists and maps grow, of other values the last counts; null says nothing", () => {
  const merged = only(
    '{"id":5,"id":null,"history":{"channel":"a","limit":3,"since":{"offset":1}},"history":{"channel":null,"LIMIT":4,"since":{"epoch":"e"}}}',
    "history",
  );
  assert.deepEqual([merged.id, merged.request], [5, { channel: "a", limit: 4, since: { offset: 1, epoch: "e" }, reverse: false }]);
  assert.equal(only('{"id":1,"history":{"since":null}}', "history").request.since, undefined);
  assert.deepEqual(kinds('{"id":1,"rpc":null,"refresh":{}}'), ["refresh"]);
  assert.deepEqual(kinds('{"id":1,"rpc":{},"rpc":null,"refresh":{}}'), ["rpc"]);
  assert.equal(text(only('{"id":1,"rpc":{"data":1,"data":null}}', "rpc").request.data), "null", "a payload may be null");
  const { subs } = only('{"id":1,"connect":{"subs":{"a":{"recover":true},"b":{}},"subs":{"a":{"epoch":"e"}}}}', "connect").request;
  assert.deepEqual([[...subs.keys()], subs.get("a")?.recover, subs.get("a")?.epoch], [["a", "b"], false, "e"]);
  const { untrack } = only('{"id":1,"sub_refresh":{"untrack":["a","b"],"untrack":["c"]}}', "sub_refresh").request;
  assert.deepEqual(untrack, ["a", "b", "c"]);
  for (const broken of [
    '{"id":"x","id":1,"rpc":{}}',
    '{"id":1,"rpc":[],"rpc":{}}',
    '{"id":1,"connect":{"subs":{"a":1,"a":{}}}}',
    '{"id":1,"sub_refresh":{"untrack":[1],"untrack":[]}}',
    '{"id":1,"subscribe":{"tf":1,"tf":{}}}',
    '{"id":1,"subscribe":{"recover":"x","recover":true}}',
  ]) {
    assert.deepEqual(kinds(broken), ["violation"], broken);
  }
  const many = `{${'"id":1,'.repeat(9_000)}"rpc":{}}`;
  assert.deepEqual(kinds(many), ["rpc"]);
});

test("[PR2] `tf` and `track`: every type is looked at, null elements are empty", () => {
  const subscribe = (tf: string) => `{"id":1,"subscribe":{"tf":${tf}}}`;
  for (const broken of [
    "[]",
    "1",
    '{"op":1}',
    '{"vals":"a"}',
    '{"vals":[1]}',
    '{"nodes":{}}',
    '{"nodes":[1]}',
    '{"nodes":[{"nodes":[[]]}]}',
  ]) {
    assert.deepEqual(kinds(subscribe(broken)), ["violation"], broken);
  }
  const none = { op: "", key: "", cmp: "", val: "", vals: [], nodes: [] };
  const filterOf = (tf: string) => only(subscribe(tf), "subscribe").request.tagsFilter;
  assert.deepEqual(filterOf('{"nodes":[null,{"vals":[null,"a"],"nodes":null,"new":1}]}'), {
    ...none,
    nodes: [none, { ...none, vals: ["", "a"] }],
  });
  assert.equal(filterOf("null"), undefined);
  assert.deepEqual(filterOf('{"__proto__":{"op":"and"},"constructor":1}'), none);
  const deep = 6_000;
  let depth = 0;
  for (let node = filterOf('{"nodes":['.repeat(deep) + "]}".repeat(deep)); node !== undefined; node = node.nodes[0]) depth++;
  assert.equal(depth, deep);
  const subRefresh = (members: string) => `{"id":1,"sub_refresh":{${members}}}`;
  for (const broken of [
    '"track":{}',
    '"track":[1]',
    '"track":[{"items":{}}]',
    '"track":[{"items":[{"version":-1}]}]',
    '"untrack":[1]',
    '"type":1.0',
  ]) {
    assert.deepEqual(kinds(subRefresh(broken)), ["violation"], broken);
  }
  const { track, untrack } = only(
    subRefresh('"track":[null,{"signature":"s","items":[null,{"key":"k","version":7}]}],"untrack":[null]'),
    "sub_refresh",
  ).request;
  assert.deepEqual(track, [
    { signature: "", items: [] },
    {
      signature: "s",
      items: [
        { key: "", version: 0 },
        { key: "k", version: 7 },
      ],
    },
  ]);
  assert.deepEqual(untrack, [""]);
});

test("[D29] offsets above 2^53-1 are never rounded: they become a position that nothing recovers", () => {
  const offsetOf = (offset: string) => only(`{"id":1,"subscribe":{"channel":"c","offset":${offset}}}`, "subscribe").request.offset;
  assert.equal(offsetOf("9007199254740991"), 9_007_199_254_740_991);
  assert.equal(offsetOf("9007199254740992"), offsetBeyondExact);
  assert.equal(offsetOf("18446744073709551615"), offsetBeyondExact);
  assert.equal(only('{"id":4294967295,"rpc":{}}', "rpc").id, 4_294_967_295);
});

test("[C1] a number below zero where one may be: -0 is 0, and where none may be it is a violation", () => {
  const { limit, type } = only('{"id":1,"subscribe":{"limit":-0,"type":-7}}', "subscribe").request;
  assert.ok(Object.is(limit, 0));
  assert.equal(type, -7);
  assert.deepEqual(kinds('{"id":1,"subscribe":{"offset":-0}}'), ["violation"]);
});

test("[C18] foreign names never meet a prototype", () => {
  const { subs, headers } = only(
    '{"id":1,"connect":{"subs":{"__proto__":{"recover":true},"constructor":{}},"headers":{"__proto__":"x"}}}',
    "connect",
  ).request;
  assert.deepEqual([...subs.keys()], ["__proto__", "constructor"]);
  assert.equal(subs.get("__proto__")?.recover, true);
  assert.equal(headers.get("__proto__"), "x");
});

test("[PR2] names are read with their escapes, lone surrogates as U+FFFD", () => {
  assert.equal(only('{"id":1,"\\u0072pc":{"method":"\\u00e9\\ud83d\\ude00\\n"}}', "rpc").request.method, "é😀\n");
  assert.equal(only('{"id":1,"rpc":{"method":"a\\ud800b"}}', "rpc").request.method, "a\ufffdb");
});

test("[C1] [C21] bytes that are not UTF-8: names read with U+FFFD, payloads kept as they are", () => {
  const frame = new Uint8Array([...bytes('{"id":1,"publish":{"channel":"a'), 0xff, ...bytes('é","data":"x'), 0xfe, ...bytes('"}}')]);
  const { channel, data } = only(frame, "publish").request;
  assert.equal(channel, "a\ufffdé");
  assert.deepEqual(data, new Uint8Array([0x22, 0x78, 0xfe, 0x22]));
  assert.equal(only(bytes('{"id":1,"rpc":{"method":"é"}}'), "rpc").request.method, "é");
});

test("[PR3] zero values are left out, but for those that clients rely on", () => {
  const say = (reply: Parameters<typeof jsonCodec.reply>[0]) => jsonCodec.reply(reply)?.payload;
  assert.equal(say({ kind: "publish", id: 3 }), '{"id":3,"publish":{}}');
  assert.equal(
    say({ kind: "error", id: 1, error: { code: 103, message: "m", temporary: false } }),
    '{"id":1,"error":{"code":103,"message":"m"}}',
  );
  assert.equal(
    say({ kind: "error", id: 1, error: { code: 100, message: "m", temporary: true } }),
    '{"id":1,"error":{"code":100,"message":"m","temporary":true}}',
  );
  assert.equal(
    say({ kind: "history", id: 1, result: { publications: [], epoch: "", offset: 0 } }),
    '{"id":1,"history":{"publications":[],"epoch":"","offset":0}}',
  );
  assert.equal(say({ kind: "presence", id: 1, result: { presence: new Map() } }), '{"id":1,"presence":{"presence":{}}}');
  assert.equal(
    say({ kind: "presence", id: 1, result: { presence: new Map([["c", { user: "", client: "c" }]]) } }),
    '{"id":1,"presence":{"presence":{"c":{"user":"","client":"c"}}}}',
  );
  assert.equal(
    say({ kind: "presence_stats", id: 1, result: { numClients: 0, numUsers: 0 } }),
    '{"id":1,"presence_stats":{"num_clients":0,"num_users":0}}',
  );
  assert.equal(say({ kind: "subscribe", id: 1, result: {} }), '{"id":1,"subscribe":{}}');
  assert.equal(
    say({ kind: "connect", id: 1, result: { client: "c", version: "v", ping: 25, pong: true } }),
    '{"id":1,"connect":{"client":"c","version":"v","ping":25,"pong":true}}',
  );
});

test("[PR4] fields stand in the order of the protocol; names are escaped as Go does, payloads are not", () => {
  const push = jsonCodec.push({
    kind: "publication",
    channel: "<a>&\u2028",
    publication: {
      data: bytes('"<b>&"'),
      offset: 1,
      info: { user: "u", client: "c", connInfo: bytes("1"), chanInfo: bytes("2") },
      tags: { at: "9" },
      version: 4,
    },
    epoch: "e",
  });
  assert.equal(
    push?.payload,
    '{"push":{"channel":"\\u003ca\\u003e\\u0026\\u2028","pub":{"data":"<b>&","info":{"user":"u","client":"c","conn_info":1,"chan_info":2},' +
      '"offset":1,"tags":{"at":"9"},"epoch":"e","version":4}}}',
  );
});

test("[P5] raw newlines between tokens go, everything else of a payload stays", () => {
  const push = jsonCodec.push({
    kind: "publication",
    channel: "c",
    publication: { data: bytes('{\n "a" :\r 1.0,\t"b":"\\n" }\n'), offset: 0 },
  });
  assert.equal(push?.payload, '{"push":{"channel":"c","pub":{"data":{ "a" :\r 1.0,\t"b":"\\n" }}}}');
});

test("[C21] a payload that is no JSON or no UTF-8 cannot be carried, in whatever message it stands", () => {
  const wrong = [bytes("nope"), bytes("1 2"), bytes("{"), new Uint8Array([0x22, 0xff, 0x22]), bytes("\ufeff1")];
  for (const data of wrong) {
    assert.equal(jsonCodec.push({ kind: "publication", channel: "c", publication: { data, offset: 0 } }), undefined);
    assert.equal(
      jsonCodec.reply({ kind: "history", id: 1, result: { publications: [{ data, offset: 1 }], epoch: "e", offset: 1 } }),
      undefined,
    );
    assert.equal(jsonCodec.push({ kind: "join", channel: "c", info: { user: "u", client: "c", connInfo: data } }), undefined);
    assert.equal(isJsonPayload(data), false);
  }
  assert.ok(isJsonObjectPayload(bytes(' {"a":1}')));
  assert.equal(isJsonObjectPayload(bytes("[1]")), false);
});

test("[PR5] the scanner agrees with JSON.parse on what JSON is", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.json(), fc.string(), fc.string({ unit: fc.constantFrom(...'{}[]",:0123456789.eE+-tfnu\\ \n') })),
      (candidate) => {
        let parses = true;
        try {
          JSON.parse(candidate);
        } catch {
          parses = false;
        }
        assert.equal(isJson(bytes(candidate)), parses);
      },
    ),
    { numRuns: 3_000 },
  );
});

test("[P5] a payload comes out of a frame as the text it went in, and out again", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(3), fc.string(), (json, indent, channel) => {
      const payload = JSON.stringify(JSON.parse(json), null, indent).replaceAll("\n", " ");
      const frame = JSON.stringify({ id: 1, publish: { channel, data: 0 } }).replace(/"data":0}}$/, () => `"data":${payload}}}`);
      const { request } = only(frame, "publish");
      assert.equal(text(request.data), payload);
      assert.equal(request.channel, channel.toWellFormed());
      const push = jsonCodec.push({ kind: "publication", channel: "c", publication: { data: request.data ?? bytes(""), offset: 7 } });
      assert.equal(push?.payload, `{"push":{"channel":"c","pub":{"data":${payload},"offset":7}}}`);
      assert.equal(push?.sizeBytes, bytes(String(push?.payload)).length);
    }),
    { numRuns: 1_000 },
  );
});

test("[R1] a frame with changed, missing and repeated bytes never throws, as text and as bytes", () => {
  const good =
    '{"id":1,"connect":{"token":"a.b.c","subs":{"x":{"recover":true,"offset":5,"epoch":"e"}}}}\n' +
    '{"id":2,"subscribe":{"channel":"telemetry:VM","data":{"a":[1,2,{"b":"\\u00e9"}]},"flag":2}}\n{"id":3,"history":{"channel":"x","since":{"offset":1}}}';
  const step = fc.tuple(fc.nat(good.length), fc.nat(255), fc.constantFrom("set", "cut", "repeat"));
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.boolean(), (steps, asText) => {
      let mutated = [...bytes(good)];
      for (const [at, value, how] of steps) {
        if (how === "set") mutated[at % mutated.length] = value;
        else if (how === "cut") mutated = mutated.slice(0, Math.max(1, at));
        else mutated.splice(at, 0, ...mutated.slice(at, at + 5));
      }
      const frame = new Uint8Array(mutated);
      const { commands, violation } = jsonCodec.decode(asText ? text(frame) : frame);
      assert.ok(violation || commands.length > 0);
    }),
    { numRuns: 3_000 },
  );
});

test("[PR6] sizes count UTF-8 bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (value) => utf8Length(value) === bytes(value).length),
    { numRuns: 300 },
  );
});

test("[TR40] an emulation request keeps its data as it stands; another type, or no JSON, is none", () => {
  const read = (body: string) => decodeJsonEmulation(new TextEncoder().encode(body));
  const data = '"{}\\n"';
  assert.deepEqual(read(`{"node":"n","session":"s","data":${data},"more":1} rest`), {
    node: "n",
    session: "s",
    data: new TextEncoder().encode(data),
  });
  assert.deepEqual(read("null"), { node: "", session: "", data: undefined });
  for (const body of ["", "{", "[]", '"n"', '{"node":1}', '{"session":{}}', '{"data":}']) assert.equal(read(body), undefined, body);
});
