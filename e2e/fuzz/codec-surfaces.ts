import assert from "node:assert/strict";
import { type ClientCommand, type Codec, jsonCodec, offsetBeyondExact, protobufCodec } from "@fleetcast/protocol";
import {
  decodeReplies,
  encodeCommands,
  jsonFrames,
  jsonTokens,
  Mutator,
  protobufBodies,
  protobufFrames,
  protobufTokens,
  raw,
  type Wire,
} from "@fleetcast/protocol/testing";

/** One thing that is fuzzed: makes inputs from a seed and judges what became of each. */
export interface Surface {
  inputs(seed: number): () => Uint8Array;
  /** Throws where a rule is broken. `isSampled`: also what is too dear to be asked each time. Answers whether the input was valid. */
  judge(input: Uint8Array, isSampled: boolean): boolean;
}

const frameBytesMax = 65_536;
const decoder = new TextDecoder();

export const surfaces: Readonly<Record<string, Surface>> = {
  "json-codec": {
    inputs: (seed) => {
      const mutator = new Mutator({ seed, frames: jsonFrames, tokens: jsonTokens, bytesMax: frameBytesMax });
      return () => mutator.next();
    },
    judge: (input, isSampled) => {
      const isValid = judgeFrame(jsonCodec, input, isSampled);
      // As the payload of a publication, too: it is carried as it is, or not at all.
      const push = jsonCodec.push({ kind: "publication", channel: "c", publication: { data: input, offset: 1 } });
      if (push === undefined || input.length === 0) return isValid;
      assert.ok(!String(push.payload).includes("\n"), "a newline in a message");
      if (!isSampled) return isValid;
      assert.equal(push.sizeBytes, Buffer.byteLength(push.payload), "the size that is told");
      const { data } = JSON.parse(String(push.payload)).push.pub as { data: unknown };
      assert.deepEqual(data, JSON.parse(decoder.decode(input)), "the payload that is carried");
      return isValid;
    },
  },
  "protobuf-codec": {
    inputs: (seed) => {
      const frames = new Mutator({ seed, frames: protobufFrames, tokens: protobufTokens, bytesMax: frameBytesMax });
      const bodies = new Mutator({ seed: seed + 1, frames: protobufBodies, tokens: protobufTokens, bytesMax: frameBytesMax / 4 });
      // Most changes of a whole frame only break its lengths: three of four are made inside, and the length made right again.
      return () => (frames.below(4) === 0 ? frames.next() : joined(Array.from({ length: 1 + frames.below(3) }, () => bodies.next())));
    },
    judge: (input, isSampled) => {
      const isValid = judgeFrame(protobufCodec, input, isSampled);
      if (!isSampled || input.length === 0) return isValid;
      const push = protobufCodec.push({ kind: "publication", channel: "c", publication: { data: input, offset: 1 } });
      const [read] = decodeReplies(push?.payload as Uint8Array);
      // Read back as a JSON value where its bytes are one.
      const data: unknown = read?.["push"]?.pub?.data;
      if (data instanceof Uint8Array) assert.deepEqual(data, input, "the payload that is carried");
      return isValid;
    },
  },
};

function judgeFrame(codec: Codec, input: Uint8Array, isSampled: boolean): boolean {
  const { commands, violation } = codec.decode(input);
  assert.ok(violation || commands.length > 0, "a frame without a command is a violation");
  if (!isSampled || commands.length === 0) return !violation;
  // What was understood, written by an encoder that is not ours, is understood again.
  const again = protobufCodec.decode(encodeCommands(...commands.map(wireOf)));
  assert.deepEqual(again, { commands, violation: false }, "a round trip over a foreign encoder");
  return !violation;
}

function joined(bodies: readonly Uint8Array[]): Uint8Array {
  const frame = protobufCodec.join(bodies.flatMap((body) => [new Uint8Array(raw.varint(body.length)), body]));
  return (frame as Uint8Array).subarray(0, frameBytesMax);
}

/** A command as the protocol names its parts. */
function wireOf(command: ClientCommand): Wire {
  if (command.kind === "pong") return {};
  const { id, kind } = command;
  // Without an id only a `send` beside it makes it more than a pong (C5).
  return { id, ...(id === 0 ? { send: {} } : {}), [kind]: requestOf(command) };
}

function requestOf(command: Exclude<ClientCommand, { kind: "pong" }>): Wire {
  switch (command.kind) {
    case "connect": {
      const subs = Object.fromEntries([...command.request.subs].map(([channel, request]) => [channel, subscribeOf(request)]));
      return { ...command.request, subs, headers: Object.fromEntries(command.request.headers) };
    }
    case "subscribe":
      return subscribeOf(command.request);
    case "history": {
      const { since } = command.request;
      return { ...command.request, since: since && { ...since, offset: longOf(since.offset) } };
    }
    case "sub_refresh": {
      const itemsOf = (items: readonly { key: string; version: number }[]) =>
        items.map(({ key, version }) => ({ key, version: longOf(version) }));
      return { ...command.request, track: command.request.track.map(({ signature, items }) => ({ signature, items: itemsOf(items) })) };
    }
    default:
      return command.request;
  }
}

function subscribeOf({
  joinLeave,
  tagsFilter,
  rejectUnrecovered,
  ...request
}: Extract<ClientCommand, { kind: "subscribe" }>["request"]): Wire {
  return { ...request, offset: longOf(request.offset), join_leave: joinLeave, tf: tagsFilter, flag: rejectUnrecovered ? 2 : 0 };
}

function longOf(offset: number): number | string {
  return offset === offsetBeyondExact ? "18446744073709551615" : offset;
}
