import assert from "node:assert/strict";
import { test } from "node:test";
import type { Codec, EncodedMessage } from "../codec.ts";
import { clientErrors } from "../error-code.ts";
import type { Push } from "../push.ts";
import { jsonCodec, oneWayJsonCodec, oneWaySingleJsonCodec } from "./codec.ts";
import { jsonEventsCodec, jsonLinesCodec, oneWayJsonEventsCodec, oneWayJsonLinesCodec } from "./stream-codecs.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (message: EncodedMessage | undefined): string => String(message?.payload);
const publication = (data: string): Push => ({ kind: "publication", channel: "c", publication: { data: bytes(data), offset: 0 } });
const all: readonly Codec[] = [
  jsonCodec,
  oneWayJsonCodec,
  oneWaySingleJsonCodec,
  jsonLinesCodec,
  oneWayJsonLinesCodec,
  jsonEventsCodec,
  oneWayJsonEventsCodec,
];

test("[TR20] on HTTP streaming every object ends with a newline, joined ones, too", () => {
  const message = jsonLinesCodec.push(publication("1"));
  assert.equal(message?.payload, '{"push":{"channel":"c","pub":{"data":1}}}\n');
  assert.equal(oneWayJsonLinesCodec.push(publication("1"))?.payload, '{"channel":"c","pub":{"data":1}}\n');
  assert.equal(jsonLinesCodec.ping.payload, "{}\n");
  assert.equal(jsonLinesCodec.join(["{}\n", '{"id":1}\n']), '{}\n{"id":1}\n');
});

test("[TR21] on SSE every object is an event", () => {
  assert.equal(jsonEventsCodec.push(publication("1"))?.payload, 'data: {"push":{"channel":"c","pub":{"data":1}}}\n\n');
  assert.equal(oneWayJsonEventsCodec.push(publication("1"))?.payload, 'data: {"channel":"c","pub":{"data":1}}\n\n');
  assert.equal(textOf(jsonEventsCodec.reply({ kind: "error", id: 3, error: clientErrors.internal })).slice(0, 14), 'data: {"id":3,');
  assert.equal(jsonEventsCodec.ping.payload, "data: {}\n\n");
});

test("[TR21 P5] line breaks between the tokens of a payload do not end the event", () => {
  const message = jsonEventsCodec.push(publication('{\r\n"a":\r1}'));
  assert.equal(message?.payload, 'data: {"push":{"channel":"c","pub":{"data":{"a":1}}}}\n\n');
  assert.equal(message?.sizeBytes, textOf(message).length);
});

test("[PR6] sizes are bytes of UTF-8, framing included", () => {
  for (const codec of [jsonLinesCodec, jsonEventsCodec]) {
    const message = codec.push(publication('"€😀\\n"'));
    assert.equal(message?.sizeBytes, bytes(textOf(message)).length, codec.name);
  }
});

test("[C21] a payload that is no JSON fits into no JSON stream", () => {
  for (const codec of all) assert.equal(codec.push(publication("{")), undefined);
});

test("every codec has a place of its own", () => {
  assert.equal(new Set(all.map((codec) => codec.index)).size, all.length);
});
