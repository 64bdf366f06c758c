import type { Codec, EncodedMessage } from "../codec.ts";
import { messagesPerFrameMax } from "../limits.ts";
import { decodeProtobufFrame } from "./decode.ts";
import { encodePush, encodeReply } from "./encode.ts";

/** Protobuf, on binary frames and streams alike: each message behind its length, nothing between them. Payloads are any bytes. */
export const protobufCodec: Codec = {
  index: 2,
  name: "protobuf",
  oneWay: false,
  decode: decodeProtobufFrame,
  reply: (reply) => encoded(encodeReply(reply)),
  push: (push) => encoded(encodePush(push)),
  // An empty reply: its length and nothing more.
  ping: encoded(new Uint8Array(1)),
  join,
  separatorBytes: 0,
  messagesPerFrameMax,
};

/** The same on HTTP streams: a codec of its own, so that what goes over each transport is counted apart. */
export const protobufStreamCodec: Codec = { ...protobufCodec, index: 8 };

function encoded(payload: Uint8Array): EncodedMessage {
  return { payload, sizeBytes: payload.length };
}

function join(payloads: readonly EncodedMessage["payload"][]): Uint8Array {
  let length = 0;
  for (const payload of payloads) length += payload.length;
  const frame = new Uint8Array(length);
  let at = 0;
  for (const payload of payloads as readonly Uint8Array[]) {
    frame.set(payload, at);
    at += payload.length;
  }
  return frame;
}
