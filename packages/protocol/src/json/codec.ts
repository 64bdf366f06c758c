import type { Codec, EncodedMessage } from "../codec.ts";
import { messagesPerFrameMax } from "../limits.ts";
import { decodeJsonConnect, decodeJsonFrame } from "./decode.ts";
import { encodeBarePush, encodePush, encodeReply, isJsonPayload, NotJson, sized } from "./encode.ts";

/** JSON over WebSocket text frames: objects joined with a newline, none at the end. */
export const jsonCodec: Codec = {
  index: 0,
  name: "json",
  oneWay: false,
  decode: decodeJsonFrame,
  reply: (reply) => encoded(() => encodeReply(reply)),
  push: (push) => encoded(() => encodePush(push)),
  ping: { payload: "{}", sizeBytes: 2 },
  join: (payloads) => payloads.join("\n"),
  separatorBytes: 1,
  messagesPerFrameMax,
};

/** One-way JSON: bare pushes, one connect request. */
export const oneWayJsonCodec: Codec = {
  ...jsonCodec,
  index: 1,
  oneWay: true,
  decode: decodeJsonConnect,
  push: (push) => encoded(() => encodeBarePush(push)),
};

/** The same with every push in a frame of its own: `uni_websocket` without `join_push_messages`. */
export const oneWaySingleJsonCodec: Codec = { ...oneWayJsonCodec, index: 7, messagesPerFrameMax: 1 };

/** Is this payload a JSON object (`publication_data_format: json_object`)? */
export function isJsonObjectPayload(data: Uint8Array): boolean {
  if (!isJsonPayload(data)) return false;
  const first = data.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
  return first === 0x7b;
}

function encoded(encode: () => string): EncodedMessage | undefined {
  try {
    return sized(encode);
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}
