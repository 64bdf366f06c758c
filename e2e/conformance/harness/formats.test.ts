import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonFormat } from "./json-format.ts";
import { commandType, decodeDelimited, protobufFormat, varint } from "./protobuf-format.ts";
import { raw } from "./wire-format.ts";

test("a raw payload leaves as it was written, in both formats", () => {
  const command = { id: 1, publish: { channel: "a", data: raw('{"b" : 1.0}') } };
  assert.equal(jsonFormat.encode([command, { id: 2 }]).toString(), '{"id":1,"publish":{"channel":"a","data":{"b" : 1.0}}}\n{"id":2}');
  const [read] = decodeDelimited(commandType, protobufFormat.encode([command]));
  assert.equal(read!.text, JSON.stringify({ id: 1, publish: { channel: "a", data: '{"b" : 1.0}' } }));
});

test("what Protobuf shows is what was on the wire: a zero that was sent is not one that was left out", () => {
  const absent = protobufFormat.decode(Buffer.from([4, 0x08, 1, 0x52, 0]))[0]!;
  const sent = protobufFormat.decode(Buffer.from([6, 0x08, 1, 0x52, 2, 0x08, 0]))[0]!;
  assert.deepEqual(
    [absent.value, sent.value],
    [
      { id: 1, presence_stats: {} },
      { id: 1, presence_stats: { num_clients: 0 } },
    ],
  );
});

test("offsets of 64 bits are not rounded", () => {
  const [read] = decodeDelimited(
    commandType,
    protobufFormat.encode([{ id: 1, subscribe: { channel: "a", offset: "18446744073709551615" } }]),
  );
  assert.equal(read!.value["subscribe"].offset, "18446744073709551615");
  assert.deepEqual([...varint(300n)], [0xac, 2]);
});
