import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitrary, decodeReplies, encodeCommands } from "../../testing/index.ts";
import type { Codec } from "../codec.ts";
import { jsonCodec } from "../json/codec.ts";
import { protobufCodec } from "./codec.ts";

const numRuns = 400;

test("[PR11] any commands that a foreign encoder wrote mean what the same commands mean in JSON", () => {
  fc.assert(
    fc.property(fc.array(arbitrary.command, { minLength: 1, maxLength: 4 }), (commands) => {
      const json = commands.map((command) => JSON.stringify(command)).join("\n");
      assert.deepEqual(protobufCodec.decode(encodeCommands(...commands)), jsonCodec.decode(json));
    }),
    { numRuns },
  );
});

test("[PR14] any reply or push, read by a foreign decoder, says what it says in JSON", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(arbitrary.reply, arbitrary.push), { minLength: 1, maxLength: 4 }), (messages) => {
      const inFormat = (codec: Codec) => messages.map((m) => ("id" in m ? codec.reply(m) : codec.push(m))?.payload ?? "");
      const read = decodeReplies(protobufCodec.join(inFormat(protobufCodec)) as Uint8Array);
      assert.deepEqual(
        read,
        inFormat(jsonCodec).map((line) => JSON.parse(String(line))),
      );
    }),
    { numRuns },
  );
});

test("[PR6] any reply or push tells the size that it has on the wire, in both formats", () => {
  fc.assert(
    fc.property(fc.oneof(arbitrary.reply, arbitrary.push), (message) => {
      for (const codec of [jsonCodec, protobufCodec]) {
        const encoded = "id" in message ? codec.reply(message) : codec.push(message);
        assert.equal(encoded?.sizeBytes, Buffer.from(encoded?.payload ?? "").length);
      }
    }),
    { numRuns },
  );
});
